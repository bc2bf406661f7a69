"""What an optimizer that judges its steps by the cost cannot use: refused in one place."""

from __future__ import annotations

from chainrule.engines.protocol import Problem
from chainrule.errors import InvalidValue
from chainrule.schedules import CONSTANT, ReduceOnPlateau
from chainrule.second_order import SecondOrder


def the_same_cost(
    problem: Problem, optimizer: SecondOrder, plateau: ReduceOnPlateau | None
) -> None:
    """Refuse whatever would change the cost, or the step, from update to update.

    Parameters
    ----------
    problem : Problem
    optimizer : LevenbergMarquardt or LBFGS
        Of the problem; the refusal bears its name.
    plateau : ReduceOnPlateau or None
        A schedule that looks at costs.

    Raises
    ------
    InvalidValue
        If there is any such thing.
    """
    if problem.batch_size is not None:
        raise InvalidValue(
            f"batch_size is {problem.batch_size}, wanted None: {optimizer.title} takes all "
            "examples in every update"
        )
    refused = {
        "the network has dropout": bool(problem.network.architecture.masks),
        "there are transformations or noise": bool(problem.transformations),
        "there is a schedule": plateau is not None or problem.schedule is not CONSTANT,
    }
    for met, is_so in refused.items():
        if is_so:
            raise InvalidValue(
                f"{met}, wanted none: {optimizer.title} chooses its steps itself and judges "
                "them by the cost, which must be the same in every update"
            )
