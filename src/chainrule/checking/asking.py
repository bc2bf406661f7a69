"""Functions that somebody wrote, asked for their gradients: again, and with other arguments.

They get copies of everything, so that nothing of the caller's can be changed. An exception of
theirs is a finding, not an error of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import real_array
from chainrule.checking.verdicts import Verdict
from chainrule.errors import ChainruleError
from chainrule.parameters import Parameters

Array = NDArray[np.float64]

SAME = 1e-9
"""Two results that differ by less, relative, are the same: threads may add in another order."""


@dataclass(frozen=True)
class Trouble:
    """Why there is no array.

    Parameters
    ----------
    verdict : Verdict
    slug, sentence : str
    """

    verdict: Verdict
    slug: str
    sentence: str


@dataclass(frozen=True)
class Answer:
    """What a function returned.

    Parameters
    ----------
    value : ndarray or Trouble
    changed : tuple of str
        The arguments that it overwrote: ``"x"``, ``"y"``, ``"W1"``, …
    """

    value: NDArray[Any] | Trouble
    changed: tuple[str, ...] = ()


def array_or_trouble(value: object) -> NDArray[Any] | Trouble:
    """Return an array of real numbers as it is, and of everything else what it is."""
    if value is None:
        words = "it returns None: the result is not returned, or not computed yet"
        return Trouble(Verdict.UNFINISHED, "returns_none", words)
    try:
        found = real_array("the gradient", value)
        half = getattr(value, "dtype", None) == np.float16
        return np.asarray(value) if half else found  # how precise it is, must be known
    except ChainruleError as problem:  # which says what came, and what was wanted
        return Trouble(Verdict.CANNOT_RUN, "wrong_type", str(problem))


ENDS = "it ends the program: exit() or sys.exit() is called in it"
OF_THEIRS = (Exception, SystemExit)
"""What somebody's code may raise; `KeyboardInterrupt` is whose patience has ended."""


def trouble_of(problem: BaseException) -> Trouble:
    """Return what an exception of somebody's code says."""
    words = f"it raised {type(problem).__name__}: {problem}"
    if isinstance(problem, SystemExit):
        words = ENDS
    if isinstance(problem, NotImplementedError):
        return Trouble(Verdict.UNFINISHED, "raises", words)
    return Trouble(
        Verdict.CANNOT_RUN, "not_defined" if isinstance(problem, NameError) else "raises", words
    )


def ask(function: Callable[..., Any], params: Parameters, x: Array, y: Array) -> Answer:
    """Call a gradient function with copies of its arguments.

    Parameters
    ----------
    function : callable
        Takes parameters, inputs and targets, returns the gradient of one entry.
    params : Parameters
    x, y : ndarray
    """
    given = {"x": x.copy(), "y": y.copy()}
    copies = params.copy()
    try:
        with np.errstate(all="ignore"):
            result = function(copies, given["x"], given["y"])
    except OF_THEIRS as problem:  # whatever it is
        return Answer(trouble_of(problem))
    value = array_or_trouble(result)
    if isinstance(value, np.ndarray):
        value = value.copy()  # it may be a view of what the next call overwrites
    before = {"x": x, "y": y, **params}
    after = {**given, **copies}
    changed = tuple(
        name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)
    )
    return Answer(value, changed)


def same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    """Return whether two results are the same but for rounding."""
    if left.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        size = float(np.max(np.abs(left), initial=0.0))
        return bool(np.allclose(left, right, rtol=0.0, atol=SAME * size, equal_nan=True))


def moved(params: Parameters) -> Parameters:
    """Return other parameters: nearer to 0, each by another part."""
    found = params.copy()
    shares = np.linspace(0.55, 0.85, found.flat.size)
    found.flat[...] = shares * found.flat + 0.05
    return found


def fewer(x: Array, y: Array) -> tuple[Array, Array]:
    """Return data with another number of examples, two at least."""
    m = x.shape[1]
    if m > 2:
        keep = max(2, (m + 1) // 2)
        return x[:, :keep].copy(), y[:, :keep].copy()
    return more(x, y, m + 2)


def more(x: Array, y: Array, count: int) -> tuple[Array, Array]:
    """Return data with more examples: targets are repeated, inputs vary."""
    places = np.arange(count) % x.shape[1]
    shares = np.linspace(1.0, -0.5, count)
    return x[:, places] * shares + 0.1 * (1.0 - shares), y[:, places].copy()
