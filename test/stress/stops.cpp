#include "stops.h"

#include <utility>

#include "conn/slot.h"

namespace steelyard {
namespace {

thread_local test::StoppedThread* current = nullptr;

}  // namespace

void conn::step() noexcept {
  if (current != nullptr) current->step();
}

namespace test {

StoppedThread::StoppedThread(unsigned at, std::function<void()> operation) : left_(at) {
  thread_ = std::thread([this, run = std::move(operation)] {
    current = this;
    run();
    const std::scoped_lock lock(mutex_);
    done_ = true;
    changed_.notify_all();
  });
}

void StoppedThread::step() noexcept {
  if (left_ == 0 || --left_ > 0) return;
  std::unique_lock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return released_; });
}

bool StoppedThread::stopped() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || done_; });
  return !done_;
}

void StoppedThread::finish() {
  {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace test
}  // namespace steelyard
