// The vectors of one instruction set: V lanes of `real`, and the dozen things that are done to them.
//
// The kernel is compiled once for every instruction set and dtype, from the same text; nothing
// above this file knows how wide a vector is. Everything in a kernel's translation unit is in the
// unnamed namespace: a function compiled for one instruction set must never be taken for another's.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "index.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef REAL
#error "compile with -DREAL=float or -DREAL=double"
#endif

#define INLINE inline __attribute__((always_inline))

namespace {

using real = REAL;
constexpr bool SINGLE = sizeof(real) == 4;

#if defined(__AVX512F__)
#define BYTES 64
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
#define BYTES 32
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
#define BYTES 16
constexpr int REGISTERS = 32;
#else
#define BYTES 16
constexpr int REGISTERS = 16;
#endif

using whole = std::conditional_t<SINGLE, std::int32_t, std::int64_t>;
typedef real vec __attribute__((vector_size(BYTES)));
typedef whole ivec __attribute__((vector_size(BYTES)));  // also the type of a comparison: 0 or −1
typedef real unaligned __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

constexpr int V = BYTES / sizeof(real);

// Lanes ---------------------------------------------------------------------------------------

INLINE vec load(const real* p) { return *reinterpret_cast<const vec*>(p); }
INLINE vec load_unaligned(const real* p) { return *reinterpret_cast<const unaligned*>(p); }
INLINE void store(real* p, vec x) { *reinterpret_cast<vec*>(p) = x; }
INLINE void store_unaligned(real* p, vec x) { *reinterpret_cast<unaligned*>(p) = x; }

// The same number in every lane. Not `vec{} + x`: that loses the sign of −0.
INLINE vec splat(real x) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_set1_ps(x);
  else return (vec)_mm512_set1_pd(x);
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_set1_ps(x);
  else return (vec)_mm256_set1_pd(x);
#elif defined(__x86_64__)
  if constexpr (SINGLE) return (vec)_mm_set1_ps(x);
  else return (vec)_mm_set1_pd(x);
#else
  if constexpr (SINGLE) return (vec)vdupq_n_f32(x);
  else return (vec)vdupq_n_f64(x);
#endif
}

// The number at an address in every lane, read by the instruction that spreads it.
INLINE vec spread(const real* p) {
#if BYTES == 32
  vec x;  // left to itself, the compiler loads once and shuffles, which costs a port more
  if constexpr (SINGLE) asm("vbroadcastss %1, %0" : "=x"(x) : "m"(*p));
  else asm("vbroadcastsd %1, %0" : "=x"(x) : "m"(*p));
  return x;
#else
  return splat(*p);
#endif
}

INLINE ivec isplat(whole x) { return ivec{} + x; }

INLINE vec as_real(ivec bits) { return (vec)bits; }
INLINE ivec as_bits(vec x) { return (ivec)x; }

// `then` in the lanes where `test` is −1, `otherwise` where it is 0.
INLINE vec select(ivec test, vec then, vec otherwise) { return test ? then : otherwise; }

// Arithmetic ----------------------------------------------------------------------------------

// a b + c, rounded once where the instruction set can.
INLINE vec fma(vec a, vec b, vec c) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  else return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  else return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
  if constexpr (SINGLE) return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
  else return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

#if BYTES == 16 && !defined(__aarch64__)
constexpr bool FUSED = false;  // whether `fma` rounds once
#else
constexpr bool FUSED = true;
#endif

// c − a b, rounded once where the instruction set can.
INLINE vec fnma(vec a, vec b, vec c) { return fma(-a, b, c); }

INLINE vec square_root(vec x) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_maskz_sqrt_ps(-1, (__m512)x);
  else return (vec)_mm512_maskz_sqrt_pd(-1, (__m512d)x);
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_sqrt_ps((__m256)x);
  else return (vec)_mm256_sqrt_pd((__m256d)x);
#elif defined(__x86_64__)
  if constexpr (SINGLE) return (vec)_mm_sqrt_ps((__m128)x);
  else return (vec)_mm_sqrt_pd((__m128d)x);
#else
  if constexpr (SINGLE) return (vec)vsqrtq_f32((float32x4_t)x);
  else return (vec)vsqrtq_f64((float64x2_t)x);
#endif
}

