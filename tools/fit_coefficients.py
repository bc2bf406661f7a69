"""Fit the polynomials of the kernel's functions and write them to ``native/coefficients.hpp``.

Every function in ``native/functions.hpp`` is an exact reduction of its argument to a small
interval, followed by a polynomial. This file makes the polynomials: for each row of `FITS`, the
polynomial whose largest weighted error over the interval is smallest, found by Remez' exchange in
50-digit arithmetic and then rounded to the dtype. The errors written beside the coefficients are
those of the rounded polynomial, without the rounding of its evaluation; what both amount to is
measured by ``native/tests/ulp.cpp``.

Run ``python tools/fit_coefficients.py`` to rewrite the file, with ``--check`` to compare it only.

References
----------
Remez, E. (1934), "Sur la détermination des polynômes d'approximation de degré donné".
Muller, J.-M. (2016), "Elementary Functions", 3rd edition, chapters 3 and 11.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).parents[1] / "native" / "coefficients.hpp"

mp.mp.dps = 50

Real = mp.mpf
Function = Callable[[Real], Real]


@dataclass(frozen=True)
class Dtype:
    """A binary floating-point format: its name in C++, the bits of its significand, its suffix."""

    name: str
    bits: int
    suffix: str


DTYPES = (Dtype("float", 24, "f"), Dtype("double", 53, ""))


@dataclass(frozen=True)
class Fit:
    """One polynomial: what it stands for, where, how its error is weighed, and its degrees.

    The error is ``weight(x) * (polynomial(x) - function(x))``, so a weight says what the
    polynomial's error does to the result that it is used for.
    """

    name: str
    meaning: str
    function: Function
    weight: Function
    weighed: str
    interval: dict[str, tuple[Real, Real]]
    degree: dict[str, int]


def both(low: Real, high: Real) -> dict[str, tuple[Real, Real]]:
    """Return the same interval for both dtypes."""
    return {dtype.name: (low, high) for dtype in DTYPES}


HALF_LN2 = mp.log(2) / 2 * Real("1.0001")  # the rounding of x / ln 2 may miss the half by a little
QUARTER_PI = mp.pi / 4 * Real("1.01")
LARGEST_S = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * Real("1.0001")
NORMAL_SHIFT = Real(
    5
)  # a in v = (t − a)/(t + a): of 1.5 to 5, tried, the one with the smallest error


def exp_remainder(r: Real) -> Real:
    """(exp(r) − 1 − r)/r²."""
    return (mp.expm1(r) - r) / r**2


def log_remainder(z: Real) -> Real:
    """(2 artanh(s)/s − 2)/z with z = s²."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z


def sin_remainder(z: Real) -> Real:
    """(sin(r) − r)/r³ with z = r²."""
    r = mp.sqrt(z)
    return (mp.sin(r) - r) / r**3


def cos_remainder(z: Real) -> Real:
    """(cos(r) − 1 + r²/2)/r⁴ with z = r²."""
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def normal_tail(v: Real) -> Real:
    """(t + a) exp(t²/2) Φ(−t) with v = (t − a)/(t + a)."""
    t = NORMAL_SHIFT * (1 + v) / (1 - v)
    return (t + NORMAL_SHIFT) * mp.exp(t**2 / 2) * mp.erfc(t / mp.sqrt(2)) / 2


def normal_centre(z2: Real) -> Real:
    """(Φ(z) − ½)/z in z²."""
    z = mp.sqrt(z2)
    return mp.erf(z / mp.sqrt(2)) / (2 * z)


def normal_interval(largest: int) -> tuple[Real, Real]:
    """Return the v for t from 1, or a little less, to the largest."""
    low, high = ((t - NORMAL_SHIFT) / (t + NORMAL_SHIFT) for t in (Real("0.999"), Real(largest)))
    return low, high


def exponential(steps: int, degree: dict[str, int]) -> Fit:
    """Return the row of the exponential for a table of so many powers of two.

    Where there is a table, exp(r) is what counts; where there is none, exp(r) − 1 does as well.
    """
    end = HALF_LN2 / steps
    return Fit(
        "POLYNOMIAL",
        f"(exp(r) − 1 − r)/r² for |r| ≤ ln(2)/{2 * steps}",
        exp_remainder,
        (lambda r: r**2 / mp.exp(r)) if steps > 1 else (lambda r: r**2 / abs(mp.expm1(r))),
        "relative to exp(r)" if steps > 1 else "relative to exp(r) − 1",
        both(-end, end),
        degree,
    )


