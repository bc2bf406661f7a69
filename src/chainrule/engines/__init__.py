"""Engines: what carries out updates.

One protocol, `advance(state, k)`; everything that decides (when to record, when to stop, what to
show) is in `training`.
"""

from __future__ import annotations

from chainrule.engines.protocol import Engine, Problem, State
from chainrule.engines.quasi_newton import QuasiNewton
from chainrule.engines.reference import ReferenceEngine
from chainrule.engines.refusals import the_same_cost
from chainrule.errors import EngineUnavailable, UnknownName
from chainrule.second_order import LBFGS

__all__ = ["ENGINES", "Engine", "Problem", "State", "choose", "the_same_cost"]

ENGINES = ("auto", "reference", "native")


def choose(name: str, problem: Problem) -> Engine:
    """Return the engine of a name, made ready for a problem.

    Raises
    ------
    UnknownName
        If there is no such engine.
    EngineUnavailable
        If the engine was asked for by name and cannot serve.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    if name == "native":
        raise EngineUnavailable(
            "engine='native' is not part of this version; use engine='auto' or 'reference'"
        )
    engine = ReferenceEngine(problem)
    if isinstance(problem.optimizer, LBFGS):
        return QuasiNewton(engine, problem.optimizer)
    return engine
