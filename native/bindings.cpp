// What Python sees of the kernel: sessions, and the names of the instruction sets.
//
// Arrays were checked in Python, with words that teach; what is checked here again is what would
// otherwise be read or written out of range.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernel.hpp"
#include "pace.hpp"
#include "team.hpp"

namespace nb = nanobind;
using namespace chainrule;

namespace {

using Vector = nb::ndarray<nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Fixed = nb::ndarray<nb::numpy, nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<nb::numpy, nb::ro, nb::ndim<2>, nb::device::cpu>;
using Hessian = nb::ndarray<double, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Gradient = nb::ndarray<double, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Others = std::tuple<Matrix, std::optional<Matrix>, std::optional<Fixed>>;  // x, y, weights
using Layers = std::vector<std::tuple<int, int, double, double>>;
using Transformations = std::vector<std::pair<int, double>>;

// What a check says: the quantity, what was met, what is wanted. Put together only where it fails, for
// some are made for every example.
template <class... Words>
void want(bool so, const Words&... words) {
  if (so) return;
  std::ostringstream text;
  (text << ... << words);
  throw std::invalid_argument(text.str());
}

void want_between(Index low, Index value, Index high, const char* name) {
  want(low <= value && value <= high, name, " is ", value, ", wanted ", low, " to ", high);
}

template <class Row>
void want_row(int number, Row last, const char* name) {
  want_between(0, number, Index(last), name);
}

std::string words(nb::dlpack::dtype dtype) {
  const auto is = [&](nb::dlpack::dtype_code code) { return dtype.code == std::uint8_t(code); };
  const char* kind = is(nb::dlpack::dtype_code::Float)  ? "float"
                     : is(nb::dlpack::dtype_code::Int)  ? "int"
                     : is(nb::dlpack::dtype_code::UInt) ? "uint"
                                                        : "another kind of ";
  return kind + std::to_string(dtype.bits);
}

std::string words(nb::dlpack::dtype dtype, const std::vector<Index>& shape) {
  std::string text = words(dtype) + " (";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

template <class Array, class... Sizes>
void want_array(const Array& array, nb::dlpack::dtype dtype, const char* name, Sizes... sizes) {
  std::size_t axis = 0;
  const bool fits = array.dtype() == dtype && ((Index(array.shape(axis++)) == Index(sizes)) && ...);
  if (fits) return;
  std::vector<Index> met;
  for (axis = 0; axis < array.ndim(); ++axis) met.push_back(Index(array.shape(axis)));
  want(false, name, " is ", words(array.dtype(), met), ", wanted ", words(dtype, {Index(sizes)...}));
}

// The same, and its rows lie one after another.
void want_rows(const Matrix& array, nb::dlpack::dtype dtype, const char* name, Index rows, Index columns) {
  want_array(array, dtype, name, rows, columns);
  want(array.stride(1) == 1 && array.stride(0) == columns, name, " has strides ", array.stride(0), " and ",
       array.stride(1), ", wanted ", columns, " and 1: one row after another");
}

class Runner {
 public:
  Runner(const std::string& isa, bool single, int inputs, const Layers& layers, int cost, double cost_number,
         double penalty, int optimizer, const std::vector<double>& settings,
         const Transformations& transformations, Index batch, int widest_lanes, bool least_squares,
         bool every_thread, bool guarded, const Matrix& x, const Matrix& y,
         const std::optional<Fixed>& weights, int threads)
      : kernel_(find_kernel(isa.c_str(), single)), single_(single), inputs_(inputs) {
    want(kernel_ != nullptr, "isa is ", isa, ", wanted one of instruction_sets() that this machine has");
    want(inputs >= 1, "inputs is ", inputs, ", wanted 1 or more");
    want(threads >= 1, "threads is ", threads, ", wanted 1 or more");
    want(!layers.empty(), "layers is empty, wanted 1 or more");
    want(settings.size() <= 4, "settings has ", settings.size(), " numbers, wanted 4 at most");
    want_row(cost, Cost::CategoricalCrossEntropy, "cost");
    want_row(optimizer, Optimizer::AdamW, "optimizer");
    Index units = inputs;
    for (const auto& [width, activation, number, dropout] : layers) {
      want(width >= 1, "units of layer ", layers_.size() + 1, " is ", width, ", wanted 1 or more");
      want_row(activation, Activation::Softmax, "activation");
      layers_.push_back({width, Activation(activation), number, dropout});
      parameters_ += (units + 1) * width;
      units = width;
    }
    for (const auto& [kind, number] : transformations) {
      want_row(kind, Transformation::ClipByValue, "transformation");
      transformations_.push_back({Transformation(kind), number});
      draws_ += Transformation(kind) == Transformation::Noise ? 2 * Index(layers.size()) : 0;
    }
    Description d{inputs, int(layers_.size()), layers_.data(), Cost(cost), cost_number, penalty,
                  Optimizer(optimizer), {}, int(transformations_.size()), transformations_.data(), batch,
                  widest_lanes, least_squares, every_thread, guarded};
    for (std::size_t i = 0; i < settings.size(); ++i) d.settings[i] = settings[i];
    const bool two = d.optimizer == Optimizer::Adam || d.optimizer == Optimizer::AdamW;
    slots_ = d.optimizer == Optimizer::GradientDescent ? 0 : two ? 2 : 1;
    const Data data = data_of(x, &y, weights);
    examples_ = data.examples;
    least_squares_ = least_squares;
    want(!least_squares || d.cost == Cost::SquaredError, "cost is ", cost, ", wanted ",
         int(Cost::SquaredError), ", squared error, for least squares");
    want(!least_squares || widest_lanes == 0, "widest_lanes is ", widest_lanes, ", wanted 0 for least squares");
    want_between(1, batch, examples_, "batch");
    batch_ = batch;
    nb::gil_scoped_release released;
    session_ = kernel_->create(d, data, threads);
  }
  ~Runner() {
    if (session_) kernel_->destroy(session_);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void take(Vector params, const std::vector<Vector>& slots) {
    check(params, "params");
    want(int(slots.size()) == slots_, "slots has ", slots.size(), " arrays, wanted ", slots_);
    Arrays arrays{params.data(), {}, nullptr};
    for (std::size_t i = 0; i < slots.size(); ++i) {
      check(slots[i], "a slot");
      arrays.slots[i] = slots[i].data();
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    kernel_->take(session_, arrays);
    holds_ = true;
  }

  void give(Vector params, const std::vector<Vector>& slots, Vector last_good) {
    check(params, "params");
    check(last_good, "last_good");
    want(int(slots.size()) == slots_, "slots has ", slots.size(), " arrays, wanted ", slots_);
    want(holds_, "there is nothing to give back, wanted take() before, and no evaluation between");
    Arrays arrays{params.data(), {}, last_good.data()};
    for (std::size_t i = 0; i < slots.size(); ++i) {
      check(slots[i], "a slot");
      arrays.slots[i] = slots[i].data();
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    kernel_->give(session_, arrays);
  }

  std::pair<Index, int> advance(Fixed rates, const std::optional<Fixed>& batches,
                                const std::optional<Fixed>& batch_ends, const std::optional<Matrix>& noise,
                                const std::vector<std::optional<Matrix>>& masks, double steps,
                                const std::optional<Vector>& costs) {
    want(holds_, "there is nothing to advance, wanted take() before, and no evaluation between");
    const Index updates = Index(rates.shape(0));
    want_array(rates, nb::dtype<double>(), "rates", updates);
    Stretch s{};
    s.updates = updates;
    s.rates = static_cast<const double*>(rates.data());
    const std::vector<Index> sizes = take_batches(s, batches, batch_ends);
    if (draws_) {
      want(noise.has_value(), "noise is None, wanted float64 (", updates, ", ", draws_, ")");
      want_rows(*noise, nb::dtype<double>(), "noise", updates, draws_);
      s.noise = static_cast<const double*>(noise->data());
    }
    const std::vector<const void*> places = places_of(masks, sizes);
    s.masks = masks.empty() ? nullptr : places.data();
    s.steps = steps;
    if (costs) {
      want_array(*costs, nb::dtype<double>(), "costs", updates);
      s.costs = static_cast<double*>(costs->data());
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.resize(members(batch_));
    const Outcome outcome = kernel_->advance(session_, s, team_);
    return {outcome.updates, int(outcome.trouble)};
  }

  double evaluate(Fixed params, const std::optional<Others>& others, const std::optional<Vector>& jacobians,
                  const std::optional<Vector>& outputs) {
    check(params, "params");
    if (jacobians) check(*jacobians, "jacobians");
    Data data{};
    if (others) {
      const auto& y = std::get<1>(*others);
      data = data_of(std::get<0>(*others), y ? &*y : nullptr, std::get<2>(*others));
    }
    if (outputs) {
      const Index examples = others ? data.examples : examples_;
      want_array(*outputs, dtype(), "outputs", examples * layers_.back().units);
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.resize(members(others ? data.examples : examples_));
    holds_ = false;
    return kernel_->evaluate(session_, others ? &data : nullptr, params.data(),
                             jacobians ? jacobians->data() : nullptr, outputs ? outputs->data() : nullptr, team_);
  }

  double normal_equations(Fixed params, Hessian hessian, Gradient gradient) {
    want(least_squares_, "least_squares is False for this session, wanted True for normal equations");
    check(params, "params");
    want_array(hessian, nb::dtype<double>(), "hessian", parameters_, parameters_);
    want_array(gradient, nb::dtype<double>(), "gradient", parameters_);
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    holds_ = false;
    return kernel_->normal_equations(session_, params.data(), hessian.data(), gradient.data());
  }

  void dismiss_threads() {
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.dismiss();
  }

  Index made(bool together) const { return kernel_->made(session_, together); }
  int useful_threads(Index examples) const { return kernel_->useful_threads(session_, examples); }

 private:
  const Kernel* kernel_;
  Session* session_ = nullptr;
  bool single_, least_squares_ = false, holds_ = false;
  int inputs_, slots_ = 0;
  std::vector<LayerDescription> layers_;
  std::vector<TransformationDescription> transformations_;
  Index parameters_ = 0, examples_ = 0, batch_ = 0, draws_ = 0;
  Turns turns_;
  Team team_;

  nb::dlpack::dtype dtype() const { return single_ ? nb::dtype<float>() : nb::dtype<double>(); }
  // No more than the session has room for.
  int members(Index examples) const { return kernel_->useful_threads(session_, examples); }
  template <class Array>
  void check(const Array& array, const char* name) const {
    want_array(array, dtype(), name, parameters_);
  }

  // Returns how many examples each update has.
  std::vector<Index> take_batches(Stretch& s, const std::optional<Fixed>& batches,
                                  const std::optional<Fixed>& ends) const {
    std::vector<Index> sizes(std::size_t(s.updates), examples_);
    want(batches.has_value() == ends.has_value(), "batches is ", batches ? "given" : "None",
         " and batch_ends is ", ends ? "given" : "None", ", wanted both or neither");
    if (!batches) {
      want(batch_ == examples_, "batches is None, wanted the examples of every update: at most ", batch_,
           " of ", examples_);
      return sizes;
    }
    const Index count = Index(batches->shape(0));
    want_array(*batches, nb::dtype<std::int64_t>(), "batches", count);
    want_array(*ends, nb::dtype<std::int64_t>(), "batch_ends", s.updates);
    s.batches = static_cast<const std::int64_t*>(batches->data());
    s.batch_ends = static_cast<const std::int64_t*>(ends->data());
    Index before = 0;
    for (Index u = 0; u < s.updates; ++u) {
      sizes[std::size_t(u)] = Index(s.batch_ends[u]) - before;
      want_between(1, sizes[std::size_t(u)], batch_, "the size of a batch in batch_ends");
      before = Index(s.batch_ends[u]);
    }
    want(before == count, "the last of batch_ends is ", before, ", wanted ", count, ", the end of batches");
    for (Index i = 0; i < count; ++i)
      want(s.batches[i] >= 0 && s.batches[i] < examples_, "batches[", i, "] is ", s.batches[i],
           ", wanted an example, 0 to ", examples_ - 1);
    return sizes;
  }

  // `sizes`: the examples of each update, of which each has a mask for every layer with dropout.
  std::vector<const void*> places_of(const std::vector<std::optional<Matrix>>& masks,
                                     const std::vector<Index>& sizes) const {
    std::vector<const void*> places(masks.size());
    bool drops = false;
    for (const LayerDescription& layer : layers_) drops = drops || layer.dropout > 0;
    if (masks.empty() && !drops) return places;
    want(masks.size() == sizes.size() * layers_.size(), "masks has ", masks.size(), " entries, wanted ",
         sizes.size() * layers_.size(), ": for each update one for each layer");
    for (std::size_t i = 0; i < masks.size(); ++i) {
      const LayerDescription& layer = layers_[i % layers_.size()];
      want(masks[i].has_value() == (layer.dropout > 0), "masks[", i, "] is ", masks[i] ? "given" : "None",
           ", wanted ", layer.dropout > 0 ? "a mask" : "None", ": dropout is ", layer.dropout);
      if (!masks[i]) continue;
      want_rows(*masks[i], dtype(), "a mask", layer.units, sizes[i / layers_.size()]);
      places[i] = masks[i]->data();
    }
    return places;
  }

  Data data_of(const Matrix& x, const Matrix* y, const std::optional<Fixed>& weights) const {
    const Index examples = Index(x.shape(1));
    want_array(x, dtype(), "x", inputs_, examples);
    want(examples >= 1, "x has no columns, wanted 1 example or more");
    Data data{examples, x.data(), Index(x.stride(0)), Index(x.stride(1)), nullptr, 0, 0, nullptr};
    if (y) {
      want_array(*y, dtype(), "y", layers_.back().units, examples);
      data.y = y->data(), data.y_row = Index(y->stride(0)), data.y_column = Index(y->stride(1));
    }
    if (weights) {
      want_array(*weights, dtype(), "weights", examples);
      data.weights = weights->data();
    }
    return data;
  }
};

std::vector<std::pair<std::string, bool>> instruction_sets() {
  std::vector<std::pair<std::string, bool>> found;
  bool runs = false;
  for (int i = 0; const char* name = kernel_name(i, &runs); ++i) found.emplace_back(name, runs);
  return found;
}

}  // namespace

NB_MODULE(_native, m) {
  m.def("instruction_sets", &instruction_sets);
  nb::class_<Runner>(m, "Runner")
      .def(nb::init<const std::string&, bool, int, const Layers&, int, double, double, int,
                    const std::vector<double>&, const Transformations&, Index, int, bool, bool, bool,
                    const Matrix&, const Matrix&, const std::optional<Fixed>&, int>(),
           nb::arg("isa"), nb::arg("single"), nb::arg("inputs"), nb::arg("layers"), nb::arg("cost"),
           nb::arg("cost_number"), nb::arg("penalty"), nb::arg("optimizer"), nb::arg("settings"),
           nb::arg("transformations"), nb::arg("batch"), nb::arg("widest_lanes"),
           nb::arg("least_squares"), nb::arg("every_thread"), nb::arg("guarded"), nb::arg("x"),
           nb::arg("y"), nb::arg("weights").none(), nb::arg("threads"))
      // `noconvert`: what is written must not be a copy.
      .def("take", &Runner::take, nb::arg("params").noconvert(), nb::arg("slots").noconvert())
      .def("give", &Runner::give, nb::arg("params").noconvert(), nb::arg("slots").noconvert(),
           nb::arg("last_good").noconvert())
      .def("advance", &Runner::advance, nb::arg("rates"), nb::arg("batches").none(),
           nb::arg("batch_ends").none(), nb::arg("noise").none(), nb::arg("masks"), nb::arg("steps"),
           nb::arg("costs").noconvert().none())
      .def("evaluate", &Runner::evaluate, nb::arg("params"), nb::arg("others").none(),
           nb::arg("jacobians").noconvert().none(), nb::arg("outputs").noconvert().none())
      .def("normal_equations", &Runner::normal_equations, nb::arg("params"),
           nb::arg("hessian").noconvert(), nb::arg("gradient").noconvert())
      .def("dismiss_threads", &Runner::dismiss_threads)
      .def("useful_threads", &Runner::useful_threads, nb::arg("examples"))
      .def("made", &Runner::made, nb::arg("together"));
  nb::class_<Pace>(m, "Pace")
      .def(nb::init<>())
      .def_prop_ro("together", &Pace::together)
      .def("trial", &Pace::trial, nb::arg("updates"))
      .def("measured", &Pace::measured, nb::arg("together"), nb::arg("seconds"), nb::arg("updates"))
      .def("decide", &Pace::decide);
}