// The smaller and the larger of two; a NaN in `x` stays, for the minimum and maximum of x86 return
// their second operand when one is NaN. (`maskz` with all lanes on is the plain instruction, of whose
// definition g++ 12 warns that it reads an uninitialized vector.)
INLINE vec at_most(vec x, vec limit) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_maskz_min_ps(-1, (__m512)limit, (__m512)x);
  else return (vec)_mm512_maskz_min_pd(-1, (__m512d)limit, (__m512d)x);
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_min_ps((__m256)limit, (__m256)x);
  else return (vec)_mm256_min_pd((__m256d)limit, (__m256d)x);
#elif defined(__x86_64__)
  if constexpr (SINGLE) return (vec)_mm_min_ps((__m128)limit, (__m128)x);
  else return (vec)_mm_min_pd((__m128d)limit, (__m128d)x);
#else
  return select(x > limit, limit, x);
#endif
}

INLINE vec at_least(vec x, vec limit) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_maskz_max_ps(-1, (__m512)limit, (__m512)x);
  else return (vec)_mm512_maskz_max_pd(-1, (__m512d)limit, (__m512d)x);
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_max_ps((__m256)limit, (__m256)x);
  else return (vec)_mm256_max_pd((__m256d)limit, (__m256d)x);
#elif defined(__x86_64__)
  if constexpr (SINGLE) return (vec)_mm_max_ps((__m128)limit, (__m128)x);
  else return (vec)_mm_max_pd((__m128d)limit, (__m128d)x);
#else
  return select(x < limit, limit, x);
#endif
}

constexpr whole SIGN = whole(std::uint64_t(1) << (SINGLE ? 31 : 63));

INLINE vec magnitude(vec x) { return as_real(as_bits(x) & ~isplat(SIGN)); }
INLINE vec with_sign_of(vec size, vec sign) {
  return as_real((as_bits(size) & ~isplat(SIGN)) | (as_bits(sign) & isplat(SIGN)));
}

// Across lanes --------------------------------------------------------------------------------

// Lane l of the result of `halves<H, false>(a, b)`: blocks of H lanes, the even ones of a and b in
// turn; with true, the odd ones. Both together are a transposition of 2 × 2 blocks.
template <int H, bool Odd, int... L>
INLINE vec halves(vec a, vec b, std::integer_sequence<int, L...>) {
  return __builtin_shufflevector(
      a, b, ((L / H) % 2 ? V + (L - H) + (Odd ? H : 0) : L + (Odd ? H : 0))...);
}
template <int H, bool Odd>
INLINE vec halves(vec a, vec b) {
  return halves<H, Odd>(a, b, std::make_integer_sequence<int, V>());
}

// The transpose of V × V numbers in V vectors, in place.
template <int H = 1>
INLINE void transpose(vec (&rows)[V]) {
  if constexpr (H < V) {
#pragma GCC unroll 16
    for (int i = 0; i < V; ++i) {
      if ((i / H) % 2) continue;
      const vec a = rows[i], b = rows[i + H];
      rows[i] = halves<H, false>(a, b);
      rows[i + H] = halves<H, true>(a, b);
    }
    transpose<2 * H>(rows);
  }
}

// The sums of the lanes of V vectors, as one vector: always added in the same order.
template <int H = 1>
INLINE vec sums(vec (&rows)[V]) {
  if constexpr (H == V) {
    return rows[0];
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < V; i += 2 * H)
      rows[i] = halves<H, false>(rows[i], rows[i + H]) + halves<H, true>(rows[i], rows[i + H]);
    return sums<2 * H>(rows);
  }
}

INLINE real sum(vec x) {
  real total[V];
  __builtin_memcpy(total, &x, sizeof x);
  for (int width = V / 2; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) total[lane] += total[lane + width];
  return total[0];
}

INLINE real largest(vec x) {  // NaN if there is one
  real found = x[0];
  for (int lane = 1; lane < V; ++lane) found = x[lane] > found || x[lane] != x[lane] ? x[lane] : found;
  return found;
}

// −1 in the lanes before `count`.
INLINE ivec first_lanes(int count) {
  ivec lane;
  for (int l = 0; l < V; ++l) lane[l] = l;
  return lane < isplat(whole(count));
}

}  // namespace
