// Activations: one row each, as value and slope of a vector of weighted sums.
//
// A row whose slope follows from its value (`FROM_VALUE`) is computed in place and keeps nothing
// else; the others leave their slope in a buffer of its own while the weighted sum is at hand.
// Softmax mixes the units of an example and stands apart, at the end.
#pragma once

#include "functions.hpp"
#include "vector.hpp"

namespace {

struct Sigmoid {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec) { return fn::sigmoid(z); }
  static INLINE vec slope(vec a, vec) { return fnma(a, a, a); }
};

struct Tanh {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec) { return fn::tanh(z); }
  static INLINE vec slope(vec a, vec) { return fnma(a, a, splat(1)); }
};

struct Relu {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec) { return select(z < vec{}, vec{}, z); }  // NaN stays
  static INLINE vec slope(vec a, vec) { return select(a > vec{}, splat(1), vec{}); }
};

struct LeakyRelu {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec below) { return select(z < vec{}, below * z, z); }
  static INLINE vec slope(vec a, vec below) { return select(a > vec{}, splat(1), below); }
};

struct Elu {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec alpha) {
    return select(z > vec{}, z, alpha * fn::expm1(at_most(z, vec{})));
  }
  static INLINE vec slope(vec a, vec alpha) { return select(a > vec{}, splat(1), a + alpha); }
};

struct Exp {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec) { return fn::exp(z); }
  static INLINE vec slope(vec a, vec) { return a; }
};

struct Identity {
  static constexpr bool FROM_VALUE = true;
  static INLINE vec value(vec z, vec) { return z; }
  static INLINE vec slope(vec, vec) { return splat(1); }
};

struct Gelu {
  static constexpr bool FROM_VALUE = false;
  static INLINE vec value(vec z, vec, vec& slope) {
    const vec below = fn::normal(z);
    slope = fma(z, fn::density(z), below);
    return z * below;
  }
};

// z σ(u), u = 2 √(2/π) (z + 0.044715 z³): D. Hendrycks and K. Gimpel, 2016, section 2.
struct GeluTanh {
  static constexpr bool FROM_VALUE = false;
  static INLINE vec value(vec z, vec, vec& slope) {
    constexpr double STEEP = 1.5957691216057307117597842397375, CUBIC = 0.044715;
    constexpr real FAR = 40;  // σ(u) is 0 or 1 beyond, and u² does not overflow before
    const vec near = fn::between(-FAR, z, FAR);
    const vec square = near * near;
    const vec u = near * fma(square, splat(real(STEEP * CUBIC)), splat(real(STEEP)));
    const vec below = fn::sigmoid(u), above = fn::sigmoid(-u);
    const vec steep = fma(square, splat(real(3 * STEEP * CUBIC)), splat(real(STEEP)));
    slope = fma(z * (below * above), steep, below);
    return z * below;
  }
};

struct Silu {
  static constexpr bool FROM_VALUE = false;
  static INLINE vec value(vec z, vec, vec& slope) {
    const vec below = fn::sigmoid(z);
    slope = fma(z * below, fn::sigmoid(-z), below);
    return z * below;
  }
};

struct Softplus {
  static constexpr bool FROM_VALUE = false;
  static INLINE vec value(vec z, vec, vec& slope) {
    slope = fn::sigmoid(z);
    return fn::softplus(z);
  }
};

struct Sin {
  static constexpr bool FROM_VALUE = false;
  static INLINE vec value(vec z, vec, vec& slope) {
    slope = fn::cos(z);
    return fn::sin(z);
  }
};

// A rectangle of vectors: `rows` rows, `step` numbers from one to the next.
struct Area {
  Index rows;
  Index step;
  int vectors;
};

template <class Each>
INLINE void over(const Area& area, Each each) {
  for (Index row = 0; row < area.rows; ++row) {
    const Index start = row * area.step;
    for (int v = 0; v < area.vectors; ++v) each(start + Index(v) * V);
  }
}

// Weighted sums become activations; slopes are kept where `slope` is not null.
template <class F>
void activate(real* a, real* slope, const Area& area, real number) {
  const vec n = splat(number);
  if constexpr (F::FROM_VALUE) {
    if (!slope) {
      over(area, [&](Index i) { store(a + i, F::value(load(a + i), n)); });
    } else {
      over(area, [&](Index i) {
        const vec value = F::value(load(a + i), n);
        store(a + i, value);
        store(slope + i, F::slope(value, n));
      });
    }
  } else {
    over(area, [&](Index i) {
      vec steep;
      const vec value = F::value(load(a + i), n, steep);
      store(a + i, value);
      store(slope + i, steep);
    });
  }
}

// ∂C/∂a becomes ∂C/∂z: times the slope, by the activations or as kept.
template <class F>
void chain_by_value(real* d, const real* a, const Area& area, real number) {
  const vec n = splat(number);
  over(area, [&](Index i) { store(d + i, load(d + i) * F::slope(load(a + i), n)); });
}

// The same for sums that are still in registers.
template <class F>
struct Sloped {
  static INLINE vec of(vec sum, const real* a) { return sum * F::slope(load(a), vec{}); }
};

