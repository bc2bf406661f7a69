// How long native/functions.hpp takes, beside the C library's functions of one number.
//
//   g++ -std=c++17 -O2 -march=x86-64-v3 -ffp-contract=off -fno-math-errno -DREAL=float
//       -Inative native/tests/throughput.cpp
//
// Every line that it prints is a row of the table in docs/kernel-accuracy.md: function, dtype,
// instruction set, cycles a vector, nanoseconds a number, nanoseconds a number of the C library.
// 1,024 numbers in the first-level cache, the fastest of 400 rounds. A cycle is what one of a chain
// of dependent additions takes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "functions.hpp"

namespace {

const char* const DTYPE = SINGLE ? "float" : "double";
const char* const SET = BYTES == 64 ? "v4" : BYTES == 32 ? "v3" : "v2";

constexpr int COUNT = 1024, ROUNDS = 400, REPEATS = 20;
alignas(64) real from[COUNT], into[COUNT];

using Loop = void (*)();

// Nanoseconds of one call, the fastest.
double fastest(Loop loop) {
  using clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int round = 0; round < ROUNDS; ++round) {
    const auto began = clock::now();
    for (int i = 0; i < REPEATS; ++i) loop();
    const std::chrono::duration<double, std::nano> took = clock::now() - began;
    best = std::min(best, took.count() / REPEATS);
  }
  return best;
}

void additions() {
  long x = 1;
  for (int i = 0; i < COUNT; ++i)
    asm volatile("add %0, %0\n add %0, %0\n add %0, %0\n add %0, %0" : "+r"(x));
}

real sigmoid(real z) { return 1 / (1 + std::exp(-z)); }
real softplus(real z) { return std::fmax(z, real(0)) + std::log1p(std::exp(-std::fabs(z))); }
real normal(real z) { return std::erfc(z * real(-0.7071067811865475)) / 2; }
real density(real z) { return std::exp(-z * z / 2) * real(0.3989422804014327); }

struct Row {
  const char* name;
  Loop vectors, numbers;
  real low, high;
};

#define ROW(name, scalar)                                                                 \
  #name,                                                                                  \
      [] {                                                                                \
        for (int i = 0; i < COUNT; i += V) store(into + i, fn::name(load(from + i)));     \
        asm volatile("" ::"r"(into) : "memory");                                          \
      },                                                                                  \
      [] {                                                                                \
        for (int i = 0; i < COUNT; ++i) into[i] = scalar(from[i]);                        \
        asm volatile("" ::"r"(into) : "memory");                                          \
      }

const Row ROWS[] = {
    {ROW(exp, std::exp), -5, 5},         {ROW(sigmoid, sigmoid), -5, 5},
    {ROW(tanh, std::tanh), -5, 5},       {ROW(expm1, std::expm1), -5, 5},
    {ROW(log, std::log), real(0.01), 5}, {ROW(log1p, std::log1p), real(-0.9), 5},
    {ROW(softplus, softplus), -5, 5},    {ROW(normal, normal), -5, 5},
    {ROW(density, density), -5, 5},      {ROW(sin, std::sin), -5, 5},
    {ROW(cos, std::cos), -5, 5},
};

}  // namespace

int main() {
  const double cycle = fastest(additions) / COUNT / 4;
  for (const Row& row : ROWS) {
    // Out of order, so that the C library's branches are not foretold.
    for (int i = 0; i < COUNT; ++i)
      from[i] = row.low + (row.high - row.low) * real(i * 617 % COUNT) / COUNT;
    const double vectors = fastest(row.vectors), numbers = fastest(row.numbers);
    std::printf("| %s | %s | %s | %.1f | %.2f | %.2f |\n", row.name, DTYPE, SET,
                vectors / cycle / (COUNT / V), vectors / COUNT, numbers / COUNT);
  }
}
