#include "sched/scheduler.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace steelyard {
namespace {

using Option = Scheduler::Option;
using Options = SchedulerOptions;

constexpr std::array kConhashOptions{Option{"bounded-load", &Options::bounded_load, 125, 101, 1000}};
constexpr std::array kMhOptions{Option{"mh-fallback", &Options::fallback}, Option{"mh-port", &Options::port}};
constexpr std::array kShOptions{Option{"sh-fallback", &Options::fallback}, Option{"sh-port", &Options::port}};

constexpr std::array kSchedulers{
    Scheduler{"rr", fill_rr},
    Scheduler{"wrr", fill_wrr},
    Scheduler{"lc", fill_lc},
    Scheduler{"wlc", fill_wlc},
    Scheduler{"sed", fill_sed},
    Scheduler{"nq", fill_nq},
    Scheduler{"twos", fill_twos},
    Scheduler{"lrt", fill_lrt},
    Scheduler{"fo", fill_fo},
    Scheduler{"ovf", fill_ovf},
    Scheduler{"sh", fill_sh, kShOptions},
    Scheduler{"dh", fill_dh},
    Scheduler{"mh", fill_mh, kMhOptions},
    Scheduler{"conhash", fill_conhash, kConhashOptions},
};

bool takes_number(const Option& option) noexcept { return option.most > 1; }

std::optional<uint32_t> parse_number(std::string_view text) noexcept {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::span<const Scheduler> schedulers() noexcept { return kSchedulers; }

const Scheduler* find_scheduler(std::string_view name) noexcept {
  const auto* at = std::ranges::find(kSchedulers, name, &Scheduler::name);
  return at == kSchedulers.end() ? nullptr : at;
}

bool set_option(const Scheduler& scheduler, std::string_view text, SchedulerOptions& options) noexcept {
  const std::size_t equals = text.find('=');
  const auto option = std::ranges::find(scheduler.options, text.substr(0, equals), &Option::name);
  if (option == scheduler.options.end()) return false;
  if (equals == std::string_view::npos) {
    options.*option->value = option->by_default;
    return true;
  }
  const auto number = parse_number(text.substr(equals + 1));
  if (!takes_number(*option) || !number || *number < option->least || *number > option->most) return false;
  options.*option->value = *number;
  return true;
}

std::vector<std::string> option_names(const Scheduler& scheduler) {
  std::vector<std::string> names;
  for (const Option& o : scheduler.options) {
    names.emplace_back(o.name);
    if (takes_number(o)) names.push_back(fmt::format("{}=N with N from {} to {}", o.name, o.least, o.most));
  }
  return names;
}

std::vector<std::string> to_strings(const Scheduler& scheduler, const SchedulerOptions& options) {
  std::vector<std::string> texts;
  for (const Option& o : scheduler.options) {
    const uint32_t value = options.*o.value;
    if (value == 0) continue;
    texts.push_back(takes_number(o) ? fmt::format("{}={}", o.name, value) : std::string(o.name));
  }
  return texts;
}

}  // namespace steelyard
