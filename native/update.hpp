// From a gradient to new parameters: the optimizers, one row each, on packed vectors; and what is
// done to the gradient before.
#pragma once

#include <cmath>

#include "kernel.hpp"
#include "vector.hpp"

namespace {

// What one update needs beside the gradient. All arrays are packed.
struct Update {
  real* theta;
  real* slot[2];
  const real* is_weight;  // 1 for weights, 0 for biases and padding
  real penalty;           // λ
  real rate;
  real a, b;           // decays of the two slots
  real epsilon;
  real shrink;         // rate · weight decay
  real root_scale;     // 1/√(1 − β2^t)
  bool noisy;
};

// What the optimizers need of an update, in vectors; made once for each.
struct Vectors {
  vec rate, a, b, new_a, new_b, epsilon, shrink, root_scale;
  explicit INLINE Vectors(const Update& u)
      : rate(splat(u.rate)),
        a(splat(u.a)),
        b(splat(u.b)),
        new_a(splat(1 - u.a)),
        new_b(splat(1 - u.b)),
        epsilon(splat(u.epsilon)),
        shrink(splat(u.shrink)),
        root_scale(splat(u.root_scale)) {}
};

struct GradientDescent {
  static INLINE vec moved(const Vectors& c, const Update&, Index, vec g, vec theta) {
    return fnma(c.rate, g, theta);
  }
};

struct Momentum {
  static INLINE vec moved(const Vectors& c, const Update& u, Index i, vec g, vec theta) {
    const vec velocity = fma(c.a, load(u.slot[0] + i), g);
    store(u.slot[0] + i, velocity);
    return fnma(c.rate, velocity, theta);
  }
};

struct Nesterov {
  static INLINE vec moved(const Vectors& c, const Update& u, Index i, vec g, vec theta) {
    const vec velocity = fma(c.a, load(u.slot[0] + i), g);
    store(u.slot[0] + i, velocity);
    return fnma(c.rate, fma(c.a, velocity, g), theta);
  }
};

struct RMSprop {
  static INLINE vec moved(const Vectors& c, const Update& u, Index i, vec g, vec theta) {
    const vec squares = fma(c.a, load(u.slot[0] + i), c.new_a * g * g);
    store(u.slot[0] + i, squares);
    return theta - c.rate * g / (square_root(squares) + c.epsilon);
  }
};

struct Adam {
  static INLINE vec moved(const Vectors& c, const Update& u, Index i, vec g, vec theta) {
    const vec mean = fma(c.a, load(u.slot[0] + i), c.new_a * g);
    const vec squares = fma(c.b, load(u.slot[1] + i), c.new_b * g * g);
    store(u.slot[0] + i, mean);
    store(u.slot[1] + i, squares);
    return theta - c.rate * mean / fma(square_root(squares), c.root_scale, c.epsilon);
  }
};

struct AdamW {
  static INLINE vec moved(const Vectors& c, const Update& u, Index i, vec g, vec theta) {
    return Adam::moved(c, u, i, g, theta) - c.shrink * theta;
  }
};

// What noise multiplies the gradient of a layer with: all its weights, and all its biases.
struct Factors {
  real weights, biases;
};
constexpr Factors UNCHANGED{1, 1};

// Of one Noise, whose draws are one number for the weights of every layer, then one for its biases.
INLINE Factors noise_of(double size, const double* drawn, int layers, int l) {
  return {real(1 + size * drawn[l]), real(1 + size * drawn[layers + l])};
}

INLINE vec with_noise(Factors by, const real* is_weight, vec g) {
  return g * select(load(is_weight) > vec{}, splat(by.weights), splat(by.biases));
}

// The gradient of the penalty too.
INLINE vec with_penalty(real penalty, const real* is_weight, vec g, vec theta) {
  return fma(splat(penalty) * load(is_weight), theta, g);
}

template <class O>
void move(const Update& u, Index begin, Index count, const real* g, Factors noise) {
  const Vectors c(u);
  const bool plain = u.penalty == 0 && !u.noisy;
  for (Index i = 0; i < count; i += V) {
    const Index at = begin + i;
    const vec theta = load(u.theta + at);
    vec slope = load(g + i);
    if (!plain) {
      slope = with_penalty(u.penalty, u.is_weight + at, slope, theta);
      if (u.noisy) slope = with_noise(noise, u.is_weight + at, slope);
    }
    store(u.theta + at, O::moved(c, u, at, slope, theta));
  }
}

using Move = void (*)(const Update&, Index begin, Index count, const real* g, Factors noise);

// In the order of `chainrule::Optimizer`.
constexpr Move MOVES[] = {move<GradientDescent>, move<Momentum>, move<Nesterov>,
                          move<RMSprop>,         move<Adam>,     move<AdamW>};

// The numbers of an update that depend on how many were made before.
INLINE void prepare(Update& u, chainrule::Optimizer kind, const double* settings, double rate, double steps) {
  u.rate = real(rate);
  switch (kind) {
    case chainrule::Optimizer::GradientDescent: break;
    case chainrule::Optimizer::Momentum:
    case chainrule::Optimizer::Nesterov: u.a = real(settings[0]); break;
    case chainrule::Optimizer::RMSprop:
      u.a = real(settings[0]);
      u.epsilon = real(settings[1]);
      break;
    case chainrule::Optimizer::Adam:
    case chainrule::Optimizer::AdamW:
      u.a = real(settings[0]);
      u.b = real(settings[1]);
      u.epsilon = real(settings[2]);
      u.rate = real(rate / (1 - std::pow(settings[0], steps + 1)));
      u.root_scale = real(1 / std::sqrt(1 - std::pow(settings[1], steps + 1)));
      u.shrink = kind == chainrule::Optimizer::AdamW ? real(rate * settings[3]) : real(0);
      break;
  }
}

// A whole gradient, for what looks at all of it ------------------------------------------------

INLINE bool all_finite(const real* g, Index count) {
  vec zero{};
  for (Index i = 0; i < count; i += V) zero += load(g + i) * vec{};  // NaN where one is not finite
  return sum(zero) == 0;
}

// Norm first, then the scaling, as the reference does it: the largest entry is taken out, so that
// nothing overflows before it must.
INLINE void clip_by_norm(real* g, Index count, double limit) {
  vec top{};
  for (Index i = 0; i < count; i += V) {
    const vec size = magnitude(load(g + i));
    top = select(size > top, size, top);
  }
  const double most = largest(top);
  if (most == 0) return;
  double squares = 0;
  for (Index i = 0; i < count; ++i) {
    const double part = g[i] / most;
    squares += part * part;
  }
  const double norm = most * std::sqrt(squares);
  if (norm <= limit) return;
  const vec scale = splat(real(limit * (most / norm))), unit = splat(real(most));
  for (Index i = 0; i < count; i += V) store(g + i, load(g + i) / unit * scale);
}

INLINE void clip_by_value(real* g, Index count, double limit) {
  const vec most = splat(real(limit));
  for (Index i = 0; i < count; i += V) store(g + i, at_least(at_most(load(g + i), most), -most));
}

}  // namespace
