"""What scikit-learn's words mean here: the one place where they are translated.

scikit-learn's loss of a batch is ½ Σ (a − y)², or the log-loss, averaged over the examples, and
½ alpha ‖W‖² / (sum of weights of the batch). The cost of a network here has no ½ and λ/2 ‖W‖². So
squared error is ``HALF`` of ours: the learning rate of descent, λ and thresholds on gradients are
translated with it, and the loss that is reported is the function whose gradient is followed.
(scikit-learn averages the reported squared error over the outputs and follows the gradient of the
sum; here both are of the sum.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.network import Network
from chainrule.optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSprop
from chainrule.schedules import CONSTANT, ReduceOnPlateau, Schedule
from chainrule.second_order import LBFGS, LevenbergMarquardt

LOGISTIC = {"logistic": "sigmoid"}
LOSSES = {"log_loss": "cross_entropy"}
STOCHASTIC = ("sgd", "adam", "adamw", "rmsprop")
SOLVERS = (*STOCHASTIC, "lbfgs", "lm")
FTOL = 64 * 2.220446049250313e-16 * 1e5
"""That of SciPy's L-BFGS-B where nothing is said, 2.22e-9, which scikit-learn leaves as it is."""
LEAST_RATE = 1e-6
"""scikit-learn's "adaptive" learning rate goes no lower."""


def activation(name: Any) -> Any:
    """Return what scikit-learn's name of an activation is called here."""
    return LOGISTIC.get(name, name) if isinstance(name, str) else name


def activations(given: Any, hidden: int) -> list[Any]:
    """Return one activation per hidden layer, from one name or a list."""
    if isinstance(given, (str,)) or not isinstance(given, Sequence):
        return [activation(given)] * hidden
    return [activation(each) for each in given]


def half(loss: str) -> float:
    """Return the part of our cost that scikit-learn's loss is."""
    return 0.5 if loss == "squared_error" else 1.0


@dataclass(frozen=True)
class Settings:
    """The numbers of an estimator that the optimizer, its schedule and the penalty are made of.

    Parameters
    ----------
    estimator : object
        With scikit-learn's parameters.
    part : float
        What `half` gives.
    """

    estimator: Any
    part: float

    def optimizer(self) -> Any:
        """Return the optimizer of the solver."""
        est, part = self.estimator, self.part
        if est.solver == "lm":
            return LevenbergMarquardt()
        if est.solver == "lbfgs":
            return LBFGS(
                gradient_tolerance=est.tol / part, cost_tolerance=FTOL, most_costs=est.max_fun
            )
        rate, epsilon = est.learning_rate_init, est.epsilon / part
        if est.solver == "rmsprop":
            return RMSprop(rate, est.beta_2, epsilon)
        if est.solver == "sgd":
            return self._descent(rate * part)
        if est.solver == "adam" and not est.weight_decay:
            return Adam(rate, est.beta_1, est.beta_2, epsilon)
        return AdamW(rate, est.beta_1, est.beta_2, epsilon, est.weight_decay)

    def _descent(self, rate: float) -> Any:
        est = self.estimator
        if not est.momentum:
            return GradientDescent(rate)
        kind = Nesterov if est.nesterovs_momentum else Momentum
        return kind(rate, est.momentum)

    def penalty(self, total_weight: float) -> float:
        """Return λ, where the weights of a batch sum to `total_weight`."""
        return float(self.estimator.alpha) / total_weight / self.part

    def schedule(self, updates: int, samples: int, seen: int) -> Schedule | ReduceOnPlateau:
        """Return the schedule, for so many updates and samples in a pass over the data."""
        est = self.estimator
        if est.schedule is not None:
            given: Schedule | ReduceOnPlateau = est.schedule
            return given
        if est.solver == "sgd" and est.learning_rate == "invscaling":
            return InverseScaling(updates, samples, est.power_t, seen)
        return CONSTANT  # "adaptive" looks at the loss: `watching`


@dataclass(frozen=True)
class InverseScaling:
    """1 / (t + 1)^power, with t the number of samples seen in the passes before.

    Parameters
    ----------
    updates, samples : int
        In a pass over the data.
    power : float
    seen : int, optional
        Samples that were seen before the first update.
    """

    updates: int
    samples: int
    power: float
    seen: int = 0

    def __call__(self, iteration: int) -> float:
        """Return the factor of an update."""
        passes = iteration // self.updates
        seen = self.seen + passes * self.samples
        return math.pow(seen + 1, -self.power) if seen else 1.0


def network(
    estimator: Any, sizes: Sequence[int], loss: Any, output: Any, penalty: float
) -> Network:
    """Return the network of an estimator.

    Parameters
    ----------
    estimator : object
        With ``activation`` and ``dropout``.
    sizes : sequence of int
        The features first, the outputs last.
    loss : str
        Ours or scikit-learn's name.
    output : str
        Ours or scikit-learn's name of the last activation.
    penalty : float
        λ.
    """
    hidden = len(sizes) - 2
    return Network(
        sizes,
        activation=[*activations(estimator.activation, hidden), activation(output)],
        cost=LOSSES.get(loss, loss),
        l2=penalty,
        dropout=estimator.dropout if hidden else 0.0,
    )
