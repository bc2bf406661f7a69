"""What their functions overwrite: the arrays that a call is given, compared before and after.

An argument, or a global that stands for data or parameters, that is changed in place is changed for
the caller too. Where the gradient is right all the same it is worth a word; where a second call
with the same arrays gives other numbers, the second step of a training is wrong, and it is a
mistake. A copy that is changed, a buffer of zeros that is filled and an update of parameters, whose
purpose it is, are nothing.
"""

from __future__ import annotations

import inspect
import linecache
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.calling import FILE, Failed, Run, name_of
from chainrule.solutions.findings import Finding, Place
from chainrule.solutions.reading import Array, Reading
from chainrule.solutions.space import Space

WRITES = re.compile(
    r"update|optim|adam|sgd|momentum|rmsprop|train|fit|init|shuffle|scale|normali|check|set_|load"
    r"|step|descent|learn|apply",
    re.IGNORECASE,
)
"""Functions whose purpose it is to change what they are given, or that put it back themselves."""
DATA = re.compile(
    r"x\d*|xs|inputs?|data|features|images|y|ys|t|targets?|labels?"
    r"|[xy]_?(train|batch|data|true|b)",
    re.IGNORECASE,
)
PARAMETERS = re.compile(r"w\d*|b\d*|theta\w*|weights?\d*|bias(es)?\d*|param\w*|syn\d+|w_\w+|b_\w+",
                        re.IGNORECASE)  # fmt: skip
RATE = re.compile(r"(self_?)?(lr|learning_?rate|eta|alpha|l_?rate|rate|step_?size|epsilon)", re.I)
"""What a function reads that makes a step."""
MOST_LINES = 3000
"""Lines of one call that are looked at; what comes after them is said without its line."""


@dataclass(frozen=True)
class Seen:
    """What one function overwrites.

    Parameters
    ----------
    function : str
    names : tuple of str
        Arguments, or globals.
    places : mapping of str to Place
        Their lines, where they were met.
    again : tuple of str
        Data and parameters with which, as they are then, a second call gives other numbers.
    """

    function: str
    names: tuple[str, ...]
    places: Mapping[str, Place]
    again: tuple[str, ...] = ()


def arrays_in(value: Any) -> list[Array]:
    """Return the arrays in what a function is given: in dictionaries and sequences too."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Mapping):
        return [each for inner in value.values() for each in arrays_in(inner)]
    if isinstance(value, (tuple, list)):
        return [each for inner in value for each in arrays_in(inner)]
    return []


class Watch:
    """Looks at the first call of each function of theirs.

    Attributes
    ----------
    seen : list of Seen
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._known: set[str] = set()

    def __call__(
        self, function: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any],
        run: Run,
    ) -> Any:  # fmt: skip
        """Call a function, and keep what it overwrites."""
        name = name_of(function)
        if not name or name in self._known or WRITES.search(name):
            return run()
        self._known.add(name)
        held = _Held(function, args, options)
        if not held.before:
            return run()
        state = _draws()
        try:
            with held.traced():
                result = run()
        finally:
            changed = held.changed()
        if changed:
            again = [each for each in changed if DATA.fullmatch(each) or PARAMETERS.fullmatch(each)]
            differs = again and held.plain and _differs(held, again, result, state, run)
            told = again if differs else []
            self.seen.append(
                Seen(name.rpartition(".")[2], tuple(changed), held.places, tuple(told))
            )
        return result


