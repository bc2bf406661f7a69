// The type of counts, distances and indices: as wide as an address. `long` is not so on Windows.
#pragma once

#include <cstddef>

using Index = std::ptrdiff_t;
