"""`MLPClassifier`: scikit-learn's interface to a network that tells classes apart."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from chainrule.estimators.base import BaseMLP, Weights
from chainrule.estimators.translation import STOCHASTIC


def _stochastic(estimator: Any) -> bool:
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"there is no partial_fit with solver={estimator.solver!r}, which takes all samples in "
            f"every update, wanted one of {', '.join(STOCHASTIC)}"
        )
    return True


class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that tells classes apart.

    The interface is that of `sklearn.neural_network.MLPClassifier`, with more parameters; what
    differs is in docs/estimators.md.

    Parameters
    ----------
    hidden_layer_sizes : array-like of shape (n_layers - 2,), default=(100,)
        Number of units of each hidden layer; an empty one is a linear model.
    activation : str or list of str, default='relu'
        Of the hidden layers, one for all or one each: ``'relu'``, ``'tanh'``,
        ``'logistic'``, ``'gelu'`` and all that `Network` knows.
    solver : {'adam', 'sgd', 'lbfgs', 'adamw', 'rmsprop', 'lm'}, default='adam'
        What makes the updates. ``'lbfgs'`` and ``'lm'`` (Levenberg–Marquardt, for squared
        error and small networks) take all samples in every update.
    alpha : float, default=0.0001
        Strength of the penalty ½ alpha ‖W‖² / (sum of the weights of a batch), on the
        weights of the scaled inputs.
    batch_size : int or 'auto', default='auto'
        Samples of an update; ``'auto'`` is min(200, n_samples).
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate of ``'sgd'`` changes: not at all; over (samples seen)^power_t; or to a
        fifth whenever the loss (with held-out data: their loss) has not fallen by `tol` for
        `n_iter_no_change` passes.
    learning_rate_init : float, default=0.001
        The learning rate at first.
    power_t : float, default=0.5
        Exponent of ``'invscaling'``.
    max_iter : int, default=200
        Passes over the data at most; of ``'lbfgs'`` and ``'lm'``, updates.
    shuffle : bool, default=True
        Whether samples are shuffled before every pass.
    random_state : int, RandomState instance, default=None
        For starting weights, held-out part, shuffles and dropout.
    tol : float, default=1e-4
        By how much loss or score must be better to count; of ``'lbfgs'``, the largest entry
        of the gradient at the end.
    verbose : bool, default=False
        Whether loss and learning rate of every pass are printed.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last one.
    momentum : float, default=0.9
        Of ``'sgd'``, from 0 to below 1.
    nesterovs_momentum : bool, default=True
        Whether that of ``'sgd'`` looks ahead.
    early_stopping : bool, default=False
        Whether the score of held-out data ends training, and the best weights are kept.
    validation_fraction : float, default=0.1
        Part of the data that is held out, where `fit` is given no `X_val`.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of the two means of Adam.
    epsilon : float, default=1e-8
        Added to the root of Adam and RMSprop.
    n_iter_no_change : int or inf, default=10
        Passes without a better loss, or score, that are let pass.
    max_fun : int, default=15000
        Evaluations of the loss by ``'lbfgs'`` at most.
    loss : str, default='log_loss'
        The log-loss; or a cost that `Network` knows and probabilities can have.
    output_activation : str, default=None
        Of the last layer; the usual one of the loss where nothing is said.
    dropout : float or list of float, default=0.0
        Probability with which a hidden unit is left out in training.
    weight_decay : float, default=0.0
        Of ``'adamw'`` and ``'adam'``: part by which all weights shrink in an update, times
        the rate, beside the gradient.
    clip_norm : float, default=None
        Longest gradient; a longer one is made so long.
    schedule : callable or ReduceOnPlateau, default=None
        Factor on the learning rate by the number of the update, such as `Cosine`; stands in
        the place of `learning_rate`.
    class_weight : dict, 'balanced' or list of dict, default=None
        How much each class counts, beside `sample_weight`.
    scale_inputs : bool, default=True
        Whether features are brought to mean 0 and variance 1 inside; `coefs_` are for raw
        ones. `partial_fit` takes the scale of its first part, if that has 20 rows.
    callbacks : list of callable, default=None
        Each is called with a `chainrule.callbacks.Progress` after every pass; one that
        returns True ends training.
    engine : {'auto', 'native', 'reference'}, default='auto'
        What carries out the updates.
    n_threads : int, default=None
        Of the native engine; as many as there are cores, or as OMP_NUM_THREADS says.
    dtype : {'float32', 'float64'}, default=None
        Of weights and sums; that of `X` where nothing is said.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coefs_, intercepts_ : list of ndarray, shape (n_in, n_out) and (n_out,)
        Weights and biases of every layer, for raw inputs and outputs.
    loss_, best_loss_ : float
        Of the last pass, and the lowest: mean over the batches, each before its update.
    loss_curve_, validation_loss_curve_ : list of float
        Of every pass; the second with held-out data only.
    validation_scores_, best_validation_score_ : list of float, float
        With `early_stopping`.
    n_iter_, t_ : int
        Passes made by the last fit, and samples seen.
    n_layers_, n_outputs_ : int
        Layers, the inputs counted, and outputs.
    out_activation_ : str
        Of the last layer.
    stopped_because_ : str
        Why training ended.
    network_, parameters_ : Network, Parameters
        What was trained, to derive, check and trace; parameters for raw numbers.
    n_features_in_, feature_names_in_ : int, ndarray of str
        Seen by `fit`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier(hidden_layer_sizes=(10,), solver="lbfgs", random_state=0)
    >>> cross_val_score(classifier, X, y).mean() > 0.9
    np.True_
    >>> classifier.fit(X, y).check_gradients(X, y).passed
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [str],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        output_activation: str | None = None,
        dropout: Any = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        schedule: Any = None,
        class_weight: Any = None,
        scale_inputs: bool = True,
        callbacks: Any = None,
        engine: str = "auto",
        n_threads: int | None = None,
        dtype: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.output_activation = output_activation
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.schedule = schedule
        self.class_weight = class_weight
        self.scale_inputs = scale_inputs
        self.callbacks = callbacks
        self.engine = engine
        self.n_threads = n_threads
        self.dtype = dtype

    # what the base asks --------------------------------------------------------------------------

    def _targets(self, y: Any, learn: bool) -> NDArray[np.floating]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if learn:
            self._binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._binarizer.classes_
        else:
            self._known(unique_labels(y))
        found: NDArray[np.floating] = self._binarizer.transform(y).astype(float)
        return found

    def _same_as_before(self, y: Any) -> None:
        missing = np.setdiff1d(self.classes_, unique_labels(y))
        if len(missing):
            raise ValueError(
                f"y lacks the classes {', '.join(map(str, missing))}, wanted all of "
                f"{', '.join(map(str, self.classes_))}: a warm start goes on with the same "
                "classes; partial_fit takes some of them at a time"
            )

    def _known(self, classes: NDArray[Any]) -> None:
        """Refuse classes that were not there when the classes were learnt."""
        new = [str(each) for each in classes if each not in set(self.classes_)]
        if new:
            raise ValueError(
                f"y has the classes {', '.join(new)}, wanted those of before: "
                f"{', '.join(map(str, self.classes_))}; fit anew with warm_start=False, or give "
                "all classes in the first call of partial_fit"
            )

    def _weights(self, y: Any, sample_weight: Any, X: Any) -> Weights:
        if sample_weight is None and self.class_weight is None:
            return None
        weights: NDArray[np.float64] = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        return weights

    def _output(self) -> str:
        return "softmax" if self._binarizer.y_type_ == "multiclass" else "logistic"

    def _stratified(self, y: NDArray[Any]) -> Any:
        return None if self._binarizer.y_type_.startswith("multilabel") else self._labels(y)

    def _labels(self, outputs: NDArray[Any]) -> NDArray[Any]:
        outputs = outputs.ravel() if outputs.shape[1] == 1 else outputs
        found: NDArray[Any] = self._binarizer.inverse_transform(outputs)
        return found

    def _scored(self, outputs: NDArray[Any], y: Any, weights: Weights) -> float:
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(accuracy_score(self._labels(y), self._labels(outputs), sample_weight=weights))

    # what people call ----------------------------------------------------------------------------

    @available_if(_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Make one pass over some data, from where the last one ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), optional
            All classes there are; needed in the first call.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.

        Returns
        -------
        self : object
            The estimator.
        """
        if not hasattr(self, "_binarizer"):
            if classes is None:
                raise ValueError(
                    "classes is missing, wanted all classes there are in the first call of "
                    "partial_fit: other parts of the data may have others"
                )
            kind = type_of_target(y)
            self._binarizer = LabelBinarizer()
            if kind.startswith("multilabel"):
                self._binarizer.fit(y)
            else:
                self._binarizer.fit(classes)
            self.classes_ = self._binarizer.classes_
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes is {list(classes)}, wanted those of the first call of partial_fit: "
                f"{', '.join(map(str, self.classes_))}"
            )
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_classes)
            Labels.
        """
        return self._labels(self._outputs(X))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        with np.errstate(divide="ignore"):
            found: NDArray[Any] = np.log(self.predict_proba(X))
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
