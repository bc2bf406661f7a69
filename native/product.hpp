// The two ways in which the kernel multiplies: a register-blocked product whose result lies along
// lanes, and dot products whose sum runs along lanes. All three products of a layer, in every
// layout, are one or the other.
//
// product:  out[r, n] = start + Σ_k p[r, k] q[k, n]     p is spread, number by number; q is loaded
// dots:     out[j, i] = Σ_k x[i, k] y[j, k]             both are loaded, and lanes added at the end
#pragma once

#include "vector.hpp"

namespace {

// A block of ROWS × COLUMNS accumulators, the vectors of q and one number of p fill the registers.
// Six rows: a number that is spread costs more than a load, so it should meet many vectors.
constexpr int ROWS = 6;
constexpr int COLUMNS = REGISTERS == 32 ? 4 : 2;
constexpr int PANEL = COLUMNS * V;  // numbers that a block is wide

enum class Walk { Rows, Columns };  // how p lies: p[r step + k], or p[r + k step]

// What the sums start from: nothing, a row for all rows, a number for each row, or a whole tile.
enum class Start { Zero, Row, Column, Tile };

struct Product {
  const real* p;
  Index step;
  const real* q;
  Index next;  // from one row of q to the next
  Index terms;
  const real* start;
  Index start_step;
  real* out;
  Index out_step;
  const real* beside = nullptr;  // what `After` takes: laid out as the result
};

// What becomes of the sums while they are in registers.
struct AsItIs {
  static INLINE vec of(vec sum, const real*) { return sum; }
};

// Hides where an address comes from. g++ would replace one pointer and a few distances by as many
// pointers as there are addresses, run out of registers, and spend more on them than on the sums.
#define KEEP(address) asm("" : "+r"(address))

template <int R, int N, Walk W>
INLINE void accumulate(vec (&sum)[R][N], const Product& x, Index column) {
  const real* q = x.q + column;
  const Index step = x.step, next = x.next;
  if constexpr (W == Walk::Rows) {
    // Every third row has a pointer; an address can reach the two after it by one and two steps.
    constexpr int GROUPS = (R + 2) / 3;
    const real* p[GROUPS];
#pragma GCC unroll 2
    for (int g = 0; g < GROUPS; ++g) p[g] = x.p + 3 * g * step;
    Index one = step, two = 2 * step;
    const auto term = [&](int k) __attribute__((always_inline)) {
      vec row[N];
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) row[n] = load(q + n * V);
      q += next;
      KEEP(q);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const vec number = spread(p[r / 3] + (r % 3 == 0 ? 0 : r % 3 == 1 ? one : two) + k);
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) sum[r][n] = fma(number, row[n], sum[r][n]);
      }
    };
    Index k = 0;
    for (; k + 4 <= x.terms; k += 4) {
      KEEP(one);
      KEEP(two);
      term(0), term(1), term(2), term(3);
#pragma GCC unroll 2
      for (int g = 0; g < GROUPS; ++g) {
        p[g] += 4;
        KEEP(p[g]);
      }
    }
    for (; k < x.terms; ++k) {
      term(0);
#pragma GCC unroll 2
      for (int g = 0; g < GROUPS; ++g) {
        p[g] += 1;
        KEEP(p[g]);
      }
    }
  } else {
    const real* p = x.p;
    for (Index k = 0; k < x.terms; ++k) {
      vec row[N];
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) row[n] = load(q + n * V);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const vec number = spread(p + r);
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) sum[r][n] = fma(number, row[n], sum[r][n]);
      }
      p += step;
      q += next;
      KEEP(p);
      KEEP(q);
    }
  }
}

