"""Any functions, named by options: ``--gradient "grad_{p}" --cost loss --parameters W1,b1``.

Arguments are bound by their names to parameters, and to data that the file defines. Where the file
tells no value of a parameter, its shape is found by trying. The truth are differences of the named
cost by each named parameter; no network is assumed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed, Unsaid
from chainrule.solutions.calls import trouble
from chainrule.solutions.findings import Finding, Judged, Place
from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array, Piece, Reading
from chainrule.solutions.space import Space
from chainrule.solutions.straight import Trace, steps
from chainrule.solutions.styles.arguments import positional, role
from chainrule.solutions.styles.collecting import candidates, returned_names
from chainrule.solutions.styles.functions import only_number
from chainrule.solutions.styles.own import Own
from chainrule.solutions.styles.tried import lively, shapes

MOST_TRIES = 4000
MOST_ORDERED = 4
"""Parameters, of which every order is tried."""
HOLDERS = ("params", "parameters", "theta", "weights")
"""Names of a dictionary that holds all parameters."""


class Options:
    """The style.

    Parameters
    ----------
    options : mapping of str to object
        ``gradient`` (a name, or a pattern with ``{p}``), ``cost``, ``parameters`` (names, or one
        text with commas).
    """

    name = "functions named by options"

    def __init__(self, options: Mapping[str, Any]) -> None:
        names = options.get("parameters") or ()
        parts = names.split(",") if isinstance(names, str) else names
        self.parameters = tuple(name.strip() for name in parts if name.strip())
        self.gradient = str(options.get("gradient") or "grad_{p}")
        self.cost = str(options.get("cost") or "cost")

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield the one reading."""
        yield cast(Reading, OptionsReading(space, self))


