"""A function that holds the whole of training: its loop is cut into forward and backward pass.

``build_model(nn_hdim, num_passes)`` with ``delta3``, ``dW2`` and the update inside. The loop is not
run: one round of it is made functions of (`cutting`), which are read like functions that somebody
wrote (`dictionaries`), and held against their cost where there is one. That cost is printed, and
the rate takes up a number of examples: a sum over them is no mistake beside a mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.findings import Finding
from chainrule.solutions.judgement import Judge
from chainrule.solutions.probes import FREE, HOT, probe, usual_sizes
from chainrule.solutions.reading import Probe, Reading, Trouble, wants_hot
from chainrule.solutions.space import Space
from chainrule.solutions.styles import parts
from chainrule.solutions.styles.cutting import cut
from chainrule.solutions.styles.dictionaries import DictionaryReading, readings_of

SCALES = (("", 0), ("the sum over the examples", 1), ("their mean", -1))
"""Powers of the number of examples that the steps may be longer by than those of the cost."""


FACTORS = frozenset(
    {"constant_factor", "global_count", "wrong_divisor", "missing_mean", "double_mean"}
)
"""What says that all steps are longer, or shorter, by one number."""


class Trained:
    """The style."""

    name = "training in one function"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield readings of the functions that train, of those that run once they are cut."""
        for name, made in [*cut(space.definitions)]:
            kept = {each.name: space.put(each.name, each) for each in made}
            found = parts.found(space, name)
            ran = False
            for reading in readings_of(space, found) if found is not None else ():
                if not _runs(reading) or _one_unit(reading):
                    continue
                ran = True
                for words, power in SCALES:
                    yield TrainedReading(reading, name, words, power)
            if ran:
                return
            for each, before in kept.items():  # what does not run was cut in a wrong place
                space.put(each, before)


class TrainedReading(DictionaryReading):
    """One round of a loop, as functions.

    Parameters
    ----------
    like : DictionaryReading
    name : str
        The function that trains.
    words : str
    power : int
        Of the number of examples, by which the cost is longer than the one that is written.
    """

    style = Trained.name

    def __init__(self, like: DictionaryReading, name: str, words: str, power: int) -> None:
        super().__init__(like.space, like.parts, like.layout, like.outputs_wanted)
        self._power = power
        self.words = (f"one round of the loop in {name}", *self.words)
        if power:
            said = CATALOGUE["cost_gradient_mismatch"]
            sentence = f"the steps are those of {words}, where the cost that is written is another"
            entries = tuple(piece.entry for piece in self.pieces)
            place = self.place("backward")
            self.notes.append(
                Finding(
                    "cost_gradient_mismatch", "remark", sentence, said.mend, entries, place=place
                )
            )

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost, times a power of the number of examples."""
        found = super().cost(probe)
        return found * float(probe.examples) ** self._power if isinstance(found, float) else found

    def judge(self, *args: Any, **options: Any) -> Judge:
        """Return what judges it: the usual judge, which leaves the length of all steps free."""
        return Steps(self, self.space, *args, **options)


class Steps(Judge):
    """The judgement of steps: one factor of all of them is the rate's business."""

    def run(self) -> None:
        """Judge all of it, but for what cost and steps are divided by."""
        super().run()
        self.remarks[:] = [each for each in self.remarks if each.slug != "cost_normalisation"]
        # Steps of another kind (Adam, signed, clipped) are meant: what has no name is no alarm.
        unclear = {each.entry for each in self.judged if each.verdict is Verdict.WRONG_UNKNOWN}
        self.findings[:] = [each for each in self.findings if each.slug != "unknown"]
        self.judged[:] = [
            replace(
                each, verdict=Verdict.NOT_JUDGED, detail="its step is no multiple of a gradient"
            )
            if each.entry and each.entry in unclear
            else each
            for each in self.judged
        ]
        entries = {piece.entry for piece in self.reading.pieces}
        whole = [each for each in self.findings if set(each.entries) >= entries]
        for found in whole:
            if found.slug not in FACTORS:
                continue
            self.findings.remove(found)
            said = CATALOGUE["cost_gradient_mismatch"]
            words = "all steps are those of the cost times one number, which the rate takes up"
            self.remarks.append(
                replace(found, slug="cost_gradient_mismatch", kind="remark", sentence=words,
                        suggestion=said.mend, mends=(), ties=())
            )  # fmt: skip
            self.judged[:] = [
                replace(each, verdict=Verdict.UP_TO_CONSTANT, detail="")
                if each.entry in entries and each.verdict.bad
                else each
                for each in self.judged
            ]


def _runs(reading: DictionaryReading) -> bool:
    targets = HOT if wants_hot(reading) else FREE
    here = probe(reading.sizes() or usual_sizes(reading.layers), 11, 0, targets)
    came = reading.gradients(here)
    return bool(came) and not any(isinstance(each, Trouble) for each in came.values())


def _one_unit(reading: DictionaryReading) -> bool:
    """Return whether code for one unit is held for code of several: one step for all biases."""
    if reading.layers > 1 or reading.outputs_wanted == 1:
        return False
    here = probe(reading.sizes() or usual_sizes(1), 11, 0, HOT)
    came = reading.gradients(here).get("b1")
    return isinstance(came, np.ndarray) and came.size > 1 and bool(np.all(came == came.flat[0]))
