"""What can be read off a fitted estimator beside its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.checking import check
from chainrule.checking.report import Report
from chainrule.estimators import reading
from chainrule.estimators.scaling import Scaling, to_scaled
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.sensitivity import input_jacobian

FLOATS = (np.float64, np.float32)


class Fitted:
    """The methods of an estimator that look into its network."""

    if TYPE_CHECKING:
        coefs_: list[NDArray[Any]]
        intercepts_: list[NDArray[Any]]
        _net: Network
        _scaling: tuple[Scaling, Scaling]

        def _checked(
            self, X: Any, y: Any, sample_weight: Any, fresh: bool, learn: bool
        ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]: ...

    def _table(self, X: Any) -> Any:
        """Return inputs, checked against those of the fit."""
        check_is_fitted(self, "coefs_")
        return validate_data(self, X, accept_sparse=["csr", "csc"], dtype=FLOATS, reset=False)

    def _outputs(self, X: Any) -> NDArray[Any]:
        table = self._table(X)  # before anything else: it says so where nothing is fitted
        return reading.outputs(self._net, self.parameters_, table)

    @property
    def network_(self) -> Network:
        """The network that was trained: derive it, check it, trace it."""
        check_is_fitted(self, "coefs_")
        return self._net

    @property
    def parameters_(self) -> Parameters:
        """`coefs_` and `intercepts_` as `Parameters`: W1 is ``coefs_[0].T``."""
        check_is_fitted(self, "coefs_")
        return reading.parameters(self.coefs_, self.intercepts_)

    def hidden_activations(self, X: Any) -> list[NDArray[Any]]:
        """Return the activations of every hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        list of ndarray, shape (n_samples, n_units)
            One per hidden layer.
        """
        X = self._table(X)
        hidden = range(1, len(self.coefs_))
        return reading.layers(self._net, self.parameters_, reading.dense(X), hidden)

    def input_jacobian(self, X: Any) -> NDArray[Any]:
        """Return the Jacobian of the outputs with respect to the inputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_outputs, n_features)
            Entry [e, k, j] is how output k of sample e moves with its feature j, in raw units; of a
            classifier, the outputs are probabilities, of two classes that of the second.
        """
        return input_jacobian(self._net, self.parameters_, reading.dense(self._table(X)).T)

    def check_gradients(self, X: Any, y: Any, sample_weight: Any = None) -> Report:
        """Check every Jacobian of the network, at the weights that were learnt, on data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.

        Returns
        -------
        Report
            Print it; ``report.passed`` says whether nothing was found wrong. Inputs and targets
            are scaled as they were in training.
        """
        check_is_fitted(self, "coefs_")
        X, targets, weights = self._checked(X, y, sample_weight, fresh=False, learn=False)
        inputs, outputs = self._scaling
        params = to_scaled(self.parameters_, inputs, outputs)
        x, y = inputs.apply(X).T, outputs.apply(targets).T
        return check(self._net, params, x, y, weights=weights)

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's diagram, with the derivation below it once there is a network."""
        diagram = str(super()._repr_html_inner())  # type: ignore[misc]  # of BaseEstimator
        if not hasattr(self, "_net"):
            return diagram
        derivation = self._net.derive(dropout=False)._repr_html_()
        return (
            f"{diagram}<details><summary>The derivation of this network: {self._net}</summary>"
            f"{derivation}</details>"
        )
