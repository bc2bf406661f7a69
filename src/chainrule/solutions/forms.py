"""How arrays look in somebody's code: examples as rows or columns, biases of which shape, labels.

A `Form` turns our arrays (examples are columns, W is units × inputs, b is units × 1) into theirs,
and theirs back. Guesses are forms; the styles try them in the order of `forms`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.parameters import Parameters
from chainrule.solutions.reading import Array, Probe


@dataclass(frozen=True)
class Form:
    """The shapes of one reading.

    Parameters
    ----------
    rows : bool
        Whether examples are rows.
    one : bool
        Whether the code takes one example per call.
    flat : bool
        Whether that one example is a vector without a second axis.
    weights : {"units × inputs", "inputs × units", "(n,)"}
        The last for one unit: a vector.
    biases : {"(n, 1)", "(1, n)", "(n,)", "a number", "none", "first column", "last column"}
        A column: of the weights, which meets an input that is always 1.
    targets : {"as outputs", "labels", "column of labels", "labels from 1"}
    """

    rows: bool
    one: bool = False
    flat: bool = False
    weights: str = "units × inputs"
    biases: str = "(n, 1)"
    targets: str = "as outputs"

    @property
    def words(self) -> tuple[str, ...]:
        """The reading, in words."""
        examples = "examples in rows" if self.rows else "examples in columns"
        if self.one:
            examples = "one example per call, a " + (
                "vector" if self.flat else "row" if self.rows else "column"
            )
        found = [examples, f"weights of shape {self.weights}"]
        if self.biases == "none":
            found.append("no biases")
        elif self.in_weights:
            found.append(f"biases are the {self.biases} of the weights")
        else:
            found.append(f"biases of shape {self.biases}".replace("of shape a", "are a"))
        if self.targets != "as outputs":
            found.append("targets are labels")
        return tuple(found)

    @property
    def in_weights(self) -> bool:
        """Whether biases are a column of the weights."""
        return self.biases.endswith("column")

    def data(self, ours: Array) -> Array:
        """Return inputs or targets, units × examples, as their code takes them."""
        if self.flat:
            return np.array(ours[:, 0])
        return np.array(ours.T, order="C") if self.rows else np.array(ours)

    def target(self, ours: Array) -> Array:
        """Return targets as their code takes them."""
        if self.targets == "as outputs":
            return self.data(ours)
        labels = np.argmax(ours, axis=0) if ours.shape[0] > 1 else np.round(ours[0]).astype(int)
        if self.targets == "labels from 1":
            return np.array(labels + 1)
        if self.targets == "column of labels":
            return np.array(labels[:, None] if self.rows else labels[None, :])
        return np.array(labels)

    def outputs(self, theirs: Array) -> Array:
        """Return outputs of theirs, units × examples."""
        if theirs.ndim == 1:
            return theirs[:, None] if self.one else theirs[None, :]
        return theirs.T if self.rows else theirs

    def parameter(self, entry: str, ours: Array) -> Array:
        """Return a parameter as their code has it."""
        if entry.startswith("W"):
            if self.weights == "(n,)":
                return np.array(ours[0])
            turned = ours if self.weights == "units × inputs" else ours.T
            return np.array(turned, order="C")
        if self.biases == "a number":
            return np.array(ours[0, 0])
        return np.array(ours.reshape(self._bias(len(ours))))

    def gradient(self, entry: str, theirs: Array, units: int) -> Array:
        """Return a gradient of theirs in our orientation; what has a wrong shape keeps it."""
        if entry.startswith("W"):
            if self.weights == "(n,)" and theirs.ndim == 1:
                return theirs[None, :]
            return theirs.T if self.weights == "inputs × units" and theirs.ndim == 2 else theirs
        if self.biases == "a number" and theirs.ndim == 0:
            return theirs.reshape(1, 1)
        row = self.biases in ("(1, n)", "(n,)")
        if theirs.shape == self._bias(units) or (row and theirs.shape in ((units,), (1, units))):
            return theirs.reshape(units, 1)  # (n,) and (1, n) are spread alike
        return theirs.T if row and theirs.ndim == 2 and theirs.shape[1] == units else theirs

    def _bias(self, units: int) -> tuple[int, ...]:
        return {"(1, n)": (1, units), "(n,)": (units,)}.get(self.biases, (units, 1))


def draw(sizes: Sequence[int], examples: int, seed: int) -> Probe:
    """Return a probe to try readings with: large weights, biases that are not 0."""
    rng = np.random.default_rng(seed)
    params = Parameters(sizes)
    for name, view in params.items():
        scale = 1.75 / np.sqrt(view.shape[1]) if name.startswith("W") else 0.7
        view[...] = scale * rng.standard_normal(view.shape)
    x = rng.uniform(-1.0, 1.0, (sizes[0], examples))
    return Probe(params, x, rng.uniform(0.05, 0.95, (sizes[-1], examples)))


def targets_of(probe: Probe) -> Probe:
    """Return a probe whose targets are 0 or 1: one-hot where there are several outputs.

    They are what squared error and cross-entropy both take.
    """
    rng = np.random.default_rng(probe.examples)
    k, m = probe.y.shape
    if k == 1:
        y = (np.arange(m) % 2 == 0).astype(float)[None, :]
    else:
        y = np.eye(k)[:, rng.permutation(np.arange(m) % k)]
    return Probe(probe.params, probe.x, y)


def without_biases(probe: Probe) -> Probe:
    """Return a probe whose biases are 0, for code that has none."""
    params = probe.params.copy()
    for name, view in params.items():
        if name.startswith("b"):
            view[...] = 0.0
    return Probe(params, probe.x, probe.y)


def examples_of(probe: Probe) -> Iterator[Probe]:
    """Yield every example of a probe by itself."""
    for place in range(probe.examples):
        each = slice(place, place + 1)
        yield Probe(probe.params, probe.x[:, each], probe.y[:, each])


def chained(shapes: list[tuple[int, ...]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield how weights of these shapes may follow each other: orientation, and sizes.

    Examples
    --------
    >>> list(chained([(5, 3), (2, 5)]))
    [('units × inputs', (3, 5, 2))]
    """
    if any(len(shape) != 2 for shape in shapes):
        return
    turned = {
        "units × inputs": shapes,
        "inputs × units": [shape[::-1] for shape in shapes],
    }
    for orientation, each in turned.items():
        if all(above[1] == below[0] for below, above in itertools.pairwise(each)):
            yield orientation, (each[0][1], *(shape[0] for shape in each))


def array_of(value: Any) -> Array | None:
    """Return an array of numbers; ``None`` for everything else."""
    if value is None or isinstance(value, (str, bytes, bool)):
        return None
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        found = np.asarray(value)
    except Exception:  # ragged lists; and ``__array__`` of theirs may raise anything
        return None
    return found if found.dtype.kind in "fiu" else None