template <int R, int N, Walk W, Start S, class After>
INLINE void tile(const Product& x, Index column) {
  vec sum[R][N]{};
  const real* start = S == Start::Column ? x.start : x.start + column;
#pragma GCC unroll 6
  for (int r = 0; r < R && S != Start::Zero; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) sum[r][n] = S == Start::Column ? spread(start) : load(start + n * V);
    if constexpr (S == Start::Row) continue;
    start += x.start_step;
    KEEP(start);
  }
  accumulate<R, N, W>(sum, x, column);
  real* out = x.out + column;
  constexpr bool PLAIN = std::is_same_v<After, AsItIs>;
  const real* beside = PLAIN ? nullptr : x.beside + column;
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) store(out + n * V, PLAIN ? sum[r][n] : After::of(sum[r][n], beside + n * V));
    out += x.out_step;
    KEEP(out);
    if constexpr (PLAIN) continue;
    beside += x.out_step;
    KEEP(beside);
  }
}

// `count` things in as few blocks of at most MOST as there can be, all about as large: a remainder of
// one or two rows would run at a fraction of the speed. (Divisions cost as much as a small block.)
template <int MOST>
struct Blocks {
  int number, size, larger;  // the first `larger` of them have one more
  explicit INLINE Blocks(Index count) : number(int((count + MOST - 1) / MOST)), size(int(count)), larger(0) {
    if (number == 2) {
      size = int(count / 2), larger = int(count % 2);
    } else if (number > 2) {
      size = int(unsigned(count) / unsigned(number)), larger = int(count) - size * number;
    }
  }
  INLINE Index first(Index block) const { return block * size + (block < larger ? block : larger); }
  INLINE int length(Index block) const { return size + (block < larger); }
};

// Calls `block(first, length)` for all blocks between two limits.
template <int MOST, class Block>
INLINE void in_blocks(Index begin, Index end, Block block) {
  const Blocks<MOST> blocks(end - begin);
  for (int b = 0; b < blocks.number; ++b) {
    const int length = blocks.length(b);
    block(begin, length);
    begin += length;
  }
}

// R rows, and all vectors of them.
template <int R, Walk W, Start S, class After>
void strip(const Product& x, int vectors) {
  in_blocks<COLUMNS>(0, vectors, [&](Index first, int width) __attribute__((always_inline)) {
    const Index column = first * V;
    switch (width) {
      case 1: tile<R, 1, W, S, After>(x, column); break;
      case 2: tile<R, 2, W, S, After>(x, column); break;
#if BYTES == 64 || defined(__aarch64__)
      case 3: tile<R, 3, W, S, After>(x, column); break;
      case 4: tile<R, 4, W, S, After>(x, column); break;
#endif
    }
  });
}

// At most ROWS rows.
template <Walk W, Start S, class After = AsItIs>
INLINE void product(const Product& x, int rows, int vectors) {
  switch (rows) {
    case 1: strip<1, W, S, After>(x, vectors); break;
    case 2: strip<2, W, S, After>(x, vectors); break;
    case 3: strip<3, W, S, After>(x, vectors); break;
    case 4: strip<4, W, S, After>(x, vectors); break;
    case 5: strip<5, W, S, After>(x, vectors); break;
    case 6: strip<6, W, S, After>(x, vectors); break;
  }
}

// Dot products -------------------------------------------------------------------------------

// A matrix whose rows are cut into segments (panels), each stored row by row; the last may be narrower.
struct Segments {
  const real* first;
  Index step;    // from one segment to the next
  int vectors;   // of a row, in all segments together
  int widest;    // vectors of a segment
};

constexpr int AT_ONCE = V >= 16 ? 1 : V >= 8 ? 2 : 4;  // rows of y, to have enough sums under way

// out[j, 0 … V) for V rows of x and the J rows of y from `row` on.
template <int J>
INLINE void dots(const real* x, Index x_step, const Segments& y, Index row, real* out, Index out_step) {
  vec sum[J][V];
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j) {
#pragma GCC unroll 16
    for (int i = 0; i < V; ++i) sum[j][i] = vec{};
  }
  const real* segment = y.first;
  for (int done = 0; done < y.vectors; done += y.widest, segment += y.step) {
    const int count = y.vectors - done < y.widest ? y.vectors - done : y.widest;
    const Index width = Index(count) * V;
    const real* rows = segment + row * width;
    for (int v = 0; v < count; ++v) {
      vec right[J];
#pragma GCC unroll 4
      for (int j = 0; j < J; ++j) right[j] = load(rows + j * width + v * V);
#pragma GCC unroll 16
      for (int i = 0; i < V; ++i) {
        const vec left = load(x + i * x_step + (done + v) * V);
#pragma GCC unroll 4
        for (int j = 0; j < J; ++j) sum[j][i] = fma(left, right[j], sum[j][i]);
      }
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j) store(out + j * out_step, sums(sum[j]));
}

