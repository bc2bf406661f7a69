// The largest errors of native/functions.hpp, in units in the last place (ulp), and its special
// values; fails where a bound is exceeded or a special value differs.
//
//   g++ -std=c++17 -O2 -march=x86-64-v3 -ffp-contract=off -fno-math-errno -DREAL=float
//       -Inative native/tests/ulp.cpp -lquadmath
//
// Every line that it prints is a row of the table in docs/kernel-accuracy.md. Of float, every 2003rd
// of all numbers is tried (with --all, every one) against the C library's double; of double, a
// sample of bit patterns, of values and of multiples of π/2 against libquadmath's __float128.
// Names of functions as arguments leave out the others.
//
// An error is |got − true| / ulp(true), where the ulp of a denormal number is the least of them,
// and infinity stands for the number that would come next.
#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

#include "functions.hpp"

namespace {

using wide = std::conditional_t<SINGLE, double, __float128>;
using limits = std::numeric_limits<real>;

const char* const DTYPE = SINGLE ? "float" : "double";
#if BYTES == 64
const char* const SET = "v4";
#elif BYTES == 32
const char* const SET = "v3";
#elif defined(__x86_64__)
const char* const SET = "v2";
#else
const char* const SET = "neon";
#endif

// The true values -----------------------------------------------------------------------------

#define WIDE(name)                                    \
  INLINE double name(double x) { return std::name(x); } \
  INLINE __float128 name(__float128 x) { return name##q(x); }

namespace oracle {
WIDE(exp)
WIDE(expm1)
WIDE(log)
WIDE(log1p)
WIDE(tanh)
WIDE(erfc)
WIDE(sin)
WIDE(cos)
WIDE(fabs)
WIDE(sqrt)
WIDE(acos)

const wide PI = acos(wide(-1));
const wide ROOT_HALF = sqrt(wide(0.5));
const wide PEAK = ROOT_HALF / sqrt(PI);

wide sigmoid(wide z) { return z < 0 ? exp(z) / (1 + exp(z)) : 1 / (1 + exp(-z)); }
wide softplus(wide z) { return (z > 0 ? z : z < 0 ? 0 : z) + log1p(exp(-fabs(z))); }
wide normal(wide z) { return erfc(-z * ROOT_HALF) / 2; }
wide density(wide z) { return exp(-z * z / 2) * PEAK; }
}  // namespace oracle

// The rows ------------------------------------------------------------------------------------

constexpr real INF = limits::infinity(), NAN_ = limits::quiet_NaN();
constexpr real LEAST = limits::denorm_min();
constexpr real LN_2 = real(0.693147180559945309417232121458176568);
constexpr real LOG_LEAST = -LN_2 * (SINGLE ? 149 : 1074);
constexpr real PEAK = real(0.398942280401432677939946059934381868);

// What a function gives at 0, −0, ∞, −∞, the least number and its opposite. NaN gives NaN.
constexpr real SPECIAL[] = {0, real(-0.0), INF, -INF, LEAST, -LEAST};
constexpr int SPECIALS = sizeof SPECIAL / sizeof *SPECIAL;

struct Row {
  const char* name;
  void (*apply)(real*);  // to V numbers in place
  wide (*truth)(wide);
  real low, high;  // where the values are neither 0 nor 1 nor infinite
  double bound[2];  // in ulp: float, double
  real special[SPECIALS];
};

#define ROW(name) #name, [](real* x) { store(x, fn::name(load(x))); }, \
                  [](wide x) -> wide { return oracle::name(x); }

constexpr real EXP_END = SINGLE ? 104 : 746, BELL_END = SINGLE ? 15 : 39;

const Row ROWS[] = {
    {ROW(exp), -EXP_END, EXP_END, {1.5, 1.5}, {1, 1, INF, 0, 1, 1}},
    {ROW(sigmoid), -EXP_END, 40, {3, 3}, {0.5, 0.5, 1, 0, 0.5, 0.5}},
    {ROW(tanh), -20, 20, {3, 3}, {0, real(-0.0), 1, -1, LEAST, -LEAST}},
    {ROW(expm1), -40, EXP_END, {3, 3}, {0, real(-0.0), INF, -1, LEAST, -LEAST}},
    {ROW(log), 0, 1000, {1, 1}, {-INF, -INF, INF, NAN_, LOG_LEAST, NAN_}},
    {ROW(log1p), -1, 1000, {2, 2}, {0, real(-0.0), INF, NAN_, LEAST, -LEAST}},
    {ROW(softplus), -EXP_END, EXP_END, {3, 3}, {LN_2, LN_2, INF, 0, LN_2, LN_2}},
    {ROW(normal), -BELL_END, BELL_END, {5, 5}, {0.5, 0.5, 1, 0, 0.5, 0.5}},
    {ROW(density), -BELL_END, BELL_END, {3, 3}, {PEAK, PEAK, 0, 0, PEAK, PEAK}},
    {ROW(sin), -100, 100, {1, 1}, {0, real(-0.0), NAN_, NAN_, LEAST, -LEAST}},
    {ROW(cos), -100, 100, {1, 1}, {1, 1, NAN_, NAN_, 1, 1}},
};

// Errors --------------------------------------------------------------------------------------

INLINE int exponent(double x) { int e; std::frexp(x, &e); return e; }
INLINE int exponent(__float128 x) { int e; frexpq(x, &e); return e; }
INLINE double power_of_two(int e, double) { return std::ldexp(1.0, e); }
INLINE __float128 power_of_two(int e, __float128) { return ldexpq(1, e); }

// Infinity as the number after the largest.
wide finite(wide x) {
  const wide end = power_of_two(limits::max_exponent, wide());
  return x > end ? end : x < -end ? -end : x;
}

double error(real got, wide truth) {
  if (truth != truth || got != got) return truth != truth && got != got ? 0 : HUGE_VAL;
  truth = finite(truth);
  const int ulp = std::max(exponent(truth), limits::min_exponent) - limits::digits;
  return double(oracle::fabs(finite(got) - truth) / power_of_two(ulp, wide()));
}

bool same(real a, real b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
}

// Whether the two judges above would see an error.
bool judges_judge() {
  const real next = std::nextafter(real(1), real(2));
  return !same(0, real(-0.0)) && !same(NAN_, 1) && !same(1, next) && same(NAN_, -NAN_) &&
         error(next, 1) == 1 && error(0, LEAST) == 1 && error(NAN_, 1) > 1e9 &&
         error(1, wide(NAN_)) > 1e9 && error(INF, limits::max()) == 1 && error(INF, INF) == 0 &&
         error(0, INF) > 1e6;
}

struct Worst {
  double error = 0;
  real at = 0;
  std::uint64_t tried = 0;
};

void attempt(const Row& row, const real* x, Worst& worst) {
  alignas(BYTES) real y[V];
  std::memcpy(y, x, sizeof y);
  row.apply(y);
  for (int lane = 0; lane < V; ++lane) {
    const wide truth = row.truth(x[lane]);
    // The number nearest to the truth is off by half an ulp at most: nothing new.
    if (y[lane] == real(truth) && worst.error >= 0.5) continue;
    const double e = error(y[lane], truth);
    if (e > worst.error) worst.error = e, worst.at = x[lane];
  }
  worst.tried += V;
}

// Arguments -----------------------------------------------------------------------------------

real of_bits(std::uint64_t bits) {
  real x;
  if constexpr (SINGLE) {
    const std::uint32_t low = std::uint32_t(bits);
    std::memcpy(&x, &low, sizeof x);
  } else {
    std::memcpy(&x, &bits, sizeof x);
  }
  return x;
}

template <class Argument>
void sweep(const Row& row, std::uint64_t count, Argument argument, Worst& worst) {
  alignas(BYTES) real x[V];
  for (std::uint64_t i = 0; i < count; i += V) {
    for (int lane = 0; lane < V; ++lane) x[lane] = argument(i + lane);
    attempt(row, x, worst);
  }
}

Worst measure(const Row& row, bool all) {
  Worst worst;
  // Whole numbers and their neighbours: where ranges end.
  sweep(row, 3 * 2400, [](auto i) {
    const real x = real(int(i / 3) - 1200), beyond[] = {x, -INF, INF};
    return std::nextafter(x, beyond[i % 3]);
  }, worst);
  if (SINGLE) {
    const std::uint64_t stride = all ? 1 : 2003;
    const auto every = [&](auto i) { return of_bits(i * stride); };
    sweep(row, (std::uint64_t(1) << 32) / stride, every, worst);
    return worst;
  }
  const std::uint64_t count = all ? 4'000'000 : 400'000;
  // All bit patterns: the golden ratio of 2^64 steps through them evenly.
  sweep(row, count, [](auto i) { return of_bits(i * 0x9E3779B97F4A7C15u); }, worst);
  // Even in value over the whole range, and near 0.
  const auto even = [&](real low, real high) {
    const auto at = [&](auto i) { return low + (high - low) * (real(i) + real(0.37)) / count; };
    sweep(row, count, at, worst);
  };
  even(row.low, row.high);
  even(std::max(row.low, real(-4)), 4);
  // Where sine and cosine are nearest to 0.
  sweep(row, count / 10, [](auto i) { return real(wide(i) * oracle::PI / 2); }, worst);
  return worst;
}

int special_values(const Row& row) {
  int failures = 0;
  const auto expect = [&](real x, real want) {
    alignas(BYTES) real y[V];
    for (real& lane : y) lane = x;
    row.apply(y);
    for (real got : y)
      if (!same(got, want)) {
        std::printf("FAILED: %s(%g) is %a, not %a\n", row.name, double(x), double(got),
                    double(want));
        ++failures;
        return;
      }
  };
  for (int i = 0; i < SPECIALS; ++i) expect(SPECIAL[i], row.special[i]);
  expect(NAN_, NAN_);
  expect(-NAN_, NAN_);
  return failures;
}

}  // namespace

int main(int count, char** arguments) {
  bool all = false;
  std::vector<const char*> chosen;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--all") == 0) all = true;
    else chosen.push_back(arguments[i]);
  }
  int failures = judges_judge() ? 0 : 1;
  if (failures) std::printf("FAILED: the test cannot tell right from wrong\n");
  for (const Row& row : ROWS) {
    bool wanted = chosen.empty();
    for (const char* name : chosen) wanted |= std::strcmp(name, row.name) == 0;
    if (!wanted) continue;
    failures += special_values(row);
    const Worst worst = measure(row, all);
    const double bound = row.bound[!SINGLE];
    std::printf("| %s | %s | %s | %llu | %.3f | %.9g | %g |\n", row.name, DTYPE, SET,
                (unsigned long long)worst.tried, worst.error, double(worst.at), bound);
    std::fflush(stdout);
    if (!(worst.error <= bound)) {
      std::printf("FAILED: %s(%a) is off by %.3f ulp, bound %g\n", row.name, double(worst.at),
                  worst.error, bound);
      ++failures;
    }
  }
  return failures != 0;
}
