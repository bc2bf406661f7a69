"""Values for the arguments of a function of which no more is known than its names."""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.solutions.space import Idle, Space
from chainrule.solutions.straight import as_numbers
from chainrule.solutions.styles.arguments import positional, role
from chainrule.solutions.styles.collecting import returned_names

MOST_TRIES = 600
WORDS, UNITS, LONG = 5, 3, 4
"""Words of a vocabulary, numbers of a vector, steps of a sequence."""
LARGE = 16
SIZE = re.compile(
    r"(?i)hidden|emb|seq|batch|block|units|neurons|dim|vocab|num_steps|time_?steps|^[HTND]$|size"
)
GRADIENT = re.compile(r"^(?:d_?|grad(?:ient)?_?|nabla_?|g_)(?=\w)|_?(?:grad|gradient)s?$")
SMALL = (7, 5, 3, 11, 13)
TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

LOSS = re.compile(r"(?i)(^|_)(loss|cost|nll|error|j)$|^(loss|cost|total)|(loss|cost)$")


def small(node: ast.stmt) -> ast.stmt:
    """Return a statement in which sizes that are set at the top are small and different primes.

    Examples
    --------
    >>> ast.unparse(small(ast.parse("hidden_size, rate = 100, 0.1").body[0]))
    'hidden_size, rate = (7, 0.1)'
    """
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return node
    made = copy.deepcopy(node)
    target = made.targets[0]
    names: Sequence[ast.expr] = target.elts if isinstance(target, ast.Tuple) else [target]
    values: Sequence[ast.expr] = (
        made.value.elts if isinstance(made.value, ast.Tuple) else [made.value]
    )
    for name, value in zip(names, values, strict=False):
        large = isinstance(value, ast.Constant) and type(value.value) is int and value.value > LARGE
        if large and isinstance(name, ast.Name) and SIZE.search(name.id):
            assert isinstance(value, ast.Constant)
            is_step = re.search(r"(?i)seq|step|block|^T$", name.id)
            value.value = LONG if is_step else SMALL[0] if "id" in name.id else SMALL[1]
    return made


def bare(name: str) -> str | None:
    """Return the name without what marks it as a gradient; ``None`` if nothing does.

    Examples
    --------
    >>> bare("dWxh"), bare("gradCenterVec"), bare("loss"), bare("data"), bare("dh_next")
    ('Wxh', 'CenterVec', None, None, 'h_next')
    """
    if not name or re.match(r"(?:data|dict|dim|dist|delta|dev|div|dec|done|dropout)", name):
        return None
    found = GRADIENT.sub("", name, count=1)
    return found if found and found != name else None


def alike(name: str, arrays: set[str]) -> str | None:
    """Return the one array whose name has all words of a gradient's name.

    Examples
    --------
    >>> alike("gradCenterVec", {"centerWordVec", "outsideVectors"})
    'centerWordVec'
    """
    words = _words(bare(name) or "")
    fits = [each for each in sorted(arrays) if words and words <= _words(each)]
    return fits[0] if len(fits) == 1 else None


def _words(name: str) -> set[str]:
    return {each.lower()[:3] for each in TOKEN.findall(name)}


def arguments(space: Space, name: str) -> list[str]:
    """Return the names of the arguments of a function."""
    return [each.name for each in positional(space[name])]


class Corpus:
    """What a data set of word vectors is asked for: words, drawn in the same order each time."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def sampleTokenIdx(self) -> int:  # noqa: N802 (the name that the course gave)
        """Return a word of the vocabulary."""
        return int(self.rng.integers(WORDS))

    def getRandomContext(self, size: int = 3) -> tuple[str, list[str]]:  # noqa: N802
        """Return a word, and those around it."""
        words = [LETTERS[int(i)] for i in self.rng.integers(WORDS, size=2 * size + 1)]
        return words[0], words[1:]


LETTERS = "abcde"


def choices(space: Space, name: str, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield values of the arguments of a function, the most likely first.

    Parameters
    ----------
    space : Space
    name : str
    known : mapping of str to object
        Globals of the file: those that are called like an argument are its first value.
    """
    sizes = sorted({
        n for value in known.values() if isinstance(value, np.ndarray) for n in value.shape if n > 1
    })  # fmt: skip
    wanted = [each for each in positional(space[name]) if each.default is each.empty]
    options = [list(_options(each.name, known, sizes)) for each in wanted]
    for chosen in itertools.islice(itertools.product(*options), MOST_TRIES):
        yield {each.name: value for each, value in zip(wanted, chosen, strict=True)}


