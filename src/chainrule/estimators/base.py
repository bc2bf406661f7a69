"""What `MLPClassifier` and `MLPRegressor` share: fit, partial_fit, and what is read off a fit."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from chainrule.arrays import Array
from chainrule.errors import ShapeError
from chainrule.estimators import reading
from chainrule.estimators.constraints import CONSTRAINTS
from chainrule.estimators.fitted import FLOATS, Fitted
from chainrule.estimators.running import NonFiniteFit, Plan, Run, run
from chainrule.estimators.scaling import Scaling, to_raw, to_scaled
from chainrule.estimators.translation import STOCHASTIC, Settings, half, network
from chainrule.estimators.watching import NoImprovement, Seen
from chainrule.network import Network
from chainrule.parameters import Parameters

Weights = NDArray[np.float64] | None
ENOUGH = 20
"""Rows from which on the first part of a stream tells the scale of all; of fewer, none is made."""


class BaseMLP(Fitted, BaseEstimator, metaclass=ABCMeta):
    """The common part of the two estimators; not for use by itself."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    # what the two kinds say ----------------------------------------------------------------------

    loss: str

    @abstractmethod
    def _targets(self, y: Any, learn: bool) -> NDArray[np.floating]:
        """Return targets as numbers, shape (n_samples, n_outputs); learn their form, if asked."""

    @abstractmethod
    def _weights(self, y: Any, sample_weight: Any, X: Any) -> Weights:
        """Return how much each row counts, or nothing."""

    @abstractmethod
    def _output(self) -> str:
        """Return scikit-learn's name of the usual last activation."""

    @abstractmethod
    def _scored(self, outputs: NDArray[Any], y: Any, weights: Weights) -> float:
        """Return the score of outputs, larger is better; NaN where they are not finite."""

    @abstractmethod
    def _stratified(self, y: NDArray[Any]) -> Any:
        """Return by what a held-out part is stratified, or nothing."""

    def _same_as_before(self, y: Any) -> None:
        """Refuse targets of another form than those that a warm start goes on from."""

    def _target_scaling(self, y: NDArray[np.floating], weights: Weights) -> Scaling:
        del weights
        return Scaling.none(y.shape[1])

    # fitting -------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Fit the network to data.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: class labels, or real numbers.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.
        X_val, y_val : array-like, optional
            Held-out data: their loss is recorded, and with ``early_stopping`` they decide in the
            place of a part of `X`.
        sample_weight_val : array-like, optional
            Of the held-out data.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data do not fit, or a loss is not finite any more.
        """
        fresh = not (self.warm_start and hasattr(self, "coefs_"))
        X, targets, weights = self._checked(X, y, sample_weight, fresh, learn=fresh)
        if not fresh:
            self._same_as_before(y)
        random = check_random_state(self.random_state)
        held_out = self._held_out(X_val, y_val, sample_weight_val)
        if held_out is None and self.early_stopping and self.solver in STOCHASTIC:
            (X, targets, weights), held_out = self._split(X, targets, weights, random)
        if fresh:
            self._scaling = (
                Scaling.of(X, weights) if self.scale_inputs else Scaling.none(X.shape[1]),
                self._target_scaling(targets, weights),
            )
            self._begin(X.shape[1], targets.shape[1], X.dtype, random)
        self._run(X, targets, weights, random, self.max_iter, held_out)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Any:
        fresh = not hasattr(self, "coefs_")
        X, targets, weights = self._checked(X, y, sample_weight, fresh, learn=False)
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        random = check_random_state(self.random_state)
        if not hasattr(self, "_scaling"):
            enough = fresh and len(X) >= ENOUGH
            inputs = Scaling.none(X.shape[1])
            self._scaling = (
                Scaling.of(X, weights) if enough and self.scale_inputs else inputs,
                self._target_scaling(targets, weights)
                if enough
                else Scaling.none(targets.shape[1]),
            )
        if fresh:
            self._begin(X.shape[1], targets.shape[1], X.dtype, random)
        elif not hasattr(self, "_seen"):  # somebody has given the weights
            self._count(len(self.coefs_) + 1, targets.shape[1])
        self._run(X, targets, weights, random, 1, None, keep_slots=True)
        return self

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, fresh: bool, learn: bool
    ) -> tuple[Array, Array, Weights]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=self.dtype or FLOATS,
            reset=fresh,
        )
        targets = self._targets(y, learn)
        weights = self._weights(y, sample_weight, X)
        X = reading.dense(X)
        return X, targets.astype(X.dtype, copy=False), weights

    def _held_out(self, X: Any, y: Any, sample_weight: Any) -> Any:
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise ValueError("X_val and y_val go together: one of them is missing")
        return self._checked(X, y, sample_weight, fresh=False, learn=False)

    def _split(self, X: Array, y: Array, weights: Weights, random: Any) -> Any:
        options = {
            "random_state": random,
            "test_size": self.validation_fraction,
            "stratify": self._stratified(y),
        }
        tables = (X, y) if weights is None else (X, y, weights)
        parts = train_test_split(*tables, **options)
        learnt, held_out = parts[::2], parts[1::2]
        if len(held_out[0]) < 2:
            raise ValueError(
                f"The validation set is too small: {len(held_out[0])} of {len(X)} samples, wanted "
                "at least 2: raise validation_fraction, or give X_val and y_val"
            )
        if weights is None:
            return (*learnt, None), (*held_out, None)
        return tuple(learnt), tuple(held_out)

    def _begin(self, inputs: int, outputs: int, dtype: Any, random: Any) -> None:
        """Draw starting weights, and forget what was learnt."""
        sizes = [inputs, *self._hidden(), outputs]
        self._count(len(sizes), outputs)
        params = reading.drawn(sizes, self.activation, random, dtype)
        self._keep(to_raw(params, *self._scaling))

    def _count(self, layers: int, outputs: int) -> None:
        """Begin to count."""
        self.n_layers_, self.n_outputs_ = layers, outputs
        self.out_activation_ = self.output_activation or self._output()
        self._seen = Seen()
        self._slots: Any = None
        self.n_iter_ = self.t_ = 0

    def _hidden(self) -> list[int]:
        given = self.hidden_layer_sizes
        sizes = [int(each) for each in given] if np.iterable(given) else [int(given)]
        if any(size < 1 for size in sizes):
            raise ValueError(f"hidden_layer_sizes is {sizes}, wanted sizes of at least 1")
        return sizes

    def _run(
        self,
        X: Array,
        y: Array,
        weights: Weights,
        random: Any,
        passes: int,
        held_out: Any,
        *,
        keep_slots: bool = False,
    ) -> None:
        samples, part = len(X), half(self.loss)
        plan = Plan.of(self, samples)
        of_a_batch = float(samples if weights is None else weights.sum())
        if plan.batch_size is not None:
            of_a_batch *= plan.batch_size / samples
        sizes = [X.shape[1], *self._hidden(), y.shape[1]]
        net = network(
            self, sizes, self.loss, self.out_activation_, Settings(self, part).penalty(of_a_batch)
        )
        params = to_scaled(reading.parameters(self.coefs_, self.intercepts_), *self._scaling)
        if params.sizes != net.sizes:
            met, wanted = ("-".join(map(str, each)) for each in (params.sizes, net.sizes))
            raise ShapeError("coefs_", met, wanted, "set warm_start=False, or the sizes as before")
        params = params.astype(X.dtype)
        values = self._values(net, X, y, weights)
        others = None if held_out is None else self._values(net, *held_out)
        rule = NoImprovement(
            self._seen,
            float(self.tol),
            float(self.n_iter_no_change) if self.solver in STOCHASTIC else np.inf,
            part,
            None if held_out is None or not self.early_stopping else self._score_on(net, held_out),
            self.solver == "sgd" and self.learning_rate == "adaptive",
            print if self.verbose else None,
        )
        rng = np.random.default_rng(random.randint(2**32, size=4, dtype="u8"))
        try:
            done = run(
                self,
                net,
                params,
                values,
                rule,
                rng,
                passes=passes,
                slots=self._slots if keep_slots else None,
                seen=self.t_,
                held_out=others,
            )
        except NonFiniteFit as problem:
            self._net = net
            self._keep(to_raw(problem.params, *self._scaling))
            if rule.score is None:
                raise
            self._seen.scores.append(np.nan)
            self._tell(0, problem.iteration // plan.updates, samples)
            message = f"{problem} The best weights before that are kept."
            warnings.warn(message, ConvergenceWarning, stacklevel=4)
            return
        self._slots = done.slots if self.solver in STOCHASTIC else None
        self._net = net
        self._learnt(done, samples, plan, passes, keep_slots)

    def _values(self, net: Network, X: Array, y: Array, weights: Weights) -> dict[str, Array]:
        inputs, targets = self._scaling
        return net.batch(inputs.apply(X).T, targets.apply(y).T, X.dtype, weights)

    def _score_on(self, net: Network, held_out: Any) -> Any:
        X, y, weights = held_out
        scaled = self._scaling[0].apply(X)

        def score(params: Parameters) -> float:
            outputs = reading.outputs(net, params, scaled)
            _, targets = self._scaling
            return self._scored(outputs * targets.scale + targets.mean, y, weights)

        return score

    def _learnt(self, done: Run, samples: int, plan: Plan, passes: int, partial: bool) -> None:
        result = done.result
        self._keep(to_raw(result.params, *self._scaling))
        self._tell(self.n_iter_ if partial else 0, result.iterations // plan.updates, samples)
        self.stopped_because_ = result.reason
        if result.reason == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=4)
        elif not partial and result.reason in ("iterations", "costs"):
            what = f"Maximum iterations ({passes})"
            if result.reason == "costs":
                what = f"Maximum loss calls ({self.max_fun})"
            warnings.warn(
                f"{what} reached, and the loss still falls: raise the limit, or tol",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _tell(self, before: int, made: int, samples: int) -> None:
        """Say how far it has come, in scikit-learn's attributes."""
        seen = self._seen
        self.n_iter_ = before + made
        self.t_ += made * samples
        self.loss_curve_ = seen.losses
        self.validation_loss_curve_ = seen.validation_losses or None
        self.loss_ = seen.losses[-1] if seen.losses else np.nan
        self.best_loss_ = None if self.early_stopping else seen.best_loss
        self.validation_scores_ = seen.scores if self.early_stopping else None
        self.best_validation_score_ = seen.best_score if self.early_stopping else None

    def _keep(self, params: Parameters) -> None:
        layers = range(1, len(params.sizes))
        self.coefs_ = [params[f"W{k}"].T for k in layers]
        self.intercepts_ = [params[f"b{k}"][:, 0] for k in layers]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
