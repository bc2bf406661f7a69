// A session: one network, its data and everything that training needs, made once.
//
// Examples go through in tiles that fit the cache. There are two ways to share them among threads:
//   together:  all threads work on one tile at a time, first on parts of its examples, then on parts
//              of the gradient; for layers that are large
//   chunks:    every thread takes tiles of its own; their gradients are kept apart in a fixed number
//              of chunks, whatever the number of threads, and added up in a fixed order
// Neither lets a result depend on the number of threads.
#pragma once

#include "kernel.hpp"
#include "memory.hpp"
#include "pass.hpp"
#include "update.hpp"

namespace {

using chainrule::Data;
using chainrule::Description;

constexpr int CHUNKS = 8;
constexpr Index CHUNKED_BYTES = 1 << 18;  // a gradient that may be held so many times
constexpr Index TILE = 256;               // examples of a tile, about
constexpr Index LANES_TILE_BYTES = 96 * 1024;  // values of a tile of narrow layers
// Units up to which examples in lanes are faster, as measured: where all layers are so narrow, and
// for a layer among wide ones.
constexpr int NARROW = SINGLE ? 40 : 36;
constexpr int VERY_NARROW = 4;

// Examples in the kernel's form: x and y lie as the layers beside them do.
struct Examples {
  Index count;
  real* x;
  Index x_step;
  real* y;
  Index y_step;
  real* weight;       // as given; null where all count the same
  real* coefficient;  // the share of each in the mean
  double total;       // of the weights
};

// A range of examples of a data set: all from `first` on, or those with indices.
struct Batch {
  const Examples* from;
  const std::int64_t* index;  // null: 0, 1, 2, …
  Index count;
  const void* const* masks;   // by layer; null where nothing is dropped
};

// The share of each example in the mean; a sum of weights that is 0 counts as 1.
INLINE real share_of(const Examples& e, Index example, double total) {
  return e.weight ? real(double(e.weight[example]) / (total == 0 ? 1 : total)) : real(1.0 / total);
}

struct Plan {
  Memory memory;
  Net net;
  int inputs, outputs;
  bool inputs_in_rows, outputs_in_rows;
  Index flat, packed;    // numbers of parameters
  Index apart;           // those of layers from lanes to lanes
  Index tile;            // examples of a tile, a multiple of V
  bool chunked;
  int threads;           // most that ever work
  Tile* tiles;           // one per thread
  Scratch* scratch;      // one per thread
  real** lanes;          // sums that are still apart; one per thread where chunked
  real* is_weight;
  const real** masks;    // by thread and layer

  Plan(const Description& d, int most_threads, Index most_examples);
  void read(const Data& data, Memory& into, Examples& e) const;

