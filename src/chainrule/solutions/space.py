"""The namespace in which other people's definitions live: what they import, and what they define.

Statements are not run. Modules for plots and notebooks are stood in for by objects that take every
call and do nothing; so is what is not installed.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import linecache
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any

import numpy as np

from chainrule.solutions.definitions import Definition, Definitions
from chainrule.solutions.findings import Finding, Place

# fmt: off
IDLE = frozenset((
    "matplotlib", "pylab", "seaborn", "plotly", "bokeh", "IPython", "ipywidgets", "google", "tqdm",
    "PIL", "cv2", "skimage", "imageio", "graphviz", "pydot", "pygame", "turtle", "tkinter",
    "requests", "urllib", "wget", "gdown", "kaggle", "wandb", "tensorboard", "h5py", "testCases",
    "testCases_v2", "testCases_v3", "testCases_v4", "public_tests", "test_utils", "lr_utils",
))
# fmt: on
"""Modules that are stood in for, whether they are installed or not."""


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


class TooLong(Exception):
    """A call took longer than it may."""


class Space:
    """What a file defines, ready to be called.

    Parameters
    ----------
    definitions : Definitions
    call_seconds : float
        That a call may take.
    """

    def __init__(self, definitions: Definitions, call_seconds: float) -> None:
        self.definitions = definitions
        self.call_seconds = call_seconds
        self.findings: list[Finding] = []
        self.names: dict[str, Any] = {"__name__": "solution", "__builtins__": builtins, "np": np}
        for node, _ in definitions.imports:
            self._import(node)
        for each in definitions.found.values():
            self._define(each)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Any:
        return self.names[name]

    def place(self, name: str) -> Place | None:
        """Return where a name is defined."""
        found = self.definitions.found.get(name)
        return None if found is None else found.place

    def call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a function of theirs, for so long as it may take.

        Raises
        ------
        Exception
            Whatever it raises; `TooLong` if it takes too long.
        """
        with _alarm(self.call_seconds), np.errstate(all="ignore"):
            return function(*args, **options)

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

    def _import(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                module = _module(alias.name if alias.asname else first)
                self.names[alias.asname or first] = module
        elif isinstance(node, ast.ImportFrom):
            module = _module(node.module or "")
            for alias in node.names:
                if alias.name == "*":
                    self.names.update(
                        {k: v for k, v in vars(module).items() if not k.startswith("_")}
                    )
                else:
                    self.names[alias.asname or alias.name] = getattr(module, alias.name, Idle())

    def _define(self, definition: Definition) -> None:
        place = definition.place
        file = f"cell {place.cell}" if place.cell is not None else "file"
        file = f"<{file}: {definition.name}>"
        tree = ast.Module([definition.node], [])
        offset = place.line - definition.node.lineno
        if offset:
            ast.increment_lineno(tree, offset)
        try:
            exec(compile(tree, file, "exec"), self.names)
        except Exception as problem:
            self.findings.append(
                Finding(
                    "raises",
                    "loader",
                    f"defining {definition.name} raised {type(problem).__name__}: {problem}",
                    entries=(definition.name,),
                    place=place,
                )
            )


def _codes(function: Any) -> Iterator[Any]:
    if isinstance(function, type):
        for each in vars(function).values():
            yield from _codes(each)
    if isinstance(function, FunctionType):
        waiting = [function.__code__]
        while waiting:
            code = waiting.pop()
            yield code
            waiting += [each for each in code.co_consts if hasattr(each, "co_names")]


def _module(name: str) -> Any:
    if name.partition(".")[0] in IDLE:
        return Idle()
    try:
        return importlib.import_module(name)
    except Exception:  # whatever an import of theirs does wrong, it is not there
        return Idle()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooLong(f"it took longer than {seconds:g} s: is there a loop that does not end?")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def show_lines(lines: Sequence[str], file: str) -> None:
    """Let tracebacks find the source of a cell."""
    linecache.cache[file] = (len(lines), None, [f"{line}\n" for line in lines], file)
