"""Mistakes as transformations of the derivation: each changes the right-hand side of one equation.

A row has the slugs of the catalogue and a function that yields every place where the mistake can be
made, with the equation as it then reads. Nothing is known here of numbers: `hypotheses` gives the
changed derivations values and `search` holds these against what a person's code returned.

Shapes are those of the equation: what changes them is seen in `shapes`. Some mistakes run only
where sizes agree by chance; values tell.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from chainrule.architecture import Architecture
from chainrule.checking.mutations import activations, forward, jacobians, layers
from chainrule.checking.mutations.ground import Change, Ground, ground_of
from chainrule.expr import Expr

__all__ = [
    "MUTATIONS",
    "RARE",
    "Change",
    "Ground",
    "Joint",
    "Mutation",
    "changes",
    "far_fetched",
    "ground_of",
    "joint",
]

Joint = tuple[Change, ...]


@dataclass(frozen=True)
class Mutation:
    """One row.

    Parameters
    ----------
    slugs : tuple of str
        What it may be called.
    make : callable
        Yields all places of the mistake in a derivation.
    """

    slugs: tuple[str, ...]
    make: Callable[[Ground], Iterator[Change]]


MISSING = ("missing_output_derivative", "missing_hidden_derivative")

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(MISSING, activations.missing_derivative),
    Mutation(("derivative_at_activation",), activations.at_activation),
    Mutation(("weight_not_transposed",), layers.not_transposed),
    Mutation(("shortcut_for_other_cost",), activations.other_cost),
    Mutation(("raw_error_propagated",), layers.raw_error),
    Mutation(("wrong_previous_activation", "cache_mislabelled"), jacobians.wrong_previous),
    Mutation(
        ("penalty_missing", "penalty_sign", "penalty_factor", "penalty_on_bias"), jacobians.penalty
    ),
    Mutation(("activation_form_at_sum",), activations.form_at_sum),
    Mutation(("function_for_derivative",), activations.function_for_derivative),
    Mutation(("derivative_wrong_layer",), activations.wrong_layer),
    Mutation(("missing_weight",), layers.missing_weight),
    Mutation(("delta_not_chained",), layers.not_chained),
    Mutation(("derivative_twice",), activations.twice),
    Mutation(("softmax_elementwise",), activations.softmax_elementwise),
    Mutation(("picked_entries",), activations.picked_entries),
    Mutation(("bias_for_weight",), layers.bias_for_weight),
    Mutation(("weight_for_activation",), jacobians.weight_for_activation),
    Mutation(("bias_summed_over_units", "bias_from_weight_gradient"), jacobians.biases),
    Mutation(("cache_mislabelled",), layers.other_weights),
    Mutation(("lost_path", "row_skipped"), layers.lost_units),
    Mutation(("lost_path",), activations.lost_half),
    Mutation(("derivative_formula",), activations.slipped),
    Mutation(("derivative_at_activation",), activations.at_gradient),
    Mutation(
        ("sign", "missing_mean", "double_mean", "constant_factor", "transposed"),
        jacobians.beside_penalty,
    ),
    Mutation(("derivative_of_other_function",), activations.other_function),
    Mutation(("derivative_reciprocal",), activations.reciprocal),
    Mutation(
        ("matrix_for_elementwise", "matrix_in_derivative"), activations.matrix_for_elementwise
    ),
    Mutation(("matrix_for_elementwise",), layers.weights_unit_by_unit),
    Mutation(("matrix_for_elementwise",), jacobians.product_unit_by_unit),
    Mutation(("delta_not_chained", *MISSING), jacobians.other_delta),
)
"""The rows, the most common mistake first: ties are listed in this order."""

RARE = ("derivative_of_other_function", "shortcut_for_other_cost", "matrix_for_elementwise")
"""Mistakes that are not thought of beside another one, unless that is known already."""

USUAL = {
    "derivative_of_other_function": ("sigmoid", "tanh", "relu", "leaky_relu"),
    "shortcut_for_other_cost": (
        "shortcut", "squared_error", "binary_cross_entropy", "categorical_cross_entropy"
    ),
}  # fmt: skip
"""Functions and costs that people take for another; of two mistakes at once, these alone."""


def far_fetched(change: Change) -> bool:
    """Return whether a mistake takes a function, or a cost, that hardly anybody would."""
    usual = USUAL.get(change.slug)
    return usual is not None and change.variant.partition(" ")[0] not in usual


@lru_cache(maxsize=64)
def changes(architecture: Architecture) -> tuple[Change, ...]:
    """Return every mistake in every place, the most common first."""
    ground = ground_of(architecture)
    seen: set[tuple[str, Expr]] = set()
    found = []
    for row in MUTATIONS:
        for change in row.make(ground):
            key = (change.equation, change.expr)
            if key not in seen:
                seen.add(key)
                found.append(change)
    return tuple(found)


@lru_cache(maxsize=64)
def joint(architecture: Architecture) -> tuple[Joint, ...]:
    """Return mistakes that several equations share: one that is made in several layers alike.

    A derivative that is left out in the output layer and in hidden ones has two names, but is one
    habit. Of very deep networks, those made in all layers or in all but the last are returned.
    """
    ground = ground_of(architecture)
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes(architecture):
        if change.equation.startswith("J_"):
            continue  # no other equation comes after
        slug = "missing" if change.slug in MISSING else change.slug
        groups.setdefault((slug, change.variant), []).append(change)
    found: list[Joint] = []
    order = {equation.name: place for place, equation in enumerate(ground.backward)}
    for group in groups.values():
        alike = sorted(group, key=lambda change: order[change.equation])
        if len({change.equation for change in alike}) < len(alike):
            continue
        found += _subsets(alike)
    return (*found, *forward.forward(ground))


def _subsets(alike: list[Change]) -> list[Joint]:
    """Return which of them may be made together, the most first."""
    if len(alike) < 2:
        return []
    if len(alike) <= 4:
        sizes = range(len(alike), 1, -1)
        return [made for size in sizes for made in itertools.combinations(alike, size)]
    return [tuple(alike), tuple(alike[1:])]
