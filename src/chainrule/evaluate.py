"""Derivation → numbers: walks the equations on any array namespace. This is the reference.

A plan takes the expressions apart once; what each operation does to arrays is in `arithmetic`. The
native engine and emitted sources are held to what this module computes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from chainrule import expr
from chainrule.arithmetic import NUMERICS, Arithmetic, Array
from chainrule.coefficient import Coefficient
from chainrule.elementary import magnitude
from chainrule.equation import Equation
from chainrule.errors import InvalidValue
from chainrule.expr import Dim, Expr, Op

# What to call, the slot of its result, what picks its arguments out of the slots, and whether
# that is a single one.
Step = tuple[Callable[..., Array], int, Callable[[list[Any]], Any], bool]


class Plan:
    """Equations made ready to be evaluated many times.

    Expressions are taken apart once: named functions become their stable forms, what occurs
    twice is computed once, what nothing needs is left out.

    Parameters
    ----------
    equations : iterable of Equation
        In an order in which each uses earlier ones only.
    wanted : iterable of str
        Names of the equations whose values are asked for.
    xp : module, optional
        The array namespace.
    complex_step : bool, optional
        Whether values will be complex. Decisions are then taken on the real part.

    Notes
    -----
    Values may be stacks of matrices along further axes in front, which are paired as NumPy pairs
    them: every example as a batch of its own gives the Jacobians of each example.
    """

    def __init__(
        self,
        equations: Iterable[Equation],
        wanted: Iterable[str],
        xp: Any = np,
        *,
        complex_step: bool = False,
    ) -> None:
        self.wanted = tuple(wanted)
        self._arithmetic = Arithmetic(xp, complex_step)
        self._bodies = {equation.name: equation.expr for equation in equations}
        self._slots: dict[Expr | str, int] = {}
        self._inputs: dict[str, int] = {}
        self._factors: list[tuple[int, Coefficient]] = []
        self._spreads: list[tuple[int, tuple[Dim, ...]]] = []
        self._steps: list[Step] = []
        self._count = 0
        self._constants: tuple[tuple[float, ...], list[Any]] | None = None
        for name in self._needed():
            self._named(name)
        self._results = [self._slots[name] for name in self.wanted]

    def __call__(self, values: Mapping[str, Array], constants: Mapping[str, float]) -> list[Array]:
        """Return the wanted values, in their order.

        Parameters
        ----------
        values : mapping of str to array
            Inputs, targets and parameters by name.
        constants : mapping of str to float
            The named constants, as `Architecture.constants` gives them.
        """
        slots = self._with_constants(constants)
        for name, slot in self._inputs.items():
            slots[slot] = values[name]
        for function, out, arguments, single in self._steps:
            found = arguments(slots)
            slots[out] = function(found) if single else function(*found)
        return [slots[slot] for slot in self._results]

    def _with_constants(self, constants: Mapping[str, float]) -> list[Any]:
        """Return all slots, with what depends on the named constants alone filled in."""
        key = tuple(constants.values())
        if self._constants is None or self._constants[0] != key:
            slots: list[Any] = [None] * self._count
            for slot, factor in self._factors:
                slots[slot] = factor.value(constants)
            for slot, dims in self._spreads:
                slots[slot] = tuple(int(constants[d]) if isinstance(d, str) else d for d in dims)
            self._constants = (key, slots)
        return self._constants[1].copy()

    def _needed(self) -> list[str]:
        """Return the equations that the wanted ones need, themselves included, in order."""
        needed = set(self.wanted)
        for name, body in reversed(self._bodies.items()):
            if name in needed:
                needed |= body.symbols()
        return [name for name in self._bodies if name in needed]

    def _new_slot(self) -> int:
        self._count += 1
        return self._count - 1

    def _named(self, name: str) -> int:
        if name not in self._slots:
            if name in self._bodies:
                self._slots[name] = self._place(self._bodies[name])
            else:
                self._slots[name] = self._inputs[name] = self._new_slot()
        return self._slots[name]

    def _place(self, node: Expr) -> int:
        if node.op is Op.SYMBOL:
            return self._named(node.name)
        if node not in self._slots:
            self._slots[node] = self._compute(node)
        return self._slots[node]

    def _compute(self, node: Expr) -> int:
        if node.op is Op.CONSTANT:
            return self._factor(node.coefficient)
        if node.op in _BODIES:
            assert node.function is not None
            if node.function.by_hand is not None:
                return self._by_hand(node, node.function.by_hand)
            return self._place(_body(node))
        if node.op is Op.WHERE_POSITIVE and self._is_plain_magnitude(node):
            return self._step(self._arithmetic.xp.abs, [self._place(node.args[0])])
        arguments = [self._place(arg) for arg in _without_idle_spread(node)]
        if node.op is Op.SCALE:
            arguments.insert(0, self._factor(node.coefficient))
        if node.op is Op.SPREAD:
            arguments.append(self._new_slot())
            self._spreads.append((arguments[-1], node.shape))
        return self._step(NUMERICS[node.op](self._arithmetic), arguments)

    def _by_hand(self, node: Expr, pair: tuple[Callable[..., Array], Callable[..., Array]]) -> int:
        """Call what a person wrote, and give back the dtype that it was given."""
        function = pair[0 if node.op in (Op.APPLY, Op.LOSS) else 1]
        called = self._arithmetic.call(function)
        return self._step(called, [self._place(arg) for arg in node.args])

    def _is_plain_magnitude(self, node: Expr) -> bool:
        return not self._arithmetic.complex_step and node == magnitude(node.args[0])

    def _step(self, function: Callable[..., Array], arguments: list[int]) -> int:
        out = self._new_slot()
        self._steps.append((function, out, operator.itemgetter(*arguments), len(arguments) == 1))
        return out

    def _factor(self, coefficient: Coefficient) -> int:
        slot = self._new_slot()
        self._factors.append((slot, coefficient))
        return slot


_BODIES: Mapping[Op, Callable[[expr.Function], Expr | None]] = {
    Op.APPLY: expr.Function.computed,
    Op.DERIVATIVE: expr.Function.computed_derivative,
    Op.LOSS: expr.Function.computed,
    Op.LOSS_DERIVATIVE: expr.Function.computed_derivative,
}

_PAIRED = frozenset({Op.ADD, Op.SUBTRACT, Op.HADAMARD, Op.DIVIDE})


def _body(node: Expr) -> Expr:
    row = node.function
    assert row is not None
    body = _BODIES[node.op](row)
    if body is None:
        raise InvalidValue(f"{row.name} was left undefined, and has no values: give it a row")
    return expr.written_out(node, body)


def _without_idle_spread(node: Expr) -> tuple[Expr, ...]:
    """Drop spreads that the pairing of entries does by itself."""
    if node.op not in _PAIRED or all(arg.op in (Op.SPREAD, Op.CONSTANT) for arg in node.args):
        return node.args
    return tuple(arg.args[0] if arg.op is Op.SPREAD else arg for arg in node.args)
