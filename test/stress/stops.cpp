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
  if (left_ == 0 || --left_ > 0) return;  // only this thread touches it unless stopped
  std::unique_lock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !stopped_; });
}

bool StoppedThread::stopped() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || done_; });
  return !done_;
}

bool StoppedThread::advance(unsigned steps) {
  if (!stopped()) return false;
  {
    const std::scoped_lock lock(mutex_);
    left_ = steps;
    stopped_ = false;
    changed_.notify_all();
  }
  return stopped();
}

void StoppedThread::finish() {
  if (stopped()) advance(0);
  if (thread_.joinable()) thread_.join();
}

}  // namespace test
}  // namespace steelyard
