// `steelyardctl capture`: the director's packets as a pcapng file, on and on.
#pragma once

#include <iosfwd>

#include "admin/command.h"

namespace steelyard::admin {

inline constexpr Option kCaptureOptions[] = {
    {"service", "NAME", "what goes to a service, and both sides of its connections"},
    {"client", "A[/N]", "of this client: an address or a prefix; before and after translation"},
    {"drops", "[REASONS]",
     "only what is dropped, for one of these reasons or for any; the reason is a comment"},
    {"count", "N", "end after N packets; else Ctrl-C ends it"},
    {"snaplen", "BYTES", "keep only so many bytes of each frame"},
    {"write", "FILE", "where to: a file, or - for the standard output, which is the default"},
};

int capture_command(const Invocation& call, std::ostream& out);

}  // namespace steelyard::admin
