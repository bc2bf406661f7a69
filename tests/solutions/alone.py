"""Solutions run by themselves: their own gradients beside differences of their own cost.

Nothing of the package is imported here: this is the judge's judge. Parameters, data and gradients
are handed over in one convention (W is units × inputs, examples are columns), and turned into the
person's.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from solutions.words import Words

Arrays = dict[str, Any]
NEAR = 1e-6


class Alone:
    """A solution that has been run, to be called at other parameters and data.

    Parameters
    ----------
    words : Words
        Whose it is: how it is to be called.
    source : str
    """

    def __init__(self, words: Words, source: str) -> None:
        self.words = words
        self.cells = source.split("# %%")
        self.names = executed(source)

    def gradients(self, theta: Arrays, x: Any, y: Any) -> Arrays:
        """Return the person's gradients; shapes are as they come, rows turned to columns."""
        given = {name: value.copy() for name, value in theta.items()}
        with _quiet():
            return _GRADIENTS[self.words.style](self, given, x.copy(), y.copy())

    def cost(self, theta: Arrays, x: Any, y: Any) -> float:
        with _quiet():
            return float(_COSTS[self.words.style](self, theta, x, y))


def executed(source: str) -> dict[str, Any]:
    """Return what a file defines, after all of it has run."""
    kept = [line for line in source.split("\n") if not line.lstrip().startswith(("%", "!"))]
    names: dict[str, Any] = {"__name__": "solution"}
    with _quiet():
        exec(compile("\n".join(kept), "<solution>", "exec"), names)
    return names


@contextlib.contextmanager
def _quiet() -> Any:
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        yield


def parameters_of(words: Words, seed: int) -> Arrays:
    """Draw parameters for the person's own sizes."""
    rng = np.random.default_rng(seed)
    found: Arrays = {}
    for k in range(1, words.layers + 1):
        shape = (words.sizes[k], words.sizes[k - 1])
        found[f"W{k}"] = rng.normal(size=shape) * 1.5 / np.sqrt(shape[1])
        found[f"b{k}"] = rng.normal(size=(shape[0], 1)) * 0.7
    return found


def data_of(words: Words, seed: int, examples: int) -> tuple[Any, Any]:
    """Draw data; targets as the cost needs them."""
    rng = np.random.default_rng([seed, 1])
    x = rng.uniform(-1, 1, (words.sizes[0], examples))
    k = words.sizes[-1]
    if words.cost == "softmax":
        return x, np.eye(k)[rng.integers(k, size=examples)].T
    if words.cost == "binary":
        return x, (rng.random((k, examples)) > 0.5) * 1.0
    return x, rng.random((k, examples))


# column ------------------------------------------------------------------------------------------


def _column(alone: Alone, theta: Arrays, x: Any, y: Any) -> Arrays:
    words: Any = alone.words
    found = {}
    for entry in theta:
        alone.names.update(theta, x=x.copy(), y=y.copy(), m=x.shape[1])
        arguments = [alone.names[each] for each in words.arguments.split(", ")]
        found[entry] = alone.names[words.home(entry)](*arguments)
    return found


def _column_cost(alone: Alone, theta: Arrays, x: Any, y: Any) -> Any:
    alone.names.update(theta, x=x, y=y, m=x.shape[1])
    return alone.names[alone.words.name_of_cost()](x, y)


# dictionaries ------------------------------------------------------------------------------------


def _dictionaries(alone: Alone, theta: Arrays, x: Any, y: Any) -> Arrays:
    words: Any = alone.words
    _, cache = alone.names[words.forward](x, theta)
    given = {"parameters": theta, "cache": cache, "X": x, "Y": y, "lambd": words.penalty}
    grads = alone.names[words.backward](*(given[each] for each in words.order.split(", ")))
    return {entry: grads[f"d{entry}"] for entry in theta}


def _dictionaries_cost(alone: Alone, theta: Arrays, x: Any, y: Any) -> Any:
    words: Any = alone.words
    outputs, _ = alone.names[words.forward](x, theta)
    more = (theta, words.penalty) if words.penalty else ()
    return alone.names[words.name_of_cost()](outputs, y, *more)


def _caches(alone: Alone, theta: Arrays, x: Any, y: Any) -> Arrays:
    outputs, caches = alone.names["L_model_forward"](x, theta)
    grads = alone.names["L_model_backward"](outputs, y, caches)
    return {entry: grads[f"d{entry}"] for entry in theta}


def _caches_cost(alone: Alone, theta: Arrays, x: Any, y: Any) -> Any:
    outputs, _ = alone.names["L_model_forward"](x, theta)
    return alone.names[alone.words.name_of_cost()](outputs, y)


# classes -----------------------------------------------------------------------------------------


def _network(alone: Alone, theta: Arrays) -> Any:
    words = alone.words
    name = words.pick("class", "Network", "Network", "NeuralNetwork")
    net = alone.names[name](list(words.sizes))
    net.weights = [theta[f"W{k}"] for k in range(1, words.layers + 1)]
    net.biases = [theta[f"b{k}"] for k in range(1, words.layers + 1)]
    return net