 private:
  void describe(const Description& d);
  void make_tile(Tile& t, const Tile* shared);
};

INLINE Plan::Plan(const Description& d, int most_threads, Index most_examples)
    : memory(d.guarded), inputs(d.inputs), outputs(d.layer[d.layers - 1].units), threads(most_threads) {
  describe(d);
  Index numbers = 0;
  bool all_lanes = !inputs_in_rows;
  for (int l = 0; l < net.layers; ++l) {
    numbers += 2 * net.layer[l].units;
    all_lanes = all_lanes && !net.layer[l].to_rows;
  }
  Index most = TILE;
  if (all_lanes) {
    most = LANES_TILE_BYTES / (numbers * Index(sizeof(real))) / (4 * V) * (4 * V);
    most = most < 4 * V ? 4 * V : most > 2 * TILE ? 2 * TILE : most;
  }
  const Index count = most_examples < 1 ? 1 : most_examples;
  const Index parts = (count + most + most / 2 - 1) / (most + most / 2);  // one half more is one tile
  tile = padded((count + parts - 1) / parts);
  chunked = parts > 1 && all_lanes && packed * Index(sizeof(real)) <= CHUNKED_BYTES;

  tiles = memory.array<Tile>(threads);
  scratch = memory.array<Scratch>(threads);
  lanes = memory.array<real*>(threads);
  masks = memory.array<const real*>(Index(threads) * net.layers);
  Index panel = 0, result = Index(ROWS) * PANEL;
  for (int l = 0; l < net.layers; ++l) {
    const Layer& layer = net.layer[l];
    panel = padded(layer.units) > panel ? padded(layer.units) : panel;
    result = ROWS * layer.row > result ? ROWS * layer.row : result;
  }
  for (int i = 0; i < threads; ++i) {
    make_tile(tiles[i], i > 0 && !chunked ? &tiles[0] : nullptr);
    scratch[i] = {memory.array<real>(panel * PANEL), memory.array<real>(result)};
    lanes[i] = i > 0 && !chunked ? lanes[0] : memory.array<real>(apart * V);
  }
}

INLINE void Plan::describe(const Description& d) {
  net.layers = d.layers;
  net.layer = memory.array<Layer>(d.layers);
  net.cost = &COSTS[int(d.cost)];
  net.cost_number = real(d.cost_number);
  bool narrow = d.inputs <= NARROW;
  for (int l = 0; l < d.layers; ++l) narrow = narrow && d.layer[l].units <= NARROW;
  const int limit = d.widest_lanes >= 0 ? d.widest_lanes : narrow ? NARROW : VERY_NARROW;
  inputs_in_rows = d.inputs > limit || (d.widest_lanes < 0 && !narrow);
  flat = packed = apart = 0;
  for (int l = 0; l < d.layers; ++l) {
    Layer& layer = net.layer[l];
    const auto& given = d.layer[l];
    layer.inputs = l ? d.layer[l - 1].units : d.inputs;
    layer.units = given.units;
    layer.from_rows = l ? net.layer[l - 1].to_rows : inputs_in_rows;
    layer.to_rows = given.units > limit;
    layer.activation = &ACTIVATIONS[int(given.activation)];
    layer.number = real(given.number);
    layer.dropout_scale = given.dropout > 0 ? real(1 / (1 - given.dropout)) : 0;
    layer.keeps_slope = !layer.activation->from_value || given.dropout > 0;
    layer.chain = layer.keeps_slope ? chain_as_kept : layer.activation->chain;
    layer.weights = flat;
    flat += Index(layer.inputs) * layer.units;
    layer.row = layer.to_rows ? 0 : layer.from_rows ? padded(layer.inputs + 1) : layer.inputs + 1;
    layer.begin = packed;
    layer.size = layer.to_rows ? padded(layer.units) * (layer.inputs + 1) : padded(layer.units * layer.row);
    packed += layer.size;
    layer.apart = apart;
    if (!layer.from_rows && !layer.to_rows) apart += layer.size;
  }
  outputs_in_rows = net.layer[d.layers - 1].to_rows;
  for (int l = 0; l < d.layers; ++l) {
    net.layer[l].biases = flat;
    flat += net.layer[l].units;
  }
  net.theta = memory.array<real>(packed);
  is_weight = memory.array<real>(packed);
  for (int l = 0; l < d.layers; ++l) {
    pairs(
        net.layer[l],
        [&](Index from, Index to, Index count) {
          for (Index i = 0; i < count; ++i) is_weight[to + i] = from < net.layer[0].biases;
        },
        [&](Index, Index, Index to, Index to_step, Index units, Index inputs) {
          for (Index k = 0; k < inputs; ++k)
            for (Index j = 0; j < units; ++j) is_weight[to + k * to_step + j] = 1;
        });
  }
}

// The buffers of a tile; a thread that works on the same tile has pointers of its own to them.
INLINE void Plan::make_tile(Tile& t, const Tile* shared) {
  const int count = net.layers + 1;
  t.a = memory.array<real*>(count);
  t.slope = memory.array<real*>(count);
  t.delta = memory.array<real*>(count);
  t.step = memory.array<Index>(count);
  for (int l = 0; l < count; ++l) {
    const bool rows = l ? net.layer[l - 1].to_rows : inputs_in_rows;
    const Index units = l ? net.layer[l - 1].units : inputs;
    t.step[l] = rows ? spaced(units + 1) : spaced(tile);
    if (shared) {
      t.a[l] = shared->a[l], t.slope[l] = shared->slope[l], t.delta[l] = shared->delta[l];
      continue;
    }
    const Index numbers = t.step[l] * (rows ? tile : units + 1);
    t.a[l] = memory.array<real>(numbers);
    if (l && net.layer[l - 1].keeps_slope) t.slope[l] = memory.array<real>(numbers);
    if (l) t.delta[l] = memory.array<real>(numbers);
    for (Index m = 0; m < tile; ++m) t.a[l][rows ? m * t.step[l] + units : units * t.step[l] + m] = 1;
  }
  const Index y_numbers = outputs_in_rows ? tile * spaced(outputs) : outputs * spaced(tile);
  t.y = shared ? shared->y : memory.array<real>(y_numbers);
  t.y_step = outputs_in_rows ? spaced(outputs) : spaced(tile);
  t.coefficient = shared ? shared->coefficient : memory.array<real>(tile);
  t.x_buffer = t.a[0], t.y_buffer = t.y, t.coefficient_buffer = t.coefficient;
}

// A copy of examples in the kernel's form.
INLINE void Plan::read(const Data& data, Memory& into, Examples& e) const {
  e.count = data.examples;
  const Index lanes_step = spaced(data.examples + tile);  // the last tile may reach over the end
  const auto copy = [&](const void* from, Index row, Index column, int numbers, bool rows, bool one,
                        real*& to, Index& step) {
    step = rows ? spaced(numbers + one) : lanes_step;
    to = into.array<real>(rows ? step * (e.count + tile) : step * (numbers + one));
    const real* p = static_cast<const real*>(from);
    for (Index j = 0; p && j < numbers; ++j)
      for (Index m = 0; m < e.count; ++m)
        to[rows ? m * step + j : j * step + m] = p[j * row + m * column];
    for (Index m = 0; one && m < e.count + tile; ++m)
      to[rows ? m * step + numbers : numbers * step + m] = 1;
    for (Index j = 0; !rows && j < numbers; ++j)  // see `fetch`
      for (Index m = e.count; m < padded(e.count); ++m) to[j * step + m] = to[j * step + e.count - 1];
  };
  copy(data.x, data.x_row, data.x_column, inputs, inputs_in_rows, true, e.x, e.x_step);
  copy(data.y, data.y_row, data.y_column, outputs, outputs_in_rows, false, e.y, e.y_step);
  e.coefficient = into.array<real>(e.count + tile);
  e.weight = nullptr;
  e.total = double(e.count);
  if (data.weights) {
    e.weight = into.array<real>(e.count);
    __builtin_memcpy(e.weight, data.weights, sizeof(real) * e.count);
    e.total = 0;
    for (Index m = 0; m < e.count; ++m) e.total += double(e.weight[m]);
  }
  for (Index m = 0; m < e.count; ++m) e.coefficient[m] = share_of(e, m, e.total);
}

// Makes a thread's tile point to, or hold, examples `first` … of a batch; of those that are to be
// copied, m0 … m1. Where examples are in lanes, those behind the last one in its vector repeat it: of
// other numbers, such as zeros, an exponential may be infinite where that of no example is.
INLINE void fetch(const Plan& plan, Tile& t, const Batch& batch, double total, Index first, Index m0,
                  Index m1) {
  const Examples& e = *batch.from;
  if (!batch.index) {
    t.a[0] = e.x + (plan.inputs_in_rows ? first * e.x_step : first);
    t.step[0] = e.x_step;
    t.y = e.y + (plan.outputs_in_rows ? first * e.y_step : first);
    t.y_step = e.y_step;
    t.coefficient = e.coefficient + first;
    return;
  }
  const auto copy = [&](bool rows, int numbers, const real* from, Index from_step, real* to, Index step) {
    for (Index m = m0; m < m1; ++m) {
      const Index example = batch.index[first + m];
      if (rows) {
        __builtin_memcpy(to + m * step, from + example * from_step, sizeof(real) * numbers);
      } else {
        for (int j = 0; j < numbers; ++j) to[j * step + m] = from[j * from_step + example];
      }
    }
    for (Index m = m1; !rows && m % V; ++m)
      for (int j = 0; j < numbers; ++j) to[j * step + m] = to[j * step + m1 - 1];
  };
  t.a[0] = t.x_buffer;
  t.step[0] = plan.inputs_in_rows ? spaced(plan.inputs + 1) : spaced(plan.tile);
  t.y = t.y_buffer;
  t.y_step = plan.outputs_in_rows ? spaced(plan.outputs) : spaced(plan.tile);
  t.coefficient = t.coefficient_buffer;
  copy(plan.inputs_in_rows, plan.inputs, e.x, e.x_step, t.a[0], t.step[0]);
  copy(plan.outputs_in_rows, plan.outputs, e.y, e.y_step, t.y, t.y_step);
  for (Index m = m0; m < m1; ++m) t.coefficient[m] = share_of(e, batch.index[first + m], total);
}

}  // namespace
