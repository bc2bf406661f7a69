// Which kernels there are, and which of them this machine can run.
#include <cstring>

#if defined(__clang__) && (defined(__x86_64__) || defined(_M_X64))
#include <cpuid.h>
#endif

#include "kernel.hpp"

#define DECLARE(isa)                                       \
  const chainrule::Kernel* chainrule_kernel_float##isa();  \
  const chainrule::Kernel* chainrule_kernel_double##isa();

#if defined(__x86_64__) || defined(_M_X64)
DECLARE(v2)
DECLARE(v3)
DECLARE(v4)
#else
DECLARE(neon)
#endif

namespace chainrule {

namespace {

struct Entry {
  const char* isa;
  bool (*runs)();
  const Kernel* (*single)();
  const Kernel* (*twice)();
};

#if defined(__x86_64__) || defined(_M_X64)
// A kernel uses all that its -march names, and the system has to save the registers: the levels stand
// for both. clang may be linked with a libgcc older than they are, so there their parts are asked for,
// and those for which some clang has no name of the processor.
#if defined(__clang__)
bool has(unsigned leaf, int bit_of_ecx) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(leaf, &a, &b, &c, &d) && (c >> bit_of_ecx & 1);
}
bool runs_v2() {
  const bool cmpxchg16b = has(1, 13), lahf_lm = has(0x80000001, 0);
  return __builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") &&
         __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
         __builtin_cpu_supports("popcnt") && cmpxchg16b && lahf_lm;
}
bool runs_v3() {
  const bool f16c = has(1, 29), movbe = has(1, 22), lzcnt = has(0x80000001, 5);
  return runs_v2() && __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
         __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         f16c && movbe && lzcnt;
}
bool runs_v4() {
  return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#else
bool runs_v2() { return __builtin_cpu_supports("x86-64-v2"); }
bool runs_v3() { return __builtin_cpu_supports("x86-64-v3"); }
bool runs_v4() { return __builtin_cpu_supports("x86-64-v4"); }
#endif
const Entry ENTRIES[] = {  // the best first
    {"v4", runs_v4, chainrule_kernel_floatv4, chainrule_kernel_doublev4},
    {"v3", runs_v3, chainrule_kernel_floatv3, chainrule_kernel_doublev3},
    {"v2", runs_v2, chainrule_kernel_floatv2, chainrule_kernel_doublev2},
};
#else
bool always() { return true; }
const Entry ENTRIES[] = {{"neon", always, chainrule_kernel_floatneon, chainrule_kernel_doubleneon}};
#endif

}  // namespace

const char* kernel_name(int number, bool* runs) {
  if (number >= int(sizeof ENTRIES / sizeof *ENTRIES)) return nullptr;
  *runs = ENTRIES[number].runs();
  return ENTRIES[number].isa;
}

const Kernel* find_kernel(const char* isa, bool single) {
  for (const Entry& entry : ENTRIES)
    if (!std::strcmp(entry.isa, isa) && entry.runs()) return single ? entry.single() : entry.twice();
  return nullptr;
}

}  // namespace chainrule
