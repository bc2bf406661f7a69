// Costs: one row each, as loss and slope of a vector of predictions; and what the last layer does
// with them: from weighted sums to activations, losses per example, and δ of the last layer.
//
// Three costs meet one output activation only, and are taken together with it from the weighted
// sums, where they cannot overflow: δ is a − y for each.
#pragma once

#include "activations.hpp"

namespace {

struct SquaredError {
  static INLINE vec loss(vec a, vec y, vec) { return (a - y) * (a - y); }
  static INLINE vec slope(vec a, vec y, vec) { return (a - y) + (a - y); }
};

struct AbsoluteError {
  static INLINE vec loss(vec a, vec y, vec) { return magnitude(a - y); }
  static INLINE vec slope(vec a, vec y, vec) {
    const vec r = a - y;
    return select(r == vec{}, vec{}, with_sign_of(splat(1), r));
  }
};

struct Huber {
  static INLINE vec bounded(vec r, vec delta) { return at_least(at_most(r, delta), -delta); }
  static INLINE vec loss(vec a, vec y, vec delta) {
    const vec r = a - y, near = bounded(r, delta);
    return fma(near * near, splat(real(0.5)), delta * magnitude(r - near));
  }
  static INLINE vec slope(vec a, vec y, vec delta) { return bounded(a - y, delta); }
};

struct Quantile {
  static INLINE vec loss(vec a, vec y, vec q) { return slope(a, y, q) * (a - y); }
  static INLINE vec slope(vec a, vec y, vec q) { return select(a - y > vec{}, splat(1) - q, -q); }
};

struct LogCosh {
  static INLINE vec loss(vec a, vec y, vec) {
    const vec size = magnitude(a - y), one = splat(1);
    const vec far = size + fn::log1p(fn::exp(-(size + size))) - splat(real(0.69314718055994530942));
    const vec small = fn::tanh(at_most(size, one));
    const vec near = splat(real(-0.5)) * fn::log1p(-(small * small));
    return select(size > one, far, near);
  }
  static INLINE vec slope(vec a, vec y, vec) { return fn::tanh(a - y); }
};

// Of an output that is still a weighted sum: the loss, and the activation that it becomes.
struct PoissonOfExp {
  static INLINE vec loss(vec z, vec y, vec& a) {
    a = fn::exp(z);
    return fnma(y, z, a);
  }
};

struct CrossEntropyOfSigmoid {
  static INLINE vec loss(vec z, vec y, vec& a) {
    a = fn::sigmoid(z);
    const vec both = fn::log1p(fn::exp(-magnitude(z)));
    const vec wrong = select(z > vec{}, splat(1) - y, y);  // how much of the target is on the other side
    return fma(wrong, magnitude(z), both);
  }
};

// The outputs of some examples, and where to put what follows from them.
struct Outputs {
  real* a;        // weighted sums; become activations
  real* slope;    // where the activation keeps it
  const real* y;
  real* delta;
  Index step, y_step;
  int units;
  Index examples;           // real ones
  const real* coefficient;  // per example: its share in the mean
  real* loss;               // per example: its share of the cost
  real activation_number, cost_number;
};

// Of the vector of examples from m on.
INLINE ivec lanes_in_use(const Outputs& o, Index m) {
  return first_lanes(int(o.examples - m > V ? V : o.examples - m));
}

// Examples in lanes.
template <class Each>
INLINE void over_lanes(const Outputs& o, Each each) {
  for (Index m = 0; m < o.examples; m += V) {
    const ivec real_ones = lanes_in_use(o, m);
    const vec share = load(o.coefficient + m);
    vec total{};
    for (int j = 0; j < o.units; ++j) {
      const vec delta = share * each(o.a + m + j * o.step, load(o.y + m + j * o.y_step), total);
      store(o.delta + m + j * o.step, select(real_ones, delta, vec{}));
    }
    store(o.loss + m, select(real_ones, share * total, vec{}));
  }
}

// Units in lanes.
template <class Each>
INLINE void over_rows(const Outputs& o, Each each) {
  const int vectors = (o.units + V - 1) / V;
  const ivec kept = first_lanes(o.units - (vectors - 1) * V);
  for (Index m = 0; m < o.examples; ++m) {
    const vec share = splat(o.coefficient[m]);
    vec total{};
    for (int v = 0; v < vectors; ++v) {
      const Index i = Index(v) * V;
      vec here{};
      vec delta = share * each(o.a + m * o.step + i, load(o.y + m * o.y_step + i), here);
      if (v == vectors - 1) delta = select(kept, delta, vec{}), here = select(kept, here, vec{});
      store(o.delta + m * o.step + i, delta);
      total += here;
    }
    o.loss[m] = o.coefficient[m] * sum(total);
  }
}

template <class C, bool Lanes>
void finish_general(const Outputs& o, const ActivationRow& activation) {
  const Area area = Lanes ? Area{o.units, o.step, int((o.examples + V - 1) / V)}
                          : Area{o.examples, o.step, (o.units + V - 1) / V};
  if (activation.softmax()) softmax(o.a, !Lanes, o.units, o.step, o.examples);
  else activation.activate(o.a, o.slope, area, o.activation_number);
  const vec n = splat(o.cost_number);
  const auto each = [&](real* at, vec y, vec& total) __attribute__((always_inline)) {
    const vec a = load(at);
    total += C::loss(a, y, n);
    return C::slope(a, y, n);
  };
  if constexpr (Lanes) over_lanes(o, each);
  else over_rows(o, each);
  if (activation.softmax()) chain_softmax(o.delta, o.a, !Lanes, o.units, o.step, o.examples);
  else activation.chain(o.delta, o.slope ? o.slope : o.a, area, o.activation_number);
}

template <class C, bool Lanes>
void finish_pair(const Outputs& o, const ActivationRow&) {
  const auto each = [&](real* at, vec y, vec& total) __attribute__((always_inline)) {
    vec a;
    total += C::loss(load(at), y, a);
    store(at, a);
    return a - y;
  };
  if constexpr (Lanes) over_lanes(o, each);
  else over_rows(o, each);
}

// −y log softmax(z), log softmax taken at once as z − log Σ exp z.
template <bool Lanes>
void finish_softmax(const Outputs& o, const ActivationRow&) {
  if constexpr (Lanes) {
    for (Index m = 0; m < o.examples; m += V) {
      const ivec real_ones = lanes_in_use(o, m);
      const real* y = o.y + m;
      real* delta = o.delta + m;
      const vec share = load(o.coefficient + m);
      vec hit{}, targets{};
      const vec total = softmax_of_column(
          o.a + m, o.units, o.step,
          [&](int j, vec z) __attribute__((always_inline)) { hit = fma(load(y + j * o.y_step), z, hit); },
          [&](int j, vec p) __attribute__((always_inline)) {
            const vec target = load(y + j * o.y_step);
            targets += target;
            store(delta + j * o.step, select(real_ones, share * (p - target), vec{}));
          });
      const vec loss = fma(targets, fn::log(total), -hit);
      store(o.loss + m, select(real_ones, share * loss, vec{}));
    }
  } else {
    const int vectors = (o.units + V - 1) / V;
    const ivec kept = first_lanes(o.units - (vectors - 1) * V);
    for (Index m = 0; m < o.examples; ++m) {
      real *a = o.a + m * o.step, *delta = o.delta + m * o.step;
      const real* y = o.y + m * o.y_step;
      // What the softmax overwrites waits in the place of δ.
      for (int v = 0; v < vectors; ++v) store(delta + v * V, load(a + v * V));
      const TopAndTotal found = softmax_of_row(a, o.units);
      const vec top = splat(found.top), logarithm = fn::log(splat(found.total));
      const vec share = splat(o.coefficient[m]);
      vec loss{};
      for (int v = 0; v < vectors; ++v) {
        const vec t = load(y + v * V), z = load(delta + v * V);
        vec term = t * (logarithm - (z - top)), d = share * (load(a + v * V) - t);
        if (v == vectors - 1) term = select(kept, term, vec{}), d = select(kept, d, vec{});
        loss += term;
        store(delta + v * V, d);
      }
      o.loss[m] = o.coefficient[m] * sum(loss);
    }
  }
}

using Finish = void (*)(const Outputs&, const ActivationRow&);
struct CostRow {
  Finish in_lanes, in_rows;
};

// In the order of `chainrule::Cost`.
constexpr CostRow COSTS[] = {
    {finish_general<SquaredError, true>, finish_general<SquaredError, false>},
    {finish_general<AbsoluteError, true>, finish_general<AbsoluteError, false>},
    {finish_general<Huber, true>, finish_general<Huber, false>},
    {finish_general<Quantile, true>, finish_general<Quantile, false>},
    {finish_general<LogCosh, true>, finish_general<LogCosh, false>},
    {finish_pair<PoissonOfExp, true>, finish_pair<PoissonOfExp, false>},
    {finish_pair<CrossEntropyOfSigmoid, true>, finish_pair<CrossEntropyOfSigmoid, false>},
    {finish_softmax<true>, finish_softmax<false>},
};

}  // namespace
