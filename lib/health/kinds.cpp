#include "health/kinds.h"

#include <array>
#include <variant>

namespace steelyard::health {
namespace {

struct Kind {
  std::string_view name;
  Start start;
};

// In the order of config::HealthCheck::kind.
constexpr std::array kKinds{
    Kind{"tcp", start_tcp},
    Kind{"http", start_http},
};
static_assert(kKinds.size() == std::variant_size_v<decltype(config::HealthCheck::kind)>);

}  // namespace

std::shared_ptr<Probe> start_probe(const Surroundings& around, Endpoint target,
                                   const config::HealthCheck& how, Done done) {
  return kKinds[how.kind.index()].start(around, target, how, std::move(done));
}

std::string_view kind_of(const config::HealthCheck& how) noexcept { return kKinds[how.kind.index()].name; }

}  // namespace steelyard::health
