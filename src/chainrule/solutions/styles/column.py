"""One function per Jacobian: ``J_W3(x, y)`` or ``J_W3(y)``, and parameters in globals.

The way of the notebook with which this project began. ``W1 … bL``, ``x`` and ``y`` are set; other
globals are evaluated from their own defining expression (``m = x.size``), never made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.solutions import roles
from chainrule.solutions.calls import as_array, evaluated
from chainrule.solutions.findings import Finding
from chainrule.solutions.probes import usual_sizes
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import binding, sizes
from chainrule.solutions.styles.layout import Layout

JACOBIAN = re.compile(
    r"^(?:(?:J|j|d|D|dC|dL|dJ|dE|dLoss|dloss|dCost|dcost|partial|backprop|grad|gradient|jacobian"
    r"|jac|Jac|compute|get|calc)_?)+(?:d|D|grad_)?_?(W|w|b|B|weights?|bias(?:es)?)_?(\d+)$"
)


ROWS = (Layout(rows=True, flat=True), Layout(rows=True))
"""Of examples in rows biases are mostly (n,)."""


class Column:
    """The style."""

    name = "one function per Jacobian, examples in columns"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the reading with free sizes, then with their own."""
        pieces = tuple(sorted(_pieces(space), key=lambda piece: piece.entry))
        if not any(piece.entry.startswith("W") for piece in pieces):
            return
        reading = ColumnReading(space, pieces)
        yield reading
        for own in sizes.own(space, reading.layers):
            yield ColumnReading(space, pieces, own)
        for outputs in (1, 10):
            yield ColumnReading(space, pieces, usual_sizes(reading.layers, outputs))
        for layout in ROWS:
            yield ColumnReading(space, pieces, layout=layout)
            for own in sizes.own(space, reading.layers):
                yield ColumnReading(space, pieces, own, layout)


def _pieces(space: Space) -> Iterator[Piece]:
    for name, definition in space.definitions.found.items():
        match = JACOBIAN.match(name)
        if match and name in space and callable(space[name]):
            kind = "W" if match[1][0] in "Ww" else "b"
            yield Piece(f"{kind}{int(match[2])}", name, definition.place)


class ColumnReading:
    """Globals are set, functions called.

    Parameters
    ----------
    space : Space
    pieces : tuple of Piece
    own : tuple of int, optional
        Sizes that the code has fixed inside.
    layout : Layout, optional
        How arrays lie.
    """

    style = Column.name

    def __init__(
        self,
        space: Space,
        pieces: tuple[Piece, ...],
        own: tuple[int, ...] | None = None,
        layout: Layout = Layout(),  # noqa: B008 (frozen)
    ) -> None:
        self.space, self.pieces = space, pieces
        self.layers = max(int(piece.entry[1:]) for piece in pieces)
        self.words: tuple[str, ...] = (*layout.words, "parameters in globals")
        self._layout = layout
        if own is not None:
            self.words = (*self.words, f"sizes {'-'.join(map(str, own))}")
        self.notes: list[Finding] = []
        self._own = own
        found = space.definitions.found
        taken = {piece.name for piece in pieces}
        self._params = roles.parameter_names(space, self.layers)
        cost = roles.first(found, roles.COST, taken)
        params = {self._params[piece.entry] for piece in pieces}
        named = {
            "forward": roles.forward_pass(space, params, cost, taken)
            or roles.first(found, roles.FORWARD, taken),
            "cost": cost,
            "derivative": roles.first(found, roles.SLOPE, taken),
            "activation": roles.first(found, roles.ACTIVATION, taken),
        }
        self.names = {role: name for role, name in named.items() if name is not None}
        self._stand_in()

    def sizes(self) -> tuple[int, ...] | None:
        """Return their own sizes, where they have to be met."""
        return self._own

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return what each function returns."""
        found: dict[str, Array | Trouble] = {}
        for piece in self.pieces:
            values = self._set(probe, piece.name)
            result = binding.call(self.space, piece.name, values)
            if not isinstance(result, Trouble):
                result = as_array(piece.name, result, piece.place)
            if not isinstance(result, Trouble):
                result = self._layout.ours(piece.entry, result)
            found[piece.entry] = result
        return found

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost."""
        name = self.names.get("cost")
        if name is None:
            return None
        result = binding.call(self.space, name, self._set(probe, name))
        return roles.number(self.space, name, result)

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer, of whatever the forward pass returns."""
        name = self.names.get("forward")
        if name is None:
            return None
        result = binding.call(self.space, name, self._set(probe, name))
        if isinstance(result, Trouble):
            return result
        found = roles.last_layer(self.space, name, result, self.layers)
        return found if isinstance(found, Trouble) else self._layout.activations(found)

    def activation(self) -> tuple[str, Any] | None:
        """Return their activation."""
        return self._named("activation")

    def slope(self) -> tuple[str, Any] | None:
        """Return its derivative."""
        return self._named("derivative")

    def _named(self, role: str) -> tuple[str, Any] | None:
        name = self.names.get(role)
        return None if name is None or name not in self.space else (name, self.space[name])

    def _set(self, probe: Probe, name: str) -> dict[str, Any]:
        """Set globals, and return what arguments may be called."""
        names = self.space.names
        for entry, value in probe.params.items():
            names[self._params[entry]] = self._layout.parameter(entry, value)
        x, y = self._layout.inputs(probe), self._layout.targets(probe)
        wanted = self.space.reads(name)
        for spelled, value in (
            *((n, x) for n in binding.INPUTS),
            *((n, y) for n in binding.TARGETS),
        ):
            if spelled in ("x", "y") or spelled in wanted:
                names[spelled] = value
        derived = self._derived()
        for each in sorted(wanted):
            if each in derived or each not in names:
                value = evaluated(self.space, each)
                if value is not None:
                    names[each] = value
        values = binding.known(x, y)
        values |= {self._params[entry]: names[self._params[entry]] for entry in probe.params}
        forward = self.names.get("forward")
        arguments = binding.arguments(self.space, name)
        if forward is not None and name != forward and set(arguments) - set(values):
            result = binding.call(self.space, forward, values)
            if not isinstance(result, Trouble):
                values = {**binding.named(self.space, forward, result), **values}
        return values

    def _derived(self) -> set[str]:
        """Return names of globals that are defined by an expression in the data, such as m."""
        own = {*binding.INPUTS, *binding.TARGETS, *self._params.values()}
        return set(self.space.definitions.assignments) - own - set(self.space.definitions.found)

    def _stand_in(self) -> None:
        """Where a forward pass is called by a name that nobody defines, take the one there is."""
        forward = self.names.get("forward")
        if forward is None:
            return
        for name, definition in self.space.definitions.found.items():
            for read in sorted(self.space.reads(name)):
                if read in roles.FORWARD and read not in self.space:
                    self.space.names[read] = self.space[forward]
                    self.notes.append(
                        Finding(
                            "missing_definition",
                            "remark",
                            f"{name} calls {read}, which is not defined in this file: read as "
                            f"{forward}",
                            f"call {forward}",
                            entries=(name,),
                            place=definition.place,
                        )
                    )