def _classes(alone: Alone, theta: Arrays, x: Any, y: Any) -> Arrays:
    net = _network(alone, theta)
    found: Arrays = {}
    for i in range(x.shape[1]):
        biases, weights = net.backprop(x[:, i : i + 1].copy(), y[:, i : i + 1].copy())
        for k in range(alone.words.layers):
            for entry, value in ((f"W{k + 1}", weights[k]), (f"b{k + 1}", biases[k])):
                found[entry] = found.get(entry, 0) + np.asarray(value)
    return found


def _classes_cost(alone: Alone, theta: Arrays, x: Any, y: Any) -> Any:
    function = getattr(_network(alone, theta), alone.words.name_of_cost())
    return sum(function(x[:, i : i + 1], y[:, i : i + 1]) for i in range(x.shape[1]))


# rows --------------------------------------------------------------------------------------------


def _in_rows(theta: Arrays, flat: bool = True) -> Arrays:
    return {
        name: np.ascontiguousarray(value.ravel() if name[0] == "b" and flat else value.T)
        for name, value in theta.items()
    }


def _in_columns(found: Arrays) -> Arrays:
    turned = {}
    for name, value in found.items():
        array = np.asarray(value)
        turned[name] = array.reshape(-1, 1) if name[0] == "b" and array.ndim == 1 else array.T
    return turned


def _both(alone: Alone, theta: Arrays, x: Any, y: Any) -> tuple[Any, Arrays]:
    words: Any = alone.words
    given = _in_rows(theta)
    targets = np.argmax(y, axis=0) if words.labels else y.T.copy()
    if words.method:
        net = alone.names["TwoLayerNet" if words.layers == 2 else "Net"](*words.sizes)
        net.params = given
        loss, grads = net.loss(x.T.copy(), targets, REGULARISATION)
    else:
        function = alone.names[words.name_of_cost()]
        arguments = [given[name] for name in words.names]
        loss, grads = function(*arguments, x.T.copy(), targets, REGULARISATION)
    return loss, _in_columns({entry: grads[entry] for entry in theta})


REGULARISATION = 0.3


def _run_again(alone: Alone, theta: Arrays, x: Any, y: Any) -> dict[str, Any]:
    words: Any = alone.words
    names = dict(alone.names)
    names.update(_in_rows(theta, words.flat), X=x.T.copy(), Y=y.T.copy(), n=x.shape[1])
    if words.cost == "softmax":
        names["labels"] = np.argmax(y, axis=0)
    for cell in alone.cells[3:5]:
        exec(cell, names)
    return names


def _manual(alone: Alone, theta: Arrays, x: Any, y: Any) -> Arrays:
    names = _run_again(alone, theta, x, y)
    return _in_columns({entry: names[f"d{entry}"] for entry in theta})


_GRADIENTS: dict[str, Callable[..., Arrays]] = {
    "column": _column,
    "dictionaries": _dictionaries,
    "caches": _caches,
    "classes": _classes,
    "losses": lambda *args: _both(*args)[1],
    "manual": _manual,
}
_COSTS: dict[str, Callable[..., Any]] = {
    "column": _column_cost,
    "dictionaries": _dictionaries_cost,
    "caches": _caches_cost,
    "classes": _classes_cost,
    "losses": lambda *args: _both(*args)[0],
    "manual": lambda *args: _run_again(*args)["loss"],
}


# differences -------------------------------------------------------------------------------------


def differences(cost: Callable[[Arrays], float], theta: Arrays, step: float) -> Arrays:
    """Return central differences of fourth order."""
    found = {}
    for name, value in theta.items():
        slopes = np.empty(value.shape)
        for place in np.ndindex(value.shape):
            at = []
            for offset in (2, 1, -1, -2):
                moved = {each: v.copy() for each, v in theta.items()}
                moved[name][place] += offset * step
                at.append(cost(moved))
            slopes[place] = (8 * (at[1] - at[2]) - at[0] + at[3]) / (12 * step)
        found[name] = slopes
    return found


def truth(alone: Alone, seed: int, examples: int = 7) -> tuple[Arrays, Any, Any, Arrays]:
    """Return parameters, data and differences of the person's cost, away from kinks."""
    for draw in range(20):
        theta = parameters_of(alone.words, 100 * seed + draw)
        x, y = data_of(alone.words, 100 * seed + draw, examples)

        def cost(at: Arrays, x: Any = x, y: Any = y) -> float:
            return alone.cost(at, x, y)

        wide, narrow = (differences(cost, theta, step) for step in (1e-3, 3e-4))
        if distance(wide, narrow) < 1e-8:
            return theta, x, y, narrow
    raise AssertionError("every draw is at a kink: are these differences?")


def distance(left: Arrays, right: Arrays) -> float:
    """Return the largest difference of any entry, relative to its largest element."""
    worst = 0.0
    for name, wanted in right.items():
        came = np.asarray(left[name])
        if came.shape != wanted.shape:
            return np.inf
        if not np.all(np.isfinite(came)):
            return np.inf
        size = max(float(np.max(np.abs(wanted))), 1e-3)
        worst = max(worst, float(np.max(np.abs(came - wanted))) / size)
    return worst
