"""The native engine: the same sums as the derivation's, in one compiled loop.

What a network, an optimizer and transformations are is said here in numbers, which index the tables
of the kernel (``native/kernel.hpp``). The arrays of a state are handed down as they are, and
changed in place; examples are copied once, into the kernel's own form.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import activations, costs, notation
from chainrule.activations import Activation
from chainrule.architecture import Architecture
from chainrule.arrays import Array
from chainrule.costs import Cost
from chainrule.engines import kernel
from chainrule.engines.protocol import Block, Problem, State, norms_per_layer
from chainrule.engines.turns import Turns
from chainrule.optimizers import (
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSprop,
    Slots,
)
from chainrule.parameters import Parameters
from chainrule.second_order import LevenbergMarquardt, SecondOrder
from chainrule.transformations import ClipByNorm, ClipByValue, Noise

ACTIVATIONS = (
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus", "sin",
    "exp", "identity", "softmax",
)  # fmt: skip
COSTS = (
    "squared_error", "absolute_error", "huber", "quantile", "log_cosh", "poisson",
    "binary_cross_entropy", "categorical_cross_entropy",
)  # fmt: skip
OPTIMIZERS: Mapping[type, tuple[str, ...]] = {
    GradientDescent: (),
    Momentum: ("momentum",),
    Nesterov: ("momentum",),
    RMSprop: ("decay", "epsilon"),
    Adam: ("beta1", "beta2", "epsilon"),
    AdamW: ("beta1", "beta2", "epsilon", "weight_decay"),
}
TRANSFORMATIONS: Mapping[type, str] = {Noise: "scale", ClipByNorm: "limit", ClipByValue: "limit"}
TROUBLES = ("", "the cost", "a Jacobian", "a parameter")
AS_MEASURED = -1
MOST_THREADS = 256  # each has memory of its own


def refusal(problem: Problem) -> str:
    """Return why the native engine cannot serve a problem.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    str
        What is in it that the kernel has not; empty if it can serve.
    """
    architecture = problem.network.architecture
    rows: tuple[Activation | Cost, ...] = (*architecture.activations, architecture.cost)
    for row in rows:
        if row.by_hand is not None or not _is_built_in(row):
            return f"{row.name} is a function of your own, and the kernel has built-in ones only"
    if not isinstance(problem.optimizer, SecondOrder) and type(problem.optimizer) not in OPTIMIZERS:
        return f"{type(problem.optimizer).__name__} is none of the kernel's optimizers"
    for each in problem.transformations:
        if type(each) not in TRANSFORMATIONS:
            return f"{type(each).__name__} is none of the kernel's transformations"
    return ""


def _is_built_in(row: Activation | Cost) -> bool:
    name, number = _name_and_number(row)
    if isinstance(row, Activation):
        return name in ACTIVATIONS and activations.find(row.name) == row
    return name in COSTS and costs.rows_named(row.name) == [row] and math.isfinite(number)


def _name_and_number(row: Activation | Cost) -> tuple[str, float]:
    """Return the name of a row, and the number in it, 0 where there is none."""
    name, _, inside = row.name.rstrip(")").partition("(")
    return name, float(inside.rpartition("=")[2] or 0)


def available_cores() -> int:
    """Return the number of cores that this process may use.

    Returns
    -------
    int
        At least 1; what the system does not tell is taken to be 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class NativeEngine:
    """Carries out stretches of updates in the compiled kernel.

    Parameters
    ----------
    problem : Problem
        One for which `refusal` has nothing to say.
    widest_lanes : int, optional
        Layers of at most so many units keep examples in lanes; for tests and measurements. As
        measured where nothing is said.
    every_thread : bool, optional
        Whether all threads work, however small the work is; for tests.
    guarded : bool, optional
        Whether every buffer lies between pages that must not be touched; for tests.

    Raises
    ------
    EngineUnavailable, UnknownName
        If the kernel cannot be used, or the instruction set that is asked for.
    """

    name = "native"

    def __init__(
        self,
        problem: Problem,
        *,
        widest_lanes: int = AS_MEASURED,
        every_thread: bool = False,
        guarded: bool = False,
    ) -> None:
        self._problem = problem
        self._turn = Turns()
        self._held: State | None = None  # what the kernel has the newest parameters of
        self._counted = 0.0
        architecture, optimizer = problem.network.architecture, problem.optimizer
        # Steps of second order are made around this engine, which only evaluates for them; for
        # those of Levenberg–Marquardt in float64, whatever the parameters are.
        kind = GradientDescent if isinstance(optimizer, SecondOrder) else type(optimizer)
        self._counts = kind in (Adam, AdamW)  # their updates, in a third slot
        squares = isinstance(optimizer, LevenbergMarquardt)
        self._dtype = np.dtype(float) if squares else problem.values[notation.TARGETS].dtype
        threads = available_cores() if problem.threads is None else problem.threads
        self._batch = problem.examples if problem.batch_size is None else problem.batch_size
        name, number = _name_and_number(architecture.cost)
        x, y, weights = self._arrays(problem.values)
        self._runner = kernel.module().Runner(
            isa=kernel.instruction_set(),
            single=self._dtype == np.float32,
            inputs=architecture.inputs,
            layers=_layers(architecture),
            cost=COSTS.index(name),
            cost_number=number,
            penalty=architecture.l2,
            optimizer=list(OPTIMIZERS).index(kind),
            settings=[getattr(optimizer, each) for each in OPTIMIZERS[kind]],
            transformations=_transformations(problem.transformations),
            batch=self._batch,
            widest_lanes=0 if squares else widest_lanes,
            least_squares=squares,
            every_thread=every_thread,
            guarded=guarded,
            x=x,
            y=y,
            weights=weights,
            threads=min(threads, MOST_THREADS),
        )

    def advance(self, state: State, updates: int) -> State:
        """Make `updates` updates, or fewer if something is not finite.

        Parameters
        ----------
        state : State
            It is changed.
        updates : int

        Returns
        -------
        State
            The same.
        """
        if state.holder is not self:
            state.settle()  # before our turn: who waits for another engine holds none
        for block in state.blocks(self._problem, updates):
            self._advance(state, block)
        return state

    def give_back(self, state: State) -> None:
        """Write the newest parameters of a state into its arrays, and let go of it.

        Parameters
        ----------
        state : State
            One that is not held (any more) is left as it is.
        """
        with self._turn:
            if self._holds(state):
                state.write(self._write)

    def _write(self, params: Parameters, slots: Slots, last_good: Parameters) -> Slots:
        self._runner.give(params=params.flat, slots=list(slots[:2]), last_good=last_good.flat)
        if self._counts:
            return (*slots[:2], np.full_like(slots[2], self._counted))
        return slots

    def _holds(self, state: State) -> bool:
        return self._held is state and state.holder is self

    def _hold(self, state: State) -> None:
        """Take a state in; it stays until somebody wants to see it, or another one comes."""
        if self._holds(state):
            return
        self._let_go()
        slots = state.slots
        self._runner.take(params=state.params.flat, slots=list(slots[:2]))
        self._counted = float(slots[2][0]) if self._counts else 0.0
        self._held = state
        state.lend(self)

    def _let_go(self) -> None:
        if self._held is not None:
            self.give_back(self._held)
        self._held = None

    def _advance(self, state: State, block: Block) -> None:
        summed = self._problem.costs_of_batches
        costs = np.empty(len(block.learning_rates)) if summed else None
        with self._turn:
            self._hold(state)
            made, trouble = self._runner.advance(
                rates=np.asarray(block.learning_rates, dtype=np.float64),
                batches=None if block.batches is None else block.batches.examples,
                batch_ends=None if block.batches is None else block.batches.ends,
                noise=block.noise,
                masks=self._masks(block),
                steps=self._counted,
                costs=costs,
            )
            self._counted += made
            state.iteration += made
            state.trouble = TROUBLES[trouble]
        if costs is not None:
            state.costs.add(costs[:made], block.sizes(self._problem)[:made])

    def _masks(self, block: Block) -> list[Array | None]:
        layers = range(1, self._problem.network.architecture.layers + 1)
        return [masks.get(notation.mask(layer)) for masks in block.masks or () for layer in layers]

    def cost(self, params: Parameters, values: dict[str, Array] | None = None) -> float:
        """Return the cost of examples, without dropout.

        Parameters
        ----------
        params : Parameters
        values : dict of str to ndarray, optional
            Other examples, as `Network.batch` gives them; those of the problem where nothing is
            said.

        Returns
        -------
        float
            With the penalty on the weights.
        """
        others = None if values is None else self._arrays(values)
        return float(self._evaluate(params, others, None))

    def value_and_gradient(self, params: Parameters) -> tuple[float, Array]:
        """Return the cost of all examples and its Jacobians, without dropout.

        Parameters
        ----------
        params : Parameters

        Returns
        -------
        cost : float
            With the penalty on the weights.
        jacobians : ndarray, shape (P,)
            Flat, as the parameters are.
        """
        jacobians: Array = np.empty(params.flat.size, self._dtype)
        return float(self._evaluate(params, None, jacobians)), jacobians

    def cost_and_norms(self, params: Parameters) -> tuple[float, NDArray[np.float64]]:
        """Return the cost of all examples and the size of its gradient, without dropout.

        Parameters
        ----------
        params : Parameters

        Returns
        -------
        cost : float
            With the penalty on the weights.
        norms : ndarray of float64, shape (L,)
            Euclidean, of the Jacobians of each layer.
        """
        cost, jacobians = self.value_and_gradient(params)
        return cost, norms_per_layer(Parameters(params.sizes, jacobians))

    def normal_equations(
        self, params: Parameters
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the model of squared error that Levenberg–Marquardt makes its steps of.

        Parameters
        ----------
        params : Parameters

        Returns
        -------
        cost : float
            With the penalty on the weights.
        gradient : ndarray of float64, shape (P,)
            Flat, as the parameters are.
        hessian : ndarray of float64, shape (P, P)
            The Gauss–Newton part of the second derivative.
        """
        count = params.flat.size
        gradient, hessian = np.empty(count), np.empty((count, count))
        with self._turn:
            self._let_go()
            cost = self._runner.normal_equations(
                params=params.flat.astype(np.float64, copy=False),
                hessian=hessian,
                gradient=gradient,
            )
        return float(cost), gradient, hessian

    def close(self) -> None:
        """Give back a state, and end the threads; a later update would start others."""
        with self._turn:
            self._let_go()
        self._runner.dismiss_threads()

    def _arrays(self, values: Mapping[str, Array]) -> tuple[Array, Array, Array | None]:
        """Return inputs, targets and perhaps weights, as the kernel takes them."""
        weights = values.get(notation.EXAMPLE_WEIGHTS)
        return (
            values[notation.activations(0)].astype(self._dtype, copy=False),
            values[notation.TARGETS].astype(self._dtype, copy=False),
            None if weights is None else weights.ravel().astype(self._dtype, copy=False),
        )

    def _evaluate(self, params: Parameters, others: Any, jacobians: Array | None) -> float:
        with self._turn:
            self._let_go()
            found: float = self._runner.evaluate(
                params=params.flat.astype(self._dtype, copy=False),
                others=others,
                jacobians=jacobians,
                outputs=None,
            )
        return found


def _layers(architecture: Architecture) -> list[tuple[int, int, float, float]]:
    dropout = (*architecture.dropout, *(architecture.layers - len(architecture.dropout)) * (0.0,))
    described = []
    for units, row, rate in zip(
        architecture.sizes[1:], architecture.activations, dropout, strict=True
    ):
        name, number = _name_and_number(row)
        described.append((units, ACTIVATIONS.index(name), number, rate))
    return described


def _transformations(given: Sequence[Any]) -> list[tuple[int, float]]:
    kinds = list(TRANSFORMATIONS)
    return [(kinds.index(type(each)), getattr(each, TRANSFORMATIONS[type(each)])) for each in given]
