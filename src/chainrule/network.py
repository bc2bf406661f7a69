"""Network: what people hold. An architecture that can derive, evaluate and differentiate itself.

It has no state of its own: parameters go in, values come out. To learn, see `training`; to
doubt, see `checking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule import notation, parameters
from chainrule.architecture import Architecture, describe
from chainrule.arrays import Array, examples_in_columns, finite
from chainrule.derivation import Derivation
from chainrule.derive import derive
from chainrule.errors import InvalidType, InvalidValue, ShapeError
from chainrule.evaluate import Plan, Trace, trace
from chainrule.parameters import Parameters


class Network:
    """A feed-forward network of dense layers: Wˡ, bˡ, an activation each, and a cost.

    Examples are columns throughout: x is n0 × m, y is n_L × m.

    Parameters
    ----------
    sizes : sequence of int
        Number of units of each layer, the inputs first: ``[n0, n1, …, n_L]``.
    activation : str or sequence of str
        ``"sigmoid"``, ``"tanh"``, ``"relu"``, ``"identity"``, ``"softmax"``: one name for all
        layers, or one per layer of weights. A single name that the cost cannot follow stands for
        the hidden layers, and the last gets the cost's usual output activation (relu with
        cross-entropy: softmax).
    cost : str
        ``"squared_error"`` or ``"cross_entropy"`` (of sigmoid or of softmax outputs), summed over
        the outputs and averaged over the examples.
    l2 : float, optional
        λ ≥ 0 of the penalty (λ/2) Σ ‖Wˡ‖², which is added to the cost.

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
        self, sizes: Sequence[int], *, activation: str | Sequence[str], cost: str, l2: float = 0.0
    ) -> None:
        self._architecture = describe(sizes, activation, cost, l2)
        self._derivation = derive(self._architecture)
        self._plans: dict[tuple[str, ...], Plan] = {}

    @property
    def architecture(self) -> Architecture:
        """The frozen description."""
        return self._architecture

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

    def forward(self, params: Parameters, x: Any) -> Array:
        """Return the outputs a_L.

        Parameters
        ----------
        params : Parameters
        x : array_like, shape (n0, m)
            Inputs.

        Returns
        -------
        ndarray, shape (n_L, m)
            In the dtype of the parameters.
        """
        last = notation.activations(self._architecture.layers)
        dtype = self.owns(params).dtype
        a0 = examples_in_columns("x", x, self._architecture.inputs, dtype, "inputs")
        (outputs,) = self.evaluate((last,), params, {notation.activations(0): a0})
        return np.asarray(outputs)

    def cost(self, params: Parameters, x: Any, y: Any) -> float:
        """Return the cost C.

        Parameters
        ----------
        params : Parameters
        x : array_like, shape (n0, m)
            Inputs.
        y : array_like, shape (n_L, m)
            Targets.

        Returns
        -------
        float
            C, with the penalty.
        """
        values = self.batch(x, y, self.owns(params).dtype)
        return float(self.evaluate((notation.COST,), params, values)[0])

    def value_and_grad(self, params: Parameters, x: Any, y: Any) -> tuple[float, Parameters]:
        """Return the cost and the Jacobian of the cost by every parameter.

        Parameters
        ----------
        params : Parameters
        x : array_like, shape (n0, m)
            Inputs.
        y : array_like, shape (n_L, m)
            Targets.

        Returns
        -------
        cost : float
            The cost C.
        jacobians : Parameters
            ``.W1`` is ∂C/∂W1, of the same shape and dtype as W1, and so on.
        """
        values = self.batch(x, y, self.owns(params).dtype)
        jacobians = Parameters(self.sizes, dtype=params.dtype)
        return self.differentiate(params, values, jacobians), jacobians

    def trace(self, params: Parameters, x: Any, y: Any) -> Trace:
        """Return every intermediate value by name: ``a0``, ``y``, ``z1``, …, ``J_b1``.

        Parameters
        ----------
        params : Parameters
        x : array_like, shape (n0, m)
            Inputs.
        y : array_like, shape (n_L, m)
            Targets.

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
        values = self.batch(x, y, self.owns(params).dtype)
        given = (notation.activations(0), notation.TARGETS)
        return trace(self._derivation, dict(params) | values, self._constants(values), given)

    def derive(self) -> Derivation:
        """Return the derivation: every equation, forward and backward, with shape and reason.

        Returns
        -------
        Derivation
            Print it; ``derivation["J_W1"]`` is one equation.

        Examples
        --------
        >>> net = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
        >>> print(net.derive()["J_W3"])
        J_W3 = δ3 a2ᵀ
        """
        return self._derivation

    def evaluate(
        self, wanted: tuple[str, ...], params: Parameters, values: dict[str, Array]
    ) -> list[Any]:
        """Return the values of named equations, for inputs that are known to be sound.

        For engines and checks.

        Parameters
        ----------
        wanted : tuple of str
            Names of equations.
        params : Parameters
            Of this network.
        values : dict of str to ndarray
            ``a0`` and, if needed, ``y``, as `batch` gives them.

        Returns
        -------
        list
            One value per name.
        """
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = Plan(self._derivation, wanted)
        return plan({**params.views, **values}, self._constants(values))

    def differentiate(
        self, params: Parameters, values: dict[str, Array], jacobians: Parameters
    ) -> float:
        """Write the Jacobians into `jacobians` and return the cost, for sound inputs.

        Parameters
        ----------
        params : Parameters
            Of this network.
        values : dict of str to ndarray
            ``a0`` and ``y``, as `batch` gives them.
        jacobians : Parameters
            Of the same sizes and dtype; overwritten.

        Returns
        -------
        float
            The cost C.
        """
        wanted = (notation.COST, *map(notation.adjoint, params))
        cost, *found = self.evaluate(wanted, params, values)
        for view, value in zip(jacobians.values(), found, strict=True):
            view[...] = value
        return float(cost)

    def batch(self, x: Any, y: Any, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        """Return checked inputs and targets by name, in `dtype`.

        Parameters
        ----------
        x : array_like, shape (n0, m)
            Inputs.
        y : array_like, shape (n_L, m)
            Targets.
        dtype : numpy.dtype
            float32 or float64.

        Returns
        -------
        dict of str to ndarray
            ``a0`` and ``y``.

        Raises
        ------
        ShapeError, InvalidType, InvalidValue
            If they do not fit the network, each other or the cost.
        """
        architecture = self._architecture
        a0 = examples_in_columns("x", x, architecture.inputs, dtype, "inputs")
        targets = examples_in_columns(
            "y", y, architecture.outputs, dtype, "outputs", examples=a0.shape[1]
        )
        cost = architecture.cost
        violation = cost.domain.violation(targets)
        if violation:
            raise InvalidValue(
                f"{violation}, but {cost.symbol} wants {cost.domain.wanted}: {cost.domain.remedy}"
            )
        return {notation.activations(0): a0, notation.TARGETS: targets}

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
        if not isinstance(params, Parameters):
            raise InvalidType(
                f"params is a {type(params).__name__}, wanted Parameters: make them with "
                "net.initialize(), or Parameters.from_arrays(W1=…, b1=…, …)"
            )
        if params.sizes != self.sizes:
            met, wanted = ("-".join(map(str, sizes)) for sizes in (params.sizes, self.sizes))
            raise ShapeError("params", met, wanted, "these parameters belong to another network")
        for name, view in params.items():
            finite(name, view)
        return params

    def _constants(self, values: dict[str, Array]) -> dict[str, float]:
        return self._architecture.constants(values[notation.activations(0)].shape[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self._architecture == other._architecture

    def __hash__(self) -> int:
        return hash((self.sizes, self._architecture.l2))

    def __reduce__(self) -> tuple[Any, ...]:
        return _network, (self.sizes, *self._description())

    def __repr__(self) -> str:
        names, cost, l2 = self._description()
        penalty = f", l2={l2:g}" if l2 else ""
        return f"Network({list(self.sizes)}, activation={names}, cost={cost!r}{penalty})"

    def _description(self) -> tuple[list[str], str, float]:
        architecture = self._architecture
        names = [row.name for row in architecture.activations]
        return names, architecture.cost.name, architecture.l2


def _network(sizes: Sequence[int], names: list[str], cost: str, l2: float) -> Network:
    return Network(sizes, activation=names, cost=cost, l2=l2)
