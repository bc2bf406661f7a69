"""The order of the judgement: small functions first, then each gradient, then side effects.

A cause found upstream is said once. Two witnesses must agree before an alarm: differences of the
person's own cost (`witness`) and the recognised derivation (`checking.search`). Where there is no
cost that can be called, the derivation alone decides, and scale is convention.

Next to read: `gradients` (how an entry is judged), `selection` (which reading is taken).
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import (
    causes,
    effects,
    helpers,
    meaning,
    own_checks,
    remarks,
    slopes,
    updates,
)
from chainrule.solutions.findings import Finding, Judged, Place
from chainrule.solutions.gradients import Entries, Outcome
from chainrule.solutions.known import Ground
from chainrule.solutions.probes import EXAMPLES, FREE, HOT, other_sizes, probe, usual_sizes
from chainrule.solutions.reading import (
    Array,
    Probe,
    Reading,
    Trouble,
    has_biases,
    names_of,
    wants_hot,
)
from chainrule.solutions.space import Space
from chainrule.solutions.telling import Told

OF_SHAPES = re.compile(r"shape|align|broadcast|dimension|mismatch|boolean index")
"""What exceptions say where sizes do not agree."""

DRAWS = 3
"""Values of a cost in a group of probes with the same sizes."""


class Judge:
    """The judgement of one reading of a solution.

    Parameters
    ----------
    reading : Reading
    space : Space
    targets : {"free", "hot"}, optional
    sizes : sequence of int, optional
        In the place of sizes that are different primes.
    examples : (int, int), optional
        How many examples the two probes have.
    """

    def __init__(
        self,
        reading: Reading,
        space: Space,
        targets: str = FREE,
        examples: tuple[int, int] = EXAMPLES,
        sizes: tuple[int, ...] | None = None,
    ) -> None:
        self.reading, self.space = reading, space
        self.judged: list[Judged] = Told(space.tell)
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self.examples = examples
        self._mended: tuple[str, Entries] | None = None  # with a derivative that was wrong
        self.quiet = False  # whether it is known that the cost runs elsewhere
        self._sizes = sizes or reading.sizes() or usual_sizes(reading.layers)
        self._fixed = sizes is not None or reading.sizes() is not None
        self._names = names_of(reading)
        self._biases = has_biases(reading)
        self._small: list[Judged] = []
        self._outputs = reading.outputs(self._probe(FREE, 0))
        self._likely = slopes.known(reading, space)
        here = self._recognised()
        hot = wants_hot(reading) or (here is not None and here[-1] == "softmax")
        self.targets = HOT if hot else targets
        self.probes = [self._probe(self.targets, seed) for seed in range(2)]
        self._costs = [reading.cost(each) for each in self.probes]
        self.ground = Ground(
            here,
            self._cost(here),
            self.callable,
            self._outputs is not None,
            tuple(self._likely),
        )
        self.entries = self._entries()

    @property
    def clean(self) -> bool:
        """Whether every entry is right."""
        return self.entries.clean and not self._degenerate

    @property
    def _degenerate(self) -> bool:
        """Whether softmax has one output only, which is 1 whatever the parameters."""
        activations = self.ground.activations
        return activations is not None and activations[-1] == "softmax" and self._sizes[-1] == 1

    @property
    def whole(self) -> bool:
        """Whether every entry is right, and forward pass and cost run where there are any."""
        runs = not any(isinstance(each, Trouble) for each in (self._outputs, *self._costs))
        return self.clean and runs

    @property
    def raises(self) -> bool:
        """Whether sizes do not agree in it, or an entry has a shape that says nothing more."""
        came = self.entries.came
        troubles = [each for each in came.values() if isinstance(each, Trouble)]
        if any(each.slug == "raises" and OF_SHAPES.search(each.sentence) for each in troubles):
            return True
        return self.entries.misfit

    @property
    def misshapen(self) -> bool:
        """Whether some Jacobian of weights does not run, or has another shape than its weights."""
        return self.entries.misshapen

    @property
    def score(self) -> tuple[int, ...]:
        """How well the reading does: what runs comes before what is right."""
        runs = sum(not isinstance(each, Trouble) for each in (self._outputs, *self._costs))
        right, arrays = self.entries.score
        if self._degenerate:
            return (0, 0, 0, 0, 0, 0)
        known = (self.ground.activations is not None) + (self.ground.cost is not None)
        params = self.probes[0].params
        fits = sum(
            isinstance(each, np.ndarray) and each.shape == params[entry].shape
            for entry, each in self.entries.came.items()
            if entry in params
        )
        return (arrays > 0, runs, fits, right, arrays, known)

    @property
    def explained(self) -> bool:
        """Whether everything runs, and what is wrong has a name."""
        return not self.entries.unexplained

    def run(self) -> None:
        """Judge everything, in order."""
        self._small_functions()
        self._forward()
        self._judge_cost()
        found = self._gradients()
        self.findings += found.findings
        self.remarks += found.remarks
        if self.examples[0] == 1:
            self.remarks.append(_one_example(self.reading))
        self.judged.extend(self._effects(found.judged))
        judged, findings = updates.judged(self.reading, self.probes, self.entries)
        self.judged.extend(judged)
        self.findings += findings
        self.remarks += self._normalisation()
        self.findings[:] = causes.merged(self.findings)
        self.remarks += remarks.about(self.reading, self.space)
        self.remarks += own_checks.about(self.reading, self.space)
        self.remarks = [*self.reading.notes, *self.remarks]

    def _effects(self, judged: list[Judged]) -> list[Judged]:
        """Return lines with what calling again shows; what is stale is not looked for elsewhere."""
        found = effects.repeated(self.entries)
        spoilt = {entry: each.slug for each in found for entry in each.entries}
        self.findings = [
            each
            for each in self.findings
            if not each.entries or not set(each.entries) <= spoilt.keys()
        ]
        self.findings += found
        return [
            replace(each, verdict=Verdict.WRONG, detail=spoilt[each.entry], residual=None)
            if each.entry in spoilt
            else each
            for each in judged
        ]

    # Small functions ---------------------------------------------------------------------------

    def _probe(self, targets: str, seed: int) -> Probe:
        return probe(self._sizes, self.examples[seed % 2], seed, targets, biases=self._biases)

    def _small_functions(self) -> None:
        line = slopes.activation(self.reading, self.space)
        if line is not None:
            self.judged.append(line)
        own = self.reading.slope()
        for slope in slopes.slopes(self.reading, self.space):
            if slope.finding is None:
                self.judged.append(slope.judged)
                self._settle(slope)
                continue
            if self.clean:
                continue  # it is the derivative of something else, or not used at all
            better = self._without(slope)
            if better is not None or (own is not None and own[0] == slope.name):
                self.judged.append(slope.judged)
                self.findings.append(slope.finding)
            self._mended = self._mended or better

    def _without(self, slope: slopes.Slope) -> tuple[str, Entries] | None:
        """Return the entries with a right derivative in the place of theirs, if that mends any."""
        for option in slopes.right_ones(slope):
            with slopes.instead(self.space, slope.name, option):
                entries = self._entries()
            if entries.score > self.entries.score:
                return slope.name, entries
        return None

    def _settle(self, slope: slopes.Slope) -> None:
        """Take cost and scale from what is right once a derivative gets what it is a function of.

        Where neither is known, what a wrong argument spoils could be laid at their door.
        """
        truth = self.entries.truth
        if self.clean or truth is None or not truth.assumed or slope.name not in self.space.names:
            return  # of a method, there is none to put another in the place of
        found = self._without(slope)
        if found is not None and found[1].clean:
            truth, negative = found[1].truth, found[1].negative
            self.entries = Entries(
                self.reading, self.probes, self.ground, negative=negative, truth=truth
            )

    # Gradients ---------------------------------------------------------------------------------

    def _entries(self) -> Entries:
        entries = Entries(self.reading, self.probes, self.ground)
        if not entries.clean and updates.adds(self.reading, self.probes[0]):
            negative = Entries(self.reading, self.probes, self.ground, negative=True)
            if negative.score > entries.score:
                return negative
        return entries

    def _gradients(self) -> Outcome:
        """Judge every entry; of what a wrong derivative spoils, only the rest is looked into."""
        if self._mended is None:
            return self.entries.judge()
        name, entries = self._mended
        with_right_one = {e for e, right in entries.right.items() if right}
        spoilt = {e for e in with_right_one if not self.entries.right[e]}
        outcome = entries.judge()
        outcome.judged = [
            replace(each, verdict=Verdict.WRONG, detail=f"for {name} is wrong", residual=None)
            if each.entry in spoilt
            else each
            for each in outcome.judged
        ]
        self.findings = [
            replace(each, entries=(*each.entries, *sorted(spoilt)))
            if each.entries == (name,)
            else each
            for each in self.findings
        ]
        return outcome

    # Forward pass and cost ---------------------------------------------------------------------

    def _recognised(self) -> tuple[str, ...] | None:
        if not isinstance(self._outputs, np.ndarray):
            return None
        found = meaning.recognised(self._probe(FREE, 0), self._outputs, self._likely)
        return found[0] if found else None

    def _forward(self) -> None:
        if self._outputs is None:
            return
        name = self._names.get("forward", "forward pass")
        place = self.space.place(name)
        if isinstance(self._outputs, Trouble):
            self.judged.append(_stuck(name, "forward", self._outputs, place))
            self.findings += _said(self._outputs, name)
            return
        activations = self.ground.activations
        if activations is not None:
            words = ", ".join(activations)
            self.judged.append(Judged(name, Verdict.RIGHT, "forward", detail=words, place=place))
            return
        theirs = not any(each is helpers.softmax for each in self.space.names.values())
        slug = _softmax_axis(self._outputs) if theirs else ""
        if slug:
            self.judged.append(Judged(name, Verdict.WRONG, "forward", place=place))
            self.findings.append(_mistake(slug, (name,), place))
            return
        detail = "none of the networks that are known here"
        self.judged.append(Judged(name, Verdict.NOT_JUDGED, "forward", detail=detail, place=place))

    @property
    def callable(self) -> bool:
        """Whether their cost gives finite numbers."""
        return all(isinstance(each, float) and np.isfinite(each) for each in self._costs)

    def _cost(self, activations: tuple[str, ...] | None) -> meaning.Meaning | None:
        if activations is None or not self.callable:
            return None
        groups = [self._group(self._sizes, m) for m in dict.fromkeys(self.examples)]
        if not self._fixed:
            other = self._group(other_sizes(self._sizes), self.examples[1])
            groups += [other] if other else []
        if not all(groups):
            return None
        assert isinstance(self._outputs, np.ndarray)
        return meaning.cost_named(activations, groups, meaning.near(self._outputs))

    def _group(self, sizes: tuple[int, ...], m: int) -> list[tuple[Probe, float]]:
        """Return probes of the same sizes with the values of their cost; none if it has none."""
        found = []
        for seed in range(DRAWS):
            each = probe(sizes, m, 10 + seed, self.targets, biases=self._biases)
            value = self.reading.cost(each)
            if not isinstance(value, float) or not np.isfinite(value) or not value:
                return []
            found.append((each, value))
        return found

    def _judge_cost(self) -> None:
        came = self._costs[0]
        if came is None or (self.quiet and isinstance(came, Trouble)):
            return
        name = self._names.get("cost", "cost")
        place = self.space.place(name)
        if isinstance(came, Trouble):
            known = self.ground.activations is not None
            if known and came.slug == "raises" and OF_SHAPES.search(came.sentence):
                # The forward pass took these numbers: it is we who do not know what this one takes.
                detail = "what it takes was not recognised"
                self.judged.append(
                    Judged(name, Verdict.NOT_JUDGED, "cost", detail=detail, place=place)
                )
                return
            self.judged.append(_stuck(name, "cost", came, place))
            self.findings += _said(came, name)
            return
        found = self.ground.cost
        if found is not None:
            detail = found.name.replace("_", " ") + (" with a penalty" if found.decay else "")
            self.judged.append(Judged(name, Verdict.RIGHT, "cost", detail=detail, place=place))
            return
        detail = "" if self.callable else f"it is {came}"
        self.judged.append(Judged(name, Verdict.NOT_JUDGED, "cost", detail=detail, place=place))

    def _normalisation(self) -> list[Finding]:
        cost = self.ground.cost
        if cost is None or cost.scale.usual:
            return []
        name = self._names.get("cost", "cost")
        return remarks.normalisation(self.space, name, cost.scale)


def _softmax_axis(outputs: Array) -> str:
    """Return the slug where outputs sum to one over the examples, and not over the units."""
    if outputs.ndim != 2:
        return ""
    over_examples, over_units = (np.abs(outputs.sum(axis=axis) - 1) for axis in (1, 0))
    wrong = outputs.shape[0] > 1 and np.max(over_examples) < 1e-9 < np.max(over_units)
    return "softmax_axis" if wrong else ""


def _one_example(reading: Reading) -> Finding:
    entry = CATALOGUE["one_example_only"]
    places = [piece.place for piece in reading.pieces]
    return Finding(
        "one_example_only",
        "remark",
        f"{entry.says}: it was judged with one",
        entry.mend,
        tuple(piece.entry for piece in reading.pieces),
        place=places[0] if places else None,
    )


def _mistake(slug: str, names: tuple[str, ...], place: Place | None) -> Finding:
    entry = CATALOGUE[slug]
    return Finding(slug, "mistake", entry.says, entry.mend, names, place=place)


def _stuck(name: str, role: str, trouble: Trouble, place: Place | None) -> Judged:
    return Judged(name, trouble.verdict, role, detail=trouble.sentence, place=place)


def _said(trouble: Trouble, name: str) -> list[Finding]:
    if not trouble.slug:
        return []
    entry = CATALOGUE.get(trouble.slug)
    mend = entry.mend if entry is not None else ""
    said = Finding(trouble.slug, "mistake", trouble.sentence, mend, (name,), place=trouble.place)
    return [said]