void chain_as_kept(real* d, const real* slope, const Area& area, real) {
  over(area, [&](Index i) { store(d + i, load(d + i) * load(slope + i)); });
}

// Softmax has neither function: `softmax` and `chain_softmax`, below, take whole examples.
struct ActivationRow {
  void (*activate)(real* a, real* slope, const Area&, real number);
  void (*chain)(real* d, const real* a_or_slope, const Area&, real number);
  bool from_value;

  bool softmax() const { return !activate; }
};

template <class F>
constexpr ActivationRow row() {
  if constexpr (F::FROM_VALUE) return {activate<F>, chain_by_value<F>, true};
  else return {activate<F>, chain_as_kept, false};
}

// In the order of `chainrule::Activation`.
constexpr ActivationRow ACTIVATIONS[] = {
    row<Sigmoid>(), row<Tanh>(),     row<Relu>(), row<LeakyRelu>(), row<Elu>(),
    row<Gelu>(),    row<GeluTanh>(), row<Silu>(), row<Softplus>(),  row<Sin>(),
    row<Exp>(),     row<Identity>(), {nullptr, nullptr, true},  // softmax
};

// Softmax -------------------------------------------------------------------------------------

// Examples in lanes: one vector of them. `shifted(j, z)` gets the weighted sums less the largest, and
// `done(j, a)` what comes out; returns the sum of exponentials.
template <class Shifted, class Done>
INLINE vec softmax_of_column(real* a, int units, Index step, Shifted shifted, Done done) {
  vec top = load(a);
  for (int j = 1; j < units; ++j) {
    const vec z = load(a + j * step);
    top = select(z > top, z, top);
  }
  vec total{};
  for (int j = 0; j < units; ++j) {
    const vec z = load(a + j * step) - top, e = fn::exp(z);
    store(a + j * step, e);
    total += e;
    shifted(j, z);
  }
  for (int j = 0; j < units; ++j) {
    const vec value = load(a + j * step) / total;
    store(a + j * step, value);
    done(j, value);
  }
  return total;
}

// δ = a ∘ (g − Σ_units g ∘ a).
INLINE void chain_softmax_of_column(real* d, const real* a, int units, Index step) {
  vec mean{};
  for (int j = 0; j < units; ++j) mean = fma(load(d + j * step), load(a + j * step), mean);
  for (int j = 0; j < units; ++j)
    store(d + j * step, load(a + j * step) * (load(d + j * step) - mean));
}

// Units in lanes: one example. The lanes after the last unit come out as 0.
struct TopAndTotal {
  real top, total;
};
INLINE TopAndTotal softmax_of_row(real* a, int units) {
  const int vectors = (units + V - 1) / V;
  const ivec kept = first_lanes(units - (vectors - 1) * V);
  const vec last = select(kept, load(a + (vectors - 1) * V), splat(a[0]));
  vec top = last;
  for (int v = 0; v < vectors - 1; ++v) {
    const vec z = load(a + v * V);
    top = select(z > top, z, top);
  }
  const real highest = largest(top);
  vec total{};
  for (int v = 0; v < vectors; ++v) {
    const vec z = v == vectors - 1 ? last : load(a + v * V);
    vec e = fn::exp(z - splat(highest));
    if (v == vectors - 1) e = select(kept, e, vec{});
    store(a + v * V, e);
    total += e;
  }
  const real whole_sum = sum(total);
  for (int v = 0; v < vectors; ++v) store(a + v * V, load(a + v * V) / splat(whole_sum));
  return {highest, whole_sum};
}

INLINE void chain_softmax_of_row(real* d, const real* a, int units) {
  const int vectors = (units + V - 1) / V;
  const ivec kept = first_lanes(units - (vectors - 1) * V);
  vec mean{};
  for (int v = 0; v < vectors; ++v) {
    const vec term = load(d + v * V) * load(a + v * V);
    mean += v == vectors - 1 ? select(kept, term, vec{}) : term;
  }
  const vec all = splat(sum(mean));
  for (int v = 0; v < vectors; ++v) {
    const vec passed = load(a + v * V) * (load(d + v * V) - all);
    store(d + v * V, v == vectors - 1 ? select(kept, passed, vec{}) : passed);
  }
}

// Some examples, either way round.
void softmax(real* a, bool in_rows, int units, Index step, Index examples) {
  if (in_rows) {
    for (Index m = 0; m < examples; ++m) softmax_of_row(a + m * step, units);
  } else {
    const auto nothing = [](int, vec) {};
    for (Index m = 0; m < examples; m += V) softmax_of_column(a + m, units, step, nothing, nothing);
  }
}

void chain_softmax(real* d, const real* a, bool in_rows, int units, Index step, Index examples) {
  if (in_rows) {
    for (Index m = 0; m < examples; ++m) chain_softmax_of_row(d + m * step, a + m * step, units);
  } else {
    for (Index m = 0; m < examples; m += V) chain_softmax_of_column(d + m, a + m, units, step);
  }
}

}  // namespace
