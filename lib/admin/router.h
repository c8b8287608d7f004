// Finds the route of a request and calls it.
#pragma once

#include <string_view>

#include "admin/route.h"

namespace steelyard::admin {

// `target` as it stands in the request: path and query, percent-encoded. Throws Refusal: no such path (404),
// not with this method (405), a parameter that the route does not know or that is not well-formed (400), or
// what the handler throws.
Answer dispatch(const Routes& routes, Method method, std::string_view target);

}  // namespace steelyard::admin
