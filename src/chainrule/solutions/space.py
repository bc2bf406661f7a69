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
from chainrule.solutions.calling import Caller, TooLong, file_of, name_of
from chainrule.solutions.definitions import Definition, Definitions
from chainrule.solutions.findings import Finding, Judged, Place

__all__ = ["Idle", "Space", "TooLong", "Unfinished"]

# fmt: off
IDLE = frozenset((
    "matplotlib", "pylab", "seaborn", "plotly", "bokeh", "IPython", "ipywidgets", "google", "tqdm",
    "PIL", "cv2", "skimage", "imageio", "graphviz", "pydot", "pygame", "turtle", "tkinter",
    "requests", "urllib", "wget", "gdown", "kaggle", "wandb", "tensorboard", "h5py", "testCases",
    "testCases_v2", "testCases_v3", "testCases_v4", "public_tests", "test_utils", "lr_utils",
    "numba", "nose", "pytest", "unittest", "mnist", "mnist_loader", "training_data",
))
# fmt: on
"""Modules that are stood in for, whether they are installed or not."""
HEAVY = frozenset(
    ("sklearn", "scipy", "pandas", "torch", "tensorflow", "keras", "jax", "sympy", "statsmodels")
)
"""Modules that take long to import: only when a definition mentions them, or on `Space.load`."""
LIKE_NUMPY = ("autograd.numpy", "jax.numpy", "cupy", "mxnet.numpy", "minpy.numpy")
"""Modules for which NumPy serves where they are not installed."""


class Idle:
    """Takes every call and every attribute, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Idle()

    def __call__(self, *_args: Any, **_options: Any) -> Any:
        """Return one more of the kind."""
        return Idle()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return Idle()

    def __exit__(self, *_error: object) -> None:
        return None


class Unfinished(Exception):
    """A function fails because it, or one that it calls, is not written yet.

    It stands as well in the place of a ``None`` in what an unfinished function returned.

    Parameters
    ----------
    words : str
    place : Place
    """

    def __init__(self, words: str, place: Place) -> None:
        super().__init__(words)
        self.place = place


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
        self.options: Mapping[str, Any] = {}
        self.tell: Callable[[Judged], None] | None = None
        self.names: dict[str, Any] = {"__name__": "solution", "__builtins__": builtins, "np": np}
        self.names |= _python2() if definitions.python2 else _gone()
        self.pending: dict[str, ast.stmt] = {}
        used = _used(definitions)
        self._asked: set[str] = set()
        for node, place in definitions.imports:
            self._import(node, place, used)
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
        Exception
            Whatever it raises; `TooLong` if it takes too long, `calling.Ended` if it wants to end
            the process, `Unfinished` if it fails, or returns nothing, because it is not written.
        """
        name = name_of(function)
        try:
            found = self.caller.call(function, args, options)
        except (TypeError, AttributeError, ValueError, LookupError, NotImplementedError) as problem:
            missing = self.unfinished(name)
            if missing is None:
                raise
            raise Unfinished(*missing) from problem
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
                    module = self._module(node.module or "", True, place)
                    self.names |= {k: v for k, v in vars(module).items() if not k.startswith("_")}
                elif used is not None and name not in used and _first(node) in HEAVY:
                    self.pending[name] = ast.ImportFrom(node.module, [alias], node.level)
                else:
                    module = self._module(node.module or "", True, place)
                    self.names[name] = getattr(module, alias.name, Idle())

    def _module(self, name: str, last: bool, place: Place | None) -> Any:
        """Return a module, or what stands in for it."""
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
            self._stands_in(name, held is not None, place)
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
        node = self.asserts.taken_out(definition)
        tree = ast.Module([node], [])
        if definition.offset:
            ast.increment_lineno(tree, definition.offset)
        file = file_of(definition.place, definition.name)
        lines = self.definitions.sources.get(definition.place.cell, ())
        linecache.cache[file] = (len(lines), None, [f"{line}\n" for line in lines], file)
        self._undecorate(node)
        self.names[OwnAsserts.NAME] = self.asserts.hold
        try:
            code = compile(tree, file, "exec")
            self.caller.call(exec, (code, self.names), at=f"the definition of {definition.name}")
        except Exception as problem:  # a default value or a decorator of theirs: a finding
            sentence = f"defining {definition.name} raised {type(problem).__name__}: {problem}"
            self.findings.append(
                Finding(
                    "raises", "loader", sentence, "", (definition.name,), place=definition.place
                )
            )

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
    return (node.module or "").partition(".")[0]


def _gone() -> dict[str, Any]:
    """Return names of Python 2 that are not there any more."""
    return {"xrange": range, "raw_input": input, "unicode": str, "long": int}


def _python2() -> dict[str, Any]:
    """Return names as Python 2 had them: `zip`, `map`, `filter` and `range` return lists."""
    from functools import reduce

    def listed(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: list(function(*args))

    lists = {each.__name__: listed(each) for each in (zip, map, filter, range)}
    return {**_gone(), **lists, "reduce": reduce, "basestring": str, "unichr": chr}


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