def _options(name: str, known: Mapping[str, Any], sizes: Sequence[int]) -> Iterator[Any]:
    rng = np.random.default_rng(len(name))
    value = known.get(name)
    if value is not None and not callable(value) and not isinstance(value, Idle):
        yield value
    low = name.lower()
    for words, made in BY_NAME:
        if re.search(words, low):
            yield from made(rng, sizes)
            return
    if role(name) in ("rate", "penalty"):
        yield 0.1
    elif role(name) in ("x", "y") or re.search(r"input|target|seq|label", low):
        yield from _sequences(rng, sizes)
    else:
        yield from (rng.standard_normal((n, 1)) for n in (*sizes, UNITS))
        yield 2


Maker = Callable[[np.random.Generator, Sequence[int]], Iterable[Any]]


def _states(rng: np.random.Generator, sizes: Sequence[int]) -> Iterator[Any]:
    for n in (*sizes, UNITS):
        yield rng.standard_normal((n, 1))
        yield rng.standard_normal(n)


def _sequences(rng: np.random.Generator, sizes: Sequence[int]) -> Iterator[Any]:
    yield [1, 3, 0, 2][:LONG]
    yield 2
    for n in sizes:
        yield rng.standard_normal((LONG, n))
        yield rng.standard_normal((n, LONG))
        yield rng.standard_normal((n, 1))


BY_NAME: Sequence[tuple[str, Maker]] = (
    (r"dataset", lambda _rng, _sizes: [Corpus()]),
    (r"word2|to_ix", lambda _rng, _sizes: [{letter: i for i, letter in enumerate(LETTERS)}]),
    (r"idx|index|indice", lambda _rng, _sizes: [2, [2, 0, 3]]),
    (r"window|^k$", lambda _rng, _sizes: [2]),
    (r"vectors|vecs|embeddings|matrix", lambda rng, _sizes: [
        rng.standard_normal((WORDS, UNITS)), rng.standard_normal((UNITS, WORDS))]),
    (r"vec|embedding", lambda rng, _sizes: [
        rng.standard_normal(UNITS), rng.standard_normal((UNITS, 1))]),
    (r"words$", lambda _rng, _sizes: [["a", "b", "e", "d", "b", "c"]]),
    (r"word", lambda _rng, _sizes: ["c", 2]),
    (r"prev|state|h0|c0|^[hc]$", _states),
)  # fmt: skip
"""What an argument is by its name, the first that fits."""


def lively(rng: np.random.Generator, value: Any) -> Any:
    """Return other numbers in the place of an array's: small or equal ones hide mistakes."""
    array = as_numbers(value)
    if array is None or not array.ndim or not array.size:
        return value
    return 0.7 * rng.standard_normal(array.shape)


def copied(value: Any) -> Any:
    """Return a copy of what a function might change; a data set from its beginning."""
    if isinstance(value, Corpus):
        return Corpus()
    return copy.deepcopy(value) if isinstance(value, (np.ndarray, list, dict, set)) else value


@contextmanager
def no_clipping() -> Iterator[None]:
    """Let gradients stay what they are where they are clipped in place, against explosions."""
    numpy: Any = np
    clip = numpy.clip

    def kept(array: Any, *args: Any, **options: Any) -> Any:
        return array if options.get("out") is array else clip(array, *args, **options)

    numpy.clip = kept
    try:
        yield
    finally:
        numpy.clip = clip


def number(value: Any) -> float:
    """Return a number, of an array of one entry too; NaN for all else."""
    found = np.asarray(value)
    numeric = found.dtype.kind in "fiu" and found.size == 1
    return float(found.reshape(-1)[0]) if numeric else float("nan")


def parts_returned(node: ast.FunctionDef) -> list[str] | None:
    """Return the names that are returned, if one is a loss and others look like gradients."""
    for names in returned_names(node, _scaled):
        gradients = [name for name in names if bare(name) is not None]
        loss = any(LOSS.search(name) for name in names if name not in gradients)
        if gradients and loss:
            return names
    return None


def _scaled(part: ast.expr) -> str:
    """Return the name of a loss in an expression such as ``loss / n``."""
    names = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
    losses = sorted(name for name in names if LOSS.search(name))
    return losses[0] if isinstance(part, ast.BinOp) and losses else ""


def local_reads(space: Space) -> set[str]:
    """Return what any function reads that may be called by it."""
    return {each for name in space.definitions.found for each in space.reads(name)}
