"""Law: no row can be wrong unnoticed.

Every row of rules, activations, costs and rewrites is changed in the running process, one column
at a time, and the laws of the other test files are tried on it: the one aimed at that column
first, then all, stopping at the first that fails. A change that keeps equality (a shortcut
switched off, a stable form replaced by the plain one, other words) must be caught too, by a law
on stability or by the recorded pages. The numbers stand at the end of the test run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import test_backward_rule_is_transpose_of_jacobian as transposes
import test_cost_does_not_overflow as overflow
import test_derivation_reads_as_recorded as pages
import test_derivative_is_derivative_of_value as derivatives
import test_jacobians_equal_automatic_differentiation as automatic
import test_optimizers_follow_recorded_trajectories as trajectories
import test_rewrite_keeps_value as equalities
import test_values_hold_at_extremes as extremes
from cases import CASES
from chainrule import ChainruleError, Network, expr
from chainrule.activations import ACTIVATIONS, NEARLY_NORMAL, NORMAL, SOFTPLUS
from chainrule.coefficient import ONE, Coefficient
from chainrule.costs import ANY_REAL, COSTS
from chainrule.elementary import exp, log, where_positive
from chainrule.expr import Expr
from chainrule.rewrites import REWRITES
from chainrule.rules import RULES

Law = Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """One column of one row, what it becomes, and the laws aimed at it."""

    row: Any
    column: str
    value: Any
    aimed: tuple[Law, ...] = ()


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    kept = getattr(mutant.row, mutant.column)
    put = setattr if isinstance(mutant.row, type) else object.__setattr__  # frozen rows
    put(mutant.row, mutant.column, mutant.value)
    try:
        yield
    finally:
        put(mutant.row, mutant.column, kept)


def _wrong_kinks(kinks: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
    """One kink too many, where no row has one, and each of them left out."""
    yield (*kinks, 0.1875)
    for kink in kinks:
        yield tuple(each for each in kinks if each != kink)


def every_law() -> Iterator[Law]:
    """Laws on whole networks, for what no law is aimed at."""
    for case in CASES:
        yield lambda case=case: pages.law_derivation(case)
        yield lambda case=case: automatic.law_equal(case.network(), case.examples, 1, case.weighted)
    for target in (0, 1):
        yield lambda target=target: overflow.law_sigmoid(np.float64, 800.0, target)
        yield lambda target=target: overflow.law_softmax(np.float64, 800.0, target)
    yield from (law_refuses_wrong_pairs, law_refuses_wrong_targets, law_usual_outputs)


def caught(mutant: Mutant) -> bool:
    with mutated(mutant):
        for law in (*mutant.aimed, *every_law()):
            try:
                law()
            except (Exception, pytest.fail.Exception):  # whatever goes wrong is noticed
                return True
    return False


MEETS = {"poisson": {"exp"}, "cross_entropy": {"sigmoid", "softmax"}}
REFUSED_BECAUSE = {
    "poisson": "must be positive",
    "cross_entropy": "must be a probability.*must be a distribution",
}
USUAL = {
    "poisson": "exp",
    "binary_cross_entropy": "sigmoid",
    "categorical_cross_entropy": "softmax",
}


def law_refuses_wrong_pairs() -> None:
    """Which cost may follow which activation, as a person would say it."""
    for cost in dict.fromkeys(row.family.partition("(")[0] for row in COSTS.values()):
        for last in ACTIVATIONS:
            if last in MEETS.get(cost, ACTIVATIONS):
                assert Network([2, 2], activation=[last], cost=cost)
                continue
            with pytest.raises(ChainruleError, match=rf"cannot follow.*{REFUSED_BECAUSE[cost]}"):
                Network([2, 2], activation=[last], cost=cost)


def law_usual_outputs() -> None:
    for name in COSTS:
        net = Network([2, 2], activation="tanh", output="usual", cost=name)
        assert net.architecture.activations[-1].name == USUAL.get(name, "identity")


def law_refuses_wrong_targets() -> None:
    for output, cost, y in (
        ("sigmoid", "cross_entropy", 1.5),
        ("softmax", "cross_entropy", 0.7),
        ("exp", "poisson", -1.0),
    ):
        net = Network([1, 2], activation=[output], cost=cost)
        with pytest.raises(ChainruleError, match="y"):
            net.cost(net.initialize(0), np.zeros((1, 1)), np.full((2, 1), y))


def other_words(text: str) -> str:
    return text + " indeed"


def grown(body: Expr) -> Expr:
    """An expression that differs a little everywhere but at 0."""
    return body + expr.scale(Coefficient(ONE.number / 1000), body)


# rules --------------------------------------------------------------------------------------


def mutants_of_rules() -> Iterator[Mutant]:
    for op, rule in RULES.items():
        laws = tuple(
            lambda node=node: transposes.law_rule_is_transpose(node)
            for node in transposes.SAMPLES[op]
        )
        sample = transposes.SAMPLES[op][0]
        g = expr.symbol("g", sample.shape)
        for place, back in enumerate(rule.backward(sample, g)):
            if back is None:
                continue
            for change in (
                grown,
                lambda b: -b,
                lambda b: expr.scale(Coefficient(0 * ONE.number), b),
            ):
                yield Mutant(rule, "backward", _changed_at(rule.backward, place, change), laws)
        if any(rule.reason(sample, place) for place in range(len(sample.args))):
            yield Mutant(rule, "reason", lambda node, place: "because")
    matmul = RULES[expr.Op.MATMUL]
    square = expr.symbol("w", (3, 3)) @ expr.symbol("a", (3, "m"))
    law = (lambda: transposes.law_rule_is_transpose(square),)
    yield Mutant(matmul, "backward", lambda n, g: (g @ n.args[1].T, n.args[0] @ g), law)


def _changed_at(backward: Any, place: int, change: Any) -> Any:
    def wrong(node: Expr, g: Expr) -> tuple[Expr | None, ...]:
        backs = list(backward(node, g))
        backs[place] = change(backs[place])
        return tuple(backs)

    return wrong


# activations --------------------------------------------------------------------------------


def mutants_of_activations() -> Iterator[Mutant]:
    for name, row in {
        **ACTIVATIONS,
        NORMAL.name: NORMAL,
        NEARLY_NORMAL.name: NEARLY_NORMAL,
    }.items():
        if row.elementwise:  # softmax is spelled by its operation
            yield Mutant(row, "symbol", row.symbol + "x")
        for wrong in _wrong_ranges(*row.range):
            yield Mutant(row, "range", wrong, (_on(extremes.law_range, row),))
        for kinks in _wrong_kinks(row.kinks):
            yield Mutant(row, "kinks", kinks, (_on(extremes.law_kinks, row),))
        yield Mutant(row, "value", grown(row.value), _laws_of_value(row))
        for column in ("derivative", "stable", "stable_derivative", "derivative_of_value"):
            body = getattr(row, column)
            if body is not None:
                aimed = _laws_of_column(row, column)
                yield Mutant(row, column, grown(body), aimed)
                if column != "derivative":  # equal, and not as recorded or not as stable
                    yield Mutant(row, column, None, (*aimed, *_laws_of_digits(name, row)))
    yield from _mutants_that_keep_equality()


def _mutants_that_keep_equality() -> Iterator[Mutant]:
    z = expr.variable("z")
    relu = ACTIVATIONS["relu"]
    yield Mutant(SOFTPLUS, "stable", log(1 + exp(z)), _laws_of_digits("softplus", SOFTPLUS))
    swallows_nan = where_positive(z, z, 0)
    keeps_nan = _on(extremes.test_not_a_number_stays_not_a_number, "relu")
    yield Mutant(relu, "value", swallows_nan, (keeps_nan,))


def _wrong_ranges(low: float, high: float) -> list[tuple[float, float]]:
    wider_low = low - 1 if np.isfinite(low) else -5.0
    wider_high = high + 1 if np.isfinite(high) else 5.0
    return [(wider_low, high), (low, wider_high)]


def _on(law: Any, row: Any) -> Law:
    return lambda: law(row)


def _laws_of_value(row: Any) -> tuple[Law, ...]:
    if not row.elementwise:
        return ()
    return tuple(lambda z=z: derivatives.law_derivative(row, z) for z in derivatives.SIDES.values())


def _laws_of_column(row: Any, column: str) -> tuple[Law, ...]:
    law = getattr(derivatives, f"law_{column}")
    return tuple(lambda z=z: law(row, z) for z in derivatives.SIDES.values())


def _laws_of_digits(name: str, row: Any) -> tuple[Law, ...]:
    if name not in extremes.PLAIN:  # a part: what is made of it shows its digits
        name = {"normal_distribution": "gelu", "nearly_normal_distribution": "gelu_tanh"}[name]
        row = ACTIVATIONS[name]
    laws = (extremes.law_value_digits, extremes.law_slope_digits)
    return tuple(
        lambda law=law, dtype=dtype: law(row, extremes.PLAIN[name], dtype)
        for law in laws
        for dtype in extremes.DTYPES
    )


# costs --------------------------------------------------------------------------------------


def mutants_of_costs() -> Iterator[Mutant]:
    for row in COSTS.values():
        aimed = (_on(derivatives.law_cost, row),)
        yield Mutant(row, "value", grown(row.value), aimed)
        yield Mutant(row, "derivative", grown(row.derivative), aimed)
        if row.stable is not None:
            yield Mutant(row, "stable", grown(row.stable), aimed)
            yield Mutant(row, "stable", None, (_on(overflow.law_far_from_the_target, row),))
        if "(" not in row.name:  # a row with a number is shown by its name
            yield Mutant(row, "symbol", other_words(row.symbol))
        yield Mutant(row, "title", other_words(row.title))
        for kinks in _wrong_kinks(row.kinks):
            yield Mutant(row, "kinks", kinks, (_on(extremes.law_kinks_of_cost, row),))
        yield Mutant(row, "usual_output", "sin", (law_usual_outputs,))
        if row.shortcut is None:
            yield Mutant(row, "derivative_reason", other_words(row.derivative_reason))
            yield Mutant(row, "shortcut", COSTS["binary_cross_entropy"].shortcut)
            yield Mutant(row, "outputs", ("tanh",), (law_refuses_wrong_pairs,))
            continue
        yield Mutant(row, "shortcut", None)
        yield Mutant(row, "shortcut", grown(row.shortcut))
        yield Mutant(row, "shortcut_reason", other_words(row.shortcut_reason))
        yield Mutant(row, "outputs", (), (law_refuses_wrong_pairs,))
        yield Mutant(row, "outputs", ("tanh",), (law_refuses_wrong_pairs,))
        yield Mutant(row, "family", "entropy", (law_refuses_wrong_pairs,))
        yield Mutant(row, "domain", ANY_REAL, (law_refuses_wrong_targets,))
        yield Mutant(row, "refusal", "", (law_refuses_wrong_pairs,))


# rewrites -----------------------------------------------------------------------------------


def mutants_of_rewrites() -> Iterator[Mutant]:
    for row in REWRITES:
        law = (
            lambda row=row: equalities.law_value_is_kept(row.name, equalities.SAMPLES[row.name]),
        )
        yield Mutant(row, "apply", lambda node, facts: None)  # equal, but not as recorded
        yield Mutant(row, "apply", _squared(row.apply), law)
        node, facts = equalities.SAMPLES[row.name]
        if any(row.reason(part, equalities.Facts(facts)) for part in (node, *node.args)):
            yield Mutant(row, "reason", lambda node, facts: "because")


def _squared(apply: Any) -> Any:
    def wrong(node: Expr, facts: Any) -> Expr | None:
        changed = apply(node, facts)
        return None if changed is None else expr.square(changed)

    return wrong


# optimizers and schedules -------------------------------------------------------------------


def mutants_of_optimizers() -> Iterator[Mutant]:
    """Against the recorded trajectories alone: no law on networks knows of them."""
    for written, points in trajectories.RECORDED["optimizers"].items():
        optimizer = trajectories.row(written)
        row = type(optimizer)
        law = (_follows(written, points),)
        yield Mutant(row, "step", _stepping(row.step, lambda step, _old, new: (-step, new)), law)
        yield Mutant(row, "step", _stepping(row.step, lambda s, _old, new: (1.01 * s, new)), law)
        if optimizer.start(trajectories.START):
            yield Mutant(row, "step", _stepping(row.step, lambda s, old, _new: (s, old)), law)
            yield Mutant(row, "start", _starting_at_one(row.start), law)
    for written in trajectories.RECORDED["clips"]:
        law = (_on(trajectories.test_clipping_follows_the_recorded_trajectory, written),)
        yield Mutant(type(trajectories.row(written)), "apply", lambda _s, g, _d, _e: g, law)
    for written in trajectories.RECORDED["schedules"]:
        row = type(trajectories.row(written))
        law = (_on(trajectories.test_schedule_gives_the_recorded_rates, written),)
        yield Mutant(row, "__call__", _one_late(row.__call__), law)
    for written in trajectories.RECORDED["plateaus"]:
        row = type(trajectories.row(written))
        law = (_on(trajectories.test_plateau_gives_the_recorded_rates, written),)
        yield Mutant(row, "observe", _deaf(row.observe), law)


def _follows(written: str, points: Any) -> Law:
    return lambda: trajectories.law_trajectory(trajectories.row(written), points)


def _starting_at_one(start: Any) -> Any:
    return lambda self, flat: tuple(slot + 1 for slot in start(self, flat))


def _one_late(call: Any) -> Any:
    return lambda self, iteration: call(self, iteration + 1)


def _deaf(observe: Any) -> Any:
    return lambda self, memory, _cost: observe(self, memory, 0.0)


def _stepping(step: Any, change: Any) -> Any:
    def wrong(self: Any, gradient: Any, slots: Any, flat: Any, rate: float) -> Any:
        made, after = step(self, gradient, slots, flat, rate)
        return change(made, slots, after)

    return wrong


MUTANTS = {
    "rules": mutants_of_rules,
    "activations": mutants_of_activations,
    "costs": mutants_of_costs,
    "rewrites": mutants_of_rewrites,
    "optimizers": mutants_of_optimizers,
}


@pytest.fixture(autouse=True)
def _recorded_pages_stay(monkeypatch):
    """No mutant may write its page into the golden files."""
    monkeypatch.delenv("CHAINRULE_GOLDEN", raising=False)


@pytest.mark.parametrize("table", MUTANTS)
def test_every_mutation_is_caught(table, record_property):
    mutants = list(MUTANTS[table]())
    missed = [mutant for mutant in mutants if not caught(mutant)]
    record_property("mutants", (table, len(mutants) - len(missed), len(mutants)))
    assert not missed


@pytest.mark.parametrize("table", MUTANTS)
def test_every_row_is_mutated(table):
    rows = {
        "rules": RULES.values(),
        "activations": ACTIVATIONS.values(),
        "costs": COSTS.values(),
        "rewrites": REWRITES,
        "optimizers": {
            type(trajectories.row(written))
            for part in ("optimizers", "clips", "schedules", "plateaus")
            for written in trajectories.RECORDED[part]
        },
    }[table]
    seen = {id(mutant.row) for mutant in MUTANTS[table]()}
    assert all(id(row) in seen for row in rows)


@pytest.mark.parametrize("table", MUTANTS)
def test_unchanged_rows_break_no_law(table):
    for mutant in MUTANTS[table]():
        unchanged = replace(mutant, value=getattr(mutant.row, mutant.column))
        for law in unchanged.aimed[:4]:
            law()
    for law in every_law():
        law()


def test_laws_on_whole_networks_cover_every_activation_and_cost():
    used = [case.network().architecture for case in CASES]
    assert {row for each in used for row in each.activations} >= set(ACTIVATIONS.values())
    assert {each.cost for each in used} >= set(COSTS.values())
