"""Forward pass, cost, backward pass and update of plain functions, in our convention.

How they are called stands in `runs`; here their results are turned, and sizes found at which they
run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule.solutions.calls import as_array
from chainrule.solutions.findings import Finding
from chainrule.solutions.forms import Form, array_of
from chainrule.solutions.reading import Array, Probe, Trouble
from chainrule.solutions.space import Space
from chainrule.solutions.styles.fixed import Sizes
from chainrule.solutions.styles.functions import COST
from chainrule.solutions.styles.nests import arrays, at, named
from chainrule.solutions.styles.plan import Plan
from chainrule.solutions.styles.returned import Gathered
from chainrule.solutions.styles.runs import RATE, Runs
from chainrule.solutions.styles.steps import Step

BEFORE_ACTIVATION = re.compile(
    r"zs?|z_?\w{0,3}|\w*(sums?|logits?|scores?|nets?|preacts?)\d*|pre\w*|net\w*", re.I
)
"""Names of what is no activation yet."""


class Passes:
    """The functions of a plan, in one form.

    Parameters
    ----------
    space : Space
    plan : Plan
    form : Form

    Attributes
    ----------
    complete : bool
        Whether the backward pass gives gradients.
    """

    def __init__(self, space: Space, plan: Plan, form: Form) -> None:
        self.space, self.plan, self.form = space, plan, form
        self.runs = Runs(space, plan, form)
        self.complete = False
        self.names_of_gradients: Mapping[str, str] = {}
        self._inner_cost = ""
        self._reshaped = False
        self._cost_form = self._form_of_cost()

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """That the code has fixed inside; ``None`` where they are free."""
        return self.runs.sizes

    # Finding out whether it runs ---------------------------------------------------------------

    def settle(self) -> bool:
        """Find sizes at which the functions run; return whether the backward pass does."""
        best: tuple[int, tuple[int, ...] | None] = (-1, None)
        for sizes in Sizes(self.space, self.plan, self.form).possible():
            self.runs.sizes = sizes
            score = self._score()
            if score > best[0]:
                best = score, sizes
            if score == 3:
                break
        self.runs.sizes = best[1]
        self._score()
        return self.complete

    def ahead(self) -> bool:
        """Return whether the forward pass gives outputs at some sizes."""
        for sizes in Sizes(self.space, self.plan, self.form).possible():
            self.runs.sizes = sizes
            if self._outputs_found():
                return True
        self.runs.sizes = None
        return False

    def _score(self) -> int:
        if not self._outputs_found():
            return 0
        return 1 + self._back_found() + self._cost_found()

    def _outputs_found(self) -> bool:
        if self.plan.forward is None:
            return True
        probe = self.runs.trial()
        scene = self.runs.ahead(probe)
        if isinstance(scene, Trouble):
            return False
        k, m = probe.y.shape
        wanted = {(m, k) if self.form.rows else (k, m)} | ({(m,)} if k == 1 else set())
        if self.form.flat or (self.form.one and self.form.biases == "(n,)"):
            wanted = {(k,)}
        found = [
            (not BEFORE_ACTIVATION.fullmatch(name), self.plan.forward.order(name), place, path)
            for place, (name, path, value) in enumerate(
                arrays(self.plan.forward.returns, scene.result)
            )
            if value.shape in wanted
        ]
        if not found:
            return False
        self.runs.path = max(found)[-1]
        output = array_of(at(scene.result, self.runs.path))
        self.runs.flat = output is not None and output.ndim == 1
        return True

    def _back_found(self) -> bool:
        probe = self.runs.trial()
        came = self.runs.gathered(probe)
        self.complete = isinstance(came, Gathered) and any(e.startswith("W") for e in came.arrays)
        if isinstance(came, Gathered):
            self.names_of_gradients = came.names
            self._reshaped = Step(self.runs).reshapes(probe, came)
        return self.complete

    def _cost_found(self) -> bool:
        probe = self.runs.trial()
        self._find_inner_cost(probe)
        if isinstance(self.cost(probe), float):
            return True
        if self.plan.cost is None:
            return self._inner_cost == ""
        before = self._cost_form
        for targets in ("as outputs", "labels", "column of labels"):
            self._cost_form = replace(self.form, targets=targets)
            if isinstance(self.cost(probe), float):
                return True
        self._cost_form = before
        return False

    # Calls -------------------------------------------------------------------------------------

    def outputs(self, probe: Probe) -> Array | Trouble | None:
        """Return the activations of the last layer, units × examples."""
        forward = self.plan.forward
        if forward is None:
            return None
        columns = []
        for each in self.runs.calls(probe):
            scene = self.runs.ahead(each)
            if isinstance(scene, Trouble):
                return scene
            found = as_array(forward.name, scene.output, self.space.place(forward.name))
            if isinstance(found, Trouble):
                return found
            columns.append(self.form.outputs(found))
        return np.concatenate(columns, axis=1)

    def cost(self, probe: Probe) -> float | Trouble | None:
        """Return their cost; of one example after the other, its mean."""
        total = 0.0
        for each in self.runs.calls(probe):
            found = self._cost_inside(each) if self._inner_cost else self._cost(each)
            if not isinstance(found, float):
                return found
            total += found
        return total / probe.examples if self.form.one else total

    def _cost(self, probe: Probe) -> float | Trouble | None:
        cost = self.plan.cost
        if cost is None:
            return None
        scene = self.runs.ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        found = self.runs.called(cost, scene, self._cost_form)
        array = (
            found
            if isinstance(found, Trouble)
            else as_array(cost.name, found, self.space.place(cost.name))
        )
        if isinstance(array, Trouble):
            return array
        if array.size != 1:
            sentence = f"{cost.name} returned an array of shape {array.shape}, wanted one number"
            return Trouble("wrong_type", sentence, self.space.place(cost.name))
        return float(array.item())

    def gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        """Return every entry in our orientation; of one example after the other, the mean."""
        found = [self._gradients(each) for each in self.runs.calls(probe)]
        if len(found) == 1:
            return found[0]
        together: dict[str, Array | Trouble] = {}
        for entry, first in found[0].items():
            values = [each.get(entry, first) for each in found]
            came = [value for value in values if not isinstance(value, Trouble)]
            same = len({array.shape for array in came}) == 1 and len(came) == len(values)
            trouble = next((value for value in values if isinstance(value, Trouble)), first)
            together[entry] = np.mean(came, axis=0) if same else trouble
        return together

    def _gradients(self, probe: Probe) -> Mapping[str, Array | Trouble]:
        entries = self.plan.arrangement.entries
        came = self.runs.gathered(probe)
        if isinstance(came, Trouble):
            return dict.fromkeys(entries, came)
        found: dict[str, Array | Trouble] = {}
        place = self.space.place(self.plan.backward.name)
        for entry, value in came.arrays.items():
            array = as_array(came.names.get(entry) or entry, value, place)
            if isinstance(array, np.ndarray):
                ours = probe.params[entry]
                if entry in came.moved:
                    before = self.form.parameter(entry, ours)
                    if array.shape == before.shape:
                        array = (before - array) / RATE
                if entry.startswith("b") and array.size == 1:  # numpy spreads it over the units
                    array = np.full(self.form.parameter(entry, ours).shape, array.item())
                if entry.startswith("b") and self._reshaped and array.size == ours.size:
                    array = array.reshape(self.form.parameter(entry, ours).shape)
                array = self.form.gradient(entry, array, len(ours))
            found[entry] = array
        return found

    def update(
        self, probe: Probe, gradients: Mapping[str, Array], rate: float
    ) -> Mapping[str, Array] | Trouble | None:
        """Return all parameters after one step of theirs with these gradients."""
        probe = next(self.runs.calls(probe))
        theirs = {entry: self.form.parameter(entry, value) for entry, value in gradients.items()}
        moved = Step(self.runs).updated(probe, theirs, rate)
        if isinstance(moved, Trouble):  # what fails at our sizes only is no mistake
            return moved if moved.slug == "not_defined" else None
        if moved is None:
            return None
        found = {}
        for entry, value in moved.items():
            array = array_of(value)
            if (
                array is None
                or array.shape != self.form.parameter(entry, probe.params[entry]).shape
            ):
                return None
            found[entry] = self.form.gradient(entry, array, len(probe.params[entry]))
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """What else was read into the code."""
        counted = sorted(self.runs.around.counted)
        return tuple(f"{name} is the number of examples" for name in counted)

    def notes(self) -> list[Finding]:
        """Return remarks on counts that are those of a data set which is not there."""
        return [
            Finding(
                "global_count",
                "remark",
                f"{name} is a global: it is the number of examples of the batch only where the "
                "batch is the whole data set",
                "take the number of examples from the arguments",
                (self.plan.backward.name,),
                place=self.space.place(self.plan.backward.name),
            )
            for name in sorted(self.runs.around.counted)
            if name in self.space.reads(self.plan.backward.name)
        ]

    # Inside ------------------------------------------------------------------------------------

    def _form_of_cost(self) -> Form:
        cost = self.plan.cost
        if cost is None:
            return self.form
        labels = any(self.plan.labelled(cost, name) for name in cost.arguments)
        return replace(self.form, targets="labels" if labels else "as outputs")

    def _find_inner_cost(self, probe: Probe) -> None:
        """Find a cost among what the passes return, if there is no function for it."""
        if self.plan.cost is not None:
            return
        for each in (self.plan.forward, self.plan.backward):
            for name in each.flat if each is not None else ():
                if COST.fullmatch(name):
                    self._inner_cost = name
                    if isinstance(self._cost_inside(probe), float):
                        return
        self._inner_cost = ""

    def _cost_inside(self, probe: Probe) -> float | Trouble | None:
        scene = self.runs.ahead(probe)
        if isinstance(scene, Trouble):
            return scene
        if self._inner_cost not in scene.inner:
            result = self.runs.called(self.plan.backward, scene, self.form)
            if isinstance(result, Trouble):
                return result
            scene.inner |= dict(named(self.plan.backward.returns, result))
        array = array_of(scene.inner.get(self._inner_cost))
        return float(array.item()) if array is not None and array.size == 1 else None
