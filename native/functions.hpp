// The functions of mathematics on vectors: exp, tanh, sigmoid and what else networks are made of.
//
// Every function here is exact reduction, polynomial, reconstruction: the argument is split into a
// part that is treated exactly (a power of two, a quarter turn) and a small rest, of which a
// polynomial is taken. The polynomials are fitted by tools/fit_coefficients.py; the largest errors
// are stated, and measured, in native/tests/ulp.cpp. Nothing branches on the numbers, but for the sine and
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

constexpr real INFINITE = real(__builtin_inf());
constexpr real UNDEFINED = real(__builtin_nan(""));
constexpr real LEAST_NORMAL = SINGLE ? real(0x1p-126) : real(0x1p-1022);

// Below this, x and x + x² are the same number.
constexpr real TINY = SINGLE ? real(0x1p-26) : real(0x1p-55);

constexpr real LOG2E = real(1.44269504088896340735992468100189214);

// Where a right shift brings in zeros: of 64-bit lanes, AVX2 knows no other.
typedef std::make_unsigned_t<whole> uvec __attribute__((vector_size(BYTES)));

// Bits that may wrap around, as those of NaN do here: of signed numbers that is undefined.
INLINE ivec sum_of_bits(ivec a, ivec b) { return (ivec)((uvec)a + (uvec)b); }
INLINE ivec difference_of_bits(ivec a, ivec b) { return (ivec)((uvec)a - (uvec)b); }
INLINE ivec shifted_up(ivec a, int bits) { return (ivec)((uvec)a << bits); }

// Tools ---------------------------------------------------------------------------------------

