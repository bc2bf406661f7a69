"""The namespace in which other people's definitions live: what they import, and what they define.

Statements are not run. Modules for plots and notebooks are stood in for by objects that take every
call and do nothing; helper modules of courses by `helpers`; so is what is not installed. Every call
of theirs goes through `Space.call`, which ends it when it takes too long.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import linecache
import types
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.solutions import helpers, pytorch
from chainrule.solutions.asserts import OwnAsserts
from chainrule.solutions.bygone import Bygone, gone, python2
from chainrule.solutions.calling import Caller, Failed, TooLong, file_of, name_of
from chainrule.solutions.definitions import Definition, Definitions
from chainrule.solutions.findings import Finding, Judged, Place
from chainrule.solutions.idle import HEAVY, IDLE, LIKE_NUMPY, Idle
from chainrule.solutions.limits import MOST_CALLS

__all__ = ["Failed", "Idle", "Space", "TooLong", "Unfinished"]

BLANK = (TypeError, AttributeError, ValueError, LookupError, NotImplementedError)
"""What a function raises because one that it calls is not written yet."""


class Unfinished(Failed):
    """A function fails because it, or one that it calls, is not written yet.

    It stands as well in the place of a ``None`` in what an unfinished function returned.

    Parameters
    ----------
    words : str
    place : Place
    """

    def __init__(self, words: str, place: Place) -> None:
        super().__init__(words, place)


class Space:
    """What a file defines, ready to be called.

    Parameters
    ----------
    definitions : Definitions
    call_seconds : float
        That a call may take.
    caller : Caller, optional
        Who calls; it knows what must not be called again.

    Attributes
    ----------
    names : dict
        The globals of their code.
    evaluated : set of str
        Those that came from their own defining expressions (`calls.evaluated`).
    findings : list of Finding
    cut : str
        Why not every reading was tried, where that is so (`spent`).
    tell : callable or None
        Told every line of the report as soon as it is known, in case that the process dies.
    options : mapping
        What was asked for by name, on the command line: ``gradient``, ``cost``, ``parameters``.
    """

    def __init__(
        self, definitions: Definitions, call_seconds: float, caller: Caller | None = None
    ) -> None:
        self.definitions = definitions
        self.caller = Caller(call_seconds) if caller is None else caller
        self.asserts = OwnAsserts()
        self.findings: list[Finding] = []
        self.evaluated: set[str] = set()
        self.cut = ""
        self.options: Mapping[str, Any] = {}
        self.tell: Callable[[Judged], None] | None = None
        self.names: dict[str, Any] = {"__name__": "solution", "__builtins__": builtins, "np": np}
        self.names |= python2() if definitions.python2 else gone()
        self.pending: dict[str, ast.stmt] = {}
        used = _used(definitions)
        self._asked: set[str] = set()
        for node, place in definitions.imports:
            self._import(node, place, used)
        self._bygone, self._bygone_said = Bygone(), 0
        for each in definitions.found.values():
            self._define(each)

    def __contains__(self, name: str) -> bool:
        return name in self.names or self.load(name)

    def __getitem__(self, name: str) -> Any:
        self.load(name)
        return self.names[name]

    def place(self, name: str) -> Place | None:
        """Return where a name is defined."""
        found = self.definitions.found.get(name)
        return None if found is None else found.place

    def call(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        """Call a function of theirs, for so long as it may take.

        Raises
        ------
        Failed
            Whatever it raises, as the cause; `TooLong` if it takes too long, `calling.Ended` if it
            wants to end the process, `Unfinished` if it fails, or returns nothing, because it is
            not written.
        """
        name = name_of(function)
        try:
            found = self.caller.call(function, args, options)
        except Failed as problem:
            missing = self.unfinished(name) if isinstance(problem.raised, BLANK) else None
            if missing is None:
                raise
            raise Unfinished(*missing) from problem.raised
        missing = self.unfinished(name) if _holds_nothing(found) else None
        if missing is None:
            return found
        if found is None or found is ...:
            raise Unfinished(*missing)
        return _marked(found, Unfinished(*missing))

    def reads(self, name: str) -> set[str]:
        """Return the names of globals that a function reads, itself or by what it calls."""
        seen: set[str] = set()
        waiting = [name]
        found: set[str] = set()
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            function = self.names.get(each)
            for code in _codes(function):
                found |= set(code.co_names)
            waiting += [inner for inner in found if inner in self.definitions.found]
        return {each for each in found if not hasattr(builtins, each)}

    def unfinished(self, name: str) -> tuple[str, Place] | None:
        """Return what is not written yet in a function, or in one that it calls, and where."""
        own = self.definitions.unfinished.get(name)
        if own is not None:
            return own
        for each in sorted(self.reads(name)):
            inner = self.definitions.unfinished.get(each)
            if inner is not None:
                return f"{each}, which it calls, is not finished: {inner[0]}", inner[1]
        return None

    def give(self, **values: Any) -> None:
        """Set globals of the probe: whatever their code says of these names does not count."""
        self.names |= values
        self.evaluated -= set(values)

    def put(self, name: str, definition: Definition | None) -> Definition | None:
        """Put a function that was made of theirs under a name; return what was there before.

        Parameters
        ----------
        name : str
        definition : Definition or None
            Nothing, to take away what is there.
        """
        before = self.definitions.found.pop(name, None)
        self.names.pop(name, None)
        if definition is not None:
            self.definitions.found[name] = definition
            self._define(definition)
        return before

    def spent(self) -> bool:
        """Return whether no further reading may be tried, since so many calls were made.

        What is wrong then is not known to be wrong under every reading, so that no alarm is due.
        """
        if self.caller.calls > MOST_CALLS:
            self.cut = (
                f"it can be read in more ways than could be tried ({MOST_CALLS} calls were made): "
                "what is wrong in these may be right in another; say which it is with "
                '--gradient "grad_{p}" --cost NAME --parameters W1,b1'
            )
        return bool(self.cut)

    def load(self, name: str) -> bool:
        """Import what was put off, since no definition needs it; return whether there was such."""
        node = self.pending.pop(name, None)
        if node is not None:
            self._import(node, None, None)
        return node is not None

    def _import(self, node: ast.stmt, place: Place | None, used: set[str] | None) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                name = alias.asname or first
                if used is not None and name not in used and first in HEAVY:
                    self.pending[name] = ast.Import([alias])
                else:
                    self.names[name] = self._module(alias.name, bool(alias.asname), place)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if alias.name == "*":
                    module = self._from(node, "", place, False)
                    self.names |= {k: v for k, v in vars(module).items() if not k.startswith("_")}
                elif used is not None and name not in used and _first(node) in HEAVY:
                    self.pending[name] = ast.ImportFrom(node.module, [alias], node.level)
                else:
                    known = helpers.ALONE.get(alias.name)
                    module = self._from(node, alias.name, place, known is not None)
                    value = self._member(module, node, alias.name, place)
                    self.names[name] = known if isinstance(value, Idle) and known else value

    def _from(self, node: ast.ImportFrom, name: str, place: Place | None, known: bool) -> Any:
        """Return the module that a name is imported from, or what stands in for it."""
        if not node.level:
            return self._module(node.module or "", True, place, known)
        # A file beside theirs is not here, and what is installed under its name is another.
        held = helpers.members(node.module or "")
        beside = "." * node.level + (node.module or name)
        self._stands_in(beside, known or held is not None, place)
        return Idle() if held is None else types.SimpleNamespace(**held)

    def _member(self, module: Any, node: ast.ImportFrom, name: str, place: Place | None) -> Any:
        """Return what a module has under a name; say so if it is not there."""
        found = getattr(module, name, None)
        if found is None and isinstance(module, types.ModuleType):
            try:
                return importlib.import_module(f"{module.__name__}.{name}")
            except (Exception, SystemExit):  # whatever an import does wrong, it is not there
                found = getattr(module, name, None)  # a name of theirs may be None
        if found is None and not hasattr(module, name):
            sentence = f"{node.module} has no {name}: what is called from it does nothing here"
            self.findings.append(Finding("not_found", "loader", sentence, place=place))
            return Idle()
        return found

    def _module(self, name: str, last: bool, place: Place | None, known: bool = False) -> Any:
        """Return a module, or what stands in for it; `known` if what is wanted of it is."""
        first = name.partition(".")[0]
        if first in IDLE:
            return Idle()
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit):  # whatever an import of theirs does wrong, it is not there
            held = helpers.members(name)
            if name in LIKE_NUMPY:
                return np if last else types.SimpleNamespace(numpy=np)
            tensor = pytorch.module(name if last else first)
            if tensor is not None:
                return tensor
            self._stands_in(name, known or held is not None, place)
            return Idle() if held is None else types.SimpleNamespace(**held)
        return module if last else importlib.import_module(first)

    def _stands_in(self, name: str, helper: bool, place: Place | None) -> None:
        if name in self._asked or not name:
            return
        self._asked.add(name)
        slug, what = (
            ("stood_in", "the usual functions of that course were taken in its place")
            if helper
            else ("not_found", "what is called from it does nothing here")
        )
        sentence = f"the module {name} is not there: {what}"
        self.findings.append(Finding(slug, "loader", sentence, place=place))

    def _define(self, definition: Definition) -> None:
        node = self._bygone.visit(self.asserts.taken_out(definition))
        self._say_bygone(definition)
        tree = ast.Module([node], [])
        if definition.offset:
            ast.increment_lineno(tree, definition.offset)
        file = file_of(definition.place, definition.name)
        lines = self.definitions.sources.get(definition.place.cell, ())
        linecache.cache[file] = (len(lines), None, [f"{line}\n" for line in lines], file)
        self._undecorate(node)
        self.names[OwnAsserts.NAME] = self.asserts.hold
        at = f"the definition of {definition.name}"
        try:
            # What parses may not compile: ``return`` in a class, ``nonlocal`` of no such name.
            code = self.caller.call(compile, (tree, file, "exec"), at=at)
            self.caller.call(exec, (code, self.names), at=at)
        except Failed as problem:  # a default value or a decorator of theirs: a finding
            sentence = f"defining {definition.name} raised {problem}"
            self.findings.append(
                Finding(
                    "raises", "loader", sentence, "", (definition.name,), place=definition.place
                )
            )

    def _say_bygone(self, definition: Definition) -> None:
        """Say once which names of an older NumPy were met."""
        for name in self._bygone.met[self._bygone_said :]:
            sentence = (
                f"{name} is no longer in NumPy: {name.partition('.')[2]} was read in its place"
            )
            self.findings.append(
                Finding(
                    "bygone", "loader", sentence, "", (definition.name,), place=definition.place
                )
            )
        self._bygone_said = len(self._bygone.met)

    def _undecorate(self, node: ast.stmt) -> None:
        """Take away decorators that are stood in for: they would take the function with them."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            node.decorator_list = [
                each
                for each in node.decorator_list
                if not any(
                    isinstance(name, ast.Name) and isinstance(self.names.get(name.id), Idle)
                    for name in ast.walk(each)
                )
            ]


