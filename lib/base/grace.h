// Quiescent-state-based reclamation (DPDK's rte_rcu_qsbr) in the words the rest of the code uses.
//
// A worker holds pointers into the connection table and the current Snapshot only within one turn, and
// reports quiescence after each turn, also an idle one. Whoever unlinks something takes a token after the
// unlink and frees when the token has passed. A worker that is about to sleep goes offline first, so it never
// holds anyone up.
#pragma once

#include <cstdint>
#include <memory>

struct rte_rcu_qsbr;

namespace steelyard {

class GracePeriods {
 public:
  using Token = uint64_t;

  // `max_threads`: workers plus any other thread that reads protected memory. Throws std::bad_alloc.
  explicit GracePeriods(unsigned max_threads);
  ~GracePeriods();
  GracePeriods(const GracePeriods&) = delete;
  GracePeriods& operator=(const GracePeriods&) = delete;

  // Called by the reader thread itself, `id` < max_threads and its own. A thread starts offline.
  void register_thread(unsigned id) noexcept;
  void unregister_thread(unsigned id) noexcept;
  void online(unsigned id) noexcept;
  void offline(unsigned id) noexcept;
  void quiescent(unsigned id) noexcept;

  // Any thread. Everything unlinked before start() is unreachable to all readers once passed(token).
  Token start() noexcept;
  bool passed(Token token) noexcept;  // never blocks

 private:
  struct Free {
    void operator()(rte_rcu_qsbr* v) const noexcept;
  };
  std::unique_ptr<rte_rcu_qsbr, Free> qsbr_;
};

}  // namespace steelyard
