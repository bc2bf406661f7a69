// JᵀJ and Jᵀr of squared error, for Levenberg–Marquardt, from the Jacobians of single examples.
//
// A row of J belongs to one output of one example: the derivative of that output by every weight and
// bias, times the root of twice the example's share in the mean. Rows are made for a tile of examples
// and one output at a time, and their products added up: J itself is never held.
#pragma once

#include "session.hpp"

namespace {

// Room that is taken once.
struct Squares {
  Index count;      // parameters
  Index step;       // of rows, in numbers
  Index* place;     // by our order (unit by unit, the bias last): the place in the flat array
  real* rows;       // of J, for a tile
  real* residuals;  // of these rows
  real* products;   // JᵀJ: the part right of the diagonal
  real* gradient;   // Jᵀr

  explicit Squares(Plan& plan) : count(plan.flat), step(spaced(plan.flat + V)) {
    place = plan.memory.array<Index>(count);
    rows = plan.memory.array<real>(plan.tile * step);
    residuals = plan.memory.array<real>(plan.tile);
    products = plan.memory.array<real>(padded(count, ROWS) * step);
    gradient = plan.memory.array<real>(step);
    Index at = 0;
    for (int l = 0; l < plan.net.layers; ++l) {
      const Layer& layer = plan.net.layer[l];
      for (Index j = 0; j < layer.units; ++j) {
        for (Index k = 0; k < layer.inputs; ++k) place[at++] = layer.weights + j * layer.inputs + k;
        place[at++] = layer.biases + j;
      }
    }
  }
};

// The rows of J of the examples of a tile, from the δ that belong to one output. Rows are written a
// vector at a time, from left to right: what is written too far is overwritten by what comes next.
INLINE void write_rows(const Plan& plan, const Tile& t, Squares& s) {
  for (Index m = 0; m < t.examples; ++m) {
    real* to = s.rows + m * s.step;
    for (int l = 0; l < plan.net.layers; ++l) {
      const Layer& layer = plan.net.layer[l];
      const real *a = t.a[l] + m * t.step[l], *delta = t.delta[l + 1] + m * t.step[l + 1];
      for (int j = 0; j < layer.units; ++j) {
        const vec d = splat(delta[j]);
        for (Index k = 0; k <= layer.inputs; k += V) store_unaligned(to + k, d * load(a + k));
        to += layer.inputs + 1;
      }
    }
    store_unaligned(to, vec{});  // up to a whole vector
  }
}

INLINE void add_products(Squares& s, Index rows) {
  for (Index r = 0; r < rows; ++r) {
    const vec residual = splat(s.residuals[r]);
    for (Index p = 0; p < s.count; p += V)
      store(s.gradient + p, fma(residual, load(s.rows + r * s.step + p), load(s.gradient + p)));
  }
  in_blocks<ROWS>(0, s.count, [&](Index p, int height) {
    const Index first = p / V * V;  // what is left of the diagonal follows by symmetry
    for (Index q = first; q < s.count; q += PANEL) {
      const Index width = padded(s.count) - q < PANEL ? padded(s.count) - q : PANEL;
      real* to = s.products + p * s.step + q;
      product<Walk::Columns, Start::Tile>({s.rows + p, s.step, s.rows + q, s.step, rows, to, s.step, to, s.step},
                                          height, int(width / V));
    }
  });
}

// Writes H = 2 JᵀwJ/Σw + λ (P × P) and g = 2 Jᵀwr/Σw + λW (P), both in the order of the flat array,
// and returns the cost. All layers of the plan have their results in rows.
INLINE double normal_equations(Plan& plan, const Examples& examples, double penalty, const real* params,
                               Squares& s, double* hessian, double* gradient) {
  const Net& net = plan.net;
  const Layer& last = net.layer[net.layers - 1];
  Tile& t = plan.tiles[0];
  for (int l = 0; l < net.layers; ++l) pack(net.layer[l], params, net.theta);
  __builtin_memset(s.products, 0, sizeof(real) * std::size_t(padded(s.count, ROWS) * s.step));
  __builtin_memset(s.gradient, 0, sizeof(real) * std::size_t(s.step));
  const Batch all{&examples, nullptr, examples.count, nullptr};
  double squares = 0;
  for (Index first = 0; first < examples.count; first += plan.tile) {
    const Index left = examples.count - first, count = left < plan.tile ? left : plan.tile;
    t.examples = count;
    t.loss = s.residuals;
    t.mask = nullptr;
    fetch(plan, t, all, examples.total, first, 0, count);
    for (int l = 0; l < net.layers; ++l) forward(net, t, l, 0, count);
    finish_outputs(net, t, 0, count);
    real *a = t.a[net.layers], *delta = t.delta[net.layers];
    const real* kept = t.slope[net.layers] ? t.slope[net.layers] : a;
    const Index step = t.step[net.layers];
    for (int output = 0; output < last.units; ++output) {
      for (Index m = 0; m < count; ++m) {
        const real root = real(std::sqrt(2.0 * double(t.coefficient[m])));
        s.residuals[m] = root * (a[m * step + output] - t.y[m * t.y_step + output]);
        squares += double(s.residuals[m]) * double(s.residuals[m]);
        for (Index j = 0; j < padded(last.units); ++j) delta[m * step + j] = j == output ? root : 0;
      }
      if (last.softmax()) chain_softmax(delta, a, true, last.units, step, count);
      else last.chain(delta, kept, {count, step, int(padded(last.units) / V)}, last.number);
      for (int l = net.layers - 1; l > 0; --l) backward(net, t, l, 0, count, plan.scratch[0]);
      write_rows(plan, t, s);
      add_products(s, count);
    }
  }
  const Index weights = net.layer[0].biases;  // all of them come before the first bias
  double norm = 0;
  for (Index p = 0; p < s.count; ++p) {
    const Index to = s.place[p];
    const double shrink = to < weights ? penalty : 0;
    for (Index q = p; q < s.count; ++q) {
      const double h = double(s.products[p * s.step + q]);
      hessian[to * s.count + s.place[q]] = hessian[s.place[q] * s.count + to] = h;
    }
    hessian[to * s.count + to] += shrink;
    gradient[to] = double(s.gradient[p]) + shrink * double(params[to]);
    norm += shrink * double(params[to]) * double(params[to]);
  }
  return (squares + norm) / 2;
}

}  // namespace
