"""The loop of training: it cuts the updates into stretches and takes the decisions between them.

It asks the engine for a stretch of updates at a time, as many as fit before the next decision: a
record in the history, a callback, a checkpoint, the end, or less than a tenth of a second, so that
Ctrl-C and the progress bar are served whatever an update takes. How the updates are cut into
stretches never changes what is computed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import closing

import numpy as np

from chainrule.arguments import whole
from chainrule.arrays import Array
from chainrule.callbacks import Callback, Progress
from chainrule.checkpoints import Checkpoint
from chainrule.engines import Engine, Problem, State
from chainrule.errors import InvalidType, InvalidValue, NonFiniteCost
from chainrule.history import History, Record, TrainingResult
from chainrule.parameters import Parameters
from chainrule.resuming import TrainingState, capture
from chainrule.schedules import ReduceOnPlateau
from chainrule.stopping import Patience, Rule
from chainrule.terminal import bar, interrupts

STRETCH = 0.08  # seconds between two looks at the clock, the keyboard and the progress bar


class Loop:
    """Cuts the updates into stretches and takes the decisions between them."""

    def __init__(
        self,
        engine: Engine,
        problem: Problem,
        iterations: int,
        callbacks: list[Callback],
        record_every: int,
        plateau: ReduceOnPlateau | None,
        validation: dict[str, Array] | None,
        rules: list[Rule],
        described: Mapping[str, str],
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.engine, self.problem, self.iterations = engine, problem, iterations
        self.history, self.record_every = History(), record_every
        self.plateau, self.validation = plateau, validation
        self.callbacks = [(each, self._interval(each)) for each in callbacks]
        if validation is None and any(isinstance(rule, Patience) for rule in rules):
            raise InvalidValue(
                "stop has Patience, which looks at the validation cost, but there are no "
                "validation data: pass validation=(x, y)"
            )
        self.watchers = [rule.watch() for rule in rules]
        self._forgetful = [
            type(rule).__name__
            for rule, watcher in zip(rules, self.watchers, strict=True)
            if not (hasattr(watcher, "remember") and hasattr(watcher, "recall"))
        ]
        if checkpoint is not None and self._forgetful:
            raise InvalidType(
                f"the watcher of {self._forgetful[0]} has no remember and recall, wanted both for "
                "a checkpoint: without them training cannot go on as if never stopped"
            )
        self.described, self.checkpoint = described, checkpoint
        self.ended: TrainingState | None = None
        self.resumed: TrainingState | None = None

    def recall(self, saved: TrainingState) -> None:
        """Take up history and rules where a run that is resumed left them."""
        self.history = History(list(saved.history.records))
        for watcher, memory in zip(self.watchers, saved.watchers, strict=True):
            watcher.recall(memory, self.history, saved.params)
        self.resumed = saved

    def captured(self, state: State, reason: str = "") -> TrainingState:
        """Return where training stands, copied."""
        ruled = reason if any(reason == watcher.reason for watcher in self.watchers) else ""
        every = self.record_every
        return capture(state, self.described, every, self.history, self.watchers, ruled)

    def best(self, state: State) -> Parameters:
        """Return the best parameters so far, where a rule has kept them; else those of now."""
        kept = [watcher.best[1] for watcher in self.watchers if watcher.best is not None]
        return kept[-1] if kept else state.params

    def run(self, state: State, progress: bool | None) -> str:
        """Train to the end and return why it ended."""
        stretch, pressed, whole_state = 1, "", True
        reason = "" if self.resumed is None else self.resumed.ended
        net = self.problem.network
        saving = None if self.checkpoint is None else self.checkpoint.saving(net)
        with (
            interrupts(terminating=saving is not None) as interrupted,
            bar(progress, self.iterations) as show,
            closing(self.engine),
        ):
            try:
                if not reason and state.iteration < self.iterations:
                    reason = self._decide(state)
                while not reason and state.iteration < self.iterations:
                    updates = min(stretch, self._until_next_decision(state.iteration))
                    began = time.perf_counter()
                    whole_state = False
                    self.engine.advance(state, updates)
                    whole_state = True
                    seconds = time.perf_counter() - began
                    fitting = int(updates * STRETCH / max(seconds, 1e-9))
                    stretch = max(1, min(2 * updates, fitting))
                    self._raise_if_not_finite(state)
                    if interrupted():
                        raise KeyboardInterrupt
                    if state.iteration == self.iterations or state.ended:
                        break
                    reason = self._decide(state)
                    show(state.iteration, self.history.latest)
                    if saving is not None and saving.due(state.iteration):
                        saving.save(self.captured(state), self.best(state))
            except KeyboardInterrupt:
                pressed = interrupted() or "interrupted"
            # Captured before the record of the end, which a run that is not stopped here has not.
            self.ended = (
                self.captured(state, reason) if whole_state and not self._forgetful else None
            )
            if saving is not None and self.ended is not None:
                saving.save(self.ended, self.best(state))
            try:
                if not (reason or pressed):
                    reason = state.ended or self._decide(state)
                    show(state.iteration, self.history.latest)
                self._record(state)
            except KeyboardInterrupt:  # once more: then the end is not recorded, but handed back
                pressed = interrupted() or "interrupted"
            return pressed or interrupted() or reason or "iterations"

    def result(self, state: State, reason: str) -> TrainingResult:
        """Return what was learnt, the best of it where a rule has kept that."""
        kept = [watcher.best[0].iteration for watcher in self.watchers if watcher.best is not None]
        return TrainingResult(
            self.best(state),
            self.history,
            reason,
            state.iteration,
            self.engine.name,
            kept[-1] if kept else None,
            self.ended,
        )

    def _rate(self, state: State) -> float:
        """Return the learning rate of the next update; after the last one, that of the last."""
        past = state.iteration >= self.iterations > 0
        return state.learning_rate(self.problem, -1 if past else 0)

    def _interval(self, callback: Callback) -> int:
        return whole("every of a callback", getattr(callback, "every", self.record_every), 1)

    def _until_next_decision(self, iteration: int) -> int:
        intervals = [self.record_every, *(every for _, every in self.callbacks)]
        ahead = (every - iteration % every for every in intervals)
        return min(self.iterations - iteration, *ahead)

    def _decide(self, state: State) -> str:
        """Record and call what is due; return why to stop, or nothing."""
        iteration = state.iteration
        last = iteration == self.iterations
        reason = ""
        if last or iteration % self.record_every == 0:
            reason = self._record(state)
        for callback, every in self.callbacks:
            if last or iteration % every == 0:
                given = Progress(
                    iteration,
                    self.iterations,
                    state.params,
                    self.engine,
                    self._rate(state),
                    self.validation,
                )
                answer = callback(given)
                if isinstance(answer, (bool, np.bool_)) and answer:
                    reason = reason or "callback"
        for watcher in self.watchers:
            if not reason and watcher.passed():
                reason = watcher.reason
        return "" if last else reason

    def _record(self, state: State) -> str:
        """Add a record, unless there is one; return why to stop, or nothing."""
        if self.history.has(state.iteration):
            return ""
        if self.problem.costs_of_batches:
            if state.iteration == 0:
                return ""  # no batch has been seen
            cost, norms = state.costs.take(), np.full(len(state.params.sizes) - 1, math.nan)
        else:
            cost, norms = self.engine.cost_and_norms(state.params)
        if not math.isfinite(cost):
            state.trouble = "the cost"
            self._raise_if_not_finite(state)
        validation = math.nan
        if self.validation is not None:
            validation = self.engine.cost(state.params, self.validation)
        if self.plateau is not None:
            watched = cost if self.validation is None else validation
            state.plateau = self.plateau.observe(state.plateau, watched)
        self.history.record(Record(state.iteration, cost, validation, self._rate(state), norms))
        stopping = [each for each in self.watchers if each.recorded(self.history, state.params)]
        return stopping[0].reason if stopping else ""

    def _raise_if_not_finite(self, state: State) -> None:
        if not state.trouble:
            return
        if state.iteration == 0 and state.trouble != "a parameter":
            advice = "the starting parameters or the data are too large: scale x and y to about 1."
        else:
            rate = self.problem.optimizer.learning_rate / 10
            advice = (
                "the steps are too long: try a smaller learning rate, for instance a tenth of it "
                f"({rate:g}), and a tenth of that if it is not enough; or scale x and y to about "
                "1. The last good parameters are in .params of this exception."
            )
        raise NonFiniteCost(
            f"{state.trouble} {self._when(state)}; {advice}",
            iteration=state.iteration,
            params=state.last_good,
            history=self.history,
        )

    @staticmethod
    def _when(state: State) -> str:
        if state.trouble == "a parameter":
            return f"would not be finite any more after update {state.iteration + 1}"
        return f"is not finite after {state.iteration} updates"
