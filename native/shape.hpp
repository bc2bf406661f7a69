// How layers lie in memory: which way round activations are stored, and where each weight is.
//
// The activations of a layer lie either way round, and each layer has the way that suits it:
//   in rows:   examples × units, vectors run over units; for wide layers
//   in lanes:  units × examples, vectors run over examples; for narrow ones
// Beside the units there is always one more that is 1, so that biases are weights of that unit.
//
// Weights (with biases) of a layer are held packed, the only form that is updated:
//   result in rows:   panels, PANEL units wide: panel, then input (the bias last), then unit
//   result in lanes:  unit by unit: the weights of its inputs, then its bias
// What pads a row or a panel to whole vectors is 0 and stays 0.
#pragma once

#include "activations.hpp"
#include "product.hpp"

namespace {

INLINE Index padded(Index count, Index unit = V) { return (count + unit - 1) / unit * unit; }

// A step between rows that does not send them all into the same few sets of the cache.
INLINE Index spaced(Index count) {
  const Index step = padded(count);
  return step * Index(sizeof(real)) % 1024 == 0 ? step + V : step;
}

struct Layer {
  int inputs, units;
  bool from_rows, to_rows;
  const ActivationRow* activation;
  real number;
  bool keeps_slope;       // because it does not follow from the value, or not after dropout
  void (*chain)(real* d, const real* a_or_slope, const Area&, real number);
  real dropout_scale;     // 1 / (1 − p); 0 where nothing is dropped
  Index begin, size;      // packed
  Index apart;            // where its sums begin while they are apart in lanes
  Index row;              // numbers from unit to unit, where the result is in lanes
  Index weights, biases;  // in the flat array: where W and b begin

  bool softmax() const { return activation->softmax(); }
  int panels() const { return int((padded(units) + PANEL - 1) / PANEL); }
  Index panel(int p) const { return begin + Index(p) * PANEL * (inputs + 1); }
  Index width(int p) const {
    const Index left = padded(units) - Index(p) * PANEL;
    return left < PANEL ? left : PANEL;
  }
};

// Calls `each(flat, packed, count)` for runs of numbers that lie one after another in both, and
// `block(flat, flat_step, packed, packed_step, units, inputs)` for blocks that lie transposed.
template <class Run, class Block>
INLINE void pairs(const Layer& layer, Run run, Block block) {
  const Index inputs = layer.inputs;
  if (!layer.to_rows) {
    for (Index j = 0; j < layer.units; ++j) {
      run(layer.weights + j * inputs, layer.begin + j * layer.row, inputs);
      run(layer.biases + j, layer.begin + j * layer.row + inputs, 1);
    }
    return;
  }
  for (int p = 0; p < layer.panels(); ++p) {
    const Index first = Index(p) * PANEL, width = layer.width(p);
    const Index real_ones = layer.units - first < width ? layer.units - first : width;
    run(layer.biases + first, layer.panel(p) + inputs * width, real_ones);
    for (Index j = 0; j < real_ones; j += V) {
      const Index units = real_ones - j < V ? real_ones - j : V;
      for (Index k = 0; k < inputs; k += V) {
        const Index across = inputs - k < V ? inputs - k : V;
        block(layer.weights + (first + j) * inputs + k, inputs, layer.panel(p) + k * width + j, width,
              units, across);
      }
    }
  }
}

INLINE void transpose_block(const real* from, Index from_step, real* to, Index to_step) {
  vec rows[V];
#pragma GCC unroll 16
  for (int i = 0; i < V; ++i) rows[i] = load_unaligned(from + i * from_step);
  transpose(rows);
#pragma GCC unroll 16
  for (int i = 0; i < V; ++i) store_unaligned(to + i * to_step, rows[i]);
}

void pack(const Layer& layer, const real* flat, real* packed) {
  pairs(
      layer,
      [&](Index from, Index to, Index count) {
        __builtin_memcpy(packed + to, flat + from, sizeof(real) * count);
      },
      [&](Index from, Index from_step, Index to, Index to_step, Index units, Index inputs) {
        if (units == V && inputs == V) {
          transpose_block(flat + from, from_step, packed + to, to_step);
          return;
        }
        for (Index k = 0; k < inputs; ++k)
          for (Index j = 0; j < units; ++j) packed[to + k * to_step + j] = flat[from + j * from_step + k];
      });
}

void unpack(const Layer& layer, const real* packed, real* flat) {
  pairs(
      layer,
      [&](Index to, Index from, Index count) {
        __builtin_memcpy(flat + to, packed + from, sizeof(real) * count);
      },
      [&](Index to, Index to_step, Index from, Index from_step, Index units, Index inputs) {
        if (units == V && inputs == V) {
          transpose_block(packed + from, from_step, flat + to, to_step);
          return;
        }
        for (Index j = 0; j < units; ++j)
          for (Index k = 0; k < inputs; ++k) flat[to + j * to_step + k] = packed[from + k * from_step + j];
      });
}

// The transpose of the weights of inputs k … k + width of a layer in panels, as `product` wants q:
// units × width, zero where there is no such input.
void transpose_panel(const Layer& layer, const real* packed, Index k, Index width, real* out) {
  const Index inputs = layer.inputs - k < width ? layer.inputs - k : width;
  for (int p = 0; p < layer.panels(); ++p) {
    const Index across = layer.width(p), first = Index(p) * PANEL;
    const Index real_ones = layer.units - first < across ? layer.units - first : across;
    const real* from = packed + layer.panel(p) + k * across;
    real* to = out + first * width;
    for (Index j = 0; j < real_ones; j += V) {
      const Index units = real_ones - j < V ? real_ones - j : V;
      for (Index i = 0; i < width; i += V) {
        vec rows[V];
#pragma GCC unroll 16
        for (int r = 0; r < V; ++r) rows[r] = i + r < inputs ? load(from + (i + r) * across + j) : vec{};
        transpose(rows);
        for (Index r = 0; r < units; ++r) store(to + (j + r) * width + i, rows[r]);
      }
    }
  }
}

}  // namespace
