#include "pipeline/stages.h"

namespace steelyard {

void find_connections(Batch& batch, const ConnectionTable& table) noexcept { table.find(batch.all()); }

}  // namespace steelyard