EXPONENTIALS = {
    1: exponential(1, {"float": 4, "double": 9}),
    8: exponential(8, {"float": 1}),
    16: exponential(16, {"float": 1, "double": 4}),
}

FITS = (
    Fit(
        "LOG",
        "(2 artanh(s)/s − 2)/s² in s², for |s| ≤ (√2 − 1)/(√2 + 1)",
        log_remainder,
        lambda z: z / 2,
        "relative to 2 artanh(s)",
        both(Real(0), LARGEST_S**2),
        {"float": 3, "double": 6},
    ),
    Fit(
        "LOG_UP_TO_2",
        "the same for 0 ≤ s ≤ 1/3",
        log_remainder,
        lambda z: z / 2,
        "relative to 2 artanh(s)",
        both(Real(0), Real("1.0001") / 9),
        {"float": 5, "double": 11},
    ),
    Fit(
        "SIN",
        "(sin(r) − r)/r³ in r², for |r| ≤ π/4",
        sin_remainder,
        lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)),
        "relative to sin(r)",
        both(Real(0), QUARTER_PI**2),
        {"float": 3, "double": 5},
    ),
    Fit(
        "COS",
        "(cos(r) − 1 + r²/2)/r⁴ in r², for |r| ≤ π/4",
        cos_remainder,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        "relative to cos(r)",
        both(Real(0), QUARTER_PI**2),
        {"float": 2, "double": 5},
    ),
    Fit(
        "NORMAL",
        "(t + a) exp(t²/2) Φ(−t) in (t − a)/(t + a), for t ≥ 1 as far as Φ(−t) is not 0",
        normal_tail,
        lambda v: 1 / normal_tail(v),
        "relative to the function",
        {"float": normal_interval(15), "double": normal_interval(39)},
        {"float": 9, "double": 19},
    ),
    Fit(
        "NORMAL_CENTRE",
        "(Φ(z) − ½)/z in z², for |z| ≤ 1",
        normal_centre,
        lambda z2: mp.sqrt(z2) * 2 / mp.erfc(mp.sqrt(z2 / 2)),
        "relative to Φ(−|z|)",
        both(Real(0), Real(1)),
        {"float": 5, "double": 10},
    ),
)


def value(coefficients: list[Real], x: Real) -> Real:
    """Return the polynomial with these coefficients, the lowest power first."""
    return mp.polyval(coefficients[::-1], x)


