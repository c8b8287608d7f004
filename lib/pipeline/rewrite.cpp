#include "forward/ethernet.h"
#include "forward/forwarding.h"
#include "pipeline/stages.h"

namespace steelyard {

uint16_t rewrite(Batch& batch) noexcept {
  uint16_t forwarded = 0;
  for (Packet& p : batch.all()) {
    if (p.verdict != Verdict::pending) continue;
    if (p.kind == PacketKind::flow) [[likely]]
      Forwarding::rewrite(p, *p.connection);
    else
      Forwarding::rewrite_icmp_error(p, *p.connection);
    if (p.next_hop == nullptr) [[unlikely]] {
      p.verdict = Verdict::wait;
      continue;
    }
    replace_ethernet(p, *p.next_hop);
    p.verdict = Verdict::forward;
    ++forwarded;
  }
  return forwarded;
}

}  // namespace steelyard
