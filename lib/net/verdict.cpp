#include "net/verdict.h"

#include <array>

namespace steelyard {
namespace {
struct Text {
  std::string_view name, sentence;
};
constexpr std::array<Text, kDropReasons> kTexts{{
#define X(name, text) {#name, text},
    STEELYARD_DROP_REASONS(X)
#undef X
}};
constexpr std::array<std::string_view, kKernelClasses> kClasses{"neighbour", "routing", "health", "icmp",
                                                                "local",     "transit", "other"};
}  // namespace

std::string_view to_string(DropReason r) noexcept { return kTexts[static_cast<std::size_t>(r)].name; }
std::string_view describe(DropReason r) noexcept { return kTexts[static_cast<std::size_t>(r)].sentence; }
std::string_view to_string(KernelClass c) noexcept { return kClasses[static_cast<std::size_t>(c)]; }

}  // namespace steelyard
