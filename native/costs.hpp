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

// Examples in lanes.
template <class Each>
INLINE void over_lanes(const Outputs& o, Each each) {
  const int vectors = int((o.examples + V - 1) / V);
  for (int v = 0; v < vectors; ++v) {
    const ivec real_ones = first_lanes(int(o.examples - Index(v) * V > V ? V : o.examples - Index(v) * V));
    const vec share = load(o.coefficient + Index(v) * V);
    vec total{};
    for (int j = 0; j < o.units; ++j) {
      const Index i = Index(v) * V;
      const vec delta = share * each(o.a + i + j * o.step, load(o.y + i + j * o.y_step), total);
      store(o.delta + i + j * o.step, select(real_ones, delta, vec{}));
    }
    store(o.loss + Index(v) * V, select(real_ones, share * total, vec{}));
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
  const Index vectors = (o.examples + V - 1) / V;
  const Area area = Lanes ? Area{o.units, o.step, int(vectors)}
                          : Area{o.examples, o.step, (o.units + V - 1) / V};
  activation.activate(o.a, o.slope, area, o.activation_number);
  const bool mixes = activation.activate == ACTIVATIONS[int(chainrule::Activation::Softmax)].activate;
  if (mixes && Lanes) softmax_in_lanes(o.a, o.units, o.step, int(vectors));
  if (mixes && !Lanes)
    for (Index m = 0; m < o.examples; ++m) softmax_of_row(o.a + m * o.step, o.units);
  const vec n = splat(o.cost_number);
  const auto each = [&](real* at, vec y, vec& total) __attribute__((always_inline)) {
    const vec a = load(at);
    total += C::loss(a, y, n);
    return C::slope(a, y, n);
  };
  if constexpr (Lanes) over_lanes(o, each);
  else over_rows(o, each);
  if (!mixes) {
    activation.chain(o.delta, o.slope ? o.slope : o.a, area, o.activation_number);
  } else if (Lanes) {
    chain_softmax_in_lanes(o.delta, o.a, o.units, o.step, int(vectors));
  } else {
    for (Index m = 0; m < o.examples; ++m)
      chain_softmax_of_row(o.delta + m * o.step, o.a + m * o.step, o.units);
  }
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
    const int vectors = int((o.examples + V - 1) / V);
    for (int v = 0; v < vectors; ++v) {
      const ivec real_ones =
          first_lanes(int(o.examples - Index(v) * V > V ? V : o.examples - Index(v) * V));
      real* a = o.a + Index(v) * V;
      const real* y = o.y + Index(v) * V;
      vec top = load(a);
      for (int j = 1; j < o.units; ++j) {
        const vec z = load(a + j * o.step);
        top = select(z > top, z, top);
      }
      vec total{}, hit{};
      for (int j = 0; j < o.units; ++j) {
        const vec z = load(a + j * o.step) - top, e = fn::exp(z);
        store(a + j * o.step, e);
        total += e;
        hit = fma(load(y + j * o.y_step), z, hit);
      }
      vec targets{};
      const vec share = load(o.coefficient + Index(v) * V);
      for (int j = 0; j < o.units; ++j) {
        const vec p = load(a + j * o.step) / total, t = load(y + j * o.y_step);
        store(a + j * o.step, p);
        targets += t;
        store(o.delta + Index(v) * V + j * o.step, select(real_ones, share * (p - t), vec{}));
      }
      const vec loss = fma(targets, fn::log(total), -hit);
      store(o.loss + Index(v) * V, select(real_ones, share * loss, vec{}));
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
