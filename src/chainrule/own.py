"""A person's own activations and costs: checked when they are registered, refused when wrong.

A function and its derivative come as two Python functions on arrays. Before a network may use them
the derivative is held against differences of the function, near 0 and far from it, and a wrong one
is refused with the point where it fails and, where the catalogue of mistakes knows it, the likely
cause. What is registered can be used by its name, or handed over as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import activations, costs
from chainrule.activations import ACTIVATIONS, Activation
from chainrule.arrays import finite, real_array
from chainrule.costs import COSTS, Cost
from chainrule.differences import extrapolated
from chainrule.equation import Equation
from chainrule.errors import ChainruleError, InvalidType, InvalidValue, WrongDerivative
from chainrule.evaluate import Plan
from chainrule.expr import derivative as derivative_of
from chainrule.expr import symbol as quantity
from chainrule.mistakes import Evidence, likely_cause

Values = NDArray[np.float64]
OnArrays = Callable[..., Any]

SUMS = np.array([0.01, 0.1, 0.37, 0.8, 1.3, 2.1, 3.4, 5.5])
"""Distances from 0 at which an activation is tried, on either side."""

PROBABILITIES = np.array([0.07, 0.23, 0.41, 0.62, 0.88])
"""Predictions at which every cost is tried."""

ANYWHERE = np.array([-3.1, -0.45, 1.7, 4.2])
"""Further predictions, for a cost that may follow any activation."""

TARGETS = np.array([0.0, 0.35, 1.0])

CLEAR = 1e-2
"""Points closer to a kink than this are left out."""

TOLERANCE = 1e-6
"""Relative error at which a derivative is wrong: of its size, or of its largest size up to 1."""


def register_activation(
    name: str,
    function: OnArrays,
    derivative: OnArrays,
    *,
    symbol: str | None = None,
    kinks: Sequence[float] = (),
) -> Activation:
    """Check a person's own activation and make it known by its name.

    Parameters
    ----------
    name : str
        An identifier that no built-in activation has; one of one's own is replaced.
    function : callable
        Takes an array of weighted sums z of any shape, returns an array of that shape; every entry
        depends on the entry in the same place.
    derivative : callable
        Takes z, returns f′(z), likewise.
    symbol : str, optional
        Spelling on a page; the name where nothing is said.
    kinks : sequence of float, optional
        Where the function is continuous but has no derivative.

    Returns
    -------
    Activation
        To be handed to `Network`, which also knows it by its name now.

    Raises
    ------
    WrongDerivative
        If `derivative` is not the derivative of `function`: at which z, and the likely cause.
    InvalidType, InvalidValue
        If name or functions are unusable.

    Examples
    --------
    >>> from chainrule import Network
    >>> bent = register_activation("bent", lambda z: z + z**3, lambda z: 1 + 3 * z**2)
    >>> print(Network([1, 1], activation="bent", cost="squared_error").derive()["delta1"])
    δ1 = ∂C/∂a1 ∘ bent′(z1)
    >>> register_activation("bent", lambda z: z + z**3, lambda z: -1 - 3 * z**2)
    Traceback (most recent call last):
        ...
    chainrule.errors.WrongDerivative: derivative of bent is wrong at z = -5.5: it gives -91.75, \
