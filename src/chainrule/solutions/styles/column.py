"""One function per Jacobian: ``J_W3(x, y)`` or ``J_W3(y)``, and parameters in globals.

The way of the notebook with which this project began. ``W1 … bL``, ``x`` and ``m`` are globals;
whatever else is read is evaluated from its own defining expression, never made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.solutions.calls import attempt, evaluated
from chainrule.solutions.findings import Finding
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space

JACOBIAN = re.compile(r"^(?:J|j|d|dC|dL|dJ|grad|gradient|jacobian|Jac|D)?_?(?:d)?(W|w|b|B)_?(\d+)$")
FORWARD = (
    "feed_forward",
    "feedforward",
    "network_function",
    "forward",
    "forward_pass",
    "forward_propagation",
    "feed_fwd",
    "predict",
)
COST = ("cost", "cost_function", "loss", "C", "J", "compute_cost", "mse")
SIGMA = ("sigma", "sigmoid", "activation", "act", "f", "phi", "tanh", "relu")
SLOPE = (
    "d_sigma",
    "dsigma",
    "sigma_prime",
    "d_sigmoid",
    "sigmoid_prime",
    "sigmoid_derivative",
    "derivative",
    "df",
    "f_prime",
    "d_tanh",
    "tanh_prime",
    "d_relu",
    "relu_prime",
    "d_activation",
)
INPUTS, TARGETS = ("x", "X", "a0", "inputs"), ("y", "Y", "t", "target", "targets")


class Column:
    """The style."""

    name = "one function per Jacobian, examples in columns"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading, if there are such functions for weights."""
        pieces = []
        for name, definition in space.definitions.found.items():
            match = JACOBIAN.match(name)
            if match and name in space and callable(space[name]) and definition.arguments:
                kind = match[1].upper() if match[1] in "Ww" else "b"
                pieces.append(Piece(f"{kind}{int(match[2])}", name, definition.place))
        if any(piece.entry.startswith("W") for piece in pieces):
            yield ColumnReading(space, tuple(sorted(pieces, key=lambda piece: piece.entry)))


class ColumnReading:
    """Globals are set, functions called."""

    style = Column.name

    def __init__(self, space: Space, pieces: tuple[Piece, ...]) -> None:
        self.space, self.pieces = space, pieces
        self.layers = max(int(piece.entry[1:]) for piece in pieces)
        self.words: tuple[str, ...] = (
            "examples in columns",
            "biases of shape (n, 1)",
            "parameters in globals",
        )
        self.notes: list[Finding] = []
        self._forward = next((name for name in FORWARD if name in space.definitions.found), None)
        self._alias()

    def sizes(self) -> tuple[int, ...] | None:
        """Return nothing: sizes are free."""
        return None

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return what each function returns."""
        found: dict[str, Array | Trouble] = {}
        for piece in self.pieces:
            self._set(probe)
            found[piece.entry] = attempt(self.space, piece.name, self._arguments(piece.name, probe))
        return found

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost."""
        name = next((each for each in COST if each in self.space.definitions.found), None)
        if name is None:
            return None
        self._set(probe)
        found = attempt(self.space, name, self._arguments(name, probe))
        if isinstance(found, Trouble):
            return found
        return (
            float(found.item())
            if found.size == 1
            else Trouble(
                "wrong_type",
                f"{name} returned an array of shape {found.shape}, wanted one number",
                self.space.place(name),
            )
        )

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the last of what the forward pass returns."""
        if self._forward is None:
            return None
        self._set(probe)
        return attempt(self.space, self._forward, self._arguments(self._forward, probe), last=True)

    def activation(self) -> tuple[str, Any] | None:
        """Return their activation."""
        return self._first(SIGMA)

    def slope(self) -> tuple[str, Any] | None:
        """Return its derivative."""
        return self._first(SLOPE)

    def _first(self, names: tuple[str, ...]) -> tuple[str, Any] | None:
        name = next((each for each in names if each in self.space.definitions.found), None)
        return None if name is None else (name, self.space[name])

    def _set(self, probe: Probe) -> None:
        names = self.space.names
        for name, value in probe.params.items():
            names[name] = value.copy()
        names["x"], names["y"] = probe.x.copy(), probe.y.copy()
        wanted = set().union(*(self.space.reads(piece.name) for piece in self.pieces))
        for name in sorted(wanted):
            if name not in names or name in self._derived():
                value = evaluated(self.space, name)
                if value is not None:
                    names[name] = value

    def _derived(self) -> set[str]:
        """Return names of globals that are defined by an expression in the data, such as m."""
        own = {
            "x",
            "y",
            *(f"{kind}{layer}" for kind in "Wb" for layer in range(1, self.layers + 1)),
        }
        return set(self.space.definitions.assignments) - own - set(self.space.definitions.found)

    def _arguments(self, name: str, probe: Probe) -> tuple[Any, ...]:
        definition = self.space.definitions.found[name]
        values: list[Any] = []
        for argument in definition.arguments:
            if argument in INPUTS:
                values.append(probe.x.copy())
            elif argument in TARGETS:
                values.append(probe.y.copy())
            elif argument in self.space.names:
                values.append(self.space[argument])
            else:
                break
        return tuple(values)

    def _alias(self) -> None:
        """Where a forward pass is called by a name that nobody defines, take the one there is."""
        if self._forward is None:
            return
        for name, definition in self.space.definitions.found.items():
            for read in sorted(self.space.reads(name)):
                if read in FORWARD and read not in self.space:
                    self.space.names[read] = self.space[self._forward]
                    self.notes.append(
                        Finding(
                            "missing_definition",
                            "remark",
                            f"{name} calls {read}, which is not defined in this file: read as "
                            f"{self._forward}",
                            f"call {self._forward}",
                            entries=(name,),
                            place=definition.place,
                        )
                    )
