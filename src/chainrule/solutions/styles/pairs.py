"""Pairs of functions, ``affine_forward`` with ``affine_backward``: one layer, both ways.

The forward function is asked for outputs, the backward one for gradients of Σ upstream ∘ outputs
with a random upstream gradient; the truth are differences of that sum. A function of values and
labels that returns a cost and the gradient by the values (``softmax_loss(x, y)``) is judged
likewise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import direct
from chainrule.solutions.calling import Failed, theirs
from chainrule.solutions.calls import blank, trouble
from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.forms import array_of
from chainrule.solutions.reading import Array
from chainrule.solutions.space import Space
from chainrule.solutions.styles.collecting import returned_names
from chainrule.solutions.styles.functions import only_number, supplied
from chainrule.solutions.styles.units import MASKED

N, D, M = 7, 5, 3
IMAGE = (2, 3, 6, 4)

SHAPES: Mapping[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "rows": (
        (r"x|X|a|A|inputs?|h|z|Z|v|logits|scores", (N, D)),
        (r"w|W|weights?", (D, M)),
        (r"b|bias", (M,)),
        (r"gamma|beta|scale|shift", (D,)),
    ),
    "images": (
        (r"x|X|a|A|inputs?", IMAGE),
        (r"w|W|weights?|filters", (2, 3, 3, 3)),
        (r"b|bias", (2,)),
        (r"gamma|beta", (3,)),
    ),
    "columns": (
        (r"x|X|a|A|A_prev|inputs?|z|Z", (D, N)),
        (r"w|W|weights?", (M, D)),
        (r"b|bias", (M, 1)),
    ),
}
OF_VALUES = (["x", "y"], ["scores", "y"], ["logits", "y"], ["z", "y"])
OPTIONS: Mapping[str, Any] = {
    "bn_param": {"mode": "train"},
    "ln_param": {},
    "conv_param": {"stride": 1, "pad": 1},
    "pool_param": {"pool_height": 2, "pool_width": 2, "stride": 2},
    "dropout_param": {"mode": "train", "p": 0.6, "seed": 3},
    "eps": 1e-5,
}


@dataclass(frozen=True)
class Pair:
    """A forward function and its way back; without one, a cost with its gradient."""

    forward: str
    backward: str | None


class Pairs:
    """All pairs of a file.

    Parameters
    ----------
    space : Space
    names : collection of str, optional
        The ways back that are asked for; all of them if nothing is said.
    """

    def __init__(self, space: Space, names: Collection[str] | None = None) -> None:
        self.space = space
        self.judged: list[Judged] = []
        self.findings: list[Finding] = []
        found = list(self._found())
        self.names = [p for p in found if names is None or (p.backward or p.forward) in names]
        self.words = [
            f"{p.forward} and {p.backward}, one layer" if p.backward else f"{p.forward}, a cost"
            for p in self.names
        ]

    def _found(self) -> Iterator[Pair]:
        found = self.space.definitions.found
        for name in found:
            if name not in self.space or not found[name].arguments:
                continue
            if name.endswith(("_forward", "_forward_naive")):
                back = name.replace("_forward", "_backward")
                for other in (back, f"{back}_alt"):
                    if other in found and len(found[other].arguments) == 2:
                        yield Pair(name, other)
            elif (
                re.fullmatch(r"\w*loss", name)
                and [each.lower() for each in found[name].arguments] in OF_VALUES
                and any(len(each) == 2 for each in returned_names(found[name].node))
            ):
                yield Pair(name, None)

    def run(self) -> None:
        """Judge every pair."""
        for pair in self.names:
            supplied(self.space, pair.forward)
            for name in SHAPES:
                arguments = self._arguments(pair.forward, name)
                if arguments is not None and self._runs(pair, arguments):
                    self._judge(pair, arguments)
                    break

    def _arguments(self, name: str, shapes: str) -> dict[str, Any] | None:
        rng = np.random.default_rng(3)
        found: dict[str, Any] = {}
        for argument in inspect.signature(self.space[name]).parameters.values():
            shape = next((s for w, s in SHAPES[shapes] if re.fullmatch(w, argument.name)), None)
            if argument.name in OPTIONS:
                found[argument.name] = OPTIONS[argument.name]
            elif argument.name in ("y", "Y", "t", "labels"):
                found[argument.name] = np.arange(N) % D
            elif shape is not None:
                found[argument.name] = rng.uniform(-1.5, 1.5, shape)
            elif argument.default is inspect.Parameter.empty:
                return None
        return found

    def _call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        return self.space.call(
            self.space[name],
            **{
                key: value.copy() if hasattr(value, "copy") else value
                for key, value in arguments.items()
            },
        )

    def _runs(self, pair: Pair, arguments: Mapping[str, Any]) -> bool:
        try:
            result = self._call(pair.forward, arguments)
            if pair.backward is None:
                return only_number(result) is not None
            return (
                isinstance(result, tuple) and len(result) == 2 and array_of(result[0]) is not None
            )
        except Failed:  # other shapes may run
            return False

    def _judge(self, pair: Pair, arguments: dict[str, Any]) -> None:
        name = pair.backward or pair.forward
        place = self.space.place(name)
        upstream: Array | None = None
        try:
            result = self._call(pair.forward, arguments)
            if pair.backward is None:
                with theirs():
                    parts = [array_of(part) for part in result]
                claims: list[Array | None] = [p for p in parts if p is not None and p.ndim]
            else:
                with theirs():
                    out = np.asarray(result[0], float)
                upstream = np.random.default_rng(4).uniform(-1, 1, out.shape)
                came = self.space.call(self.space[pair.backward], upstream.copy(), result[1])
                claims = [array_of(part) for part in (came if isinstance(came, tuple) else (came,))]
        except Failed as problem:
            said = blank(self.space, name) or trouble(problem, place)
            blank_one = said.slug == "unfinished"
            verdict = Verdict.UNFINISHED if blank_one else Verdict.CANNOT_RUN
            self.judged.append(Judged(name, verdict, detail=said.sentence, place=said.place))
            return
        arrays = [
            key
            for key, value in arguments.items()
            if getattr(value, "dtype", np.dtype(int)).kind == "f"
        ]
        names = next(
            (
                n
                for n in returned_names(self.space.definitions.found[name].node)
                if len(n) == len(claims)
            ),
            [""] * len(claims),
        )
        for place_of, claim in enumerate(claims):
            meant = re.sub(r"^(d_?|grad_?)|_grad$", "", names[place_of])
            by_name = next((key for key in arrays if key.lower() == meant.lower()), None)
            key = by_name or (arrays[place_of] if place_of < len(arrays) else None)
            if key is None:
                continue
            self._one(pair, arguments, upstream, key, claim)
        self._mean(name)

    def _mean(self, name: str) -> None:
        """Take 1/m in all parameters, and not in what goes on to the layer below, as convention.

        Courses divide by the number of examples here, and not in the derivative of the cost.
        """
        mine = [each for each in self.judged if each.name.startswith(f"{name}: ")]
        causes = [each for each in self.findings if each.entries[0].startswith(f"{name}: ")]
        wrong = [each for each in mine if each.verdict.bad]
        divided = {"double_mean", "bias_mean_again"}
        if len(wrong) < 2 or len(wrong) == len(mine) or {c.slug for c in causes} - divided:
            return
        words = "divided by the number of examples here, and not in the derivative of the cost"
        for each in wrong:
            place = self.judged.index(each)
            verdict = Verdict.UP_TO_CONSTANT
            self.judged[place] = replace(each, verdict=verdict, detail=words)
        self.findings = [each for each in self.findings if each not in causes]

    def _one(
        self, pair: Pair, arguments: dict[str, Any], upstream: Array | None, key: str, claim: Any
    ) -> None:
        name = pair.backward or pair.forward
        place = self.space.place(name)
        entry = f"d{key}"
        if claim is None:
            self.judged.append(
                Judged(f"{name}: {entry}", Verdict.UNFINISHED, entry=entry, place=place)
            )
            return

        def cost(moved: Array) -> float:
            result = self._call(pair.forward, {**arguments, key: moved})
            if upstream is None:
                number = only_number(result)
                return float("nan") if number is None else number
            with theirs():
                return float(np.sum(np.asarray(result[0]) * upstream))

        rows = arguments.get("x", claim)
        sizes = {"m": N, "d": D, "k": M} if rows.ndim == 2 else {"m": len(rows)}
        said = direct.judge(claim, cost, arguments[key], sizes, key in ("b", "beta", "bias"))
        self.judged.append(
            Judged(
                f"{name}: {entry}", said.verdict, entry=entry, residual=said.residual, place=place
            )
        )
        if said.verdict.bad:
            slug = said.slugs[0] if said.slugs else "unknown"
            if slug == "unknown" and _masked(claim, said.truth, upstream):
                slug, said = "derivative_at_activation", replace(said, words=MASKED)
            words = said.words or f"{entry} is not the derivative of what {pair.forward} returns"
            self.findings.append(
                Finding(slug, "mistake", words, said.mend, (f"{name}: {entry}",), place=place)
            )


def _masked(claim: Array, truth: Array | None, upstream: Array | None) -> bool:
    """Return whether what comes back is masked by its own sign, where that of z should tell."""
    if truth is None or upstream is None or not claim.shape == truth.shape == upstream.shape:
        return False
    masks = np.all(np.isclose(truth, upstream) | np.isclose(truth, 0.0))
    return bool(masks and np.allclose(claim, np.maximum(upstream, 0.0)))
