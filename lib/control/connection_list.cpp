#include "control/connection_list.h"

#include <algorithm>
#include <bit>

#include "conn/template.h"

namespace steelyard::control {
namespace {

// A call takes as long as either of these lets it.
constexpr uint32_t kEntriesAtOnce = 4096;
constexpr std::size_t kViewsAtOnce = 64;

// A template's server: the endpoint that a service gives it, without a port where the client's is kept or
// services with several ports share it.
Endpoint server_of(const Director& director, const Connection& t) noexcept {
  Endpoint server = director.snapshot().servers[t.server.load(std::memory_order_relaxed)].address;
  if (!director.group_name(t.service).empty()) server.port = {};
  return server;
}

// Of a service that is no longer persistent: of a single address.
uint8_t length_of(Ipv4 mask) noexcept {
  return mask == Ipv4{} ? uint8_t{32} : static_cast<uint8_t>(std::popcount(mask.be));
}

}  // namespace

ConnectionList::ConnectionList(const Director& director, ConnectionFilter filter, uint64_t limit)
    : director_(director), filter_(std::move(filter)), left_(limit) {
  if (!filter_.service) return;
  for (ServiceSlot s = 0; s < director.snapshot().services.size(); ++s)
    if (director.service_name(s) == *filter_.service) filter_.group = director.group_name(s);
}

bool ConnectionList::wanted(const Connection& c, State state, const void* self) noexcept {
  const auto& [director, filter] =
      *static_cast<const std::pair<const Director&, const ConnectionFilter&>*>(self);
  const bool kept = is_template(c);
  if (filter.listed != Listed::all && kept != (filter.listed == Listed::templates)) return false;
  const Endpoint client{c.client_address, kept ? Port{} : c.client_port};
  return (!filter.state || *filter.state == state) && (!filter.client || filter.client->fits(client)) &&
         (!filter.server || filter.server->fits(kept ? server_of(director, c) : c.server_endpoint())) &&
         (!filter.service || *filter.service == director.service_name(c.service) ||
          (kept && !filter.group.empty() && filter.group == director.group_name(c.service)));
}

ConnectionView ConnectionList::view(const ConnectionTable::Seen& seen) const noexcept {
  const Connection& c = *seen.connection;
  if (is_template(c)) return template_view(seen);
  const State state = state_in(seen.state_word);
  const Ticks idle = idle_time(director_.now(), seen.last_seen);
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

ConnectionView ConnectionList::template_view(const ConnectionTable::Seen& seen) const noexcept {
  const Connection& t = *seen.connection;
  const Ticks idle = idle_time(director_.now(), seen.last_seen), timeout = timeout_of(t);
  const VirtualService& service = director_.service(t.service);
  const std::string& group = director_.group_name(t.service);
  return {
      .protocol = group.empty() ? service.protocol : Protocol::persistence,
      .client = {t.client_address, {}},
      .virtual_endpoint = t.virtual_endpoint(),
      .server = server_of(director_, t),
      .service = director_.service_name(t.service),
      .state = State::none,
      .active = false,
      .idle = idle * kTick,
      .expires_in = (timeout > idle ? timeout - idle : 0) * kTick,
      .persistence = TemplateView{length_of(service.persistence.mask), group, holds_of(t), is_assured(t)}};
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
