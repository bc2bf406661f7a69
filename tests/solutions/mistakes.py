"""The mistakes of the catalogue, as changes of the text of a right solution.

A row of `PLANTED` has the slug, the styles in which people make it, and a function that says for
one layer which text stands where, and what is put there instead. A change that finds nothing to
replace is no change: `planted` then says so by `NotHere`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solutions import entries, layers, wholes
from solutions.swaps import Swap, needs, swapped_in
from solutions.words import Words

ALL = ("column", "dictionaries", "classes", "losses", "manual")
TWO = ("column", "dictionaries")
COLUMNS = (*TWO, "classes")
BATCHES = (*TWO, "losses")
CALLED_OR_NOT = (*BATCHES, "manual")


@dataclass(frozen=True)
class Row:
    """One mistake.

    Parameters
    ----------
    styles : tuple of str
    make : callable
        Takes words and a layer, returns the swaps; raises `NotHere`.
    also : tuple of str
        Slugs that say the same of it, or that cannot be told from it.
    forced : dict
        Choices of the person without which it cannot be made.
    remark : bool
        Whether it spoils no gradient.
    """

    styles: tuple[str, ...]
    make: Callable[[Any, int], list[Swap]]
    also: tuple[str, ...] = ()
    forced: tuple[tuple[str, Any], ...] = ()
    remark: bool = False


SQUARE = (("square", True),)
DEEP = (("square", True), ("layers", 3))
PENALISED = (("penalty", 0.7), ("with_cost", True))

PLANTED: dict[str, Row] = {
    "missing_mean": Row((*BATCHES, "caches"), entries.data_part(entries.missing_mean)),
    "double_mean": Row((*CALLED_OR_NOT, "caches"), entries.data_part(entries.double_mean)),
    "wrong_divisor": Row((*BATCHES, "caches"), entries.data_part(entries.wrong_divisor)),
    "constant_factor": Row((*ALL, "caches"), wholes.constant),
    "sign": Row((*ALL, "caches"), wholes.sign),
    "transposed": Row((*COLUMNS, "manual"), entries.data_part(entries.swapped)),
    "missing_output_derivative": Row((*COLUMNS, "caches"), layers.output_derivative),
    "missing_hidden_derivative": Row((*ALL, "caches"), layers.hidden_derivative),
    "derivative_at_activation": Row(COLUMNS, layers.slope_instead(layers.at_activation)),
    "activation_form_at_sum": Row(CALLED_OR_NOT, layers.slope_instead(layers.form_at_sum)),
    "function_for_derivative": Row(ALL, layers.slope_instead(layers.function)),
    "derivative_wrong_layer": Row(ALL, layers.slope_instead(layers.other_layer), forced=DEEP),
    "derivative_of_other_function": Row(ALL, layers.slope_instead(layers.other_function)),
    "derivative_formula": Row(COLUMNS, layers.formula, ("derivative_of_other_function",)),
    "derivative_reciprocal": Row(
        (*ALL, "caches"), lambda w, k: layers.delta(w, k, lambda up, slope: f"{up} / ({slope})")
    ),
    "derivative_twice": Row(
        (*ALL, "caches"),
        lambda w, k: layers.delta(w, k, lambda up, slope: w.times(w.times(up, slope), slope)),
    ),
    "matrix_for_elementwise": Row(
        TWO,
        layers.square_only(lambda up, slope: f"np.dot({up}, {slope})"),
        ("raises",),  # wherever sizes do not agree by chance
        SQUARE,
    ),
    "matrix_in_derivative": Row(TWO, layers.matrix_in_derivative, ("raises",), SQUARE),
    "wrong_previous_activation": Row(
        CALLED_OR_NOT, entries.data_part(entries.wrong_previous), ("cache_mislabelled",), SQUARE
    ),
    "cache_mislabelled": Row(TWO, wholes.cache, ("wrong_previous_activation",)),
    "weight_for_activation": Row(
        (*CALLED_OR_NOT, "caches"), entries.data_part(entries.weight_for_activation)
    ),
    "one_example_only": Row((*CALLED_OR_NOT, "caches"), entries.data_part(entries.one_example)),
    "bias_for_weight": Row((*COLUMNS, "caches"), layers.bias_for_weight),
    "missing_weight": Row(ALL, layers.missing_weight, forced=SQUARE),
    "weight_not_transposed": Row(ALL, layers.not_transposed, forced=SQUARE),
    "raw_error_propagated": Row(BATCHES, layers.raw_error),
    "delta_not_chained": Row(CALLED_OR_NOT, layers.not_chained, forced=DEEP),
    "bias_not_summed": Row(
        (*CALLED_OR_NOT, "caches"), entries.bias(lambda w, k: w.averaged(w.dz(k)))
    ),
    "bias_mean_again": Row((*CALLED_OR_NOT, "caches"), entries.bias(entries.mean_again)),
    "bias_summed_over_units": Row((*CALLED_OR_NOT, "caches"), entries.bias(entries.over_units)),
    "bias_from_weight_gradient": Row((*TWO, "caches"), entries.bias(entries.from_weights)),
    "kept_dimension": Row(
        (*TWO, "caches"),
        entries.bias(lambda w, k: w.averaged(f"np.sum({w.dz(k)}, axis=1)")),
    ),
    "dead_parameter": Row((*ALL, "caches"), entries.dead),
    "row_skipped": Row(BATCHES, wholes.skipped),
    "penalty_missing": Row(
        BATCHES,
        entries.penalty(lambda w, k, data, decay: data),
        ("lost_path",),
        PENALISED,
    ),
    "penalty_factor": Row(BATCHES, entries.penalty(entries.other_strength), (), PENALISED),
    "penalty_sign": Row(
        BATCHES,
        entries.penalty(lambda w, k, data, decay: f"{data} -{decay.removeprefix(' +')}"),
        (),
        PENALISED,
    ),
    "penalty_on_bias": Row(BATCHES, entries.on_bias, (), PENALISED),
    "penalty_in_update": Row(("dictionaries",), entries.in_update, ("penalty_missing",), PENALISED),
    "softmax_axis": Row(("dictionaries", "losses"), wholes.softmax_axis, ("forward_wrong",)),
    "softmax_elementwise": Row(("dictionaries", "losses", "manual"), wholes.softmax_alone),
    "shortcut_for_other_cost": Row(
        TWO,
        wholes.shortcut,
        ("missing_output_derivative",),
        (("cost", "squared"), ("output", "sigmoid"), ("with_cost", True)),
    ),
    "cost_gradient_mismatch": Row(TWO, wholes.mismatch, ("constant_factor",), remark=True),
    "global_count": Row(("dictionaries",), wholes.count, ("cost_gradient_mismatch",)),
    "cost_normalisation": Row(("column",), wholes.normalisation, remark=True),
    "forward_wrong": Row(
        BATCHES,
        wholes.forward,
        ("derivative_of_other_function", "derivative_formula"),
    ),
    "updated_too_early": Row(("dictionaries", "losses", "caches"), wholes.too_early),
    "in_place": Row(("dictionaries",), wholes.in_place, remark=True),
    "stale_parameters": Row(("dictionaries",), wholes.stale),
    "lost_path": Row(("manual",), wholes.lost, forced=(("steps", True),)),
    "not_expanded": Row(("manual",), wholes.not_expanded, forced=(("steps", True),)),
    "picked_entries": Row(("losses",), wholes.picked),
    "index_scatter": Row(("losses",), wholes.scattered),
    "returns_none": Row((*COLUMNS, "losses"), wholes.returns(lambda what: what)),
    "wrong_type": Row(TWO, wholes.returns(lambda what: f'return "{what}"')),
    "not_defined": Row((*ALL, "caches"), wholes.undefined, ("missing_definition",)),
    "missing_definition": Row(COLUMNS, wholes.definition_missing, ("not_defined",)),
    "misplaced_definition": Row(COLUMNS, wholes.misplaced, remark=True),
    "own_assert_fails": Row((*COLUMNS, "losses", "caches"), wholes.own_assert, remark=True),
    "raises": Row((*BATCHES, "caches"), entries.data_part(entries.no_transpose)),
    "precision": Row((*BATCHES, "caches"), wholes.single, remark=True),
}
"""The rows, by slug."""

ELSEWHERE = {
    "checker_wrong": "it is in a check of the person's own, tested with these",
    "one_dimensional_input": "it is in the data that the person gives, and the judge gives its own",
    "aggression": "a remark on the seed notebook's update, tested with it",
    "unused_argument": "a remark, tested with the seed notebook",
    "one_more_update": "a remark, tested with the seed notebook",
    "repeated_forward": "a remark, tested with the seed notebook",
    "dropout": "a remark on an argument, tested with dictionaries",
    "sizes": "a remark on what runs by chance, beside the mistakes that do",
}
"""Slugs of the catalogue that are not planted here, and why."""


ALIKE: list[tuple[frozenset[str], Callable[[Any], bool], str]] = [
    (
        frozenset({"missing_output_derivative", "shortcut_for_other_cost"}),
        lambda words: words.output == "sigmoid",
        "a − y is δ of cross-entropy, and that of the squared error without the slope",
    ),
    (
        frozenset({"bias_summed_over_units", "dead_parameter"}),
        lambda words: words.cost == "softmax",
        "a − y of softmax has the sum 0 over the units",
    ),
    (
        frozenset({"missing_mean", "double_mean", "bias_mean_again"}),
        lambda words: words.style == "caches" and not words.with_cost,
        "one line serves all layers, and without a cost its scale is convention",
    ),
]
"""Mistakes that are the same in the numbers: which, where, and why."""

PAIRS: list[tuple[str, str]] = [
    ("missing_hidden_derivative", "sign"),
    ("missing_hidden_derivative", "kept_dimension"),
    ("missing_mean", "weight_for_activation"),
    ("bias_not_summed", "one_example_only"),
    ("derivative_of_other_function", "dead_parameter"),
    ("derivative_formula", "bias_not_summed"),
    ("penalty_missing", "penalty_on_bias"),
    ("bias_for_weight", "constant_factor"),
    ("missing_weight", "transposed"),
    ("weight_not_transposed", "bias_mean_again"),
    ("function_for_derivative", "wrong_divisor"),
    ("activation_form_at_sum", "bias_mean_again"),
]
"""Mistakes that can be told apart when both are made."""


def accepted(words: Words, slug: str) -> frozenset[str]:
    """Return the slugs under which a mistake may be reported here."""
    alike = [slugs for slugs, where, _ in ALIKE if slug in slugs and where(words)]
    return frozenset({slug, *PLANTED[slug].also}).union(*alike)


def planted(words: Words, source: str, slug: str, layer: int) -> str:
    """Return a source with a mistake in it.

    Raises
    ------
    NotHere
        If the text that it changes does not stand there.
    """
    row = PLANTED[slug]
    needs(words.style in row.styles)
    for swap in row.make(words, layer):
        source = swapped_in(source, swap)
    return source
