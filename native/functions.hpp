// The functions of mathematics on vectors: exp, tanh, the sigmoid and what else networks are made of.
//
// Every function here is exact reduction, polynomial, reconstruction: the argument is split into a
// part that is treated exactly (a power of two, a quarter turn) and a small rest, of which a
// polynomial is taken. The polynomials are fitted by tools/fit_coefficients.py; the largest errors
// are stated, and measured, in tests/ulp.cpp. Nothing branches on the numbers, but for the sine and
// cosine of huge ones. NaN gives NaN, both infinities give the limits, denormals are not flushed.
//
// The text relies on the order of its operations: compile without -ffast-math, and with
// -ffp-contract=off, so that all instruction sets round where it is written.
#pragma once

#include "coefficients.hpp"
#include "vector.hpp"

namespace {
namespace fn {

using Fit = Coefficients<SINGLE>;

constexpr int MANTISSA = SINGLE ? 23 : 52;  // bits behind the point
constexpr int BIAS = SINGLE ? 127 : 1023;   // of the exponent

// 1.5 × 2^MANTISSA. A number below 2^(MANTISSA − 1) in size that is added to it loses its fraction,
// and the whole number lies in the low bits of the sum.
constexpr real MAGIC = SINGLE ? real(0x1.8p23) : real(0x1.8p52);

constexpr real LOG2E = real(1.44269504088896340735992468100189214);

// Where a right shift brings in zeros: of 64-bit lanes, AVX2 knows no other.
typedef std::make_unsigned_t<whole> uvec __attribute__((vector_size(BYTES)));

// Tools ---------------------------------------------------------------------------------------

// x, but not below `low` nor above `high`; NaN stays, for the minimum and maximum of x86 return
// their second operand when one is NaN. (`maskz` with all lanes on is the plain instruction, of
// whose definition g++ 12 warns that it reads an uninitialized vector.)
INLINE vec between(real low, vec x, real high) {
#if BYTES == 64
  if constexpr (SINGLE) {
    const __m512 below = _mm512_maskz_min_ps(-1, (__m512)splat(high), (__m512)x);
    return (vec)_mm512_maskz_max_ps(-1, (__m512)splat(low), below);
  } else {
    const __m512d below = _mm512_maskz_min_pd(-1, (__m512d)splat(high), (__m512d)x);
    return (vec)_mm512_maskz_max_pd(-1, (__m512d)splat(low), below);
  }
#elif BYTES == 32
  if constexpr (SINGLE) {
    const __m256 below = _mm256_min_ps((__m256)splat(high), (__m256)x);
    return (vec)_mm256_max_ps((__m256)splat(low), below);
  } else {
    const __m256d below = _mm256_min_pd((__m256d)splat(high), (__m256d)x);
    return (vec)_mm256_max_pd((__m256d)splat(low), below);
  }
#elif defined(__x86_64__)
  if constexpr (SINGLE) {
    const __m128 below = _mm_min_ps((__m128)splat(high), (__m128)x);
    return (vec)_mm_max_ps((__m128)splat(low), below);
  } else {
    const __m128d below = _mm_min_pd((__m128d)splat(high), (__m128d)x);
    return (vec)_mm_max_pd((__m128d)splat(low), below);
  }
#else
  return at_least(at_most(x, splat(high)), splat(low));
#endif
}

// The polynomial with these coefficients, its even and its odd powers side by side: as few
// multiply-adds as Horner's rule where x² is needed anyway, and half as long a wait.
template <int N>
INLINE vec polynomial(const real (&c)[N], vec x, vec x2) {
  vec last = splat(c[N - 1]), other = splat(c[N - 2]);
#pragma GCC unroll 32
  for (int i = N - 3; i >= 0; --i) {
    const vec next = fma(last, x2, splat(c[i]));
    last = other;
    other = next;
  }
  return fma(last, x, other);
}

// The exponential -----------------------------------------------------------------------------

// x = n ln 2 + r with n whole and |r| ≤ ln(2)/2. `bits` holds n + Offset in its low bits, so that
// a left shift by MANTISSA makes it an exponent. With Sign −1, of −x.
struct Reduced {
  ivec bits;
  vec n, r;
};

template <int Offset = 0, int Sign = 1>
INLINE Reduced reduce(vec x) {
  constexpr real magic = MAGIC + Offset;
  const vec shifted = fma(x, splat(Sign * LOG2E), splat(magic));
  const vec n = shifted - splat(magic);
  const vec r = fma(n, splat(-Fit::LN2[1]), fma(n, splat(-Fit::LN2[0]), Sign < 0 ? -x : x));
  return {as_bits(shifted), n, r};
}

// exp(r) − 1.
template <int N>
INLINE vec expm1_polynomial(const real (&c)[N], vec r) {
  const vec r2 = r * r;
  return fma(polynomial(c, r, r2), r2, r);
}

// 2^n, for n in the range of the exponents.
INLINE vec power_of_two(ivec bits) { return as_real((bits << MANTISSA) + as_bits(splat(1))); }

// y 2^n, also where that is infinite, denormal or 0. In two steps, for 2^n may have no exponent.
INLINE vec scale(vec y, Reduced x) {
#if BYTES == 64
  if constexpr (SINGLE) return (vec)_mm512_maskz_scalef_ps(-1, (__m512)y, (__m512)x.n);
  else return (vec)_mm512_maskz_scalef_pd(-1, (__m512d)y, (__m512d)x.n);
#else
  const ivec half = (ivec)((uvec)x.bits >> 1);
  return y * power_of_two(half) * power_of_two(x.bits - half);
#endif
}

// Where exp is infinite or 0 for certain, and n far from what MAGIC can hold.
constexpr real EXP_LOW = SINGLE ? -105 : -747;
constexpr real EXP_HIGH = SINGLE ? 90 : 711;

INLINE vec exp(vec x) {
  const Reduced part = reduce(between(EXP_LOW, x, EXP_HIGH));
  return scale(expm1_polynomial(Fit::EXP, part.r) + splat(1), part);
}

// 1/(1 + exp(−z)) as c/(c + c exp(−z)): where exp(−z) would overflow c exp(−z) does not, and the
// quotient comes out right down to the last denormal. c 2^n + c is exact where it matters, so the
// denominator is rounded once. From `ONE` on the result rounds to 1.
INLINE vec sigmoid(vec z) {
  constexpr int SHIFT = SINGLE ? -30 : -60;
  constexpr real c = SINGLE ? real(0x1p-30) : real(0x1p-60);
  constexpr real ONE = 40;
  const Reduced part = reduce<SHIFT, -1>(between(EXP_LOW, z, ONE));
  const vec power = power_of_two(part.bits);
  const vec p = expm1_polynomial(Fit::EXP_SHORT, part.r);
  return splat(c) / fma(power, p, power + splat(c));
}

// e/(e + 2) with e = exp(2|x|) − 1 = 2^n (exp(r) − 1) + (2^n − 1), which loses nothing where x is
// small, for there n = 0. From `ONE` on the result rounds to 1.
INLINE vec tanh(vec x) {
  constexpr real ONE = SINGLE ? real(9.1) : real(19.1);
  const vec size = between(0, magnitude(x), ONE);
  const Reduced part = reduce(size + size);
  const vec power = power_of_two(part.bits);
  const vec e = fma(power, expm1_polynomial(Fit::EXP, part.r), power - splat(1));
  return with_sign_of(e / (e + splat(2)), x);
}

}  // namespace fn
}  // namespace
