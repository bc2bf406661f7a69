"""How arrays lie in other people's code: examples in columns or rows, biases, targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.solutions.reading import Array, Probe


@dataclass(frozen=True)
class Layout:
    """One way to lay arrays.

    Parameters
    ----------
    rows : bool
        Whether examples are rows, and W is inputs × units.
    flat : bool
        Whether biases have one axis.
    labels : bool
        Whether targets are numbers of classes, one for each example.
    """

    rows: bool = False
    flat: bool = False
    labels: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The reading in words."""
        shape = "(n,)" if self.flat else "(1, n)" if self.rows else "(n, 1)"
        return (
            "examples in rows" if self.rows else "examples in columns",
            f"biases of shape {shape}",
            *(["targets as numbers of classes"] if self.labels else []),
        )

    def parameter(self, entry: str, value: Array) -> Array:
        """Return one of our parameters as theirs."""
        if entry.startswith("b") and self.flat:
            return value.ravel().copy()
        return value.T.copy() if self.rows else value.copy()

    def ours(self, entry: str, value: Array) -> Array:
        """Return one of their parameters, or its gradient, as ours, if it has the right shape."""
        if entry.startswith("b") and value.ndim == 1 and (self.flat or self.rows):
            return value.reshape(-1, 1)  # in rows, (n,) and (1, n) are spread alike
        return value.T if self.rows and value.ndim == 2 else value

    def inputs(self, probe: Probe) -> Array:
        """Return the inputs of a probe."""
        return probe.x.T.copy() if self.rows else probe.x.copy()

    def targets(self, probe: Probe) -> Array:
        """Return the targets of a probe."""
        if self.labels:
            one = probe.y.shape[0] == 1
            return np.asarray(probe.y[0].astype(int) if one else np.argmax(probe.y, axis=0))
        return probe.y.T.copy() if self.rows else probe.y.copy()

    def activations(self, value: Array) -> Array:
        """Return their activations, units × examples."""
        return value.T if self.rows else value
