// Drives the kernel without Python, so that sanitizers see all of it and nothing else; `make
// sanitize` builds and runs it.
//
// A list of networks, each in all layouts, for every instruction set that this machine has and both
// dtypes: updates with every optimizer, batches, noise, clipping, dropout and trouble, and
// evaluations, on one, two and three threads, which must give the same bits. Arrays of the caller
// are on the heap, each of its exact size; the kernel's own buffers lie between guard pages, unless
// the argument `unguarded` is given.
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "kernel.hpp"
#include "memory.hpp"
#include "team.hpp"

using namespace chainrule;

namespace {

using A = Activation;

struct Case {
  const char* name;
  int inputs;
  std::vector<LayerDescription> layers;
  Cost cost;
  double cost_number;
  double penalty;
  std::vector<TransformationDescription> transformations;
  Index examples, batch;
  bool weighted;
  double rate;      // of all updates but the last
  double last_rate;
  bool ends_in_trouble;
};

constexpr auto NOISE = Transformation::Noise;
constexpr auto NORM = Transformation::ClipByNorm;
constexpr auto VALUE = Transformation::ClipByValue;

const std::vector<Case> CASES = {
    {"one unit", 1, {{1, A::Sigmoid, 0, 0}}, Cost::SquaredError, 0, 0, {}, 1, 1, false, .1, .1, false},
    {"heart", 1, {{6, A::Sigmoid, 0, 0}, {7, A::Sigmoid, 0, 0}, {2, A::Sigmoid, 0, 0}}, Cost::SquaredError,
     0, 0, {{NOISE, .3}}, 100, 100, false, .1, .1, false},
    {"chunks", 3, {{5, A::Tanh, 0, 0}, {2, A::Identity, 0, 0}}, Cost::Huber, 1.5, .01, {}, 3001, 3001, true,
     .01, .01, false},
    {"chunks of a batch", 3, {{5, A::Gelu, 0, 0}, {3, A::Softmax, 0, 0}}, Cost::CategoricalCrossEntropy, 0,
     0, {{NOISE, .1}}, 2999, 1700, false, .01, .01, false},
    {"dropout", 5, {{40, A::Silu, 0, .3}, {9, A::Softmax, 0, .2}, {4, A::Sigmoid, 0, 0}},
     Cost::BinaryCrossEntropy, 0, 0, {}, 331, 97, true, .01, .01, false},
    {"large layers", 40, {{129, A::Relu, 0, 0}, {65, A::LeakyRelu, .1, 0}, {17, A::Softmax, 0, 0}},
     Cost::SquaredError, 0, .1, {{NORM, .5}}, 600, 600, false, .01, .01, false},
    {"other functions", 4, {{6, A::Elu, 1.5, 0}, {7, A::Softplus, 0, 0}, {5, A::GeluTanh, 0, 0},
     {6, A::Sin, 0, 0}, {3, A::Exp, 0, 0}}, Cost::Poisson, 0, 0, {{VALUE, .01}}, 33, 7, false, .001, .001,
     false},
    {"quantile", 9, {{33, A::Tanh, 0, 0}, {31, A::Identity, 0, 0}}, Cost::Quantile, .3, 0, {}, 45, 13, true,
     .01, .01, false},
    {"log cosh", 2, {{3, A::Tanh, 0, 0}, {1, A::Identity, 0, 0}}, Cost::LogCosh, 0, 0, {}, 1, 1, true, .01,
     .01, false},
    {"absolute error", 64, {{16, A::Tanh, 0, 0}, {8, A::Identity, 0, 0}}, Cost::AbsoluteError, 0, 0, {}, 64,
     32, true, .01, .01, false},
    {"trouble", 2, {{4, A::Identity, 0, 0}, {3, A::Identity, 0, 0}}, Cost::SquaredError, 0, 0, {{NOISE, .1}},
     19, 5, false, .01, 1e300, true},
    {"trouble when clipped", 2, {{40, A::Relu, 0, 0}, {3, A::Identity, 0, 0}}, Cost::SquaredError, 0, 0,
     {{VALUE, 1}}, 900, 900, false, .01, 1e300, true},
};

constexpr int UPDATES = 5;
int failures = 0, runs = 0;

void fail(const char* what, const char* where) {
  std::printf("FAILED: %s (%s)\n", what, where);
  ++failures;
}

// An array of its exact size, on the heap.
template <class T>
struct Exact {
  std::unique_ptr<T[]> data;
  Index count;
  explicit Exact(Index n) : data(new T[std::size_t(n)]()), count(n) {}
  T* get() const { return data.get(); }
  T& operator[](Index i) const { return data[std::size_t(i)]; }
};

// What a run leaves behind, as bytes.
using Left = std::vector<unsigned char>;

template <class T>
void keep(Left& left, const Exact<T>& array) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(array.get());
  left.insert(left.end(), bytes, bytes + sizeof(T) * std::size_t(array.count));
}

