"""`diagnose`: what is wrong with a gradient that somebody wrote by hand, by name.

A mistake is a transformation of the derivation (`mutations`). All of them are tried; the fewest
that predict what came to the last digits are the cause (`search`). Next to read: `catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import notation
from chainrule.arrays import real_array
from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.hypotheses import Numbers
from chainrule.checking.mutations import Ground
from chainrule.checking.search import TOLERANCE, Cause, Search, equation_of
from chainrule.checking.shapes import Shaped, shaped
from chainrule.checking.verdicts import Verdict
from chainrule.errors import InvalidType, UnknownQuantity
from chainrule.network import Network
from chainrule.parameters import Parameters
from chainrule.render import text

SINGLE = 2e-4
"""Tolerance of what was computed in float32."""


@dataclass(frozen=True)
class Diagnosis:
    """The judgement on one entry.

    Parameters
    ----------
    entry : str
        ``"W1"``, ``"b1"``, or an intermediate quantity such as ``"delta2"``.
    verdict : Verdict
    slugs : tuple of str
        Names of the causes in the catalogue of mistakes; empty where it is right.
    sentence : str
        What is wrong, for a learner.
    suggestion : str
        What mends it.
    equation : str
        Name of the equation in which the mistake is; that of the entry where it is right.
    right, computed : str
        That equation as it should be, and as the code has it.
    layer : int or None
    residual : float or None
        Distance of what came from what the cause predicts, relative.
    ties : tuple of str
        Other mistakes that cannot be told from this one here.
    """

    entry: str
    verdict: Verdict
    slugs: tuple[str, ...] = ()
    sentence: str = ""
    suggestion: str = ""
    equation: str = ""
    right: str = ""
    computed: str = ""
    layer: int | None = None
    residual: float | None = None
    ties: tuple[str, ...] = ()

    def __str__(self) -> str:
        mark = "✓" if self.verdict.good else "✗" if self.verdict.bad else "–"
        head = f"{mark} {notation.text(self.entry)}: {self.verdict.value}"
        lines = [head if not self.slugs else f"{head} ({', '.join(self.slugs)})"]
        lines += [f"    {line}" for line in (self.sentence, self.suggestion) if line]
        if self.computed:
            lines += [f"    computed  {self.computed}", f"    right     {self.right}"]
        return "\n".join(lines)


class Diagnoses(Mapping[str, Diagnosis]):
    """A diagnosis per entry; printing shows them all."""

    def __init__(self, found: Mapping[str, Diagnosis]) -> None:
        self._found = dict(found)

    def __getitem__(self, entry: str) -> Diagnosis:
        return self._found[entry]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._found.values()))

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(each.verdict.good for each in self._found.values())


def diagnose(
    net: Network,
    params: Parameters,
    x: Any,
    y: Any,
    gradients: Mapping[str, Any],
    *,
    scale_is_convention: bool = False,
) -> Diagnoses:
    """Say what is wrong with hand-written gradients of a network.

    Parameters
    ----------
    net : Network
        What the gradients should be of; its cost is the truth.
    params : Parameters
        Where they were computed. Weights of size 1 and biases that are not 0 show mistakes best.
    x, y : array_like, shape (n0, m) and (n_L, m)
    gradients : mapping of str to array_like or callable
        By parameter (``"W1"``, ``"b1"``), or by the name of an intermediate quantity
        (``"delta2"``, ``"dC_da2"``). A callable is given ``params, x, y``, copies of them.
    scale_is_convention : bool, optional
        Whether one factor in all entries is a matter of how the cost is scaled.

    Returns
    -------
    Diagnoses
        A mapping from entries to `Diagnosis`.

    Raises
    ------
    UnknownQuantity
        If the network has no such entry.

    Examples
    --------
    >>> from chainrule import Network
    >>> net = Network([3, 4, 2], activation="sigmoid", cost="squared_error")
    >>> params = net.initialize(0, scheme="normal", scale=1.0)
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(3, 5)), rng.uniform(size=(2, 5))
    >>> _, jacobians = net.value_and_grad(params, x, y)
    >>> found = diagnose(net, params, x, y, {"W1": jacobians["W1"], "b2": -jacobians["b2"]})
    >>> found["W1"].verdict.value, found["b2"].slugs
    ('right', ('sign',))
    """
    values: dict[str, NDArray[Any]] = {**params.astype(float)}
    values.update(net.batch(x, y, np.dtype(np.float64)))
    numbers = Numbers(Ground(net.architecture), values)
    names = [*params, *(each for each in numbers.right if each in numbers.ground.equations)]
    shapes: dict[str, Shaped] = {}
    result: dict[str, Diagnosis] = {}
    for name, given in gradients.items():
        entry = notation.code(name)
        if entry not in names:
            raise UnknownQuantity("entry", name, names)
        try:
            array = _array(given, params, x, y)
        except Exception as problem:
            if not callable(given):
                raise
            result[name] = _cannot(name, problem)
            continue
        shapes[name] = shaped(numbers, entry, array)
    came = {name: each.values for name, each in shapes.items() if each.values is not None}
    single = any(each.single for each in shapes.values())
    entries = {notation.code(name): values for name, values in came.items()}
    found = Search(numbers, entries, SINGLE if single else TOLERANCE).run() if entries else None
    spelled = {notation.code(name): name for name in came}
    if found is not None:
        for entry, residual in found.right.items():
            result[spelled[entry]] = Diagnosis(entry, Verdict.RIGHT, residual=residual)
        whole = not found.right and not found.unknown and len(found.causes) == 1
        for cause in found.causes:
            convention = scale_is_convention and whole and not (cause.changes or cause.special)
            for entry in cause.entries:
                result[spelled[entry]] = explained(numbers, entry, cause, convention)
        for entry in found.unknown:
            result[spelled[entry]] = _unknown(numbers, entry)
    for name, each in shapes.items():
        result[name] = _with_shape(name, result.get(name), each)
    return Diagnoses({name: result[name] for name in gradients})


def _array(given: Any, params: Parameters, x: Any, y: Any) -> NDArray[Any]:
    if callable(given):
        given = given(params.copy(), np.array(x), np.array(y))
    if given is None:
        raise InvalidType("None came, wanted an array: does the function return its result?")
    return real_array("a gradient", given)


def explained(numbers: Numbers, entry: str, cause: Cause, convention: bool) -> Diagnosis:
    """Return the diagnosis of an entry whose cause is known."""
    words = [change.words for change in cause.changes]
    equation, right, computed, layer = equation_of(entry), "", "", None
    if cause.changes:
        change = cause.changes[-1]
        equation, layer = change.equation, change.layer
        left = notation.text(equation)
        right = f"{left} = {text.inline(numbers.ground.equations[equation].expr)}"
        computed = f"{left} = {text.inline(change.expr)}"
    if cause.special is not None:
        words.append(cause.special.words)
    if cause.factor is not None:
        others = f" (or {', '.join(cause.factor.others)})" if cause.factor.others else ""
        words.append(f"it is {cause.factor.words}{others} times what it should be")
    if cause.ratio is not None:
        words.append(f"it is {cause.ratio:.6g} times what it should be")
    mends = dict.fromkeys(CATALOGUE[slug].mend for slug in cause.slugs)
    return Diagnosis(
        entry,
        Verdict.UP_TO_CONSTANT if convention else Verdict.WRONG,
        cause.slugs,
        "; ".join(words),
        "; ".join(filter(None, mends)),
        equation,
        right,
        computed,
        layer,
        cause.residual,
        cause.ties,
    )


def _unknown(numbers: Numbers, entry: str) -> Diagnosis:
    equation = equation_of(entry)
    body = numbers.ground.equations[equation].expr
    parts = ", ".join(notation.text(name) for name in sorted(body.symbols()))
    right = f"{notation.text(equation)} = {text.inline(body)}"
    return Diagnosis(
        entry,
        Verdict.WRONG_UNKNOWN,
        sentence="no mistake of the catalogue, and no two of them, make this of it",
        suggestion=f"compare what it is made of: {parts}",
        equation=equation,
        right=right,
    )


def _cannot(name: str, problem: Exception) -> Diagnosis:
    sentence = f"it raised {type(problem).__name__}: {problem}"
    return Diagnosis(notation.code(name), Verdict.CANNOT_RUN, ("raises",), sentence)


def _with_shape(name: str, found: Diagnosis | None, each: Shaped) -> Diagnosis:
    """Put what is wrong with a shape in front of what is wrong with the values."""
    from dataclasses import replace

    if not each.slug:
        assert found is not None
        return found
    slugs = (each.slug, *(found.slugs if found is not None else ()))
    sentence = "; ".join(filter(None, [each.words, found.sentence if found is not None else ""]))
    mend = CATALOGUE[each.slug].mend
    if found is None:
        return Diagnosis(notation.code(name), Verdict.WRONG, slugs, sentence, mend)
    other = each.slug in ("kept_dimension",) and found.verdict.good
    verdict = Verdict.OTHER_SHAPE if other else Verdict.WRONG
    return replace(found, verdict=verdict, slugs=slugs, sentence=sentence, suggestion=mend)
