#include "admin/health.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>

#include "health/probe.h"

namespace steelyard::admin {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::size_t kAtOnce = 20;  // some 5 us each

json::string text(std::string_view s) { return json::string(s.data(), s.size()); }

std::string_view last_of(const health::Check& check) {
  if (check.last.reason.empty()) return "none";
  switch (check.last.outcome) {
    case health::Outcome::passed:
      return "passed";
    case health::Outcome::failed:
      return "failed";
    case health::Outcome::unknown:
      break;
  }
  return "unknown";
}

class HealthList final : public Stream {
 public:
  HealthList(std::span<const health::Check> checks, milliseconds now, system_clock::time_point wall)
      : checks_(checks), now_(now), wall_(wall) {}

  Next next(std::string& out) override {
    out += next_ == 0 ? "[" : "";
    for (const std::size_t end = std::min(checks_.size(), next_ + kAtOnce); next_ < end; ++next_)
      out += (next_ == 0 ? "" : ",") + json::serialize(describe(checks_[next_]));
    if (next_ < checks_.size()) return Next::more;
    out += "]\n";
    return Next::end;
  }

 private:
  json::object describe(const health::Check& check) const {
    json::array services;
    for (const health::Member& m : check.members)
      if (services.empty() || services.back() != text(m.service_name))
        services.push_back(text(m.service_name));
    const system_clock::time_point since = wall_ - (now_ - check.since);
    return {{"address", text(to_string(check.target.address))},
            {"port", check.target.port.host()},
            {"kind", text(health::kind_of(check.how))},
            {"state", text(to_string(check.state))},
            {"since", text(fmt::format("{:%FT%TZ}", fmt::gmtime(system_clock::to_time_t(since))))},
            {"last", text(last_of(check))},
            {"in_a_row", check.in_a_row},
            {"reason", text(check.last.reason)},
            {"services", std::move(services)}};
  }

  std::span<const health::Check> checks_;
  milliseconds now_;
  system_clock::time_point wall_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Stream> list_health(std::span<const health::Check> checks, milliseconds now,
                                    system_clock::time_point wall) {
  return std::make_unique<HealthList>(checks, now, wall);
}

}  // namespace steelyard::admin
