"""What was done in one step of a backward pass, where all above it is right.

The statements by which a variable goes on say which part of a network they are: a function of every
entry, a product with weights, a sum with biases. That part is put into the derivation of a small
network, and its mutations are tried that need nothing but this one step: so a mistake has the same
name here as in a network that is known whole.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from chainrule import notation
from chainrule.solutions import direct, meaning
from chainrule.solutions.calling import Failed
from chainrule.solutions.fragments import Fragment, Named, mutation, near
from chainrule.solutions.reading import Array
from chainrule.solutions.slots import named, product
from chainrule.solutions.straight import Step, Trace, as_numbers, like

SMALL = 512
"""Entries of a variable whose ways to the cost are told apart by differences."""


class OneStep:
    """A variable of a forward pass, and the ways on which it goes on.

    Parameters
    ----------
    trace : Trace
        Run over the forward pass.
    subject : str
        The variable.
    begin : int
        The first step of the backward pass.
    gradient : callable
        Of the name of a variable: what its gradient is called, and what it is; ``None`` where that
        is not known.
    cost : str
    """

    def __init__(
        self,
        trace: Trace,
        subject: str,
        begin: int,
        gradient: Callable[[str], tuple[str, Array] | None],
        cost: str,
    ) -> None:
        self.trace, self.subject, self.cost, self.begin = trace, subject, cost, begin
        self.state = trace.state(begin - 1)
        self.first = trace.last(subject, begin)
        self.steps = trace.steps[:begin]
        self._gradient = gradient

    @cached_property
    def _ways(self) -> list[tuple[Step, str, str, Array]]:
        """The statements that read the variable, what they assign, and its gradient."""
        found = []
        for step, result in self._goes_on():
            known = ("1", np.array(1.0)) if result == self.cost else self._gradient(result)
            if known is not None:
                found.append((step, result, *known))
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the variable."""
        value: Any = self.state.get(self.subject)
        return tuple(np.shape(value))

    def named(self, came: Array, truth: Array) -> Named | None:
        """Return the mistake that makes of what is right what came; ``None`` if none does.

        Parameters
        ----------
        came, truth : ndarray
            They may have different shapes.
        """
        if not np.isfinite(truth).all() or not np.isfinite(came).all() or not truth.any():
            return None
        if came.shape == truth.shape:
            lost = self._lost(came, truth)
            if lost is not None:
                return lost
        for fragment in self._fragments():
            found = mutation(fragment, came, truth)
            if found is not None:
                return found
        return self._of_another(came, truth)

    # The ways on -------------------------------------------------------------------------------

    def _goes_on(self) -> Iterator[tuple[Step, str]]:
        if self.first is None:
            return
        for step in self.steps[self.first + 1 :]:
            if self.subject in step.fresh:
                return
            if self.subject in step.reads and len(step.fresh) == 1:
                yield step, next(iter(step.fresh))

    def _lost(self, came: Array, truth: Array) -> Named | None:
        """Return `lost_path` where one of several ways on was left out."""
        value = as_numbers(self.state.get(self.subject))
        if len(self._ways) < 2 or value is None or value.size > SMALL:
            return None
        for step, result, _, above in self._ways:
            alone = self._by(step, result, above, value)
            if alone is None or alone.shape != came.shape or near(alone, 0 * alone, truth):
                continue
            both = f"{self.subject} reaches {self.cost} on {len(self._ways)} ways"
            line = step.place.source.strip()
            if near(came, truth - alone, truth):
                return Named("lost_path", f"{both}: that of {line} is left out")
            if near(came, alone, truth):
                return Named("lost_path", f"{both}: that of {line} alone is counted")
        return None

    def _by(self, step: Step, result: str, above: Array, value: Array) -> Array | None:
        """Return what comes back on one way, by differences."""
        model = self.state[self.subject]

        def along(moved: Array) -> float:
            names = dict(self.state)
            names[self.subject] = like(moved, model)
            try:
                step.run(self.trace.space, names)
            except Failed:  # as it is, it ran: a moved value does not show this way
                return float("nan")
            made = as_numbers(names.get(result))
            return float(np.sum(made * above)) if made is not None else float("nan")

        found = direct.once(along, value)
        return found if np.isfinite(found).all() else None

    # As fragments of a network -----------------------------------------------------------------

    def _fragments(self) -> Iterator[Fragment]:
        value = as_numbers(self.state.get(self.subject))
        if value is None:
            return
        for step, result, called, above in self._ways:
            made = as_numbers(self.state.get(result))
            if made is None or above.shape != made.shape:
                continue
            spelled = {"∂C/∂a1": called, "z1": self.subject, "a1": result}
            if made.shape == value.shape:
                yield from self._activation(value, made, above, spelled)
            if value.ndim <= 2 and made.ndim == 2:
                yield from self._product(step, value, called, above)
        yield from self._softmax(value)

    def _softmax(self, value: Array) -> Iterator[Fragment]:
        """Yield softmax of the variable, which may take several statements."""
        later = self.steps[self.first + 1 :] if self.first is not None else []
        for result in dict.fromkeys(name for step in later for name in sorted(step.fresh)):
            made = as_numbers(self.state.get(result))
            if made is None or made.ndim != 2 or made.shape != value.shape:
                continue
            for rows in (True, False):
                z, a = (each.T if rows else each for each in (value, made))
                if len(z) < 2 or not np.allclose(meaning.value("softmax", z), a, rtol=1e-9):
                    continue
                known = self._gradient(result)
                if known is None:
                    continue
                spelled = {"∂C/∂a1": known[0], "z1": self.subject, "a1": result}
                above = known[1].T if rows else known[1]
                values = {"z1": z, "a1": a, notation.adjoint("a1"): above}
                yield Fragment(
                    notation.adjoint("z1"), (1, len(z)), "softmax", values, spelled, turned=rows
                )

    def _activation(
        self, value: Array, made: Array, above: Array, spelled: dict[str, str]
    ) -> Iterator[Fragment]:
        z, a = value.reshape(1, -1), made.reshape(1, -1)
        for name in meaning.elementwise():
            if not np.allclose(meaning.value(name, z), a, rtol=1e-9, atol=1e-12):
                continue
            last = any(spelled["a1"] in s.reads and self.cost in s.fresh for s in self.steps)
            values = {"z1": z, "a1": a, notation.adjoint("a1"): above.reshape(1, -1)}
            wanted = notation.adjoint("z1")
            sizes = (1, 1) if last else (1, 1, 1)
            yield Fragment(wanted, sizes, name, values, spelled, flat=True)
            return

    def _product(self, step: Step, value: Array, called: str, delta: Array) -> Iterator[Fragment]:
        """Yield the parts of a product with weights; examples are in rows or in columns."""
        for node in ast.walk(step.node):
            factors = [slot.get() for slot in product(node)]
            names = [named(_bare(each)) for each in factors]
            if self.subject not in names or names[0] == names[1]:
                continue
            place = names.index(self.subject)
            other = self._value(factors[1 - place])
            if _bare(factors[place]) is not factors[place] or other is None or other.ndim != 2:
                continue  # its transpose goes on, or it is no matrix
            text = names[1 - place] or ast.unparse(factors[1 - place])
            mine = value if value.ndim == 2 else value[None, :]
            if self._leaf(self.subject):  # weights, and what they are multiplied with
                W, a, wanted = mine, other, notation.adjoint("W2")
                spelled = {"W2": self.subject, "a1": text, "δ2": called}
            else:
                W, a, wanted = other, mine, notation.adjoint("a1")
                spelled = {"W2": text, "a1": self.subject, "δ2": called}
            rows = (place == 1) == self._leaf(self.subject)  # a W, not W a
            values = {"W2": W, "a1": a, notation.adjoint("z2"): delta}
            values |= self._beside(step, delta, rows)
            if rows:
                values = {name: each.T for name, each in values.items()}
            sizes = (1, *(W.shape if rows else W.shape[::-1]))
            yield Fragment(wanted, sizes, "identity", values, spelled, turned=rows)

    def adds(self) -> bool:
        """Return whether it is a bias: of nothing that is made here, and added to something."""
        for step, _ in self._goes_on() if self._leaf(self.subject) else ():
            for node in ast.walk(step.node):
                match node:
                    case ast.BinOp(left, ast.Add(), right):
                        if self.subject in (named(left), named(right)):
                            return True
        return False

    def _beside(self, step: Step, delta: Array, rows: bool) -> dict[str, Array]:
        """Return the biases of a layer, where they are added in the same statement."""
        units = delta.shape[1 if rows else 0]
        for name in sorted(step.reads - {self.subject}):
            array = as_numbers(self.state.get(name))
            if array is not None and array.size == units and self._leaf(name):
                shape = (1, units) if rows else (units, 1)
                return {"b2": array.reshape(shape)}
        return {}

    def _leaf(self, name: str) -> bool:
        """Return whether a variable is made of nothing that the forward pass makes."""
        place = self.trace.last(name, len(self.steps))
        if place is None:
            return True
        made = {each for step in self.steps[:place] for each in step.fresh}
        values = {each: as_numbers(self.state.get(each)) for each in self.steps[place].reads & made}
        return not any(each is not None and each.ndim for each in values.values())

    def _value(self, node: ast.AST) -> Array | None:
        assert isinstance(node, ast.expr)
        names = dict(self.state)
        code = compile(ast.Expression(node), "<operand>", "eval")
        try:
            return as_numbers(self.trace.space.call(eval, code, names))
        except Failed:  # it ran in its statement; alone it needs what is not kept
            return None

    # Of another layer --------------------------------------------------------------------------

    def _of_another(self, came: Array, truth: Array) -> Named | None:
        """Return `derivative_wrong_layer` where the slope is taken at another variable."""
        value = as_numbers(self.state.get(self.subject))
        for _, result, _, above in self._ways if came.shape == truth.shape else ():
            made = as_numbers(self.state.get(result))
            if made is None or value is None or made.shape != value.shape:
                continue
            z, a = value.reshape(1, -1), made.reshape(1, -1)
            for name in meaning.elementwise():
                if name == "identity" or not np.allclose(meaning.value(name, z), a, rtol=1e-9):
                    continue
                found = self._taken_at(name, came, truth, (result, above))
                if found is not None:
                    return found
        return None

    def _taken_at(
        self, name: str, came: Array, truth: Array, way: tuple[str, Array]
    ) -> Named | None:
        result, above = way
        for other, value in self.state.items():
            array = as_numbers(value)
            if other in (self.subject, result) or array is None or not array.ndim:
                continue
            for slope in (meaning.slope_of_sum, meaning.slope_of_value):
                flat = slope(name, array.reshape(1, -1)).reshape(array.shape)
                try:
                    guess = above * flat
                except ValueError:  # of another shape
                    continue
                if guess.shape == came.shape and near(came, guess, truth):
                    words = f"the slope is taken at {other} in the place of {self.subject}"
                    return Named("derivative_wrong_layer", words)
        return None


def _bare(node: ast.AST) -> ast.AST:
    """Return an operand without its transposition."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    called = node.func if isinstance(node, ast.Call) and not node.args else None
    turned = isinstance(called, ast.Attribute) and called.attr in ("t", "transpose")
    return called.value if turned and isinstance(called, ast.Attribute) else node
