// Opening by persistence templates (conn/template.h). A worker's, for one batch.
#pragma once

#include <optional>

#include "conn/template.h"
#include "pipeline/picker.h"

namespace steelyard {

class Templates {
 public:
  Templates(Picker& picker, WorkerContext& context, Now now) noexcept
      : picker_(picker), context_(context), now_(now) {}

  struct Found {
    Connection* by = nullptr;  // held: the caller hands the hold to a connection, or lets it go
    ServerSlot server = 0;
  };
  // The template that a new connection of this persistent service goes by, and its server. One that did not
  // exist is made, and a server that no longer serves replaced, with one pick. Null: `why` not.
  Found find(ServiceSlot service, const Arrival& arrival, DropReason& why) noexcept;

 private:
  std::optional<ServerSlot> serving(ServerSlot named, ServiceSlot service) noexcept;

  Picker& picker_;
  WorkerContext& context_;
  Now now_;
};

}  // namespace steelyard
