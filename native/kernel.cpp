// The table of one kernel: compiled once for every instruction set (-DISA=…) and dtype (-DREAL=…).
#include "kernel.hpp"

#include "trainer.hpp"

namespace {

using chainrule::Arrays;
using chainrule::Kernel;
using chainrule::Session;

Trainer* trainer(Session* session) { return reinterpret_cast<Trainer*>(session); }

Session* create(const Description& d, const Data& data, int threads) {
  return reinterpret_cast<Session*>(new Trainer(d, data, threads));
}
void destroy(Session* session) { delete trainer(session); }

void take(Session* session, const Arrays& arrays) { trainer(session)->take(arrays); }
void give(const Session* session, const Arrays& arrays) {
  reinterpret_cast<const Trainer*>(session)->give(arrays);
}

Outcome advance(Session* session, const Stretch& stretch, Team& team) {
  return trainer(session)->advance(stretch, team);
}

double evaluate(Session* session, const Data* data, const void* params, void* jacobians, void* outputs,
                Team& team) {
  return trainer(session)->evaluate(data, static_cast<const real*>(params), static_cast<real*>(jacobians),
                                    static_cast<real*>(outputs), team);
}

double normal_equations(Session* session, const void* params, double* hessian, double* gradient) {
  return trainer(session)->normal_equations(static_cast<const real*>(params), hessian, gradient);
}

int useful_threads(const Session* session, Index examples) {
  return reinterpret_cast<const Trainer*>(session)->useful_threads(examples);
}

Index made(const Session* session, bool together) {
  return reinterpret_cast<const Trainer*>(session)->pace().made(together);
}

}  // namespace

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

const Kernel* NAMED(NAMED(chainrule_kernel_, REAL), ISA)() {
  static const Kernel kernel{create, destroy, take, advance, give, evaluate, normal_equations, useful_threads, made};
  return &kernel;
}