// The same for any number of rows of y, from the first on.
INLINE void all_dots(const real* x, Index x_step, const Segments& y, Index rows, real* out,
                     Index out_step) {
  Index row = 0;
  for (; row + AT_ONCE <= rows; row += AT_ONCE)
    dots<AT_ONCE>(x, x_step, y, row, out + row * out_step, out_step);
  for (; row < rows; ++row) dots<1>(x, x_step, y, row, out + row * out_step, out_step);
}

// Sums over examples that are still apart in lanes: lanes[(j columns + k) V …] += Σ_v d[j, v] a[k, v].
constexpr int OUTER = REGISTERS == 32 ? 4 : 2, INNER = REGISTERS == 32 ? 6 : 4;

template <int J, int K>
void lanes_block(const real* d, Index d_step, const real* a, Index a_step, Index columns, int vectors,
                 real* lanes, bool first) {
  vec sum[J][K]{};
  if (!first) {
    const real* from = lanes;
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) {
#pragma GCC unroll 6
      for (int k = 0; k < K; ++k) sum[j][k] = load(from + k * V);
      from += columns * V;
      KEEP(from);
    }
  }
  for (int v = 0; v < vectors; ++v) {
    vec left[J];
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) left[j] = load(d + j * d_step + v * V);
#pragma GCC unroll 6
    for (int k = 0; k < K; ++k) {
      const vec right = load(a + k * a_step + v * V);
#pragma GCC unroll 4
      for (int j = 0; j < J; ++j) sum[j][k] = fma(left[j], right, sum[j][k]);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j) {
#pragma GCC unroll 6
    for (int k = 0; k < K; ++k) store(lanes + k * V, sum[j][k]);
    lanes += columns * V;
    KEEP(lanes);
  }
}

using LanesBlock = void (*)(const real*, Index, const real*, Index, Index, int, real*, bool);

template <int J, int... K>
constexpr void fill(LanesBlock (&row)[INNER], std::integer_sequence<int, K...>) {
  ((row[K] = lanes_block<J, K + 1>), ...);
}
struct LanesBlocks {
  LanesBlock of[OUTER][INNER];
  template <int... J>
  constexpr explicit LanesBlocks(std::integer_sequence<int, J...>) : of{} {
    (fill<J + 1>(of[J], std::make_integer_sequence<int, INNER>()), ...);
  }
};
constexpr LanesBlocks LANES_BLOCKS{std::make_integer_sequence<int, OUTER>()};

// All pairs of `rows` rows of d with `columns` rows of a.
INLINE void in_lanes(const real* d, Index d_step, int rows, const real* a, Index a_step, int columns,
                     int vectors, real* lanes, bool first) {
  in_blocks<OUTER>(0, rows, [&](Index j, int height) {
    in_blocks<INNER>(0, columns, [&](Index k, int width) {
      LANES_BLOCKS.of[height - 1][width - 1](d + j * d_step, d_step, a + k * a_step, a_step, columns,
                                             vectors, lanes + (j * columns + k) * V, first);
    });
  });
}

// out[i] = the sum of the lanes of vector i, for `count` numbers, a multiple of V.
INLINE void add_lanes(const real* lanes, Index count, real* out) {
  for (Index i = 0; i < count; i += V) {
    vec rows[V];
#pragma GCC unroll 16
    for (int lane = 0; lane < V; ++lane) rows[lane] = load(lanes + (i + lane) * V);
    store(out + i, sums(rows));
  }
}

}  // namespace
