"""Engines: what carries out updates.

One protocol, `advance(state, k)`; everything that decides (when to record, when to stop, what to
show) is in `training`.
"""

from __future__ import annotations

import warnings

from chainrule.engines import kernel
from chainrule.engines.native import NativeEngine, refusal
from chainrule.engines.protocol import Engine, Problem, State
from chainrule.engines.reference import ReferenceEngine
from chainrule.errors import EngineUnavailable, UnknownName

__all__ = ["ENGINES", "Engine", "Problem", "State", "choose"]

ENGINES = ("auto", "reference", "native")


def choose(name: str, problem: Problem) -> Engine:
    """Return the engine of a name, made ready for a problem.

    ``"auto"`` is the native engine where it can serve, and the reference engine elsewhere; that the
    kernel cannot be loaded at all is worth a warning, once.

    Raises
    ------
    UnknownName
        If there is no such engine.
    EngineUnavailable
        If the engine was asked for by name and cannot serve.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    if name == "reference":
        return ReferenceEngine(problem)
    reason = refusal(problem)
    if name == "native":
        if reason:
            raise EngineUnavailable(
                f"engine='native' cannot train this: {reason}; use engine='auto' or 'reference'"
            )
        return NativeEngine(problem)
    missing = kernel.why_missing()
    if missing and not reason and missing not in _SAID:
        _SAID.add(missing)
        warnings.warn(f"training on the slow reference engine: {missing}", stacklevel=3)
    return ReferenceEngine(problem) if reason or missing else NativeEngine(problem)


_SAID: set[str] = set()  # what this process has been warned of