class OptionsReading(Own):
    """The named functions, with values for all that they take.

    Parameters
    ----------
    space : Space
    options : Options
    """

    style = Options.name

    def __init__(self, space: Space, options: Options) -> None:
        super().__init__(space)
        self.options = options
        self.words = (f"derivatives of {options.cost}",)
        self.pieces = tuple(
            Piece(name, self._function(name), space.place(self._function(name)))
            for name in options.parameters
        )
        self._values: dict[str, Any] = {}
        self._names: dict[str, Any] = dict(space.names)
        self._order = options.parameters  # of gradients that are returned without names

    def _function(self, parameter: str) -> str:
        return self.options.gradient.replace("{p}", parameter)

    # Judgement ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Judge every named gradient."""
        missing = [
            name
            for name in dict.fromkeys((self.options.cost, *(p.name for p in self.pieces)))
            if not callable(self.space.names.get(name))
        ]
        if missing or not self.pieces:
            self._not_there(missing)
            return
        trace = Trace(self.space, steps(self.space.definitions.statements, self.space))
        trace.run(len(trace.steps))
        found = self.space.definitions.found  # of these the last definition counts
        self._names = {n: value for n, value in trace.names.items() if n not in found}
        if not self._supply():
            self._judge_all(
                Verdict.CANNOT_RUN,
                f"no values were found with which {self.options.cost} returns a number; give the "
                "parameters and the data values in the file",
            )
            return
        truths = {p.entry: self._cost_of(p.entry) for p in self.pieces}
        if not any(self._moves(entry, cost) for entry, cost in truths.items()):
            self._judge_all(
                Verdict.NOT_JUDGED,
                f"{self.options.cost} does not change with any of the parameters: name a function "
                "that goes from the parameters to the cost",
            )
            return
        self._find_order(truths)
        for piece in self.pieces:
            self._one(piece, truths[piece.entry])

    def _find_order(self, truths: Mapping[str, direct.Cost]) -> None:
        """Take the order of gradients that are returned without names: one in which most are right.

        Nothing but the options says that it is theirs, so that no other order is a mistake.
        """
        mine = self.options.parameters
        if "{p}" in self.options.gradient or len(mine) > MOST_ORDERED:
            return
        scores = {}
        for order in itertools.permutations(mine):
            self._order = order
            scores[order] = sum(self._right(p, truths[p.entry]) for p in self.pieces)
            if scores[order] == len(mine):
                break
        self._order = max(scores, key=lambda order: scores[order])  # of equal ones the first: mine
        if self._order != mine:
            said = f"{self.pieces[0].name} returns gradients by {', '.join(self._order)}"
            self.words = (*self.words, said)

    def _right(self, piece: Piece, cost: direct.Cost) -> bool:
        at = array_of(self._values[piece.entry])
        try:
            claim = self._claimed(piece, self._call(piece.name, self._values))
        except Failed:  # said where it is judged
            return False
        if at is None or claim is None or claim.shape != at.shape:
            return False
        return direct.judge(claim, cost, at.astype(float), {}).verdict.good

    def _moves(self, entry: str, cost: direct.Cost) -> bool:
        """Return whether a cost changes with a parameter, or cannot be told."""
        at = array_of(self._values[entry])
        return at is None or at.dtype.kind not in "fiu" or cost(at + 0.25) != cost(at.astype(float))

    def _one(self, piece: Piece, cost: direct.Cost) -> None:
        place = piece.place
        at = array_of(self._values[piece.entry])
        if at is None or at.dtype.kind not in "fiu":
            kind = type(self._values[piece.entry]).__name__
            words = f"{piece.entry} is {kind}, wanted an array: name arrays as parameters"
            self._line(piece, Verdict.CANNOT_RUN, words, None, place)
            return
        at = at.astype(float)
        try:
            result = self._call(piece.name, self._values)
        except Failed as problem:
            raised = trouble(problem, place)
            self._line(piece, Verdict.CANNOT_RUN, raised.sentence, None, raised.place)
            return
        claim = self._claimed(piece, result)
        if claim is None:
            verdict = Verdict.UNFINISHED if result is None else Verdict.CANNOT_RUN
            what = "nothing (None)" if result is None else f"no gradient of {piece.entry}"
            self._line(piece, verdict, f"{piece.name} returned {what}", None, place)
            return
        bias = piece.entry[:1] in "bB"
        said = direct.judge(claim, cost, at, self._sizes(), bias)
        self._line(piece, said.verdict, "", said.residual, place)
        if said.verdict.bad:
            words = said.words or f"it is not the derivative of {self.options.cost}"
            self.findings.append(
                Finding(
                    said.slugs[0] if said.slugs else "unknown",
                    "mistake",
                    words,
                    said.mend,
                    (piece.entry,),
                    shape=" × ".join(map(str, at.shape)),
                    ties=tuple(said.slugs[1:]),
                    place=place,
                )
            )

    def _line(
        self,
        piece: Piece,
        verdict: Verdict,
        detail: str,
        residual: float | None,
        place: Place | None,
    ) -> None:
        self.judged.append(
            Judged(
                piece.name if "{p}" in self.options.gradient else f"{piece.name}: {piece.entry}",
                verdict,
                entry=piece.entry,
                detail=detail,
                residual=residual,
                place=place,
            )
        )

    def _judge_all(self, verdict: Verdict, detail: str) -> None:
        for piece in self.pieces:
            self._line(piece, verdict, detail, None, piece.place)

    def _not_there(self, missing: Sequence[str]) -> None:
        if not self.pieces:
            words = "no parameters are named: give --parameters W1,b1"
            self.judged.append(Judged(self.options.cost, Verdict.CANNOT_RUN, "cost", detail=words))
        for name in missing:
            known = ", ".join(self.space.definitions.found) or "nothing"
            words = f"{name} is not defined in the file, which defines {known}"
            owner = next((n for n in self.space.definitions.found
                          if hasattr(self.space.names.get(n), name)), "")  # fmt: skip
            if owner:
                words = (
                    f"{name} is a method of {owner}, wanted a function: write one that makes a "
                    f"{owner} of its arguments and calls {name}"
                )
            elif "{" in name:
                words = (
                    f'{name} is a pattern without {{p}}, where the parameter belongs: "grad_{{p}}"'
                )
            self.judged.append(Judged(name, Verdict.CANNOT_RUN, "other", detail=words))

    def _claimed(self, piece: Piece, result: Any) -> Array | None:
        """Return the part of a result that is the gradient of a parameter."""
        if "{p}" in self.options.gradient and not isinstance(result, (tuple, Mapping, list)):
            return array_of(result)
        named: dict[str, Array] = {}
        if isinstance(result, tuple):
            node = self.space.definitions.found[piece.name].node
            names = next((n for n in returned_names(node) if len(n) == len(result)), None)
            arrays = [array_of(part) for part in result]
            for name, array in zip(names or (), arrays, strict=False):
                if array is not None and name:
                    named[name] = array
            mine = list(self._order)
            if len(result) == len(mine):
                array = arrays[mine.index(piece.entry)]
                named.setdefault(piece.entry, array) if array is not None else None
        else:
            named = {each.name: each.array for each in candidates(result)}
        for name, array in named.items():
            bare = re.sub(r"^(d_?|grad_?|nabla_?|J_?)|_?(grad|bar)$", "", name)
            if piece.entry in (name, bare):
                return array
        return array_of(result) if not isinstance(result, (tuple, Mapping)) else None

    # Values ------------------------------------------------------------------------------------

    def _sizes(self) -> dict[str, int]:
        """Return the number of examples: of inputs and targets the axis that they share."""
        values = {**self._names, **self._values}
        axes: dict[str | None, set[int]] = {"x": set(), "y": set()}
        for name, value in values.items():
            if role(name) in axes and isinstance(value, np.ndarray):
                axes[role(name)] |= set(value.shape) - {1}
        shared = axes["x"] & axes["y"]
        return {"m": shared.pop()} if len(shared) == 1 else {}

    def _cost_of(self, entry: str) -> direct.Cost:
        def cost(moved: Array) -> float:
            try:
                found = only_number(self._call(self.options.cost, {**self._values, entry: moved}))
            except Failed:  # said by the caller: not judged
                return float("nan")
            return float("nan") if found is None else found

        return cost

    def _call(self, name: str, values: Mapping[str, Any]) -> Any:
        """Call a function of theirs: arguments by name, and globals likewise."""
        arguments = {}
        for each in positional(self.space[name]):
            found = self._value(each.name, values)
            if found is None:
                if each.default is each.empty:
                    raise Unsaid(f"nothing is known of the argument {each.name} of {name}")
                continue
            arguments[each.name] = _copied(found)
        before = dict(self.space.names)
        self.space.names.update({k: _copied(v) for k, v in {**self._names, **values}.items()})
        try:
            return self.space.call(self.space[name], **arguments)
        finally:
            self.space.names.clear()
            self.space.names.update(before)

    def _value(self, name: str, values: Mapping[str, Any]) -> Any:
        if name in values:
            return values[name]
        held = self._names.get(name)
        if name.lower() in HOLDERS and (held is None or isinstance(held, Mapping)):
            mine = {p: values[p] for p in self.options.parameters if p in values}
            whole = len(mine) == len(self.options.parameters)
            return {**(held or {}), **mine} if whole else None
        return None

    def _supply(self) -> bool:
        """Find values for all that the functions take; return whether the cost is a number."""
        wanted: dict[str, None] = dict.fromkeys(self.options.parameters)
        for function in (self.options.cost, *(piece.name for piece in self.pieces)):
            wanted |= {each.name: None for each in positional(self.space[function])
                       if each.default is each.empty}  # fmt: skip
            wanted |= {n: None for n in self.space.reads(function) if n in self.options.parameters}
        names = [n for n in wanted if n.lower() not in HOLDERS or n in self.options.parameters]
        held = {k: v for n, of in self._names.items() if n.lower() in HOLDERS
                and isinstance(of, Mapping) for k, v in of.items()}  # fmt: skip
        rng = np.random.default_rng(0)
        known: dict[str, Any] = {}
        unknown: list[str] = []
        for name in names:
            value = self._names.get(name, held.get(name))
            array = array_of(value)
            if name in self.options.parameters and array is not None:
                known[name] = lively(rng, np.array(array, dtype=float))
            elif value is not None and not callable(value):
                known[name] = value
            elif role(name) in ("penalty", "rate"):
                known[name] = 0.1
            else:
                unknown.append(name)
        to_try = [shapes(name) for name in unknown]
        first: dict[str, Any] | None = None
        any_values: dict[str, Any] | None = None
        for count, chosen in enumerate(itertools.product(*to_try)):
            if count >= MOST_TRIES:
                break
            values = dict(known)
            for name, shape in zip(unknown, chosen, strict=True):
                values[name] = rng.uniform(0.1, 1.0, shape) * rng.choice([-1.0, 1.0], shape)
            self._values = values
            works, runs, fits = self._works()
            if works and fits:
                return True
            first = first or (values if works and runs else None)
            any_values = any_values or (values if works else None)
        self._values = first or any_values or {}
        return bool(first or any_values)

    def _works(self) -> tuple[bool, bool, bool]:
        """Return whether the cost is a number, gradients run, and have the right shapes."""
        try:
            number = only_number(self._call(self.options.cost, self._values))
        except Failed:  # other shapes may do
            return False, False, False
        if number is None or not np.isfinite(number):
            return False, False, False
        runs = fits = True
        for piece in self.pieces:
            try:
                claim = self._claimed(piece, self._call(piece.name, self._values))
            except Failed:  # other shapes may do
                runs = fits = False
                continue
            fits &= claim is not None and claim.shape == np.shape(self._values[piece.entry])
        return True, runs, fits


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, (np.ndarray, dict)) else value
