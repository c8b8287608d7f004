// One connection of a load, whatever its protocol. No retry.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/ip/address.hpp>

#include "load/tally.h"

namespace steelyard::load {

// How an attempt tells what becomes of it; never called from within start() or resume().
struct Events {
  std::function<void(const Result&)> done;  // exactly once
  std::function<void()> held;  // at most once, before `done`: answered once, and waiting for resume()
};

class Attempt {
 public:
  virtual ~Attempt() = default;

  // `source` may be unspecified (0.0.0.0): the kernel chooses.
  virtual void start(const boost::asio::ip::address& source) = 0;

  // Lets a held connection go on.
  virtual void resume() {}
};

// Makes the attempt with this number, from 1 on.
using MakeAttempt = std::function<std::shared_ptr<Attempt>(uint64_t number, Events events)>;

}  // namespace steelyard::load
