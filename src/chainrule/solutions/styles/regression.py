"""Linear and logistic regression: a cost of ``theta``, or of ``w`` and ``b``, and its gradient.

``compute_cost(X, y, w, b)`` with ``compute_gradient(X, y, w, b)``, ``cost(theta, X, y)`` with
``gradient(theta, X, y)``, one function that returns both, or a descent ``gradient_descent(X, y,
theta, alpha, num_iters)`` that is asked for one step. It is a network of one layer with one output.
Two functions belong together where they take the same parameters, and both a penalty or none.
"""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from chainrule.solutions import deliberate
from chainrule.solutions.calling import Failed, Unsaid
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.forms import array_of, draw, targets_of, without_biases
from chainrule.solutions.reading import Array, Piece, Probe, Reading, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles import collecting, implied
from chainrule.solutions.styles.arguments import bind
from chainrule.solutions.styles.couples import (
    BIAS_SLOPE,
    COST,
    Couple,
    couples,
    parts,
    returns,
    role_of,
)
from chainrule.solutions.styles.functions import activations_of, cost_in, only_number, supplied
from chainrule.solutions.styles.own import Own
from chainrule.solutions.styles.penalties import Penalised

STYLE = "a cost of one layer and its gradient"
SIZES = (5, 1)
RATE = 0.5
TURNED = frozenset({"sign", "transposed"})
"""What a descent by a right gradient can still do wrong."""


@dataclass(frozen=True)
class Shapes:
    """How arrays lie: examples in rows or not, and the shapes of weights, targets and bias."""

    rows: bool
    weights: str
    targets: str
    matrix: bool = False
    single: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The reading, in words."""
        if self.single:
            return ("one input per example", "inputs and targets of shape (m,)")
        examples = "examples in rows" if self.rows else "examples in columns"
        found = (examples, f"weights of shape {self.weights}", f"targets of shape {self.targets}")
        return (*found, "matrices") if self.matrix else found

    def _lay(self, values: Array, shape: str) -> Any:
        flat = {"(n,)": (-1,), "(n, 1)": (-1, 1), "(1, n)": (1, -1)}[shape.replace("m", "n")]
        array = np.array(values.reshape(flat))
        return _matrix(array) if self.matrix and array.ndim == 2 else array

    def inputs(self, x: Array) -> Any:
        """Return inputs, ours being features × examples."""
        if self.single:
            return np.array(x[0])
        array = np.array(x.T if self.rows else x, order="C")
        return _matrix(array) if self.matrix else array

    def theta(self, w: Array) -> Any:
        """Return the weights, ours being 1 × features."""
        return float(w[0, 0]) if self.single else self._lay(w, self.weights)

    def labels(self, y: Array) -> Any:
        """Return the targets, ours being 1 × examples."""
        return self._lay(y, self.targets)

    def fits(self, came: Array, features: int) -> bool:
        """Return whether an array has the shape of the weights, or that without its axis of 1."""
        theirs = np.shape(self.theta(np.zeros((1, features))))
        return came.size == features and came.shape in (theirs, (features,))


class Regressions:
    """The style."""

    name = STYLE

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield one reading with all couples that run; none where there is none."""
        read = [part for each in couples(space) if (part := _of_several(space, each)) is not None]
        if len(read) == 1:
            yield read[0]
        elif read:
            yield cast(Reading, Several(space, read))


