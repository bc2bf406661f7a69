"""Engines: what carries out updates.

One protocol, `advance(state, k)`; everything that decides (when to record, when to stop, what to
show) is in `training`.
"""

from __future__ import annotations

import warnings

from chainrule.engines import kernel
from chainrule.engines.least_squares import LeastSquares, must_fit
from chainrule.engines.native import NativeEngine, refusal
from chainrule.engines.protocol import Engine, Problem, State
from chainrule.engines.quasi_newton import QuasiNewton
from chainrule.engines.reference import ReferenceEngine
from chainrule.engines.refusals import the_same_cost
from chainrule.errors import EngineUnavailable, UnknownName
from chainrule.second_order import LBFGS, LevenbergMarquardt

__all__ = ["ENGINES", "Engine", "Problem", "State", "choose", "the_same_cost"]

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
    if isinstance(problem.optimizer, LevenbergMarquardt):
        must_fit(problem.network.architecture)
    engine = _native(name, problem) or ReferenceEngine(problem)
    if isinstance(problem.optimizer, LBFGS):
        return QuasiNewton(engine, problem, problem.optimizer)
    if isinstance(problem.optimizer, LevenbergMarquardt):
        return LeastSquares(engine, problem, problem.optimizer)
    return engine


def _native(name: str, problem: Problem) -> NativeEngine | None:
    if name == "reference":
        return None
    reason = refusal(problem)
    if name == "native" and reason:
        raise EngineUnavailable(
            f"engine='native' cannot train this: {reason}; use engine='auto' or 'reference'"
        )
    missing = kernel.why_missing()
    if name == "auto" and missing and not reason and missing not in _SAID:
        _SAID.add(missing)
        warnings.warn(f"training on the slow reference engine: {missing}", stacklevel=4)
    if name == "auto" and (reason or missing):
        return None
    return NativeEngine(problem)


_SAID: set[str] = set()  # what this process has been warned of
