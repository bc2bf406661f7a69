"""What is wrong with a step of a backward pass: a factor, a mistake of the derivation, an edit.

Each sees something that the others do not. A factor is measured; a mistake of the derivation is
tried on what the step is made of (`onestep`); an edit is tried in the person's statement, and is
what they have to write (`edits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.checking.catalogue import CATALOGUE
from chainrule.solutions.direct import Said
from chainrule.solutions.onestep import OneStep
from chainrule.solutions.reading import Array
from chainrule.solutions.styles import edits

MEASURED = frozenset({"sign", "missing_mean", "double_mean", "wrong_divisor", "constant_factor"})
"""What numbers alone say: how it came about, an edit shows, but does not call it something else."""


@dataclass(frozen=True)
class Blame:
    """What is said of a wrong step.

    Parameters
    ----------
    slugs : tuple of str
        What it is called, and what else it may be; empty where no cause is known.
    words, mend, right : str
        `right` is the statement as it should be.
    """

    slugs: tuple[str, ...]
    words: str
    mend: str
    right: str


def blame(one: OneStep, version: Any, said: Said, came: Array) -> Blame:
    """Return what is wrong with a step, all above it being right.

    Parameters
    ----------
    one : OneStep
        Its trace is run up to the step.
    version : Version
    said : Said
        What differences say of it.
    came : ndarray
    """
    edit = None
    if said.truth is not None and said.slugs[:1] != ("kept_dimension",):
        edit = edits.search(one.trace, version, said.truth, one.begin, one.cost)
    right = edit.source if edit is not None else ""
    if MEASURED & set(said.slugs):
        names = dict.fromkeys((*said.slugs, *said.ties))
        if edit is not None and edit.slug in names:  # their line tells which of the ties it is
            names = dict.fromkeys((edit.slug, *names))
        return Blame(tuple(names), said.words, CATALOGUE[next(iter(names))].mend, right)
    step = None
    if said.truth is not None and said.slugs != ("kept_dimension",):
        step = one.named(came, said.truth)
    if step is not None:
        if edit is not None and edit.slug == "derivative_wrong_layer":
            # A slope that is taken elsewhere can be 1 there, as if it were left out.
            return Blame((edit.slug,), edit.words, edit.mend, right)
        mend = edit.mend if edit is not None else CATALOGUE[step.slug].mend
        return Blame((step.slug,), step.words, mend, right)
    if edit is not None:
        return Blame((edit.slug,) if edit.slug else said.slugs, edit.words, edit.mend, right)
    words = said.words
    if not said.slugs:
        words = f"{version.name} is not the derivative of {one.cost} by {version.subject}"
    return Blame(said.slugs, words, said.mend, right)
