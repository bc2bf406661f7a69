// One tile of examples through the network: forward, to the loss, backward, and to the gradient.
//
// Each function takes a range of examples, or a share of the outputs, so that threads can part the
// work. They part what is computed, never a sum: results do not depend on the number of threads.
#pragma once

#include "costs.hpp"
#include "shape.hpp"

namespace {

struct Net {
  int layers;
  Layer* layer;  // 0 … layers − 1
  real* theta;   // packed
  const CostRow* cost;
  real cost_number;
};

// Where the values of a tile are, by layer: 0 is the inputs.
struct Tile {
  Index examples;
  real** a;
  real** slope;  // of layers that keep it; else null
  real** delta;  // from layer 1 on
  Index* step;   // between rows of a, slope and delta
  real* y;
  Index y_step;
  real* coefficient;  // share of each example in the mean
  real* loss;         // share of each in the cost
  real *x_buffer, *y_buffer, *coefficient_buffer;  // where examples that are not side by side go
  const real* const* mask;  // by layer, units × `mask_step`; null where nothing is dropped
  Index mask_step;
};

// What a thread needs for itself.
struct Scratch {
  real* panel;   // a transposed panel of weights
  real* result;  // a block of a gradient
};

// A block of rows of a should stay in the cache while all panels of weights go by.
constexpr Index BLOCK_BYTES = 400'000;
// So should a group of columns of δ, while all rows of a go by.
constexpr Index GROUP_BYTES = 262'144;

INLINE int vectors_of(Index begin, Index end) { return int((end - begin + V - 1) / V); }

// Forward -------------------------------------------------------------------------------------

// Lanes after the last unit of rows: the first is the 1 that biases are multiplied with.
INLINE void mark_one(real* a, Index step, int units, Index m0, Index m1) {
  if (units % V == 0) return;  // it has a vector of its own, which nothing overwrites
  const Index last = units / V * V;
  const ivec kept = first_lanes(units % V);
  vec one{};
  one[units % V] = 1;
  for (Index m = m0; m < m1; ++m) {
    real* at = a + m * step + last;
    store(at, select(kept, load(at), one));
  }
}

INLINE void to_rows(const Net& net, const Tile& t, int l, Index m0, Index m1, bool finish) {
  const Layer& layer = net.layer[l];
  const real* in = t.a[l];
  real* out = t.a[l + 1];
  const Index in_step = t.step[l], out_step = t.step[l + 1];
  const Index blocks =
      layer.from_rows ? ((m1 - m0) * layer.inputs * Index(sizeof(real)) + BLOCK_BYTES - 1) / BLOCK_BYTES : 1;
  for (Index b = 0; b < blocks; ++b) {
    const Index begin = m0 + (m1 - m0) * b / blocks, end = m0 + (m1 - m0) * (b + 1) / blocks;
    for (int p = 0; p < layer.panels(); ++p) {
      const Index width = layer.width(p), column = Index(p) * PANEL;
      const real* weights = net.theta + layer.panel(p);
      in_blocks<ROWS>(begin, end, [&](Index m, int rows) {
        real* to = out + m * out_step + column;
        Product x{in, in_step, weights, width, layer.inputs, weights + layer.inputs * width, 0, to, out_step};
        if (layer.from_rows) {
          x.p += m * in_step;
          product<Walk::Rows, Start::Row>(x, rows, int(width / V));
        } else {
          x.p += m;
          product<Walk::Columns, Start::Row>(x, rows, int(width / V));
        }
        if (!finish) return;
        real* slope = t.slope[l + 1] ? t.slope[l + 1] + m * out_step + column : nullptr;
        layer.activation->activate(to, slope, {rows, out_step, int(width / V)}, layer.number);
      });
    }
  }
}

INLINE void to_lanes(const Net& net, const Tile& t, int l, Index m0, Index m1, bool finish) {
  const Layer& layer = net.layer[l];
  const real *in = t.a[l], *weights = net.theta + layer.begin;
  real* out = t.a[l + 1];
  const Index in_step = t.step[l], out_step = t.step[l + 1];
  const int vectors = vectors_of(m0, m1);
  if (layer.from_rows) {
    const int wide = int(layer.row / V);
    const Segments rows{weights, 0, wide, wide};
    for (Index m = m0; m < m1; m += V) {
      all_dots(in + m * in_step, in_step, rows, layer.units, out + m, out_step);
      if (m1 - m >= V) continue;
      for (int j = 0; j < layer.units; ++j) {  // what is beyond the last example repeats it
        real* z = out + j * out_step + m;
        store(z, select(first_lanes(int(m1 - m)), load(z), splat(z[m1 - m - 1])));
      }
    }
  } else {
    in_blocks<ROWS>(0, layer.units, [&](Index j, int rows) {
      const real* w = weights + j * layer.row;
      product<Walk::Rows, Start::Column>({w, layer.row, in + m0, in_step, layer.inputs,
                                          w + layer.inputs, layer.row, out + j * out_step + m0, out_step},
                                         rows, vectors);
    });
  }
  if (!finish) return;
  real* slope = t.slope[l + 1] ? t.slope[l + 1] + m0 : nullptr;
  layer.activation->activate(out + m0, slope, {layer.units, out_step, vectors}, layer.number);
}

// `each(position, mask)` for the activations of a layer with dropout.
template <class Each>
INLINE void over_mask(const Net& net, const Tile& t, int l, Index m0, Index m1, Each each) {
  const Layer& layer = net.layer[l];
  const real* mask = t.mask[l];
  const Index unit = layer.to_rows ? 1 : t.step[l + 1], example = layer.to_rows ? t.step[l + 1] : 1;
  for (int j = 0; j < layer.units; ++j)
    for (Index m = m0; m < m1; ++m)
      each(j * unit + m * example, mask[j * t.mask_step + m] * layer.dropout_scale);
}

INLINE bool drops(const Net& net, const Tile& t, int l) {
  return t.mask && net.layer[l].dropout_scale != 0;
}

void forward(const Net& net, const Tile& t, int l, Index m0, Index m1) {
  const Layer& layer = net.layer[l];
  const bool last = l == net.layers - 1;  // its activation comes with the cost
  const bool plain = !last && !layer.softmax();
  if (layer.to_rows) to_rows(net, t, l, m0, m1, plain);
  else to_lanes(net, t, l, m0, m1, plain);
  if (last) return;
  real *a = t.a[l + 1], *slope = t.slope[l + 1];
  const Index step = t.step[l + 1];
  if (layer.softmax()) softmax(a + (layer.to_rows ? m0 * step : m0), layer.to_rows, layer.units, step, m1 - m0);
  if (drops(net, t, l)) {
    // Softmax needs its values on the way back; the others need their slope, where a unit is kept.
    over_mask(net, t, l, m0, m1, [&](Index i, real factor) {
      slope[i] = layer.softmax() ? a[i] : slope[i] * factor;
      a[i] *= factor;
    });
  }
  if (layer.to_rows) mark_one(a, step, layer.units, m0, m1);
}

// The loss, and δ of the last layer; its weighted sums become activations.
void finish_outputs(const Net& net, const Tile& t, Index m0, Index m1) {
  const int l = net.layers - 1;
  const Layer& layer = net.layer[l];
  const Index step = t.step[l + 1], y_step = t.y_step;
  const Index at = layer.to_rows ? m0 * step : m0, y_at = layer.to_rows ? m0 * y_step : m0;
  const Outputs o{t.a[l + 1] + at,
                  t.slope[l + 1] ? t.slope[l + 1] + at : nullptr,
                  t.y + y_at,
                  t.delta[l + 1] + at,
                  step,
                  y_step,
                  layer.units,
                  m1 - m0,
                  t.coefficient + m0,
                  t.loss + m0,
                  layer.number,
                  net.cost_number};
  (layer.to_rows ? net.cost->in_rows : net.cost->in_lanes)(o, *layer.activation);
}

// Backward ------------------------------------------------------------------------------------

INLINE void clear_tails(real* d, Index step, int units, Index m0, Index m1) {
  if (units % V == 0) return;
  const ivec kept = first_lanes(units % V);
  for (Index m = m0; m < m1; ++m) {
    real* at = d + m * step + units / V * V;
    store(at, select(kept, load(at), vec{}));
  }
}

// From δ of layer l + 1 to that of layer l, for l ≥ 1.
void backward(const Net& net, const Tile& t, int l, Index m0, Index m1, const Scratch& scratch) {
  const Layer &layer = net.layer[l], &below = net.layer[l - 1];
  const real *delta = t.delta[l + 1], *weights = net.theta + layer.begin;
  real* out = t.delta[l];
  const Index step = t.step[l + 1], out_step = t.step[l];
  const bool whole_at_once = below.softmax();
  // Softmax has its values apart only where some of them were left out.
  const bool apart = t.slope[l] && (!whole_at_once || drops(net, t, l - 1));
  const real* kept = apart ? t.slope[l] : t.a[l];
  const auto chain = [&](Index at, const Area& area) {
    if (!whole_at_once) below.chain(out + at, kept + at, area, below.number);
  };
  if (layer.from_rows && layer.to_rows) {
    for (Index k = 0; k < padded(layer.inputs); k += PANEL) {
      const Index width = padded(layer.inputs) - k < PANEL ? padded(layer.inputs) - k : PANEL;
      transpose_panel(layer, net.theta, k, width, scratch.panel);
      in_blocks<ROWS>(m0, m1, [&](Index m, int rows) {
        product<Walk::Rows, Start::Zero>({delta + m * step, step, scratch.panel, width, layer.units, nullptr,
                                          0, out + m * out_step + k, out_step},
                                         rows, int(width / V));
        chain(m * out_step + k, {rows, out_step, int(width / V)});
      });
    }
  } else if (layer.from_rows) {
    in_blocks<ROWS>(m0, m1, [&](Index m, int rows) {
      const int wide = int(padded(layer.inputs) / V);
      product<Walk::Columns, Start::Zero>({delta + m, step, weights, layer.row, layer.units, nullptr, 0,
                                           out + m * out_step, out_step},
                                          rows, wide);
      chain(m * out_step, {rows, out_step, wide});
    });
    clear_tails(out, out_step, layer.inputs, m0, m1);  // the biases are among the rows of weights
  } else {
    const int vectors = vectors_of(m0, m1);
    if (layer.to_rows) {
      const Segments panels{weights, Index(PANEL) * (layer.inputs + 1), int(padded(layer.units) / V), COLUMNS};
      for (Index m = m0; m < m1; m += V) {
        all_dots(delta + m * step, step, panels, layer.inputs, out + m, out_step);
        if (m1 - m >= V) continue;
        for (int k = 0; k < layer.inputs; ++k) {
          real* d = out + k * out_step + m;
          store(d, select(first_lanes(int(m1 - m)), load(d), vec{}));
        }
      }
    } else {
      const auto products = [&](auto after) __attribute__((always_inline)) {
        in_blocks<ROWS>(0, layer.inputs, [&](Index k, int rows) {
          const Index at = k * out_step + m0;
          product<Walk::Columns, Start::Zero, decltype(after)>(
              {weights + k, layer.row, delta + m0, step, layer.units, nullptr, 0, out + at, out_step, kept + at},
              rows, vectors);
        });
      };
      // The usual slopes in the same breath: a pass of their own is 5 % of an update of the heart.
      if (below.chain == chain_by_value<Sigmoid>) return products(Sloped<Sigmoid>{});
      if (below.chain == chain_by_value<Tanh>) return products(Sloped<Tanh>{});
      products(AsItIs{});
    }
    chain(m0, {layer.inputs, out_step, vectors});
  }
  if (!whole_at_once) return;
  if (drops(net, t, l - 1))
    over_mask(net, t, l - 1, m0, m1, [&](Index i, real factor) { out[i] *= factor; });
  const Index at = below.to_rows ? m0 * out_step : m0;
  chain_softmax(out + at, kept + at, below.to_rows, below.units, out_step, m1 - m0);
}

// Gradient ------------------------------------------------------------------------------------

// One of `of` equal shares of the outputs.
struct Share {
  int part, of;
  Index begin(Index count) const { return count * part / of; }
  Index end(Index count) const { return count * (part + 1) / of; }
};

// Part of the gradient of layer l + 1's weights, over the whole tile. Sums start from `gradient`
// (packed) unless this is the `first` tile. `done(begin, count, numbers)` gets every block where it
// is to be used at once; else blocks are written to `gradient`.
//
// A layer from lanes to lanes leaves its sums in `lanes`, apart, for `add_lanes` after the last tile.
template <bool AtOnce, class Done>
INLINE void gradient(const Net& net, const Tile& t, int l, Share share, bool first, real* gradient,
                     real* lanes, const Scratch& scratch, Done done) {
  const Layer& layer = net.layer[l];
  const real *in = t.a[l], *delta = t.delta[l + 1];
  const Index in_step = t.step[l], step = t.step[l + 1], m = t.examples;
  const auto block = [&](auto walk, Product x, int rows, Index width, Index begin) {
    constexpr Walk W = decltype(walk)::value;
    x.start = gradient + begin;
    x.start_step = x.out_step = width;
    x.out = AtOnce ? scratch.result : gradient + begin;
    if (first) product<W, Start::Zero>(x, rows, int(width / V));
    else product<W, Start::Tile>(x, rows, int(width / V));
    if constexpr (AtOnce) done(begin, rows * width, scratch.result);
  };
  using ByRows = std::integral_constant<Walk, Walk::Rows>;
  using ByColumns = std::integral_constant<Walk, Walk::Columns>;
  if (layer.to_rows) {
    const Index inputs = layer.inputs + 1;  // and the one
    const Blocks<ROWS> blocks(inputs);
    Index group = GROUP_BYTES / (m * Index(sizeof(real)) * PANEL);
    group = group < 1 ? 1 : group;
    for (Index p0 = 0; p0 < layer.panels(); p0 += group) {
      for (Index b = share.begin(blocks.number); b < share.end(blocks.number); ++b) {
        const Index k = blocks.first(b);
        const int rows = blocks.length(b);
        for (Index p = p0; p < p0 + group && p < layer.panels(); ++p) {
          const Index width = layer.width(int(p)), begin = layer.panel(int(p)) + k * width;
          const Product x{nullptr, in_step, delta + p * PANEL, step, m, nullptr, 0, nullptr, 0};
          if (layer.from_rows) {
            Product y = x;
            y.p = in + k;
            block(ByColumns{}, y, rows, width, begin);
          } else {
            Product y = x;
            y.p = in + k * in_step;
            block(ByRows{}, y, rows, width, begin);
          }
        }
      }
    }
  } else if (layer.from_rows) {
    const Blocks<ROWS> blocks(layer.units);
    for (Index b = share.begin(blocks.number); b < share.end(blocks.number); ++b) {
      const Index j = blocks.first(b);
      const int rows = blocks.length(b);
      const Product x{delta + j * step, step, in, in_step, m, nullptr, 0, nullptr, 0};
      block(ByRows{}, x, rows, layer.row, layer.begin + j * layer.row);
    }
  } else {
    const Index j0 = share.begin(layer.units), j1 = share.end(layer.units);
    if (j0 == j1) return;
    in_lanes(delta + j0 * step, step, int(j1 - j0), in, in_step, int(layer.row), vectors_of(0, m),
             lanes + (layer.apart + j0 * layer.row) * V, first);
  }
}

}  // namespace
