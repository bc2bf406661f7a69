// Training and evaluation: what the members of a team do in every update, and what is looked at
// after it.
//
// Normally nothing is looked at: the update is made block by block while the gradient is computed,
// and at the end of a stretch one look tells whether all is finite. If not, the stretch is made again
// from its start, carefully: the whole gradient first, then the judgement, then the update.
#pragma once

#include "least_squares.hpp"
#include "pace.hpp"
#include "session.hpp"
#include "team.hpp"

namespace {

using chainrule::Outcome;
using chainrule::Stretch;
using chainrule::TransformationDescription;
using chainrule::Trouble;

// Multiply-adds that are worth a thread: some 20 µs of them.
constexpr double WORK_PER_THREAD = SINGLE ? 600'000 : 300'000;

INLINE int threads_worth(double parameters, Index examples, int most) {
  const double useful = 3 * parameters * double(examples) / WORK_PER_THREAD;
  return useful < 2 ? 1 : useful < most ? int(useful) : most;
}

INLINE double parameters_of(const Description& d) {
  double count = 0, inputs = d.inputs;
  for (int l = 0; l < d.layers; inputs = d.layer[l++].units) count += (inputs + 1) * d.layer[l].units;
  return count;
}

class Trainer {
 public:
  // Room is taken for as many threads as will ever be worth it.
  Trainer(const Description& d, const Data& data, int threads)
      : plan_(d, d.every_thread ? threads : threads_worth(parameters_of(d), data.examples, threads), d.batch),
        every_thread_(d.every_thread), optimizer_(d.optimizer), penalty_(d.penalty), layers_(d.layers) {
    plan_.read(data, plan_.memory, examples_);
    losses_ = plan_.memory.array<real>(data.examples + plan_.tile);
    gradient_ = plan_.memory.array<real>((plan_.chunked ? CHUNKS : 1) * plan_.packed);
    start_ = plan_.memory.array<real>(plan_.packed);
    good_ = plan_.memory.array<real>(plan_.packed);
    before_ = plan_.memory.array<real>(plan_.packed);
    const int slots = slots_of(optimizer_);
    for (int s = 0; s < slots; ++s) {
      slot_[s] = plan_.memory.array<real>(plan_.packed);
      kept_[s] = plan_.memory.array<real>(plan_.packed);
    }
    for (int s = 0; s < 4; ++s) settings_[s] = d.settings[s];
    if (d.least_squares) {
      squares_ = plan_.memory.array<Squares>(1);
      *squares_ = Squares(plan_);
    }
    transformations_ = d.transformations;
    transformation_ = plan_.memory.array<TransformationDescription>(d.transformations + 1);
    for (int i = 0; i < d.transformations; ++i) {
      transformation_[i] = d.transformation[i];
      looks_at_all_ = looks_at_all_ || d.transformation[i].kind != chainrule::Transformation::Noise;
    }
    draws_ = 0;
    for (int i = 0; i < d.transformations; ++i)
      draws_ += d.transformation[i].kind == chainrule::Transformation::Noise ? 2 * layers_ : 0;
  }

  void take(const chainrule::Arrays& arrays);
  Outcome advance(const Stretch& s, Team& team);
  void give(const chainrule::Arrays& arrays) const;
  double evaluate(const Data* data, const real* params, real* jacobians, real* outputs, Team& team);
  double normal_equations(const real* params, double* hessian, double* gradient) {
    return ::normal_equations(plan_, examples_, penalty_, params, *squares_, hessian, gradient);
  }
  int useful_threads(Index examples) const;
  const Pace& pace() const { return pace_; }

 private:
  // What the members of a team do together.
  struct Task {
    Trainer* trainer;
    Team* team;
    const Stretch* stretch = nullptr;  // updates; or null for one evaluation
    Index begin = 0, end = 0;          // which of them
    Batch batch{};                     // of an evaluation
    bool backward = true;
    real* outputs = nullptr;
    bool careful = false;
    Outcome outcome{};
    double cost = 0, penalty = 0;
    bool stop = false;
  };

