"""Globals that plain functions read: parameters, data, counts, each by its own definition.

A count such as ``m`` is evaluated from the expression that defines it, on the data of the probe.
Where that expression asks for a data set that cannot be loaded (``m, n = data.shape``), or for a
number of examples in a batch, it is read as the number of examples, and that is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.calls import evaluated
from chainrule.solutions.definitions import Assignment
from chainrule.solutions.forms import Form
from chainrule.solutions.reading import Probe
from chainrule.solutions.space import Space
from chainrule.solutions.styles.arguments import role
from chainrule.solutions.styles.signatures import stored, top

INPUTS = re.compile(r"x|x_?(train|batch|data|tr)(ing)?|train_?x|inputs?|features", re.IGNORECASE)
TARGETS = re.compile(
    r"y|y_?(train|batch|data|true|tr)(ing)?|train_?y|targets?|labels?|(y_)?one_?hot(_y)?",
    re.IGNORECASE,
)
COUNT = re.compile(
    r"m|n|m_?train|n_?train|n_?samples?|(mini_?)?batch_?size|bs|num_?(examples|samples|train\w*)|"
    r"n_?examples|m_?batch|batch_?(m|n|num|len)|n_?data|data_?num|(train|sample|data)_?(size|count)|examples_?num",
    re.IGNORECASE,
)
SIZED = ("shape", "size", "len")
TRANSPOSES = re.compile(r"\.T\b|transpose|reshape")


class Surroundings:
    """The globals that some functions read.

    Parameters
    ----------
    space : Space
    functions : iterable of str
        Whose globals they are.
    own : mapping of str to object
        Names that hold parameters; their values are given with every probe.
    data : iterable of str
        Names that callers use for inputs.
    called : bool
        Whether there are callers at all.

    Attributes
    ----------
    counted : set of str
        Names that were read as the number of examples.
    """

    def __init__(
        self,
        space: Space,
        functions: Iterable[str],
        own: Iterable[str],
        data: Iterable[str],
        called: bool,
    ) -> None:
        self._space, self._own, self._data = space, set(own), set(data)
        self._called = called
        reads: set[str] = set().union(*(space.reads(name) for name in functions))
        made = set(stored([top(space.definitions)]))
        self._wanted = sorted(
            name
            for name in reads - set(space.definitions.found)
            if name in made or _data_like(name)
        )
        self._rates = [name for name in self._wanted if role(name) == "rate"]
        self.counted: set[str] = set()

    def set(self, probe: Probe, form: Form, parameters: Mapping[str, Any]) -> None:
        """Give every global its value for a probe."""
        names = self._space.names
        names.update({name: value for name, value in parameters.items() if name in self._own})
        x, y = form.data(probe.x), form.target(probe.y)
        known = {*self._space.definitions.assignments, *self._wanted, *self._data}
        for name in sorted(known - self._own - set(self._space.definitions.found)):
            if INPUTS.fullmatch(name) or name in self._data:
                names[name] = x.copy()
            elif TARGETS.fullmatch(name):
                names[name] = y.copy()
        for name in self._wanted:
            if name in self._own or INPUTS.fullmatch(name) or TARGETS.fullmatch(name):
                continue
            if COUNT.fullmatch(name):
                names[name] = self._count(name, probe)
            else:
                value = evaluated(self._space, name)
                if value is not None:
                    names[name] = value
                elif self._first_of_shape(name):  # rows, columns = data.shape
                    names[name] = self._count(name, probe)

    @property
    def rates(self) -> list[str]:
        """Names of step sizes that are read as globals."""
        return self._rates

    def _count(self, name: str, probe: Probe) -> Any:
        for each in self._assignments(name):
            sources = _sources(each)
            if sources and all(self._is_data(source) for source in sources):
                value = self._part(each)
                if value is not None:
                    return value
        self.counted.add(name)
        return probe.examples

    def _first_of_shape(self, name: str) -> bool:
        """Whether a name is the first size of an array that cannot be had."""
        return any(
            each.index == 0 and isinstance(each.value, ast.Attribute) and each.value.attr == "shape"
            for each in self._assignments(name)
        )

    def _assignments(self, name: str) -> Iterator[Assignment]:
        for each in self._space.definitions.assignments.get(name, ()):
            if not each.place.function:
                yield each

    def _is_data(self, name: str) -> bool:
        """Whether a name holds our inputs as the functions get them, and never held them turned."""
        if not (name in self._data or (INPUTS.fullmatch(name) and not self._called)):
            return False
        made = list(self._assignments(name))
        return len(made) < 2 and not any(TRANSPOSES.search(ast.unparse(a.value)) for a in made)

    def _part(self, assignment: Assignment) -> Any:
        code = compile(ast.Expression(assignment.value), "<global>", "eval")
        try:
            value = self._space.call(eval, code, self._space.names)
            with theirs():
                return value if assignment.index is None else value[assignment.index]
        except Failed:  # an expression of theirs that asks for what is not there
            return None


def _data_like(name: str) -> bool:
    return bool(INPUTS.fullmatch(name) or TARGETS.fullmatch(name))


def _sources(assignment: Assignment) -> set[str]:
    """Return the names of arrays whose size an expression asks for."""
    asks = any(
        (isinstance(node, ast.Attribute) and node.attr in SIZED)
        or (isinstance(node, ast.Name) and node.id in SIZED)
        for node in ast.walk(assignment.value)
    )
    if not asks:
        return set()
    names = {node.id for node in ast.walk(assignment.value) if isinstance(node, ast.Name)}
    return names - {"len", "np", "numpy", "float", "int"}