def _matrix(array: Array) -> Any:
    """Return what some write in the place of an array; that NumPy advises against it is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(array)


def _of_several(space: Space, possible: Sequence[Couple]) -> RegressionReading | None:
    """Return the reading of a gradient: no alarm where it is not clear of which cost it is."""
    read = [part for each in possible if (part := _best(space, each)) is not None]
    right = [part for part in read if part.judge().clean]
    return right[0] if right else read[0] if len(possible) == 1 and read else None


def _best(space: Space, couple: Couple) -> RegressionReading | None:
    """Return the first reading under which all is right, else the first that runs."""
    for name in dict.fromkeys((couple.cost or couple.slope, couple.slope)):
        supplied(space, name)
    first: RegressionReading | None = None
    for shapes in _shapes():
        if space.spent():
            break
        reading = RegressionReading(space, couple, shapes)
        if reading.runs():
            if reading.judge().clean:
                return reading
            first = first or reading
    return first if couple.cost else None  # no alarm where the network was guessed


class Several(Own):
    """Several costs with their gradients, judged one after the other."""

    style = STYLE

    def __init__(self, space: Space, parts: Sequence[RegressionReading]) -> None:
        super().__init__(space)
        self.parts = parts
        self.words = tuple(dict.fromkeys(word for part in parts for word in part.words))
        self.pieces = tuple(piece for part in parts for piece in part.pieces)

    def run(self) -> None:
        """Judge every couple, each cause once."""
        for part in self.parts:
            judge = part.judge()
            judge.run()
            deliberate.spared(judge)
            if self._hands_on(part) and not {each.slug for each in judge.findings} & TURNED:
                continue  # its gradient is judged where it is computed; how it steps is its own
            for each in judge.judged:
                mine = f"{part.couple.slope}: " if each.role == "gradient" else ""
                name = each.name if each.name == part.couple.slope else f"{mine}{each.name}"
                if replace(each, name=name) not in self.judged:
                    self.judged.append(replace(each, name=name))
            self.findings += [each for each in judge.findings if each not in self.findings]
            self.remarks += [each for each in judge.remarks if each not in self.remarks]

    def _hands_on(self, part: RegressionReading) -> bool:
        """Return whether a descent gets its gradient from a function that is judged."""
        read = self.space.reads(part.couple.slope)
        others = {each.couple.slope for each in self.parts if not each.couple.steps}
        return part.couple.steps and bool(others & read)


def _shapes() -> Iterator[Shapes]:
    weights = ("(n,)", "(n, 1)", "(1, n)")
    for matrix, rows in ((False, True), (False, False), (True, True)):
        lain = [w for w in weights if not (matrix and w == "(n,)")]
        targets = ("(m,)", "(m, 1)", "(1, m)") if rows else ("(m,)", "(1, m)", "(m, 1)")
        for theta, y in itertools.product(lain, targets):
            if not (matrix and y == "(m,)"):
                yield Shapes(rows, theta, y, matrix)
    yield Shapes(True, "(n,)", "(m,)", single=True)


class RegressionReading:
    """Two functions are called with the same arguments, for cost and gradient."""

    style = Regressions.name
    hot = True
    layers = 1

    def __init__(self, space: Space, couple: Couple, shapes: Shapes) -> None:
        self.space, self.couple, self.shapes = space, couple, shapes
        self.words = shapes.words
        self.notes: list[Finding] = []
        self.biases = bool(couple.bias)
        self.moved = couple.steps
        self.names = {"cost": couple.cost} if couple.cost else {}
        self._told: tuple[str, ...] | None = None
        place = space.place(couple.slope)
        self.pieces: tuple[Piece, ...] = (
            Piece("W1", self._called(couple.weights, "W1"), self._line("W1") or place),
        )
        if couple.bias:
            name = self._called(couple.bias, "b1")
            self.pieces += (Piece("b1", name, self._line("b1") or place),)

    def _called(self, parameter: str, entry: str) -> str:
        """Return how they call a gradient."""
        named = self._returned_as(entry)
        return named or (self.couple.slope if not self.couple.bias else f"d{parameter}")

    def _returned_as(self, entry: str) -> str:
        for names in collecting.returned_names(
            self.space.definitions.found[self.couple.slope].node
        ):
            said = [each for each in names if each and not COST.search(each) and each not in "JjL"]
            if self.couple.steps:
                continue
            if not self.couple.bias:
                return said[-1] if len(said) == 1 else ""
            fits = [n for n in said if bool(BIAS_SLOPE.search(n)) == (entry == "b1")]
            if len(fits) == 1:
                return fits[0]
        return ""

    def _line(self, entry: str) -> Place | None:
        made = self.space.definitions.assignments.get(self._returned_as(entry), ())
        here = [each.place for each in made if each.place.function == self.couple.slope]
        return here[-1] if here else None

    def sizes(self) -> tuple[int, ...]:
        """Return the sizes: one output."""
        return (1, 1) if self.shapes.single else SIZES

    def runs(self) -> bool:
        """Return whether cost and gradient come back, in the shapes of their parameters."""
        here = self._adapted(targets_of(draw(self.sizes(), 11, 5)))
        number, came = self.cost(here), self.gradients(here)
        return (
            (number is None or (isinstance(number, float) and bool(np.isfinite(number))))
            and len(came) == len(self.pieces)
            and all(isinstance(each, np.ndarray) for each in came.values())
            and self._shape_fits
            and self.told() != ()
        )

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation."""
        return self.penalised(probe, 0.0)

    def penalised(self, probe: Probe, penalty: float) -> Mapping[str, Array | Trouble]:
        """Return gradients with a penalty."""
        name = self.couple.slope
        try:
            result = self._call(name, probe, penalty)
        except Failed as problem:
            said = trouble(problem, self.space.place(name))
            return {piece.entry: said for piece in self.pieces}
        return self._collected(probe, result)

    def _collected(self, probe: Probe, result: Any) -> dict[str, Array | Trouble]:
        """Return gradients among what came back: by name where it is told, else by size."""
        features = len(probe.x)
        names = returns(self.space, self.couple.slope)
        found: dict[str, Array | Trouble] = {}
        self._shape_fits = True
        for name, value in parts(result, names):
            array = array_of(value)
            if array is None or COST.search(name) or name in ("J", "j", "L"):
                continue
            array = np.asarray(array, float)
            is_bias = bool(BIAS_SLOPE.search(name)) if name else array.size == 1
            if is_bias and self.couple.bias and array.size == 1 and "b1" not in found:
                found["b1"] = array.reshape(1, 1)
            elif not is_bias and array.size == features and "W1" not in found:
                self._shape_fits = self.shapes.fits(array, features)
                found["W1"] = array.reshape(1, features)
        if self.couple.steps:
            for entry, after in found.items():
                assert isinstance(after, np.ndarray)
                found[entry] = (probe.params[entry] - after) / RATE
        return found

    def _adapted(self, probe: Probe) -> Probe:
        return probe if self.biases else without_biases(probe)

    def _call(self, name: str, probe: Probe, penalty: float) -> Any:
        lain = self.shapes
        named: dict[str, Any] = {self.couple.weights: lain.theta(probe.params["W1"])}
        if self.couple.bias:
            named[self.couple.bias] = float(probe.params["b1"][0, 0])
        values = {
            "x": lain.inputs(probe.x),
            "y": lain.labels(probe.y),
            "penalty": penalty,
            "count": probe.examples,
            "rate": RATE if self.couple.steps else penalty,
            "once": 1,
        }
        for each in self.space.definitions.found[name].arguments:
            if role_of(each) == "penalty":
                named[each] = penalty
            if each in ("cost_function", "gradient_function"):
                part = self.couple.cost if each == "cost_function" else self.couple.slope
                named[each] = self.space[part]
        arguments = bind(self.space[name], values, named)
        if arguments is None:
            raise Unsaid(f"the arguments of {name} say nothing")
        return self.space.call(self.space[name], **arguments)

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return the cost."""
        return self.penalised_cost(probe, 0.0)

    def penalised_cost(self, probe: Probe, penalty: float) -> float | Trouble | None:
        """Return the cost with a penalty."""
        name = self.couple.cost
        if not name:
            return None
        try:
            result = self._call(name, probe, penalty)
        except Failed as problem:
            return trouble(problem, self.space.place(name))
        names = returns(self.space, name)
        if isinstance(result, tuple):
            return cost_in(result, names)
        array = array_of(result)
        return float(array.item()) if array is not None and array.size == 1 else only_number(result)

    def has_penalty(self) -> bool:
        """Return whether there is an argument for a penalty."""
        arguments = self.space.definitions.found[self.couple.slope].arguments
        roles = [role_of(argument) for argument in arguments]
        return "penalty" in roles or ("rate" in roles and not self.couple.steps)

    def told(self) -> tuple[str, ...]:
        """Return the activation that the cost tells of; empty if it is none of the known ones."""
        if not self.couple.cost:
            return self._guessed()
        if self._told is None:
            probes = [self._adapted(targets_of(draw(self.sizes(), m, m))) for m in (11, 13)]
            self._told = implied.activations(self, probes) or ()
        return self._told

    def _guessed(self) -> tuple[str, ...]:
        """Return the activation that the text of the gradient speaks of, where there is no cost."""
        found = self.space.definitions.found
        names = [self.couple.slope, *sorted(self.space.reads(self.couple.slope) & found.keys())]
        source = "\n".join(ast.unparse(found[name].node) for name in names)
        return ("sigmoid",) if re.search(r"sigmoid|exp\(|expit", source) else ("identity",)

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the outputs of the network whose cost theirs is."""
        told = self.told()
        return implied.outputs(told, probe) if told else None

    def activation(self) -> tuple[str, Any] | None:
        """Return name and function of the activation."""
        return activations_of(self.space)[0]

    def slope(self) -> tuple[str, Any] | None:
        """Return nothing: one layer needs no derivative of it."""
        return None

    def judge(self, *args: Any, **options: Any) -> Penalised:
        """Return what judges it: the usual judge, then the penalty."""
        return Penalised(self, self.space, *args, **options)