template <class real>
Left run(const Kernel& kernel, const Case& c, int optimizer, int layout, int threads, bool guarded) {
  std::mt19937_64 random(7);
  const auto uniform = [&] { return double(random() >> 11) / 9007199254740992.0; };
  const int layers = int(c.layers.size()), outputs = c.layers.back().units;
  Index parameters = 0;
  for (int l = 0, before = c.inputs; l < layers; before = c.layers[std::size_t(l++)].units)
    parameters += Index(before + 1) * c.layers[std::size_t(l)].units;

  const Index m = c.examples;
  Exact<real> x(c.inputs * m), y(outputs * m), weights(m), params(parameters), last_good(parameters);
  Exact<real> slots[2] = {Exact<real>(parameters), Exact<real>(parameters)};
  for (Index i = 0; i < x.count; ++i) x[i] = real(2 * uniform() - 1);
  for (Index i = 0; i < params.count; ++i) params[i] = real(.4 * uniform() - .2);
  for (Index i = 0; i < m; ++i) weights[i] = real(uniform());
  for (Index i = 0; i < m; ++i) {  // one class each, in columns: distributions, counts, probabilities
    const Index chosen = Index(random() % std::uint64_t(outputs));
    y[i * outputs + chosen] = 1;
  }

  Description d{c.inputs, layers, c.layers.data(), c.cost, c.cost_number, c.penalty,
                Optimizer(optimizer), {.9, .99, 1e-6, .01}, int(c.transformations.size()),
                c.transformations.data(), c.batch, layout, false, true, guarded};
  if (d.optimizer == Optimizer::RMSprop) d.settings[1] = 1e-6;
  const Data data{m, x.get(), m, 1, y.get(), 1, outputs, c.weighted ? weights.get() : nullptr};
  Session* session = kernel.create(d, data, 3);

  int draws = 0;
  for (const auto& each : c.transformations) draws += each.kind == NOISE ? 2 * layers : 0;
  Exact<double> rates(UPDATES), noise(UPDATES * draws), costs(UPDATES);
  Exact<std::int64_t> ends(UPDATES), batches(UPDATES * c.batch);
  for (Index u = 0; u < UPDATES; ++u) rates[u] = u < UPDATES - 2 ? c.rate : c.last_rate;
  for (Index i = 0; i < noise.count; ++i) noise[i] = uniform() - .5;
  for (Index i = 0; i < batches.count; ++i) batches[i] = std::int64_t(random() % std::uint64_t(m));
  for (Index u = 0; u < UPDATES; ++u) ends[u] = (u + 1) * c.batch;

  std::vector<Exact<real>> masks;
  Exact<const void*> places(UPDATES * layers);
  for (Index i = 0; i < places.count; ++i) {
    const LayerDescription& layer = c.layers[std::size_t(i % layers)];
    if (layer.dropout == 0) continue;
    masks.emplace_back(layer.units * c.batch);
    for (Index k = 0; k < masks.back().count; ++k) masks.back()[k] = uniform() < layer.dropout ? 0 : 1;
    places[i] = masks.back().get();
  }

  Team team;
  team.resize(threads);
  const bool all = c.batch == m;
  Stretch s{UPDATES, rates.get(), all ? nullptr : batches.get(), all ? nullptr : ends.get(),
            draws ? noise.get() : nullptr, masks.empty() ? nullptr : places.get(), 0, costs.get()};
  const Arrays arrays{params.get(), {slots[0].get(), slots[1].get()}, last_good.get()};
  kernel.take(session, arrays);
  const Outcome outcome = kernel.advance(session, s, team);
  kernel.give(session, arrays);
  if ((outcome.trouble != Trouble::None) != c.ends_in_trouble) fail("another trouble", c.name);

  Exact<real> jacobians(parameters), out(outputs * m);
  Exact<double> found(2);
  found[0] = kernel.evaluate(session, nullptr, params.get(), jacobians.get(), out.get(), team);
  const Index few = m / 2 + 1;
  const Data others{few, x.get(), m, 1, y.get(), 1, outputs, nullptr};
  found[1] = kernel.evaluate(session, &others, params.get(), nullptr, nullptr, team);
  kernel.destroy(session);
  for (Index i = 0; i < parameters; ++i)
    if (!std::isfinite(double(params[i]))) return fail("parameters that are not finite", c.name), Left();

  Left left;
  keep(left, params), keep(left, last_good), keep(left, slots[0]), keep(left, slots[1]);
  keep(left, jacobians), keep(left, out), keep(left, found);
  if (!c.ends_in_trouble) keep(left, costs);
  left.push_back((unsigned char)outcome.updates);
  ++runs;
  return left;
}

// Whether a read behind a guarded piece ends a process, as the runs above count on.
void guard_is_on_duty() {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    Memory memory(true);
    const volatile char* piece = static_cast<const char*>(memory.take(64));
    if (piece[63] != 0) _exit(2);
    _exit(piece[64] == 0 ? 3 : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) fail("a guard page that can be read", "memory");
}

}  // namespace

int main(int count, char** arguments) {
  const bool guarded = count < 2 || std::strcmp(arguments[1], "unguarded") != 0;
  if (guarded) guard_is_on_duty();
  bool able = false;
  int sets = 0;
  for (int number = 0; const char* isa = kernel_name(number, &able); ++number) {
    if (!able) continue;
    ++sets;
    for (const bool single : {false, true}) {
      const Kernel& kernel = *find_kernel(isa, single);
      for (std::size_t i = 0; i < CASES.size(); ++i)
        for (const int layout : {-1, 0, 3, 200}) {
          const int optimizer = int(i + std::size_t(layout + 1)) % 6;
          Left alone;
          for (int threads = 1; threads <= 3; ++threads) {
            const Left left = single ? run<float>(kernel, CASES[i], optimizer, layout, threads, guarded)
                                     : run<double>(kernel, CASES[i], optimizer, layout, threads, guarded);
            if (threads == 1) alone = left;
            else if (left != alone) fail("other bits with more threads", CASES[i].name);
          }
        }
    }
  }
  std::printf("drive: %d runs on %d instruction sets, %s, failures: %d\n", runs, sets,
              guarded ? "guarded" : "unguarded", failures);
  return failures != 0 || runs == 0;
}
