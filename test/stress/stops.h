// Threads that stop inside an operation of the connection table, before a chosen access to shared memory.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace steelyard::test {

// Runs `operation` on a thread of its own, which stops before its `at`-th step (from 1) until it is released.
class StoppedThread {
 public:
  StoppedThread(unsigned at, std::function<void()> operation);
  ~StoppedThread() { finish(); }
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

  // Waits until the thread has stopped (true) or has come to its end before that.
  bool stopped();
  // Lets the stopped thread go on for `steps` more; true if it has stopped again, false if it is at its end.
  bool advance(unsigned steps);
  void finish();  // releases it for good and waits for its end

  void step() noexcept;  // called by the thread itself

 private:
  unsigned left_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false, done_ = false;
  std::thread thread_;
};

}  // namespace steelyard::test
