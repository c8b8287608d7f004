#include "control/connection_list.h"

#include <algorithm>

namespace steelyard::control {
namespace {

// A call takes as long as either of these lets it.
constexpr uint32_t kEntriesAtOnce = 4096;
constexpr std::size_t kViewsAtOnce = 64;

}  // namespace

ConnectionList::ConnectionList(const Director& director, ConnectionFilter filter, uint64_t limit)
    : director_(director), filter_(std::move(filter)), left_(limit) {}

bool ConnectionList::wanted(const Connection& c, State state, const void* self) noexcept {
  const auto& [director, filter] =
      *static_cast<const std::pair<const Director&, const ConnectionFilter&>*>(self);
  return (!filter.state || *filter.state == state) && (!filter.client || filter.client->fits(c.client())) &&
         (!filter.server || filter.server->fits(c.server_endpoint())) &&
         (!filter.service || *filter.service == director.service_name(c.service));
}

ConnectionView ConnectionList::view(const ConnectionTable::Seen& seen) const noexcept {
  const Connection& c = *seen.connection;
  const State state = state_in(seen.state_word);
  // A worker's clock may be a tick ahead.
  const Ticks passed = elapsed(director_.now(), seen.last_seen);
  const Ticks idle = passed > ~Ticks{0} / 2 ? 0 : passed;
  const Ticks timeout = director_.timeout(c.service, state);
  return {.protocol = c.protocol,
          .client = c.client(),
          .virtual_endpoint = c.virtual_endpoint(),
          .server = c.server_endpoint(),
          .service = director_.service_name(c.service),
          .state = state,
          .active = (seen.state_word >> 8 & kInactive) == 0,
          .idle = idle * kTick,
          .expires_in = (timeout > idle ? timeout - idle : 0) * kTick};
}

bool ConnectionList::next(const std::function<void(const ConnectionView&)>& visit) {
  const std::pair<const Director&, const ConnectionFilter&> context{director_, filter_};
  const ConnectionTable& table = director_.table();
  found_.clear();
  const auto most = static_cast<std::size_t>(std::min<uint64_t>(left_, kViewsAtOnce));
  entry_ = table.browse(entry_, kEntriesAtOnce, most, wanted, &context, found_);
  for (const ConnectionTable::Seen& seen : found_) {
    if (left_ == 0) break;
    visit(view(seen));
    --left_;
  }
  return left_ > 0 && entry_ < table.capacity();
}

}  // namespace steelyard::control