INLINE vec between(real low, vec x, real high) {
  return at_least(at_most(x, splat(high)), splat(low));
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

// The same by Horner's rule, whose rounding errors are smaller where terms cancel.
template <int N>
INLINE vec horner(const real (&c)[N], vec x) {
  vec value = splat(c[N - 1]);
#pragma GCC unroll 32
  for (int i = N - 2; i >= 0; --i) value = fma(value, x, splat(c[i]));
  return value;
}

// A product without its rounding error, and with it: `high + low` is a b exactly.
struct Pair {
  vec high, low;
};

// The upper half of the bits, so that products of halves are exact.
// Veltkamp (1968); see Muller et al., "Handbook of Floating-Point Arithmetic", section 4.4.
INLINE vec upper_half(vec x) {
  const vec spread = x * splat(SINGLE ? real(0x1p12 + 1) : real(0x1p27 + 1));
  return spread - (spread - x);
}

INLINE Pair product(vec a, vec b) {
  const vec high = a * b;
  if constexpr (FUSED) return {high, fma(a, b, -high)};
  const vec a1 = upper_half(a), b1 = upper_half(b);  // Dekker (1971)
  const vec a2 = a - a1, b2 = b - b1;
  return {high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2};
}

// a + b as a sum and its rounding error. Knuth, "Seminumerical Algorithms", section 4.2.2.
INLINE Pair sum_of(vec a, vec b) {
  const vec high = a + b;
  const vec b1 = high - a;
  return {high, (a - (high - b1)) + (b - b1)};
}

// Whether the test holds in any lane.
INLINE bool any(ivec test) {
#if BYTES == 64
  return _mm512_test_epi32_mask((__m512i)test, (__m512i)test) != 0;
#elif BYTES == 32
  return !_mm256_testz_si256((__m256i)test, (__m256i)test);
#elif defined(__x86_64__)
  return _mm_movemask_epi8((__m128i)test) != 0;
#else
  return vmaxvq_u32((uint32x4_t)test) != 0;
#endif
}

// The exponential -----------------------------------------------------------------------------

// Where a table of powers of two fits a register or two, one instruction looks up a vector of
// numbers: 16 with AVX-512, 8 in float32 with AVX2. There the steps of the reduction are sixteenths
// or eighths of ln 2, which spares half of the polynomial; what it gained is in
// docs/kernel-accuracy.md.
constexpr int STEP_BITS = BYTES == 64 ? 4 : BYTES == 32 && SINGLE ? 3 : 0;
constexpr int STEPS = 1 << STEP_BITS;

// x = n ln(2)/Steps + r with n whole and |r| ≤ ln(2)/(2 Steps). `bits` holds n + Steps × Offset in
// its low bits. With Sign −1, of −x.
struct Reduced {
  ivec bits;
  vec n, r;
};

template <int Steps = STEPS, int Offset = 0, int Sign = 1>
INLINE Reduced reduce(vec x) {
  constexpr real magic = MAGIC + Steps * Offset;
  const vec shifted = fma(x, splat(Sign * Steps * LOG2E), splat(magic));
  const vec n = shifted - splat(magic);
  const vec rest = fma(n, splat(-Fit::LN2[0] / Steps), Sign < 0 ? -x : x);
  return {as_bits(shifted), n, fma(n, splat(-Fit::LN2[1] / Steps), rest)};
}

// exp(r) − 1.
template <int Steps = STEPS>
INLINE vec expm1_of_rest(vec r) {
  const vec r2 = r * r;
  return fma(polynomial(Exponential<SINGLE, Steps>::POLYNOMIAL, r, r2), r2, r);
}

// 2^n, for n in the range of the exponents.
INLINE vec power_of_two(ivec bits) { return as_real(sum_of_bits(shifted_up(bits, MANTISSA), as_bits(splat(1)))); }

// The entry of a table of powers whose number is in the low bits; where there is no table, 1.
INLINE vec look_up([[maybe_unused]] const real (&table)[STEPS], [[maybe_unused]] ivec bits) {
#if BYTES == 64
  if constexpr (SINGLE) {
    return (vec)_mm512_maskz_permutexvar_ps(-1, (__m512i)bits, _mm512_load_ps(table));
  } else {
    const __m512d low = _mm512_load_pd(table), high = _mm512_load_pd(table + V);
    return (vec)_mm512_maskz_permutex2var_pd(-1, low, (__m512i)bits, high);
  }
#elif BYTES == 32
  if constexpr (SINGLE) return (vec)_mm256_permutevar8x32_ps((__m256)load(table), (__m256i)bits);
  else return splat(1);
#else
  return splat(1);
#endif
}

// 2^(n/STEPS), for n/STEPS in the range of the exponents. The shift puts the whole part of n/STEPS
// where the exponent is and its fraction behind: which is what the bare powers lack.
INLINE vec power(ivec bits) {
  const ivec bare = as_bits(look_up(Exponential<SINGLE, STEPS>::BARE_POWERS, bits));
  return as_real(sum_of_bits(bare, shifted_up(bits, MANTISSA - STEP_BITS)));
}

// exp(r) 2^(i/STEPS): what is left of exp(x) when its power of two is taken out.
INLINE vec significand(Reduced x) {
  const vec fraction = look_up(Exponential<SINGLE, STEPS>::POWERS, x.bits);
  return fma(fraction, expm1_of_rest(x.r), fraction);
}

// y 2^⌊n/STEPS⌋, rounded once, also where that is infinite, denormal or 0. AVX-512 has an
// instruction for it, which takes the floor itself; elsewhere in two steps, for the power alone
// may have no exponent.
INLINE vec scale(vec y, Reduced x) {
#if BYTES == 64
  const vec exponent = x.n * splat(real(1) / STEPS);
  if constexpr (SINGLE) return (vec)_mm512_maskz_scalef_ps(-1, (__m512)y, (__m512)exponent);
  else return (vec)_mm512_maskz_scalef_pd(-1, (__m512d)y, (__m512d)exponent);
#else
  const ivec whole_bits = (ivec)((uvec)x.bits >> STEP_BITS);
  const ivec half = (ivec)((uvec)whole_bits >> 1);
  return y * power_of_two(half) * power_of_two(difference_of_bits(whole_bits, half));
#endif
}

// Below and above, exp is 0 and infinite for certain.
constexpr real EXP_LOW = SINGLE ? -105 : -747;
constexpr real EXP_HIGH = SINGLE ? 89 : 710;

INLINE vec exp(vec x) {
  const Reduced part = reduce(between(EXP_LOW, x, EXP_HIGH));
  return scale(significand(part), part);
}

// 1/(1 + exp(−z)) as c/(c + c exp(−z)): where exp(−z) would overflow c exp(−z) does not, and the
// quotient comes out right down to the last denormal. From `ONE` on the result rounds to 1.
INLINE vec sigmoid(vec z) {
  constexpr int SHIFT = SINGLE ? -30 : -60;
  constexpr real c = SINGLE ? real(0x1p-30) : real(0x1p-60);
  constexpr real ONE = 40;
  const Reduced part = reduce<STEPS, SHIFT, -1>(between(EXP_LOW, z, ONE));
  const vec scaled = power(part.bits);
  return splat(c) / fma(scaled, expm1_of_rest(part.r), scaled + splat(c));
}

// exp(x) − 1 = 2^n (exp(r) − 1) + (2^n − 1), which loses nothing where x is small, for there n = 0.
// Without the table, whose rounding errors would show. Half of it, for 2^n may overflow where the
// result does not.
INLINE vec expm1(vec x) {
  constexpr real MINUS_ONE = -40;  // from here on down the result rounds to −1
  const Reduced part = reduce<1, -1>(between(MINUS_ONE, x, EXP_HIGH));
  const vec half_power = power_of_two(part.bits);
  const vec half = fma(half_power, expm1_of_rest<1>(part.r), half_power - splat(real(0.5)));
  return select(magnitude(x) < splat(TINY), x, half + half);
}

// e/(e + 2) with e = exp(2|x|) − 1, as above. From `ONE` on the result rounds to 1.
INLINE vec tanh(vec x) {
  constexpr real ONE = SINGLE ? real(9.1) : real(19.1);
  const vec size = at_most(magnitude(x), splat(ONE));
  const Reduced part = reduce<1>(size + size);
  const vec whole_power = power_of_two(part.bits);
  const vec e = fma(whole_power, expm1_of_rest<1>(part.r), whole_power - splat(1));
  return as_real(as_bits(e / (e + splat(2))) | (as_bits(x) & isplat(SIGN)));
}

// The logarithm -------------------------------------------------------------------------------

// x = 2^k m with √½ ≤ m < √2, for x positive, finite and normal. `biased` is k + BIAS.
struct Split {
  ivec biased;
  vec m;
};

INLINE Split split(vec x) {
  const ivec root = as_bits(splat(real(0.707106781186547524400844362104849039)));
  const ivec shifted = sum_of_bits(as_bits(x), as_bits(splat(1)) - root);
  const ivec fraction = shifted & isplat((whole(1) << MANTISSA) - 1);
  return {(ivec)((uvec)shifted >> MANTISSA), as_real(fraction + root)};
}

// k as a real number.
INLINE vec exponent(Split x) {
  return as_real(sum_of_bits(x.biased, as_bits(splat(MAGIC)))) - splat(MAGIC + BIAS);
}

// log(1 + f) + correction, as 2 artanh(s) with s = f/(2 + f), whose first terms are summed in the
// order that keeps what f has: f − (f²/2 − s (f²/2 + R)).
// After fdlibm's e_log.c (Sun Microsystems, 1993).
template <int N>
INLINE vec log_near_1(const real (&c)[N], vec f, vec correction) {
  const vec s = f / (splat(2) + f);
  const vec s2 = s * s;
  const vec rest = s2 * polynomial(c, s2, s2 * s2);
  const vec half_square = splat(real(0.5)) * f * f;
  return f - (half_square - fma(s, half_square + rest, correction));
}

// k ln 2 + log(1 + f) for √½ ≤ 1 + f < √2.
INLINE vec log_of_parts(vec k, vec f) {
  return fma(k, splat(Fit::LN2[0]), log_near_1(Fit::LOG, f, k * splat(Fit::LN2[1])));
}

// −∞ at 0, NaN below.
INLINE vec log(vec x) {
  constexpr int LIFT = MANTISSA + 1;  // makes the denormals normal
  const ivec denormal = x < splat(LEAST_NORMAL);
  const Split part = split(select(denormal, x * splat(real(std::int64_t(1) << LIFT)), x));
  const vec k = exponent(part) - select(denormal, splat(LIFT), splat(0));
  const vec regular = log_of_parts(k, part.m - splat(1));
  const vec zero = splat(0), infinite = splat(INFINITE);
  const vec edge = select(x == zero, -infinite, select(x < zero, splat(UNDEFINED), x));
  return select((x > zero) & (x < infinite), regular, edge);
}

// −∞ at −1, NaN below.
INLINE vec log1p(vec x) {
  constexpr real LARGE = SINGLE ? real(0x1p30) : real(0x1p60);  // 1 + x rounds to x
  const Split part = split(splat(1) + x);
  const vec inverse = power_of_two(isplat(BIAS) - part.biased);
  const vec exact = fma(x, inverse, inverse - splat(1));  // (1 + x)/2^k − 1, and x where k = 0
  const vec f = select(x > splat(LARGE), part.m - splat(1), exact);
  const vec regular = log_of_parts(exponent(part), f);
  const vec low = splat(-1), infinite = splat(INFINITE);
  const vec edge = select(x == low, -infinite, select(x < low, splat(UNDEFINED), x));
  const ivec inside = (x > low) & (x < infinite) & (magnitude(x) >= splat(TINY));
  return select(inside, regular, edge);
}

// log(1 + exp(z)): of log1p, what it needs between 0 and 1.
INLINE vec softplus(vec z) {
  const vec f = exp(-magnitude(z));
  return at_least(z, splat(0)) + log_near_1(Fit::LOG_UP_TO_2, f, splat(0));
}

// The normal distribution ---------------------------------------------------------------------

// exp(−t²/2) without its power of two. The rounding error of t² goes into the rest: for t = 38 it
// would be worth 200 units in the last place.
INLINE Reduced reduce_bell(vec t) {
  const Pair square = product(t, t);
  Reduced part = reduce(splat(real(-0.5)) * square.high);
  part.r = fma(splat(real(-0.5)), square.low, part.r);
  return part;
}

// |z|, but not beyond where both functions are 0.
INLINE vec distance(vec z) { return at_most(magnitude(z), splat(SINGLE ? 15 : 39)); }

// exp(−z²/2)/√(2π).
INLINE vec density(vec z) {
  constexpr real PEAK = real(0.398942280401432677939946059934381868);
  const Reduced part = reduce_bell(distance(z));
  return scale(splat(PEAK) * significand(part), part);
}

// Φ(z). In the lower tail exp(−t²/2) times a function that falls as 1/t: so its relative error
// stays small as far as there are numbers. The substitution is that of M. M. Shepherd and
// J. G. Laframboise (1981), "Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞".
// What u lacks of 1/(t + SHIFT), relatively, goes into the exponential and into v. Around 0, a
// polynomial which is ½ there and odd but for that.
INLINE vec normal(vec z) {
  constexpr real SHIFT = Fit::NORMAL_SHIFT;
  const vec t = distance(z);
  const Pair shifted = sum_of(t, splat(SHIFT));
  const vec u = splat(1) / shifted.high;
  const Pair one = product(u, shifted.high);
  const vec lack = ((splat(1) - one.high) - one.low) - u * shifted.low;
  const vec v = fma(splat(-2 * SHIFT), u * lack, fma(splat(-2 * SHIFT), u, splat(1)));
  Reduced part = reduce_bell(t);
  part.r += lack;
  const vec tail = u * horner(Fit::NORMAL, v);  // v = (t − SHIFT)/(t + SHIFT)
  const vec lower = scale(tail * significand(part), part);
  const vec z2 = z * z;
  const vec centre = fma(z, polynomial(Fit::NORMAL_CENTRE, z2, z2 * z2), splat(real(0.5)));
  return select(t < splat(1), centre, select(z > splat(0), splat(1) - lower, lower));
}

// Sine and cosine -----------------------------------------------------------------------------

// Up to here the reduction below is good; beyond, each lane asks the C library.
constexpr real FAR = SINGLE ? real(0x1p15) : real(0x1p30);

// x = n π/2 + r.high + r.low with |r| ≤ π/4: so exact that the sine of the number next to a
// multiple of π has all of its bits. After Cody and Waite, "Software Manual for the Elementary
// Functions" (1980), with whole products in place of short constants. x − high is exact, for both
// are of one size.
struct Turned {
  ivec quarter;  // n in the low bits
  Pair r;
};

INLINE Turned turn(vec x) {
  constexpr real TWO_OVER_PI = real(0.636619772367581343075535053490057448);
  const vec shifted = fma(x, splat(TWO_OVER_PI), splat(MAGIC));
  const vec n = shifted - splat(MAGIC);
  const Pair first = product(n, splat(Fit::HALF_PI[0]));
  const Pair second = product(n, splat(Fit::HALF_PI[1]));
  const Pair once = sum_of(x - first.high, -first.low);
  const Pair twice = sum_of(once.high, -second.high);
  const vec low = ((once.low + twice.low) - second.low) - n * splat(Fit::HALF_PI[2]);
  return {as_bits(shifted), sum_of(twice.high, low)};
}

// sin(x + Quarter π/2).
template <int Quarter>
INLINE vec sine(vec x) {
  const Turned turned = turn(x);
  const vec r = turned.r.high, low = turned.r.low;
  const vec r2 = r * r, r4 = r2 * r2;
  const vec half = splat(real(0.5)) * r2, rest = splat(1) - half;
  const vec odd = r + fma(r2 * r, polynomial(Fit::SIN, r2, r4), low * rest);
  const vec lost = (splat(1) - rest) - half;  // by rounding `rest`
  const vec even = rest + (lost + fma(r4, polynomial(Fit::COS, r2, r4), -(r * low)));
  const ivec quarter = sum_of_bits(turned.quarter, isplat(Quarter));
  const vec size = select((quarter & isplat(1)) != 0, even, odd);
  return as_real(as_bits(size) ^ shifted_up(quarter & isplat(2), 8 * sizeof(real) - 2));
}

INLINE vec sin(vec x) {
  vec y = select(x == splat(0), x, sine<0>(x));  // −0 stays
  if (any(magnitude(x) > splat(FAR)))
    for (int lane = 0; lane < V; ++lane)
      if (!(__builtin_fabs(x[lane]) <= FAR))
        y[lane] = SINGLE ? real(__builtin_sinf(float(x[lane]))) : real(__builtin_sin(x[lane]));
  return y;
}

INLINE vec cos(vec x) {
  vec y = sine<1>(x);
  if (any(magnitude(x) > splat(FAR)))
    for (int lane = 0; lane < V; ++lane)
      if (!(__builtin_fabs(x[lane]) <= FAR))
        y[lane] = SINGLE ? real(__builtin_cosf(float(x[lane]))) : real(__builtin_cos(x[lane]));
  return y;
}

}  // namespace fn
}  // namespace
