#include "control/health_checks.h"

#include <fmt/format.h>

#include "health/sockets.h"

namespace steelyard::control {
namespace {

constexpr std::chrono::minutes kUnknownAgain{1};

// "tcp check of 10.0.0.11:8080 (web, mail and 3 more)"
std::string name_of(const health::Check& check) {
  constexpr std::size_t kNamed = 3;
  std::string names;
  for (std::size_t i = 0; i < check.members.size() && i < kNamed; ++i)
    names += (i == 0 ? "" : ", ") + check.members[i].service_name;
  if (check.members.size() > kNamed) names += fmt::format(" and {} more", check.members.size() - kNamed);
  return fmt::format("{} check of {} ({})", health::kind_of(check.how), check.target, names);
}

}  // namespace

HealthChecks::HealthChecks(const config::Config& config, Director& director,
                           health::Checker::StartProbe start, std::function<void(Ipv4)> doubt, uint32_t seed,
                           Logger& log)
    : director_(director),
      log_(log),
      doubt_(std::move(doubt)),
      checker_(
          config.services, std::move(start),
          [this](const health::Check& check, bool changed) { hear(check, changed); }, seed) {
  if (const auto warning = health::allow_sockets(checker_.checks().size())) log_.warning("{}", *warning);
}

void HealthChecks::tick(std::chrono::milliseconds now) {
  now_ = now;
  checker_.tick(now);
}

void HealthChecks::hear(const health::Check& check, bool changed) {
  if (check.last.outcome == health::Outcome::failed) doubt_(check.target.address);
  if (check.last.outcome == health::Outcome::unknown) tell_unknown(check);
  if (!changed) return;
  tell(check);
  const bool down = check.state == health::State::down;
  for (const health::Member& m : check.members) {
    const auto service =
        director_.set_health(m.protocol, m.service, m.server, check.state, down ? check.last.reason : "");
    if (service) tell(m.service_name, *service);
  }
}

void HealthChecks::tell(const health::Check& check) {
  if (check.state == health::State::up)
    log_.info("{}: up: {}", name_of(check), check.last.reason);
  else
    log_.warning("{}: down: {}", name_of(check), check.last.reason);
}

void HealthChecks::tell(const std::string& service, Availability now) {
  switch (now) {
    case Availability::down:
      return log_.warning("service {}: down: no server is up, new connections are refused", service);
    case Availability::use_all:
      return log_.warning("service {}: no server is up, so every server is used", service);
    case Availability::up:
      return log_.info("service {}: up", service);
    case Availability::checking:
      return;
  }
}

void HealthChecks::tell_unknown(const health::Check& check) {
  if (told_unknown_ && now_ - *told_unknown_ < kUnknownAgain) return;
  told_unknown_ = now_;
  log_.warning("{}: cannot be made: {}; servers keep the state they have", name_of(check), check.last.reason);
}

}  // namespace steelyard::control
