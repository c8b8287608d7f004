#include "base/grace.h"

#include <cstdlib>
#include <new>

#include <rte_rcu_qsbr.h>

#include "base/types.h"

namespace steelyard {

void GracePeriods::Free::operator()(rte_rcu_qsbr* v) const noexcept { std::free(v); }

GracePeriods::GracePeriods(unsigned max_threads) {
  const std::size_t size = rte_rcu_qsbr_get_memsize(max_threads);
  const std::size_t rounded = (size + kCacheLine - 1) / kCacheLine * kCacheLine;
  qsbr_.reset(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(kCacheLine, rounded)));
  if (!qsbr_ || rte_rcu_qsbr_init(qsbr_.get(), max_threads) != 0) throw std::bad_alloc{};
}

GracePeriods::~GracePeriods() = default;

void GracePeriods::register_thread(unsigned id) noexcept { rte_rcu_qsbr_thread_register(qsbr_.get(), id); }
void GracePeriods::unregister_thread(unsigned id) noexcept {
  rte_rcu_qsbr_thread_unregister(qsbr_.get(), id);
}
void GracePeriods::online(unsigned id) noexcept { rte_rcu_qsbr_thread_online(qsbr_.get(), id); }
void GracePeriods::offline(unsigned id) noexcept { rte_rcu_qsbr_thread_offline(qsbr_.get(), id); }
void GracePeriods::quiescent(unsigned id) noexcept { rte_rcu_qsbr_quiescent(qsbr_.get(), id); }
GracePeriods::Token GracePeriods::start() noexcept { return rte_rcu_qsbr_start(qsbr_.get()); }
bool GracePeriods::passed(Token token) noexcept { return rte_rcu_qsbr_check(qsbr_.get(), token, false) == 1; }

}  // namespace steelyard
