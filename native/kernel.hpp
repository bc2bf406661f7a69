// The boundary between Python and the kernel: plain sizes and pointers, checked above it.
//
// A kernel is a table of functions, one table for every instruction set and dtype. What is `void*`
// here are arrays of the kernel's dtype; everything else is the same for all.
#pragma once

#include <cstdint>

#include "index.hpp"

class Team;

namespace chainrule {

// The order of these is the order of the tables in Python (`engines/native.py`), which hands down
// numbers; a test holds them to each other.
enum class Activation : int {
  Sigmoid, Tanh, Relu, LeakyRelu, Elu, Gelu, GeluTanh, Silu, Softplus, Sin, Exp, Identity, Softmax,
};
enum class Cost : int {
  SquaredError, AbsoluteError, Huber, Quantile, LogCosh, Poisson, BinaryCrossEntropy,
  CategoricalCrossEntropy,
};
enum class Optimizer : int { GradientDescent, Momentum, Nesterov, RMSprop, Adam, AdamW };
enum class Transformation : int { Noise, ClipByNorm, ClipByValue };
enum class Trouble : int { None, Cost, Jacobian, Parameter };

struct LayerDescription {
  int units;
  Activation activation;
  double number;   // the number of rows that have one: slope, alpha
  double dropout;  // probability with which a unit is left out
};

struct TransformationDescription {
  Transformation kind;
  double number;
};

// What does not change while training runs.
struct Description {
  int inputs;
  int layers;
  const LayerDescription* layer;
  Cost cost;
  double cost_number;  // delta, q
  double penalty;      // λ of (λ/2) Σ ‖W‖²
  Optimizer optimizer;
  double settings[4];  // momentum | decay, ε | β1, β2, ε, weight decay
  int transformations;
  const TransformationDescription* transformation;
  Index batch;        // examples of an update, at most
  int widest_lanes;   // layers of at most so many units keep examples in lanes; −1: as measured
  bool least_squares; // whether there will be calls of `normal_equations`; then widest_lanes is 0
  bool every_thread;  // all threads work, however small the work is: for tests
  bool guarded;       // every buffer between pages that must not be touched: for tests
};

// Examples, one per column of x (n0 × m) and y (n_L × m), with the distances between entries.
struct Data {
  Index examples;
  const void* x;
  Index x_row, x_column;
  const void* y;  // may be null where only outputs are wanted
  Index y_row, y_column;
  const void* weights;  // m numbers, or null
};

// k updates: the random numbers and rates of a block, as Python draws them.
struct Stretch {
  Index updates;
  const double* rates;                // k
  const std::int64_t* batches;        // indices of all batches, one after another; null: all examples
  const std::int64_t* batch_ends;     // k
  const double* noise;                // k × draws, or null
  const void* const* masks;           // k × layers, each units × examples; null where none
  double steps;                       // updates that Adam has counted before
  double* costs;                      // k, the cost before every update; or null
};

// What updates change, P numbers each, flat.
struct Arrays {
  void* params;
  void* slots[2];   // null where there are none
  void* last_good;  // the last parameters found to be good on the way; not read, and written if known
};

struct Outcome {
  Index updates;
  Trouble trouble;
};

struct Session;  // of one kernel

struct Kernel {
  // All examples of `data` are trained on; `threads` is the most that will ever work on them.
  Session* (*create)(const Description&, const Data& data, int threads);
  void (*destroy)(Session*);
  // Takes in what is to be trained; an evaluation makes it forget.
  void (*take)(Session*, const Arrays&);
  Outcome (*advance)(Session*, const Stretch&, Team&);
  void (*give)(const Session*, const Arrays&);
  // The cost of examples (null: those of the session), without dropout; the Jacobians (P) and the
  // outputs (n_L × m) are written where wanted.
  double (*evaluate)(Session*, const Data*, const void* params, void* jacobians, void* outputs, Team&);
  // Of squared error: 2 JᵀwJ/Σw + λ (P × P), the gradient (P); returns the cost.
  double (*normal_equations)(Session*, const void* params, double* hessian, double* gradient);
  // How many threads are worth their while for so many examples at a time.
  int (*useful_threads)(const Session*, Index examples);
  // How many updates were made by one thread, where more might have, and by all.
  Index (*made)(const Session*, bool together);
};

// The kernels that were built, the best first; null after the last. Tells if this machine runs them.
const char* kernel_name(int number, bool* runs);

// Null if there is none of that name, or the machine cannot run it.
const Kernel* find_kernel(const char* isa, bool single);

}  // namespace chainrule