def _holds_nothing(found: Any) -> bool:
    """Return whether a result, or a part of it, is None or dots."""
    parts = found.values() if isinstance(found, dict) else found
    many = isinstance(found, (dict, tuple, list))
    return found is None or found is ... or (many and any(p is None or p is ... for p in parts))


def _marked(found: Any, blank: Unfinished) -> Any:
    """Return a dictionary, a tuple or a list with `blank` in the place of what is nothing."""
    if isinstance(found, dict):
        return {key: blank if each is None or each is ... else each for key, each in found.items()}
    parts = [blank if each is None or each is ... else each for each in found]
    return parts if isinstance(found, list) else tuple(parts)


def _first(node: ast.ImportFrom) -> str:
    return "" if node.level else (node.module or "").partition(".")[0]


def _used(definitions: Definitions) -> set[str]:
    """Return all names that definitions mention: what else is imported can wait."""
    return {
        node.id
        for each in definitions.found.values()
        for node in ast.walk(each.node)
        if isinstance(node, ast.Name)
    }


def _codes(function: Any) -> Iterator[Any]:
    if isinstance(function, type):
        for each in vars(function).values():
            yield from _codes(each)
    function = getattr(function, "__func__", function)
    if isinstance(function, FunctionType):
        waiting = [function.__code__]
        while waiting:
            code = waiting.pop()
            yield code
            waiting += [each for each in code.co_consts if hasattr(each, "co_names")]
