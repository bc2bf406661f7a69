"""The penalty in a cost and in its gradients, judged apart from the rest.

What a penalty adds to the cost is the difference of the cost with it and without; what it adds to
the gradients likewise. Both are linear in λ and simple in θ, so that differences of the first are
exact to rounding, and what the second is instead can be said: missing, another factor, on biases.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.findings import Finding
from chainrule.solutions.judgement import Judge
from chainrule.solutions.reading import Array, Probe, Trouble
from chainrule.solutions.witness import TOLERANCE

PENALTY = 0.7
SMALL = 1e-4
BY_DIFFERENCES = "agrees with differences of their cost"


class Penalised(Judge):
    """The usual judge without a penalty; then, where a penalty can be given, the penalty.

    Where the usual judge knows no network, the difference is named without one.
    """

    def run(self) -> None:
        """Judge everything, in order."""
        super().run()
        if hasattr(self.reading, "rate"):
            self._too_early(self.probes[0])
        self._without_network()
        if self.reading.has_penalty():  # type: ignore[attr-defined]
            self._penalty(self.probes[0])

    def _too_early(self, here: Probe) -> None:
        """Where nothing else explains an update, see whether a small step of it is right."""
        reading: Any = self.reading
        unknown = [e.entry for e in self.judged if e.verdict is Verdict.WRONG_UNKNOWN and e.entry]
        if not unknown:
            return
        kept = reading.rate
        try:
            reading.rate = kept * SMALL
            small = reading.gradients(here)
        finally:
            reading.rate = kept
        large = reading.gradients(here)
        for entry in unknown:
            one, other = small.get(entry), large.get(entry)
            if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
                continue
            right, _ = direct.gradient(self._along(here, entry), here.params[entry])
            if one.shape != right.shape or not np.isfinite(right).all():
                continue
            size = float(np.max(np.abs(right), initial=0.0))
            near, far = (float(np.max(np.abs(each - right))) for each in (one, other))
            if near <= 1e-3 * size and near <= 10 * SMALL * far:
                self._forget(entry)
                self._replace(entry, Verdict.WRONG)
                said = CATALOGUE["updated_too_early"]
                self._say("updated_too_early", said.says, said.mend, entry)

    def _forget(self, entry: str) -> None:
        """Take an entry out of what is not explained."""
        left = []
        for each in self.findings:
            if each.slug == "unknown" and entry in each.entries:
                rest = tuple(other for other in each.entries if other != entry)
                if rest:
                    left.append(replace(each, entries=rest))
                continue
            left.append(each)
        self.findings[:] = left

    def _along(self, here: Probe, entry: str) -> direct.Cost:
        return lambda moved: self._cost_with(here, entry, moved)

    def _without_network(self) -> None:
        """Ask differences alone: they name a wrong gradient, and clear one of no known network."""
        unknown = [
            each
            for each in self.judged
            if each.entry and each.verdict in (Verdict.WRONG_UNKNOWN, Verdict.NOT_JUDGED)
        ]
        explained = {entry for each in self.findings for entry in each.entries}
        here = self.probes[0]
        came = self.reading.gradients(here)
        sizes = {"m": here.examples, "d": len(here.x), "k": len(here.y)}
        for each in unknown:
            claim = came.get(each.entry)
            if each.entry in explained or claim is None or isinstance(claim, Trouble):
                continue
            said = direct.judge(
                claim,
                self._along(here, each.entry),
                here.params[each.entry],
                sizes,
                each.entry.startswith("b"),
            )
            if said.verdict.good and each.verdict is Verdict.NOT_JUDGED:
                self._replace(each.entry, said.verdict, BY_DIFFERENCES)
            elif each.verdict is Verdict.NOT_JUDGED:
                continue  # one witness is not enough
            elif said.verdict.good or said.verdict is Verdict.NOT_JUDGED:
                self._replace(each.entry, said.verdict)
            elif said.slugs:
                self._replace(each.entry, said.verdict)
                self._say(said.slugs[0], said.words, said.mend, each.entry)

    def _cost_with(self, here: Probe, entry: str, moved: Array) -> float:
        params = here.params.copy()
        params[entry][...] = moved
        found = self.reading.cost(Probe(params, here.x, here.y))
        return found if isinstance(found, float) else float("nan")

    def _penalty(self, here: Probe) -> None:
        reading: Any = self.reading
        with_it, without = (reading.penalised(here, lam) for lam in (PENALTY, 0.0))
        costs = [reading.penalised_cost(here, lam) for lam in (PENALTY, 0.0)]
        if not all(isinstance(cost, float) and np.isfinite(cost) for cost in costs):
            return
        for piece in reading.pieces:
            entry = piece.entry
            now, before = with_it.get(entry), without.get(entry)
            theta = here.params[entry]
            if not isinstance(now, np.ndarray) or not isinstance(before, np.ndarray):
                continue
            if now.shape != theta.shape or before.shape != theta.shape:
                continue
            added = now - before
            right, _ = direct.gradient(partial(self._added, here, entry), theta)
            size = max(float(np.max(np.abs(right))), float(np.max(np.abs(added))))
            off = float(np.max(np.abs(added - right)))
            if not np.isfinite(off) or off <= TOLERANCE * max(size, abs(costs[0]), 1.0):
                continue
            self._replace(entry, Verdict.WRONG)
            self._say(*_named(entry, added, right, theta), entry)

    def _added(self, here: Probe, entry: str, moved: Array) -> float:
        params = here.params.copy()
        params[entry][...] = moved
        there = Probe(params, here.x, here.y)
        reading: Any = self.reading
        costs = [reading.penalised_cost(there, lam) for lam in (PENALTY, 0.0)]
        return float(costs[0] - costs[1]) if all(isinstance(c, float) for c in costs) else np.nan

    def _replace(self, entry: str, verdict: Verdict, detail: str | None = None) -> None:
        self.judged[:] = [
            replace(each, verdict=verdict, detail=each.detail if detail is None else detail)
            if each.entry == entry
            else each
            for each in self.judged
        ]

    def _say(self, slug: str, words: str, mend: str, entry: str) -> None:
        for place, each in enumerate(self.findings):
            if each.slug == slug and each.sentence == words:
                self.findings[place] = replace(each, entries=(*each.entries, entry))
                return
        where = next((p.place for p in self.reading.pieces if p.entry == entry), None)
        self.findings.append(Finding(slug, "mistake", words, mend, (entry,), place=where))


def _named(entry: str, added: Array, right: Array, theta: Array) -> tuple[str, str, str]:
    """Return slug, words and what mends it."""
    size = float(np.max(np.abs(right)))
    ratio = float(np.vdot(right, added) / np.vdot(right, right)) if size else 0.0
    proportional = bool(np.allclose(added, ratio * right, atol=1e-6 * max(size, 1e-9)))
    off = np.abs(added - right)
    free = np.abs(right) <= 1e-9 * size  # what the cost does not penalise, as theta[0]
    alone = bool(free.any() and np.max(off[~free], initial=0.0) <= TOLERANCE * size)
    if not np.any(np.abs(added) > 1e-9) and size:
        slug = "penalty_missing"
    elif (size and alone) or (
        entry.startswith("b") and size <= 1e-9 * float(np.max(np.abs(theta)))
    ):
        slug = "penalty_on_bias"
    elif proportional and abs(ratio + 1) <= TOLERANCE:
        slug = "penalty_sign"
    else:
        slug = "penalty_factor"
    words = CATALOGUE[slug].says
    if slug == "penalty_factor" and proportional:
        words += f": it is {ratio:.6g} times what the cost has"
    return slug, words, CATALOGUE[slug].mend
