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
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernel.hpp"
#include "team.hpp"

namespace nb = nanobind;
using namespace chainrule;

namespace {

using Vector = nb::ndarray<nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Fixed = nb::ndarray<nb::numpy, nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<nb::numpy, nb::ro, nb::ndim<2>, nb::device::cpu>;
using Layers = std::vector<std::tuple<int, int, double, double>>;
using Transformations = std::vector<std::pair<int, double>>;

void want(bool so, const char* what) {
  if (!so) throw std::invalid_argument(what);
}

class Runner {
 public:
  Runner(const std::string& isa, bool single, int inputs, const Layers& layers, int cost, double cost_number,
         double penalty, int optimizer, const std::vector<double>& settings,
         const Transformations& transformations, Index batch, int widest_lanes, bool least_squares,
         bool every_thread, bool guarded, const Matrix& x, const Matrix& y, const std::optional<Fixed>& weights, int threads)
      : kernel_(find_kernel(isa.c_str(), single)), single_(single), inputs_(inputs) {
    want(kernel_ != nullptr, "no such kernel on this machine");
    const auto row = [](int number, auto last) { return number >= 0 && number <= int(last); };
    want(!layers.empty() && settings.size() <= 4 && threads >= 1 && inputs >= 1, "a description that is none");
    want(row(cost, Cost::CategoricalCrossEntropy) && row(optimizer, Optimizer::AdamW), "an unknown row");
    Index units = inputs;
    for (const auto& [width, activation, number, dropout] : layers) {
      want(width >= 1 && row(activation, Activation::Softmax), "a layer that is none");
      layers_.push_back({width, Activation(activation), number, dropout});
      parameters_ += (units + 1) * width;
      units = width;
    }
    for (const auto& [kind, number] : transformations) {
      want(row(kind, Transformation::ClipByValue), "an unknown transformation");
      transformations_.push_back({Transformation(kind), number});
      draws_ += Transformation(kind) == Transformation::Noise ? 2 * Index(layers.size()) : 0;
    }
    Description d{inputs, int(layers_.size()), layers_.data(), Cost(cost), cost_number, penalty,
                  Optimizer(optimizer), {}, int(transformations_.size()), transformations_.data(), batch,
                  widest_lanes, least_squares, every_thread, guarded};
    for (std::size_t i = 0; i < settings.size(); ++i) d.settings[i] = settings[i];
    slots_ = d.optimizer == Optimizer::GradientDescent                                     ? 0
             : d.optimizer == Optimizer::Adam || d.optimizer == Optimizer::AdamW ? 2
                                                                                  : 1;
    const Data data = data_of(x, &y, weights);
    examples_ = data.examples;
    least_squares_ = least_squares;
    want(!least_squares || (d.cost == Cost::SquaredError && widest_lanes == 0), "least squares of something else");
    want(batch >= 1 && batch <= examples_, "a batch that is larger than the data");
    batch_ = batch;
    nb::gil_scoped_release released;
    session_ = kernel_->create(d, data, threads);
  }
  ~Runner() {
    if (session_) kernel_->destroy(session_);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  std::pair<Index, int> advance(Vector params, const std::vector<Vector>& slots, Vector last_good, Fixed rates,
                               const std::optional<Fixed>& batches, const std::optional<Fixed>& batch_ends,
                               const std::optional<Matrix>& noise,
                               const std::vector<std::optional<Matrix>>& masks, double steps,
                               const std::optional<Vector>& costs) {
    check(params);
    check(last_good);
    want(int(slots.size()) == slots_, "slots of another optimizer");
    for (const Vector& slot : slots) check(slot);
    const Index updates = Index(rates.shape(0));
    want(rates.dtype() == nb::dtype<double>(), "rates that are no float64");
    Stretch s{};
    s.updates = updates;
    s.rates = static_cast<const double*>(rates.data());
    std::vector<Index> sizes(std::size_t(updates), examples_);
    want(batches.has_value() == batch_ends.has_value(), "batches without ends");
    if (batches) {
      want(batches->dtype() == nb::dtype<std::int64_t>() && batch_ends->dtype() == nb::dtype<std::int64_t>() &&
               Index(batch_ends->shape(0)) == updates,
           "batches of another kind");
      s.batches = static_cast<const std::int64_t*>(batches->data());
      s.batch_ends = static_cast<const std::int64_t*>(batch_ends->data());
      Index before = 0;
      for (Index u = 0; u < updates; ++u) {
        sizes[std::size_t(u)] = Index(s.batch_ends[u]) - before;
        want(sizes[std::size_t(u)] >= 1 && sizes[std::size_t(u)] <= batch_, "a batch of another size");
        before = Index(s.batch_ends[u]);
      }
      want(before == Index(batches->shape(0)), "batches that do not end where they should");
      for (Index i = 0; i < before; ++i) want(s.batches[i] >= 0 && s.batches[i] < examples_, "an unknown example");
    } else {
      want(batch_ == examples_, "no batches");
    }
    if (draws_) {
      want(noise && noise->dtype() == nb::dtype<double>() && Index(noise->shape(0)) == updates &&
               Index(noise->shape(1)) == draws_ && noise->stride(1) == 1 && noise->stride(0) == draws_,
           "noise of another kind");
      s.noise = static_cast<const double*>(noise->data());
    }
    std::vector<const void*> places(masks.size());
    bool drops = false;
    for (const LayerDescription& layer : layers_) drops = drops || layer.dropout > 0;
    want(!masks.empty() || !drops, "dropout without masks");
    if (!masks.empty()) {
      want(masks.size() == std::size_t(updates) * layers_.size(), "masks of another number");
      for (std::size_t i = 0; i < masks.size(); ++i) {
        want(masks[i].has_value() == (layers_[i % layers_.size()].dropout > 0), "a mask too many or too few");
        if (!masks[i]) continue;
        const Index examples = sizes[i / layers_.size()];
        const Matrix& mask = *masks[i];
        want(mask.dtype() == dtype() && Index(mask.shape(0)) == layers_[i % layers_.size()].units &&
                 Index(mask.shape(1)) == examples && mask.stride(1) == 1 && mask.stride(0) == examples,
             "a mask of another kind");
        places[i] = mask.data();
      }
      s.masks = places.data();
    }
    s.params = params.data();
    for (std::size_t i = 0; i < slots.size(); ++i) s.slots[i] = slots[i].data();
    s.steps = steps;
    s.last_good = last_good.data();
    if (costs) {
      want(costs->dtype() == nb::dtype<double>() && Index(costs->shape(0)) == updates, "costs of another kind");
      s.costs = static_cast<double*>(costs->data());
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.resize(members(batch_));
    const Outcome outcome = kernel_->advance(session_, s, team_);
    return {outcome.updates, int(outcome.trouble)};
  }

  double evaluate(Fixed params, const std::optional<std::tuple<Matrix, std::optional<Matrix>, std::optional<Fixed>>>& others,
                  const std::optional<Vector>& jacobians, const std::optional<Vector>& outputs) {
    want(params.dtype() == dtype() && Index(params.shape(0)) == parameters_, "parameters of another kind");
    if (jacobians) check(*jacobians);
    Data data{};
    if (others) {
      const auto& y = std::get<1>(*others);
      data = data_of(std::get<0>(*others), y ? &*y : nullptr, std::get<2>(*others));
    }
    if (outputs) {
      const Index wanted = (others ? data.examples : examples_) * layers_.back().units;
      want(outputs->dtype() == dtype() && Index(outputs->shape(0)) == wanted, "outputs of another size");
    }
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.resize(members(others ? data.examples : examples_));
    return kernel_->evaluate(session_, others ? &data : nullptr, params.data(),
                             jacobians ? jacobians->data() : nullptr, outputs ? outputs->data() : nullptr, team_);
  }

  double normal_equations(Fixed params, nb::ndarray<double, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu> hessian,
                          nb::ndarray<double, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu> gradient) {
    want(least_squares_, "a session for something else");
    want(params.dtype() == dtype() && Index(params.shape(0)) == parameters_, "parameters of another kind");
    want(Index(hessian.shape(0)) == parameters_ && Index(hessian.shape(1)) == parameters_ &&
             Index(gradient.shape(0)) == parameters_,
         "results of another size");
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    return kernel_->normal_equations(session_, params.data(), hessian.data(), gradient.data());
  }

  void dismiss_threads() {
    nb::gil_scoped_release released;
    const Turns::Turn mine(turns_);
    team_.dismiss();
  }

  int useful_threads(Index examples) const { return kernel_->useful_threads(session_, examples); }

 private:
  const Kernel* kernel_;
  Session* session_ = nullptr;
  bool single_, least_squares_ = false;
  int inputs_, slots_ = 0;
  std::vector<LayerDescription> layers_;
  std::vector<TransformationDescription> transformations_;
  Index parameters_ = 0, examples_ = 0, batch_ = 0, draws_ = 0;
  Turns turns_;
  Team team_;

  nb::dlpack::dtype dtype() const { return single_ ? nb::dtype<float>() : nb::dtype<double>(); }
  // No more than the session has room for.
  int members(Index examples) const { return kernel_->useful_threads(session_, examples); }
  void check(const Vector& v) const {
    want(v.dtype() == dtype() && Index(v.shape(0)) == parameters_, "an array of another size or dtype");
  }

  Data data_of(const Matrix& x, const Matrix* y, const std::optional<Fixed>& weights) const {
    const Index examples = Index(x.shape(1));
    want(x.dtype() == dtype() && Index(x.shape(0)) == inputs_ && examples >= 1, "x of another kind");
    Data data{examples, x.data(), Index(x.stride(0)), Index(x.stride(1)), nullptr, 0, 0, nullptr};
    if (y) {
      want(y->dtype() == dtype() && Index(y->shape(0)) == layers_.back().units && Index(y->shape(1)) == examples,
           "y of another kind");
      data.y = y->data(), data.y_row = Index(y->stride(0)), data.y_column = Index(y->stride(1));
    }
    if (weights) {
      want(weights->dtype() == dtype() && Index(weights->shape(0)) == examples, "weights of another kind");
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
                    const std::vector<double>&, const Transformations&, Index, int, bool, bool, bool, const Matrix&,
                    const Matrix&, const std::optional<Fixed>&, int>(),
           nb::arg("isa"), nb::arg("single"), nb::arg("inputs"), nb::arg("layers"), nb::arg("cost"),
           nb::arg("cost_number"), nb::arg("penalty"), nb::arg("optimizer"), nb::arg("settings"),
           nb::arg("transformations"), nb::arg("batch"), nb::arg("widest_lanes"),
           nb::arg("least_squares"), nb::arg("every_thread"), nb::arg("guarded"), nb::arg("x"), nb::arg("y"), nb::arg("weights").none(), nb::arg("threads"))
      // `noconvert`: what is written must not be a copy.
      .def("advance", &Runner::advance, nb::arg("params").noconvert(), nb::arg("slots").noconvert(),
           nb::arg("last_good").noconvert(), nb::arg("rates"), nb::arg("batches").none(),
           nb::arg("batch_ends").none(), nb::arg("noise").none(), nb::arg("masks"), nb::arg("steps"),
           nb::arg("costs").noconvert().none())
      .def("evaluate", &Runner::evaluate, nb::arg("params"), nb::arg("others").none(),
           nb::arg("jacobians").noconvert().none(), nb::arg("outputs").noconvert().none())
      .def("normal_equations", &Runner::normal_equations, nb::arg("params"),
           nb::arg("hessian").noconvert(), nb::arg("gradient").noconvert())
      .def("dismiss_threads", &Runner::dismiss_threads)
      .def("useful_threads", &Runner::useful_threads, nb::arg("examples"));
}