differences of the function give 91.75; it has the wrong sign (sign)
    """
    _usable(name, "activation", ACTIVATIONS, function, derivative)
    spelled = _spelling(name, symbol)
    bends = _numbers("kinks", kinks)
    points = np.concatenate([-SUMS[::-1], SUMS])
    z = points[[all(abs(at - kink) > CLEAR for kink in bends) for at in points]]
    value, claimed = (
        _entries(name, "function", function, z),
        _entries(name, "derivative", derivative, z),
    )
    measured = _slopes(function, z, bends)
    place = _worst_if_wrong(claimed, measured)
    if place is not None:
        evidence = Evidence(
            claimed,
            measured,
            value,
            lambda points: np.asarray(derivative(points.copy()), dtype=float),
            lambda points: _slopes(function, points, ()),
            _derivatives_of_the_table(z),
        )
        raise WrongDerivative(
            f"derivative of {name} is wrong at z = {z[place]:g}: it gives {claimed[place]:.6g}, "
            f"differences of the function give {measured[place]:.6g}{likely_cause(evidence)}"
        )
    row = Activation(
        name, spelled, activations.VARIABLES, kinks=bends, by_hand=(function, derivative)
    )
    activations.OWN[name] = row
    return row


def register_cost(
    name: str,
    function: OnArrays,
    derivative: OnArrays,
    *,
    symbol: str | None = None,
    outputs: str | Sequence[str] = (),
    kinks: Sequence[float] = (),
) -> Cost:
    """Check a person's own cost and make it known by its name.

    Parameters
    ----------
    name : str
        An identifier that no built-in cost has; one of one's own is replaced.
    function : callable
        Takes predictions a and targets y, arrays of the same shape, returns the cost of every
        output of every example, of that shape: what is summed over outputs and averaged over
        examples afterwards.
    derivative : callable
        Takes a and y, returns the derivative with respect to a, likewise.
    symbol : str, optional
        Spelling on a page; the name where nothing is said.
    outputs : str or sequence of str, optional
        Names of the output activations that it may follow, where it cannot follow any.
    kinks : sequence of float, optional
        Values of a − y where it is continuous but has no derivative.

    Returns
    -------
    Cost
        To be handed to `Network`, which also knows it by its name now.

    Raises
    ------
    WrongDerivative
        If `derivative` is not the derivative of `function`: at which a and y, and the likely cause.
    InvalidType, InvalidValue
        If name or functions are unusable.

    Examples
    --------
    >>> fourth = register_cost("fourth", lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3)
    >>> from chainrule import Network
    >>> Network([1, 1], activation="tanh", cost="fourth")
    Network([1, 1], activation=['tanh'], cost='fourth')
    """
    families = {row.family for row in COSTS.values()}
    _usable(name, "cost", {*COSTS, *families}, function, derivative)
    spelled = _spelling(name, symbol)
    follows = [outputs] if isinstance(outputs, str) else list(outputs)
    rows = [activations.find(output) for output in follows]
    bends = _numbers("kinks", kinks)
    a, y = _predictions_and_targets(bends, rows)
    remedy = "" if rows else "; if it takes probabilities only, say outputs=['sigmoid']"
    value = _entries(name, "function", function, a, y, remedy=remedy)
    claimed = _entries(name, "derivative", derivative, a, y, remedy=remedy)

    def slopes(predictions: Values) -> Values:
        return _slopes(function, predictions, [y + kink for kink in bends], y)

    measured = slopes(a)
    place = _worst_if_wrong(claimed, measured)
    if place is not None:
        evidence = Evidence(
            claimed,
            measured,
            value,
            lambda points: np.asarray(derivative(points.copy(), y.copy()), dtype=float),
            slopes,
            {},
            of_activation=False,
        )
        raise WrongDerivative(
            f"derivative of {name} is wrong at a = {a[place]:g}, y = {y[place]:g}: it gives "
            f"{claimed[place]:.6g}, differences of the function give {measured[place]:.6g}"
            f"{likely_cause(evidence)}"
        )
    row = Cost(
        name,
        spelled,
        costs.VARIABLES,
        kinks=bends,
        by_hand=(function, derivative),
        family=name,
        title=f"{spelled}, a cost of one's own",
        outputs=tuple(output.name for output in rows),
        refusal="it was registered for other output activations",
        usual_output=rows[0].name if rows else "identity",
    )
    costs.OWN[name] = row
    return row


def _usable(name: Any, kind: str, taken: Collection[str], *functions: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidValue(f"name is {name!r}, wanted an identifier such as 'my_{kind}'")
    if name in taken:
        raise InvalidValue(f"name is {name!r}, which is a built-in {kind}: choose another")
    for role, function in zip(("function", "derivative"), functions, strict=True):
        if not callable(function):
            raise InvalidType(f"{role} is {function!r}, wanted a Python function on arrays")


def _spelling(name: str, symbol: Any) -> str:
    if symbol is not None and not isinstance(symbol, str):
        raise InvalidType(f"symbol is {symbol!r}, wanted text such as {name!r}")
    return symbol or name


def _numbers(name: str, given: Any) -> tuple[float, ...]:
    numbers = real_array(name, given)
    if numbers.ndim != 1:
        raise InvalidType(f"{name} is {given!r}, wanted a list of numbers such as [0.0]")
    return tuple(map(float, finite(name, numbers)))


def _entries(name: str, role: str, function: OnArrays, *points: Values, remedy: str = "") -> Values:
    """Return what a person's function gives, if it works entry by entry on arrays of any shape."""
    what = f"{role} of {name}"
    found = _call(what, function, *points)
    if not np.isfinite(found).all():
        at = ", ".join(f"{each[~np.isfinite(found)][0]:g}" for each in points)
        raise InvalidValue(f"{what} is not finite at {at}{remedy}")
    some = tuple(each[: 2 * (len(each) // 4)].reshape(2, -1)[:, ::-1] for each in points)
    again = _call(what, function, *some)[:, ::-1].ravel()
    if not np.allclose(again, found[: len(again)], rtol=1e-9, atol=1e-12):
        raise InvalidValue(
            f"{what} does not work entry by entry: the same numbers among others give other "
            "results; each entry may depend on the entry in the same place only"
        )
    return found


def _call(what: str, function: OnArrays, *points: Values) -> Values:
    given = [each.copy() for each in points]
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(function(*given))
    except ChainruleError:
        raise
    except Exception as problem:
        raise InvalidValue(
            f"{what} raises {type(problem).__name__} for an array of shape {points[0].shape}: "
            f"{problem}; write it with NumPy's functions, so that it takes arrays"
        ) from problem
    if found.shape != points[0].shape or found.dtype.kind not in "fiub":
        raise InvalidValue(
            f"{what} returns {found.dtype} of shape {found.shape}, wanted real numbers of shape "
            f"{points[0].shape}, as it was given"
        )
    if any(not np.array_equal(mine, theirs) for mine, theirs in zip(points, given, strict=True)):
        raise InvalidValue(f"{what} overwrites its argument: work on a copy")
    return found.astype(np.float64)


def _slopes(function: OnArrays, points: Values, kinks: Sequence[Any], *others: Values) -> Values:
    """Return the measured derivative by the first argument, with steps that stay off kinks."""
    away = np.full(points.shape, np.inf)
    for kink in kinks:
        away = np.minimum(away, np.abs(points - kink))
    slopes = np.empty(points.shape)
    for place, at in enumerate(points):
        fixed = [other[[place]] for other in others]

        def moved(offset: float, at: float = at, fixed: list[Values] = fixed) -> float:
            return float(np.asarray(function(np.array([at + offset]), *fixed)).item())

        with np.errstate(all="ignore"):
            slopes[place] = extrapolated(moved, min(2.0**-5, float(away[place]) / 2)).value
    return slopes


def _worst_if_wrong(claimed: Values, measured: Values) -> int | None:
    error = np.abs(claimed - measured)
    least = min(1.0, float(np.max(np.abs(measured))))
    wrong = ~(error <= TOLERANCE * np.maximum(least, np.abs(measured)))
    return int(np.argmax(np.where(wrong, error, -1.0))) if wrong.any() else None


def _predictions_and_targets(
    kinks: Sequence[float], outputs: Sequence[Activation]
) -> tuple[Values, Values]:
    """Return predictions that all of the output activations can make, each with every target."""
    predictions = np.concatenate([PROBABILITIES, ANYWHERE])
    for row in outputs:
        low, high = row.range
        predictions = predictions[(predictions > low) & (predictions < high)]
    a, y = (grid.ravel() for grid in np.meshgrid(predictions, TARGETS))
    clear = [all(abs(r - kink) > CLEAR for kink in kinks) for r in a - y]
    return a[clear], y[clear]


def _derivatives_of_the_table(z: Values) -> dict[str, Values]:
    argument = quantity("z", (1, "m"))
    found = {}
    for name, row in ACTIVATIONS.items():
        if row.elementwise:
            plan = Plan([Equation("slope", derivative_of(row, argument))], ["slope"])
            (slope,) = plan({"z": z[np.newaxis]}, {"m": len(z)})
            found[name] = np.broadcast_to(slope, (1, len(z)))[0]
    return found
