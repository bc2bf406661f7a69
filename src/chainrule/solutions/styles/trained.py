"""A function that holds the whole of training: its loop is cut into forward and backward pass.

``build_model(nn_hdim, num_passes)`` with ``delta3``, ``dW2`` and the update inside. The loop is not
run: one round of it is made functions of (`cutting`), which are read like functions that somebody
wrote (`dictionaries`), and held against their cost where there is one. That cost is printed, and
the rate takes up a number of examples: a sum over them is no mistake beside a mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.checking.catalogue import CATALOGUE
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
                if not _runs(reading):
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
            entries = tuple(piece.name for piece in self.pieces)
            place = self.place("backward")
            self.notes.append(
                Finding("cost_gradient_mismatch", "remark", sentence, said.mend, entries, place=place)
            )

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost, times a power of the number of examples."""
        found = super().cost(probe)
        return found * float(probe.examples) ** self._power if isinstance(found, float) else found

    def judge(self, *args: Any, **options: Any) -> Judge:
        """Return what judges it: the usual judge, which takes our factor for no one's."""
        return Scaled(self, self.space, *args, **options) if self._power else Judge(
            self, self.space, *args, **options
        )


class Scaled(Judge):
    """The judgement of a reading whose cost was multiplied by us."""

    def run(self) -> None:
        """Judge all of it, and say nothing of what the cost is divided by."""
        super().run()
        self.remarks[:] = [each for each in self.remarks if each.slug != "cost_normalisation"]


def _runs(reading: DictionaryReading) -> bool:
    targets = HOT if wants_hot(reading) else FREE
    here = probe(reading.sizes() or usual_sizes(reading.layers), 11, 0, targets)
    came = reading.gradients(here)
    return bool(came) and not any(isinstance(each, Trouble) for each in came.values())
