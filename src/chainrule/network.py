"""Network: what people hold. An architecture that can derive, evaluate and differentiate itself.

It has no state of its own: parameters go in, values come out. To learn, see `training`; to
doubt, see `checking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule import notation, parameters
from chainrule.activations import Activation
from chainrule.architecture import Architecture, describe
from chainrule.arguments import whole
from chainrule.arrays import Array, float_dtype
from chainrule.costs import Cost
from chainrule.derivation import Derivation
from chainrule.equations import Equations
from chainrule.examples import batch, draw_masks, inputs, owned
from chainrule.parameters import Parameters
from chainrule.randomness import source
from chainrule.tracing import Trace, trace


class Network:
    """A feed-forward network of dense layers: Wˡ, bˡ, an activation each, and a cost.

    Examples are columns throughout: x is n0 × m, y is n_L × m.

    Parameters
    ----------
    sizes : sequence of int
        Number of units of each layer, the inputs first: ``[n0, n1, …, n_L]``.
    activation : str, Activation or sequence of them
        A name such as ``"sigmoid"``, ``"relu"``, ``"leaky_relu(0.2)"`` or ``"gelu"`` (the page
        *functions and costs* has all): one for all layers, or one per layer of weights. A single
        one that the cost cannot follow stands for the hidden layers, and the last gets the cost's
        usual output activation (relu with cross-entropy: softmax).
    cost : str or Cost
        A name such as ``"squared_error"``, ``"cross_entropy"`` (of sigmoid or of softmax outputs)
        or ``"huber(1.5)"``: summed over the outputs and averaged over the examples.
    l2 : float, optional
        λ ≥ 0 of the penalty (λ/2) Σ ‖Wˡ‖², which is added to the cost.
    dropout : float or sequence of float, optional
        Probability with which a hidden unit is left out in training: one for all hidden layers, or
        one for each. Values and Jacobians are without dropout unless masks are given.
    output : str or Activation, optional
        Activation of the last layer, beside a single `activation`; ``"usual"`` for that which goes
        with the cost (squared error: identity).

    Raises
    ------
    ChainruleError
        If the description is impossible; the message says what to change.

    Examples
    --------
    >>> net = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
    >>> params = net.initialize(np.random.RandomState(123), scheme="normal", scale=0.5)
    >>> x, y = np.arange(0, 1, 1 / 5).reshape(5, 1), np.array([[0], [1]])
    >>> for _ in range(2):
    ...     cost, jacobians = net.value_and_grad(params, x, y)
    ...     params.flat -= 1 / 5 * jacobians.flat
    >>> net.forward(params, x).round(8)
    array([[0.49492989],
           [0.24723845]])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation],
        cost: str | Cost,
        l2: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        output: str | Activation | None = None,
    ) -> None:
        self._architecture = describe(sizes, activation, cost, l2, dropout, output)
        self._equations = Equations(self._architecture)

    @property
    def architecture(self) -> Architecture:
        """The frozen description."""
        return self._architecture

    @property
    def equations(self) -> Equations:
        """The equations, ready to be evaluated for values that are known to be sound."""
        return self._equations

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of units of each layer, the inputs first."""
        return self._architecture.sizes

    def initialize(
        self,
        rng: Any = None,
        *,
        scheme: str = "xavier",
        scale: float | None = None,
        dtype: Any = np.float64,
    ) -> Parameters:
        """Draw starting parameters.

        Parameters
        ----------
        rng : int, numpy.random.Generator, numpy.random.RandomState, optional
            A seed, or a generator, which is moved on. W1, W2, … are drawn in this order, then,
            by the scheme ``"normal"`` only, b1, b2, …
        scheme : {"xavier", "he", "normal"}, optional
            Standard deviation of the weights, which are normal with mean 0.
            ``"xavier"``: √(2/(n_in + n_out)), Glorot and Bengio 2010, for sigmoid and tanh.
            ``"he"``: √(2/n_in), He et al. 2015, for relu. Both leave the biases at 0.
            ``"normal"``: 1, biases too; the way of the notebook with which this began.
        scale : float, optional
            Factor on the standard deviation; 1 where nothing is said, 0.5 for ``"normal"``.
        dtype : dtype, optional
            float32 or float64. Drawn in float64 in either case.

        Returns
        -------
        params : Parameters
            Starting values.

        Examples
        --------
        >>> net = Network([2, 3, 1], activation="tanh", cost="squared_error")
        >>> net.initialize(0).W1.shape
        (3, 2)
        """
        return parameters.initialize(self.sizes, rng, scheme=scheme, scale=scale, dtype=dtype)

    def draw_masks(self, rng: Any, examples: int, dtype: Any = np.float64) -> dict[str, Array]:
        """Draw the dropout masks of one batch.

        Parameters
        ----------
        rng : int, numpy.random.Generator or numpy.random.RandomState
            A seed, or a generator, which is moved on: one uniform number per unit and example.
        examples : int
            Number of examples in the batch.
        dtype : dtype, optional
            float32 or float64.

        Returns
        -------
        dict of str to ndarray, shape (n_l, examples)
            ``r1``, … for the layers with dropout: 1 where a unit is kept, 0 where it is left out.

        Examples
        --------
        >>> net = Network([2, 4, 1], activation="tanh", cost="squared_error", dropout=0.5)
        >>> net.draw_masks(0, 3)["r1"].sum()
        np.float64(8.0)
        """
        count = whole("examples", examples, 1)
        return draw_masks(self._architecture, source(rng), count, float_dtype(dtype))

    def forward(self, params: Parameters, x: Any) -> Array:
        """Return the outputs a_L.

        Parameters
        ----------
        params : Parameters
            Of this network.
        x : array_like, shape (n0, m)
            Inputs.

        Returns
        -------
        ndarray, shape (n_L, m)
            In the dtype of the parameters, without dropout.
        """
        last = notation.activations(self._architecture.layers)
        values = inputs(self._architecture, x, self.owns(params).dtype)
        (outputs,) = self._equations.evaluate((last,), params, values)
        return np.asarray(outputs)

    def cost(self, params: Parameters, x: Any, y: Any, weights: Any = None) -> float:
        """Return the cost C.

        Parameters
        ----------
        params : Parameters
            Of this network.
        x, y : array_like, shape (n0, m) and (n_L, m)
            Inputs and targets.
        weights : array_like, shape (m,), optional
            How much each example counts.

        Returns
        -------
        float
            C, with the penalty, without dropout.
        """
        values = self.batch(x, y, self.owns(params).dtype, weights)
        return float(self._equations.evaluate((notation.COST,), params, values)[0])

    def value_and_grad(
        self,
        params: Parameters,
        x: Any,
        y: Any,
        weights: Any = None,
        masks: Mapping[str, Any] | None = None,
    ) -> tuple[float, Parameters]:
        """Return the cost and the Jacobian of the cost by every parameter.

        Parameters
        ----------
        params : Parameters
            Of this network.
        x, y : array_like, shape (n0, m) and (n_L, m)
            Inputs and targets.
        weights : array_like, shape (m,), optional
            How much each example counts.
        masks : mapping, optional
            Dropout masks, as `draw_masks` gives them; no dropout where nothing is given.

        Returns
        -------
        cost : float
            The cost C.
        jacobians : Parameters
            ``.W1`` is ∂C/∂W1, of the same shape and dtype as W1, and so on.
        """
        values = self.batch(x, y, self.owns(params).dtype, weights, masks)
        jacobians = Parameters(self.sizes, dtype=params.dtype)
        return self._equations.differentiate(params, values, jacobians), jacobians

    def trace(
        self,
        params: Parameters,
        x: Any,
        y: Any,
        weights: Any = None,
        masks: Mapping[str, Any] | None = None,
        *,
        inputs: bool = False,
    ) -> Trace:
        """Return every intermediate value by name: ``a0``, ``y``, ``z1``, …, ``J_b1``.

        Parameters
        ----------
        params : Parameters
            Of this network.
        x, y : array_like, shape (n0, m) and (n_L, m)
            Inputs and targets.
        weights : array_like, shape (m,), optional
            How much each example counts.
        masks : mapping, optional
            Dropout masks, as `draw_masks` gives them; no dropout where nothing is given.
        inputs : bool, optional
            Whether the Jacobian with respect to the inputs is among them.

        Returns
        -------
        Trace
            Printing it shows each equation with the shape and range of its value.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", cost="squared_error")
        >>> params = net.initialize(0)
        >>> params.W1 = [[1, 1]]
        >>> print(net.trace(params, [[1, 2], [3, 4]], [[0, 0]]))
        a0                        2 × 2    1 … 4
        y                         1 × 2    0 … 0
        z1 = W1 a0 + b1           1 × 2    4 … 6
        a1 = id(z1)               1 × 2    4 … 6
        C = (1/m) Σ (a1 − y)²     scalar   26
        ∂C/∂a1 = (2/m) (a1 − y)   1 × 2    4 … 6
        δ1 = ∂C/∂a1               1 × 2    4 … 6
        J_W1 = δ1 a0ᵀ             1 × 2    16 … 36
        J_b1 = Σ_examples δ1      1 × 1    10
        """
        values = self.batch(x, y, self.owns(params).dtype, weights, masks)
        dropped = any(map(notation.is_mask, values))
        derivation = self.derive(weights=weights is not None, dropout=dropped, inputs=inputs)
        constants = self._architecture.constants(values)
        return trace(derivation, dict(params) | values, constants, tuple(values))

    def derive(
        self,
        *,
        weights: bool = False,
        dropout: bool = True,
        inputs: bool = False,
        of: str = "cost",
    ) -> Derivation:
        """Return the derivation: every equation, forward and backward, with shape and reason.

        Parameters
        ----------
        weights : bool, optional
            Whether the examples are weighted.
        dropout : bool, optional
            Whether units are left out, where the network has rates of dropout.
        inputs : bool, optional
            Whether the Jacobian with respect to the inputs is derived too.
        of : {"cost", "outputs"}, optional
            What is differentiated. The derivation of the outputs knows neither weights nor
            dropout, and has the Jacobian with respect to the inputs.

        Returns
        -------
        Derivation
            Print it; ``derivation["J_W1"]`` is one equation.

        Examples
        --------
        >>> net = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
        >>> print(net.derive()["J_W3"])
        J_W3 = δ3 a2ᵀ
        >>> print(net.derive(of="outputs")["ds_da0"])
        ∂s/∂a0 = W1ᵀ ∂s/∂z1
        """
        return self._equations.derive(weights=weights, dropout=dropout, inputs=inputs, of=of)

    def batch(
        self,
        x: Any,
        y: Any,
        dtype: np.dtype[np.floating],
        weights: Any = None,
        masks: Mapping[str, Any] | None = None,
    ) -> dict[str, Array]:
        """Return checked inputs, targets, weights and masks by name, in `dtype`.

        Parameters
        ----------
        x, y : array_like, shape (n0, m) and (n_L, m)
            Inputs and targets.
        dtype : numpy.dtype
            float32 or float64.
        weights : array_like, shape (m,) or (1, m), optional
            How much each example counts, 0 or more. One that counts 0 is computed all the same: an
            infinite loss of it makes the cost NaN.
        masks : mapping, optional
            Dropout masks, as `draw_masks` gives them.

        Returns
        -------
        dict of str to ndarray
            ``a0``, ``y``, and what else was given: ``w``, ``r1``, …

        Raises
        ------
        ShapeError, InvalidType, InvalidValue
            If they do not fit the network, each other or the cost.
        """
        return batch(self._architecture, x, y, dtype, weights, masks)

    def owns(self, params: Any) -> Parameters:
        """Return `params` if they are finite parameters of this network.

        Parameters
        ----------
        params : object
            What a caller gave.

        Returns
        -------
        params : Parameters
            The same.

        Raises
        ------
        InvalidType, ShapeError, InvalidValue
            If they are not.
        """
        return owned(self._architecture, params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self._architecture == other._architecture

    def __hash__(self) -> int:
        return hash((self.sizes, self._architecture.l2))

    def __reduce__(self) -> tuple[Any, ...]:
        architecture, described = self._architecture, self._architecture.described()
        described["activation"] = [
            row if row.by_hand else row.name for row in architecture.activations
        ]
        if architecture.cost.by_hand:
            described["cost"] = architecture.cost
        return partial(Network, **described), ()

    def __repr__(self) -> str:
        sizes, *options = self._architecture.described().items()
        said = [f"{name}={value!r}" for name, value in options if value]
        return f"Network({', '.join([str(sizes[1]), *said])})"