def chebyshev(low: Real, high: Real, count: int) -> list[Real]:
    """Return points of the interval, denser near its ends, none of them in the middle or at 0."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def remez(fit: Fit, low: Real, high: Real, degree: int) -> list[Real]:
    """Return the coefficients whose largest weighed error is smallest.

    An exchange solves for the polynomial whose error has the same size and alternating sign in
    degree + 2 points, and moves the points to where its error is largest.
    """
    grid = chebyshev(low, high, 60 * (degree + 2))
    wanted = [(fit.function(x), fit.weight(x)) for x in grid]
    points = [
        round((len(grid) - 1) * (1 - float(mp.cos(mp.pi * k / (degree + 1)))) / 2)
        for k in range(degree + 2)
    ]
    for _ in range(30):
        rows = [
            [grid[i] ** j for j in range(degree + 1)] + [(-1) ** k / wanted[i][1]]
            for k, i in enumerate(points)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([wanted[i][0] for i in points]))
        coefficients = list(solution)[:-1]
        errors = [w * (f - value(coefficients, x)) for x, (f, w) in zip(grid, wanted, strict=True)]
        extrema = alternating(errors)
        while len(extrema) > degree + 2:  # the smaller end goes
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if extrema == points or len(extrema) < degree + 2:
            break
        points = extrema
    return coefficients


def alternating(errors: list[Real]) -> list[int]:
    """Return where the error is largest between one change of its sign and the next."""
    found = [0]
    for i, error in enumerate(errors):
        if error * errors[found[-1]] < 0:
            found.append(i)
        elif abs(error) > abs(errors[found[-1]]):
            found[-1] = i
    return found


def rounded(x: Real, bits: int) -> Real:
    """Return the number of so many significant bits that is nearest to x."""
    with mp.workprec(bits):
        return +x


def literal(x: Real, dtype: Dtype) -> str:
    """Return a number of the dtype, not 0, as C++ writes it exactly."""
    mantissa, exponent = mp.frexp(rounded(x, dtype.bits))
    digits = -(-(dtype.bits - 1) // 4)
    scaled = int(mp.ldexp(abs(mantissa) * 2 - 1, 4 * digits))
    sign = "-" if mantissa < 0 else ""
    return f"{sign}0x1.{scaled:0{digits}x}p{exponent - 1:+d}{dtype.suffix}"


def parts(x: Real, dtype: Dtype, sizes: tuple[int, ...]) -> list[Real]:
    """Return numbers with so many bits each, none above the rest of x, which sum to x nearly.

    Cut off and not rounded, so that all have the sign of x; the last is rounded.
    """
    found = []
    for size in sizes:
        _, exponent = mp.frexp(x)
        part = mp.ldexp(mp.floor(mp.ldexp(x, size - exponent)), exponent - size)
        found.append(part)
        x -= part
    return [*found, rounded(x, dtype.bits)]


def powers(steps: int, dtype: Dtype) -> list[str]:
    """Return the lines of the tables of 2^(i/steps), aligned as vectors.

    The bits of the second are those of the first less i/steps of a step of the exponent. As the
    bits of numbers from ½ to 1 count half as much as those from 1 to 2, that is the number written.
    """
    whole = [rounded(mp.power(2, Real(i) / steps), dtype.bits) for i in range(steps)]
    bare = [(1 + x - Real(i) / steps) / 2 for i, x in enumerate(whole)]
    lines = [
        f"  // 2^(i/{steps}); then the same with i/{steps} of an exponent taken from the bits."
    ]
    for name, table in (("POWERS", whole), ("BARE_POWERS", bare)):
        first, *others = array(name, table, dtype)
        lines += [first.replace("static", "alignas(64) static"), *others, ""]
    return lines


def array(name: str, numbers: list[Real], dtype: Dtype) -> list[str]:
    """Return the lines of a constant array."""
    lines = [f"  static constexpr {dtype.name} {name}[] = {{"]
    lines += [f"      {literal(x, dtype)}," for x in numbers]
    return [*lines, "  };"]


def polynomial(fit: Fit, dtype: Dtype) -> list[str]:
    """Return the lines of one polynomial, with what it is and how well it fits."""
    low, high = fit.interval[dtype.name]
    coefficients = [rounded(c, dtype.bits) for c in remez(fit, low, high, fit.degree[dtype.name])]
    points = chebyshev(low, high, 2001)
    error = max(abs(fit.weight(x) * (value(coefficients, x) - fit.function(x))) for x in points)
    return [
        f"  // {fit.meaning}.",
        f"  // On [{mp.nstr(low, 6)}, {mp.nstr(high, 6)}], degree {fit.degree[dtype.name]};"
        f" largest error {mp.nstr(error, 3)} = 2^{mp.nstr(mp.log(error, 2), 4)},",
        f"  // {fit.weighed}.",
        *array(fit.name, coefficients, dtype),
        "",
    ]


HEAD = """\
// Written by tools/fit_coefficients.py: change that, not this.
//
// Polynomials with the lowest power first, and constants in parts, for each dtype.
#pragma once

namespace {

template <bool Single>
struct Coefficients;

// What the exponential needs with so many powers of two in a table.
template <bool Single, int Steps>
struct Exponential;
"""


def constants(dtype: Dtype) -> list[str]:
    """Return the lines of the constants that are kept in parts."""
    spare = {"float": 9, "double": 12}[dtype.name]  # the bits of an exponent, in twos' complement
    ln2 = parts(mp.log(2), dtype, (dtype.bits - spare,))
    half_pi = parts(mp.pi / 2, dtype, (dtype.bits, dtype.bits))
    return [
        "  // ln 2: the first part leaves room for an exact product with any exponent.",
        *array("LN2", ln2, dtype),
        "",
        "  // π/2: two parts with all bits, and the rest.",
        *array("HALF_PI", half_pi, dtype),
        "",
        "  // a.",
        f"  static constexpr {dtype.name} NORMAL_SHIFT = {literal(NORMAL_SHIFT, dtype)};",
        "",
    ]


def header() -> str:
    """Return the text of the header file."""
    lines = [HEAD]
    for dtype in DTYPES:
        single = "true" if dtype.name == "float" else "false"
        lines += ["template <>", f"struct Coefficients<{single}> {{"]
        lines += constants(dtype)
        for fit in FITS:
            lines += polynomial(fit, dtype)
        lines[-1:] = ["};", ""]
        for steps, fit in EXPONENTIALS.items():
            if dtype.name not in fit.degree:
                continue
            lines += ["template <>", f"struct Exponential<{single}, {steps}> {{"]
            lines += powers(steps, dtype) + polynomial(fit, dtype)
            lines[-1:] = ["};", ""]
    return "\n".join([*lines, "}  // namespace", ""])


def main() -> int:
    """Write the header, or compare it."""
    text = header()
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
