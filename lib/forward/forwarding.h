// The forwarding modes: how a connection's packets are rewritten. A mode is a type with the members of Nat
// and one place in the list at the end of this file; a packet's mode is found by comparison, so the usual
// one costs no call through a pointer.
#pragma once

#include "conn/connection.h"
#include "forward/nat.h"
#include "net/batch.h"

namespace steelyard {

template <class... Modes>
struct ForwardingModes {
  static void prepare(Connection& c) noexcept {
    static_cast<void>(((c.mode == Modes::kMode && (Modes::prepare(c), true)) || ...));
  }
  static void rewrite(Packet& p, const Connection& c) noexcept {
    static_cast<void>(((c.mode == Modes::kMode && (Modes::rewrite(p, c), true)) || ...));
  }
  static void rewrite_icmp_error(Packet& p, const Connection& c) noexcept {
    static_cast<void>(((c.mode == Modes::kMode && (Modes::rewrite_icmp_error(p, c), true)) || ...));
  }
};

using Forwarding = ForwardingModes<Nat>;

}  // namespace steelyard