class _Held:
    """The arrays that a call is given, with copies of them.

    Parameters
    ----------
    function : callable
    args : sequence
    options : mapping
    """

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]
    ) -> None:
        try:
            given: dict[str, Any] = dict(
                inspect.signature(function).bind(*args, **options).arguments
            )
        except (TypeError, ValueError):  # the call itself will raise, and that is said
            given = {}
        self.plain = not inspect.ismethod(function) and not inspect.isclass(function)
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        known: Mapping[str, Any] = getattr(function, "__globals__", {})
        for each in code.co_names if code is not None else ():
            if each in known and (DATA.fullmatch(each) or PARAMETERS.fullmatch(each)):
                given.setdefault(each, known[each])
        names = {*code.co_names, *code.co_varnames} if code is not None else set()
        self._steps = any(RATE.fullmatch(each) for each in names)
        self.before = {
            key: [(array, array.copy()) for array in arrays_in(value)]
            for key, value in given.items()
        }
        self.before = {key: pairs for key, pairs in self.before.items() if pairs}
        self.places: dict[str, Place] = {}

    def changed(self) -> list[str]:
        """Return the names of what is no longer as it was; parameters after a step are meant."""
        return [
            key
            for key, pairs in self.before.items()
            if any(_other(*pair) for pair in pairs)
            and not (PARAMETERS.fullmatch(key) and (self._steps or all(_moved(*p) for p in pairs)))
        ]

    def put(self, kept: Mapping[str, Sequence[Array]]) -> None:
        """Write values into the arrays."""
        for key, values in kept.items():
            for (array, _), value in zip(self.before[key], values, strict=True):
                array[...] = value

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Note the line after which an array is another."""
        last: list[tuple[FrameType, int]] = []
        count = 0

        def look(frame: FrameType, event: str, _value: object) -> Any:
            nonlocal count
            if not FILE.match(frame.f_code.co_filename):
                return None
            if count >= MOST_LINES:  # a long loop: what is overwritten is seen, its line is not
                sys.settrace(before)
                return None
            count += 1
            for key in self.changed() if last else ():
                if key not in self.places and (place := _line(*last[-1])) is not None:
                    self.places[key] = place
            last[:] = [(frame, frame.f_lineno)]
            back = frame.f_back
            if event == "return" and back is not None:
                last[:] = [(back, back.f_lineno)]
            return look

        before = sys.gettrace()
        sys.settrace(look)
        try:
            yield
        finally:
            sys.settrace(before)


def _line(frame: FrameType, number: int) -> Place | None:
    match = FILE.match(frame.f_code.co_filename)
    if match is None:
        return None
    cell = None if match[1] is None else int(match[1])
    source = linecache.getline(frame.f_code.co_filename, number).strip()
    return Place(number, cell, frame.f_code.co_name, source)


def _other(now: Array, before: Array) -> bool:
    """Return whether an array was overwritten; a buffer of zeros is there to be filled."""
    if now.dtype.kind not in "biuf" or not np.any(before):
        return False
    return not np.array_equal(now, before, equal_nan=before.dtype.kind == "f")


def _moved(now: Array, before: Array) -> bool:
    """Return whether every number is another, as after a step of training."""
    return bool(np.all(now != before))


def _differs(
    held: _Held, again: Sequence[str], result: Any, state: tuple[Any, Any], run: Run
) -> bool:
    """Return whether a second call with the data as they are now gives other numbers."""
    first = [each.copy() for each in arrays_in(result)]
    after = {key: [array.copy() for array, _ in pairs] for key, pairs in held.before.items()}
    others = {
        key: [old for _, old in pairs] for key, pairs in held.before.items() if key not in again
    }
    now = _draws()
    held.put(others)
    _redraw(state)
    try:
        second = [each.copy() for each in arrays_in(run())]
    except Failed:  # it does not run again at all
        return True
    finally:
        held.put(after)
        _redraw(now)
    return len(first) != len(second) or not all(
        one.shape == two.shape and np.allclose(one, two, rtol=1e-9, equal_nan=True)
        for one, two in zip(first, second, strict=True)
        if one.dtype.kind in "biuf"
    )


def _draws() -> tuple[Any, Any]:
    return random.getstate(), np.random.get_state()  # noqa: NPY002 (people draw from it)


def _redraw(state: tuple[Any, Any]) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002


@contextmanager
def watched(space: Space) -> Iterator[Watch]:
    """Look at the calls that are made in here."""
    watch = Watch()
    before, space.caller.watch = space.caller.watch, watch
    try:
        yield watch
    finally:
        space.caller.watch = before


def said(judge: Any, reading: Reading, seen: Sequence[Seen]) -> None:
    """Put what is overwritten to the remarks of a judgement, or to its findings.

    Parameters
    ----------
    judge : Judge
        After it has run.
    reading : Reading
    seen : sequence of Seen
    """
    entry = CATALOGUE["in_place"]
    steps = _steps(reading)
    for each in seen:
        names = [n for n in each.names if DATA.fullmatch(n)] if steps else list(each.names)
        if not names:
            continue
        words = f"{each.function} overwrites what it is given: {', '.join(names)}"
        entries = [p.entry for p in reading.pieces if p.place and p.place.function == each.function]
        first = next((n for n in (*each.again, *names) if n in each.places), "")
        whole = next((p.place for p in reading.pieces if p.entry in entries), None)
        place = each.places.get(first, whole)
        mend = f"copy it before: {first} = {first}.copy()" if each.again else entry.mend
        found = Finding("in_place", "remark", words, mend, (each.function,), place=place)
        right = {line.entry for line in judge.judged if line.entry in entries and line.verdict.good}
        if each.again and right and not steps:
            words += f"; called again with the same {', '.join(each.again)}, it gives other numbers"
            found = replace(found, kind="mistake", sentence=words, entries=tuple(sorted(right)))
            judge.judged[:] = [
                replace(line, verdict=Verdict.WRONG, detail="in_place", residual=None)
                if line.entry in right
                else line
                for line in judge.judged
            ]
        if "in_place" not in {other.slug for other in judge.findings}:
            (judge.findings if found.kind == "mistake" else judge.remarks).append(found)


def _steps(reading: Reading) -> bool:
    """Return whether functions of a reading change the parameters, as is their purpose."""
    of = [getattr(reading, part, None) for part in ("parts", "couple")]
    return hasattr(reading, "rate") or any(
        getattr(each, flag, False) for each in of for flag in ("updates", "steps")
    )
