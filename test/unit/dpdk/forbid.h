// A thread that may do nothing but compute: from forbid_this_thread() on, a call of malloc, free or their
// relatives, of a pthread lock, or of the system ends the process. Linking forbid.cpp replaces malloc and the
// locks by versions that look. Run it in a forked child.
#pragma once

#include <functional>
#include <string>

namespace steelyard::test {

// Never undone.
void forbid_this_thread();

// Runs `body` in a child process. Returns "" if body returned, else why the child ended: "malloc", "system
// call 39", "exception: ...", "signal 11".
std::string in_child(const std::function<void()>& body);

}  // namespace steelyard::test
