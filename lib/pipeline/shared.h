// What all workers of a director share. Everything outlives the workers.
#pragma once

#include <atomic>

#include "base/grace.h"
#include "capture/capture.h"
#include "conn/table.h"
#include "service/snapshot.h"

namespace steelyard {

struct Shared {
  ConnectionTable& connections;
  GracePeriods& grace;
  const std::atomic<const Snapshot*>& snapshot;
  const capture::Published& captures = capture::kNone;
};

}  // namespace steelyard