  Plan plan_;
  Pace pace_;
  bool every_thread_;
  chainrule::Optimizer optimizer_;
  double penalty_;
  int layers_;
  Examples examples_{};
  real *losses_, *gradient_, *slot_[2]{};
  real *start_, *kept_[2]{};  // what a stretch, or an update that is judged, begins with
  real *good_, *before_;      // the last good parameters; those before the last update of a stretch
  double settings_[4];
  int transformations_;
  TransformationDescription* transformation_;
  bool looks_at_all_ = false;
  Index draws_;
  bool good_known_ = false;
  Squares* squares_ = nullptr;  // in the memory of the plan

  static int slots_of(chainrule::Optimizer kind) {
    switch (kind) {
      case chainrule::Optimizer::GradientDescent: return 0;
      case chainrule::Optimizer::Adam:
      case chainrule::Optimizer::AdamW: return 2;
      default: return 1;
    }
  }

  void copy(const real* from, real* to) const { __builtin_memcpy(to, from, sizeof(real) * std::size_t(plan_.packed)); }
  void run_at_best_pace(Task& task);
  void pack_all(const real* flat, real* packed) const;
  void unpack_all(const real* packed, real* flat) const;
  static void member(void* context, int index);
  void updates(Task& task, int index);
  void values(Task& task, int index, const Batch& batch, bool backward, real* outputs,
              const Update* at_once, const double* noise);
  void one_tile(const Batch& batch, int member, Share share, double total, Index first, Index count, Team* team,
                bool backward, real* outputs, bool first_tile, bool last_tile, real* gradient,
                const Update* at_once, const double* noise);
  void write_outputs(const Tile& t, const Batch& batch, Index first, Index m0, Index m1, real* outputs) const;
  void move_layer(const Update& u, int l, Index begin, Index count, const real* g, const double* noise) const;
  Trouble judge(Task& task, const Update& u, const double* noise);
  double fitting(double sum) const;
  double penalty_of_weights() const;
  void add_penalty();
  double cost_of(const Batch& batch, double total) const;
  Batch batch_of(const Stretch& s, Index update) const;
};

INLINE double total_of(const Batch& batch) {
  if (!batch.index) return batch.from->total;
  if (!batch.from->weight) return double(batch.count);
  double total = 0;
  for (Index m = 0; m < batch.count; ++m) total += double(batch.from->weight[batch.index[m]]);
  return total;
}

// Multiply-adds of an update decide: waking the others and meeting them costs some microseconds. Of
// chunks every member should have as many as the others.
int Trainer::useful_threads(Index examples) const {
  if (every_thread_) return plan_.threads;
  int most = threads_worth(double(plan_.flat), examples, plan_.threads);
  if (plan_.chunked)
    while (CHUNKS % most) --most;
  return most;
}

void Trainer::pack_all(const real* flat, real* packed) const {
  for (int l = 0; l < layers_; ++l) pack(plan_.net.layer[l], flat, packed);
}
void Trainer::unpack_all(const real* packed, real* flat) const {
  for (int l = 0; l < layers_; ++l) unpack(plan_.net.layer[l], packed, flat);
}

// Its gradient, to that of the examples.
void Trainer::add_penalty() {
  for (Index i = 0; penalty_ != 0 && i < plan_.packed; i += V) {
    const vec g = with_penalty(real(penalty_), plan_.is_weight + i, load(gradient_ + i), load(plan_.net.theta + i));
    store(gradient_ + i, g);
  }
}

// Infinite where the reference engine's is, which sums in the dtype of training.
double Trainer::fitting(double sum) const {
  constexpr double LARGEST = SINGLE ? 3.4028234663852886e38 : 1.7976931348623157e308;
  return std::isnan(sum) || std::fabs(sum) <= LARGEST ? sum : std::copysign(HUGE_VAL, sum);
}

double Trainer::penalty_of_weights() const {
  if (penalty_ == 0) return 0;
  double part[V] = {};
  for (Index i = 0; i < plan_.packed; i += V)
    for (int lane = 0; lane < V; ++lane) {
      const double w = double(plan_.net.theta[i + lane]) * double(plan_.is_weight[i + lane]);
      part[lane] += w * w;
    }
  for (int lane = 1; lane < V; ++lane) part[0] += part[lane];
  return fitting(penalty_ / 2 * fitting(part[0]));
}

// Infinite where the sum over the examples, before it is divided, has no place in the dtype: then the
// reference engine's cost is, and training has gone astray anyway.
double Trainer::cost_of(const Batch& batch, double total) const {
  constexpr int APART = 8;
  double part[APART] = {};
  Index m = 0;
  for (; m + APART <= batch.count; m += APART)
    for (int i = 0; i < APART; ++i) part[i] += double(losses_[m + i]);
  for (; m < batch.count; ++m) part[0] += double(losses_[m]);
  for (int i = 1; i < APART; ++i) part[0] += part[i];
  const double sum_of_all = fitting(part[0] * total);
  return std::isfinite(sum_of_all) ? part[0] : sum_of_all;
}

// Passes over examples ------------------------------------------------------------------------

void Trainer::write_outputs(const Tile& t, const Batch& batch, Index first, Index m0, Index m1,
                            real* outputs) const {
  const real* a = t.a[layers_];
  const Index step = t.step[layers_];
  for (int j = 0; j < plan_.outputs; ++j)
    for (Index m = m0; m < m1; ++m)
      outputs[j * batch.count + first + m] = plan_.outputs_in_rows ? a[m * step + j] : a[j * step + m];
}

void Trainer::move_layer(const Update& u, int l, Index begin, Index count, const real* g,
                         const double* noise) const {
  Factors all = UNCHANGED;
  for (int i = 0; u.noisy && i < transformations_; ++i) {
    const Factors one = noise_of(transformation_[i].number, noise + i * 2 * layers_, layers_, l);
    all.weights *= one.weights, all.biases *= one.biases;
  }
  MOVES[int(optimizer_)](u, begin, count, g, all);
}

// A member's share of one tile. With `at_once`, blocks of the gradient of the last tile are used as
// soon as they are known; nothing needs the old weights by then.
void Trainer::one_tile(const Batch& batch, int member, Share share, double total, Index first, Index count,
                       Team* team, bool backward_too, real* outputs, bool first_tile, bool last_tile,
                       real* gradient_of_all, const Update* at_once, const double* noise) {
  const Net& net = plan_.net;
  Tile& t = plan_.tiles[member];
  const Scratch& scratch = plan_.scratch[member];
  real* lanes = plan_.lanes[member];
  const Index groups = (count + V - 1) / V;  // examples are parted between vectors
  const Index m0 = share.begin(groups) * V, end = share.end(groups) * V, m1 = end < count ? end : count;
  t.examples = count;
  t.loss = losses_ + first;
  fetch(plan_, t, batch, total, first, m0, m1);
  if (m0 < m1) {
    for (int l = 0; l < layers_; ++l) forward(net, t, l, m0, m1);
    finish_outputs(net, t, m0, m1);
    if (outputs) write_outputs(t, batch, first, m0, m1, outputs);
    for (int l = layers_ - 1; backward_too && l > 0; --l) backward(net, t, l, m0, m1, scratch);
  }
  if (team) team->meet();
  if (!backward_too) return;
  for (int l = layers_ - 1; l >= 0; --l) {
    const Layer& layer = net.layer[l];
    if (!layer.to_rows && !layer.from_rows) {
      if (share.part > 0) continue;  // too small to be parted
      gradient<false>(net, t, l, {0, 1}, first_tile, gradient_of_all, lanes, scratch, [](Index, Index, real*) {});
      if (!last_tile || plan_.apart == plan_.packed) continue;
      add_lanes(lanes + layer.apart * V, layer.size, gradient_of_all + layer.begin);
      if (at_once) move_layer(*at_once, l, layer.begin, layer.size, gradient_of_all + layer.begin, noise);
    } else if (at_once && last_tile) {
      gradient<true>(net, t, l, share, first_tile, gradient_of_all, lanes, scratch,
                     [&](Index begin, Index numbers, const real* g) {
                       move_layer(*at_once, l, begin, numbers, g, noise);
                     });
    } else {
      gradient<false>(net, t, l, share, first_tile, gradient_of_all, lanes, scratch,
                      [](Index, Index, real*) {});
    }
  }
  if (plan_.apart != plan_.packed || !last_tile || share.part > 0) return;
  add_lanes(lanes, plan_.packed, gradient_of_all);  // all layers are narrow: all at once
  if (at_once && !at_once->noisy) {
    MOVES[int(optimizer_)](*at_once, 0, plan_.packed, gradient_of_all, UNCHANGED);
  } else if (at_once) {
    for (int l = 0; l < layers_; ++l) {
      const Layer& layer = net.layer[l];
      move_layer(*at_once, l, layer.begin, layer.size, gradient_of_all + layer.begin, noise);
    }
  }
}

// All examples of a batch: losses, and the gradient if wanted; with `at_once` the update too.
// Returns when all members are done.
void Trainer::values(Task& task, int index, const Batch& batch, bool backward_too, real* outputs,
                     const Update* at_once, const double* noise) {
  Team& team = *task.team;
  const double total = total_of(batch);
  const Index tiles = (batch.count + plan_.tile - 1) / plan_.tile;
  Tile& t = plan_.tiles[index];
  const real** masks = plan_.masks + Index(index) * layers_;
  const auto tile = [&](Index number, Share share, Team* with, bool first, bool last, real* gradient,
                        const Update* u) {
    const Index begin = number * plan_.tile;
    const Index left = batch.count - begin, count = left < plan_.tile ? left : plan_.tile;
    t.mask = nullptr;
    if (batch.masks) {
      for (int l = 0; l < layers_; ++l)
        masks[l] = batch.masks[l] ? static_cast<const real*>(batch.masks[l]) + begin : nullptr;
      t.mask = masks;
      t.mask_step = batch.count;
    }
    one_tile(batch, index, share, total, begin, count, with, backward_too, outputs, first, last, gradient, u, noise);
  };
  // Between two meetings: before, others still write losses; after, they may write those of the next.
  const auto cost_is_known = [&] {
    if (index == 0) task.cost = cost_of(batch, total);
  };
  if (!plan_.chunked || tiles == 1) {
    Team* with = team.size() > 1 ? &team : nullptr;
    if (plan_.chunked) {  // one tile only
      if (index == 0) tile(0, {0, 1}, nullptr, true, true, gradient_, at_once);
    } else {
      for (Index number = 0; number < tiles; ++number) {
        tile(number, {index, team.size()}, with, number == 0, number == tiles - 1, gradient_, at_once);
        if (number < tiles - 1) team.meet();
      }
    }
    cost_is_known();
    team.meet();
    return;
  }
  const int chunks = tiles < CHUNKS ? int(tiles) : CHUNKS;
  for (int c = chunks * index / team.size(); c < chunks * (index + 1) / team.size(); ++c) {
    const Index begin = tiles * c / chunks, end = tiles * (c + 1) / chunks;
    for (Index number = begin; number < end; ++number)
      tile(number, {0, 1}, nullptr, number == begin, number == end - 1, gradient_ + c * plan_.packed, nullptr);
  }
  team.meet();
  cost_is_known();
  if (backward_too) {
    const Index groups = plan_.packed / V;
    const Index i0 = groups * index / team.size() * V, i1 = groups * (index + 1) / team.size() * V;
    for (Index i = i0; i < i1; i += V) {
      vec sum_of_chunks = load(gradient_ + i);
      for (int c = 1; c < chunks; ++c) sum_of_chunks += load(gradient_ + c * plan_.packed + i);
      store(gradient_ + i, sum_of_chunks);
    }
    team.meet();
    if (at_once && index == 0)
      for (int l = 0; l < layers_; ++l) {
        const Layer& layer = plan_.net.layer[l];
        move_layer(*at_once, l, layer.begin, layer.size, gradient_ + layer.begin, noise);
      }
  }
  team.meet();
}

// Updates -------------------------------------------------------------------------------------

Batch Trainer::batch_of(const Stretch& s, Index update) const {
  Batch batch{&examples_, nullptr, examples_.count, nullptr};
  if (s.batches) {
    const Index begin = update ? Index(s.batch_ends[update - 1]) : 0;
    batch.index = s.batches + begin;
    batch.count = Index(s.batch_ends[update]) - begin;
  }
  if (s.masks) batch.masks = s.masks + update * layers_;
  return batch;
}

// With the whole gradient known: what is wrong with it, or the update.
Trouble Trainer::judge(Task& task, const Update& u, const double* noise) {
  real* theta = plan_.net.theta;
  const Index packed = plan_.packed;
  if (!std::isfinite(task.cost + task.penalty)) return Trouble::Cost;
  add_penalty();
  if (!all_finite(gradient_, packed)) return Trouble::Jacobian;
  copy(theta, good_);
  good_known_ = true;
  for (int s = 0; s < 2; ++s)
    if (slot_[s]) copy(slot_[s], kept_[s]);
  const double* drawn = noise;
  for (int i = 0; i < transformations_; ++i) {
    const double number = transformation_[i].number;
    switch (transformation_[i].kind) {
      case chainrule::Transformation::Noise:
        for (int l = 0; l < layers_; ++l) {
          const Layer& layer = plan_.net.layer[l];
          const Factors factors = noise_of(number, drawn, layers_, l);
          for (Index k = layer.begin; k < layer.begin + layer.size; k += V)
            store(gradient_ + k, with_noise(factors, plan_.is_weight + k, load(gradient_ + k)));
        }
        drawn += 2 * layers_;
        break;
      case chainrule::Transformation::ClipByNorm: clip_by_norm(gradient_, packed, number); break;
      case chainrule::Transformation::ClipByValue: clip_by_value(gradient_, packed, number); break;
    }
  }
  Update plain = u;
  plain.penalty = 0;
  plain.noisy = false;
  MOVES[int(optimizer_)](plain, 0, packed, gradient_, UNCHANGED);
  if (all_finite(theta, packed)) return Trouble::None;
  copy(good_, theta);
  for (int s = 0; s < 2; ++s)
    if (slot_[s]) copy(kept_[s], slot_[s]);
  return Trouble::Parameter;
}

void Trainer::updates(Task& task, int index) {
  const Stretch& s = *task.stretch;
  for (Index update = task.begin; update < task.end; ++update) {
    Update u{};
    u.theta = plan_.net.theta;
    u.slot[0] = slot_[0], u.slot[1] = slot_[1];
    u.is_weight = plan_.is_weight;
    u.penalty = real(penalty_);
    u.noisy = !task.careful && draws_ > 0;
    prepare(u, optimizer_, settings_, s.rates[update], s.steps + double(update));
    const double* noise = s.noise ? s.noise + update * draws_ : nullptr;
    const Batch batch = batch_of(s, update);
    // Should the next stretch find trouble at once, these are the last good parameters.
    if (index == 0 && update == s.updates - 1 && update > 0 && !task.careful) copy(plan_.net.theta, before_);
    // Of the weights before the update; nobody changes them before this member has met the others.
    if (index == 0) task.penalty = penalty_of_weights();
    values(task, index, batch, true, nullptr, task.careful ? nullptr : &u, noise);
    if (index == 0) {
      if (s.costs) s.costs[update] = fitting(task.cost + task.penalty);
      if (task.careful) {
        task.outcome.trouble = judge(task, u, noise);
        task.stop = task.outcome.trouble != Trouble::None;
      } else {
        task.stop = task.stop || !std::isfinite(task.cost + task.penalty);
      }
      task.outcome.updates = task.stop && task.careful ? update : update + 1;
    }
    if (task.careful) {
      task.team->meet();
      if (task.stop) return;
    }
  }
}

void Trainer::member(void* context, int index) {
  Task& task = *static_cast<Task*>(context);
  if (task.stretch) task.trainer->updates(task, index);
  else task.trainer->values(task, index, task.batch, task.backward, task.outputs, nullptr, nullptr);
}

void Trainer::take(const chainrule::Arrays& arrays) {
  pack_all(static_cast<const real*>(arrays.params), plan_.net.theta);
  for (int i = 0; i < 2; ++i)
    if (slot_[i]) pack_all(static_cast<const real*>(arrays.slots[i]), slot_[i]);
  good_known_ = false;
}

void Trainer::give(const chainrule::Arrays& arrays) const {
  unpack_all(plan_.net.theta, static_cast<real*>(arrays.params));
  for (int i = 0; i < 2; ++i)
    if (slot_[i]) unpack_all(slot_[i], static_cast<real*>(arrays.slots[i]));
  if (good_known_) unpack_all(good_, static_cast<real*>(arrays.last_good));
}

Outcome Trainer::advance(const Stretch& s, Team& team) {
  Task task{this, &team};
  task.stretch = &s, task.end = s.updates;
  task.careful = looks_at_all_;
  if (!looks_at_all_) {
    copy(plan_.net.theta, start_);
    for (int i = 0; i < 2; ++i)
      if (slot_[i]) copy(slot_[i], kept_[i]);
  }
  run_at_best_pace(task);
  if (task.careful) return task.outcome;
  if (!task.stop && all_finite(plan_.net.theta, plan_.packed)) {
    real*& last = s.updates > 1 ? before_ : start_;
    real* good = last;
    last = good_;
    good_ = good;
    good_known_ = true;
    return task.outcome;
  }
  copy(start_, plan_.net.theta);
  for (int i = 0; i < 2; ++i)
    if (slot_[i]) copy(kept_[i], slot_[i]);
  task.careful = true;
  task.stop = false;
  task.outcome = {};
  task.begin = 0, task.end = s.updates;
  team.run(member, &task);
  return task.outcome;
}

// All updates of a stretch, by one thread or all, whichever was faster of late.
void Trainer::run_at_best_pace(Task& task) {
  Team& team = *task.team;
  const int all = team.size();
  if (all == 1 || every_thread_) return team.run(member, &task);
  const Index updates = task.end;
  const auto run = [&](bool together, Index begin, Index end) {
    if (begin == end || task.stop) return;
    team.resize(together ? all : 1);
    task.begin = begin, task.end = end;
    const double start = seconds_now();
    team.run(member, &task);
    pace_.measured(together, seconds_now() - start, end - begin);
  };
  const Index trial = pace_.trial(updates);
  run(!pace_.together(), 0, trial);
  run(pace_.together(), trial, updates);
  team.resize(all);
  pace_.decide();
}

double Trainer::evaluate(const Data* data, const real* params, real* jacobians, real* outputs, Team& team) {
  pack_all(params, plan_.net.theta);
  Memory memory(plan_.memory.guarded());
  Examples other{};
  real* own_losses = losses_;
  if (data) {
    plan_.read(*data, memory, other);
    losses_ = memory.array<real>(other.count + plan_.tile);
  }
  const Examples& chosen = data ? other : examples_;
  Task task{this, &team};
  task.batch = {&chosen, nullptr, chosen.count, nullptr};
  task.backward = jacobians != nullptr, task.outputs = outputs;
  team.run(member, &task);
  const double cost = fitting(task.cost + penalty_of_weights());
  losses_ = own_losses;
  if (jacobians) {
    add_penalty();
    unpack_all(gradient_, jacobians);
  }
  return cost;
}

}  // namespace
