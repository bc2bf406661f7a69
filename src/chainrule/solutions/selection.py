"""Which reading of a solution is taken: alarm only if it is wrong under every one that runs.

The readings of one style are tried first, until one is right. Where none is, the other styles are
asked for one that is, of the same functions. How many are tried is counted in calls of their code
(`Space.spent`); where that was too few, nothing is called wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.solutions import deliberate, overwriting
from chainrule.solutions.judgement import Judge
from chainrule.solutions.probes import EXAMPLES, HOT, SQUARE
from chainrule.solutions.reading import Reading, Trouble, names_of
from chainrule.solutions.remarks import at_equal_sizes
from chainrule.solutions.space import Space
from chainrule.solutions.styles.beside import Beside
from chainrule.solutions.styles.options import Options
from chainrule.solutions.styles.table import NETWORKS, STYLES


def judged(space: Space) -> tuple[str, Reading, Any] | None:
    """Return style, reading and judgement, the best there is; ``None`` without one.

    Parameters
    ----------
    space : Space
    """
    best: tuple[str, Judge] | None = None
    alike: list[Judge] = []  # as good as the best, first the best
    named = space.options.get("parameters")  # then nothing needs to be recognised
    for style in (Options(space.options),) if named else STYLES:
        if best is not None and isinstance(style, Beside):
            break  # a network is more than what stands beside it, even where it does not run
        for reading in style.readings(space):
            judge = judge_of(reading, space)
            if judge.whole:
                _run(judge, space)
                return style.name, reading, judge
            if best is None or judge.score > best[1].score:
                best, alike = (style.name, judge), [judge]
            elif judge.score == best[1].score:
                alike.append(judge)
            if _settled(judge) or space.spent():
                break
        if best is not None and best[1].score[1]:
            break  # it runs: only what is right in it, and says as much, is a better reading
    if best is None:
        return None
    name, judge = best
    if not judge.clean:
        name, judge = _elsewhere(best, space) or (name, _otherwise(alike, space) or judge)
    _run(judge, space)
    return name, judge.reading, judge


def _settled(judge: Judge) -> bool:
    """Return whether no other reading could be the one that is meant.

    Network and cost are known, most Jacobians agree to all digits, and the rest have a cause.
    """
    if not isinstance(judge, Judge) or judge.ground.activations is None or not judge.ground.cost:
        return False
    right = [each is True for each in judge.entries.right.values()]
    return judge.callable and judge.explained and 2 * sum(right) >= len(right) >= 4


def _run(judge: Judge, space: Space) -> None:
    """Let a judge judge, and look at what their functions overwrite meanwhile."""
    with overwriting.watched(space) as watch:
        judge.run()
    deliberate.spared(judge)
    judge.remarks += [each for each in judge.findings if each.kind == "remark"]
    judge.findings[:] = [each for each in judge.findings if each.kind != "remark"]
    overwriting.said(judge, judge.reading, watch.seen)


def _elsewhere(best: tuple[str, Judge], space: Space) -> tuple[str, Judge] | None:
    """Return a reading of another style under which the same functions are right."""
    name, judge = best
    if not isinstance(judge, Judge):
        return None  # it says itself what it compares
    if any(isinstance(came, Trouble) for came in judge.entries.came.values()):
        return None  # no alarm is due; another style might supply what is missing
    for style in NETWORKS:
        if style.name == name:
            continue
        for reading in style.readings(space):
            if space.spent():
                return None
            if not _covers(reading, judge.reading):
                continue
            other = judge_of(reading, space)
            known = other.ground.activations is not None and other.ground.cost is not None
            if other.whole and known:  # at free scale much is right that should not be
                return style.name, other
    return None


def _covers(one: Reading, other: Reading) -> bool:
    """Return whether a reading judges all that another judges, in the same functions.

    Else it might be right in one function of ten, and nothing be said of the rest.
    """
    mine, theirs = (
        {(piece.entry, piece.place.function if piece.place else "") for piece in each.pieces}
        for each in (one, other)
    )
    roles = set(names_of(other).items())
    return bool(theirs) and theirs <= mine and roles <= set(names_of(one).items())


def judge_of(reading: Reading, space: Space, *args: Any, **options: Any) -> Judge:
    """Return the judge of a reading: some know better how they are judged."""
    own: Callable[..., Judge] | None = getattr(reading, "judge", None)
    return Judge(reading, space, *args, **options) if own is None else own(*args, **options)


def _otherwise(alike: Sequence[Judge], space: Space) -> Judge | None:
    """Return a judgement at other data, under which it is all right, or wrong by a known cause."""
    judge = alike[0]
    reading = judge.reading
    hot = judge_of(reading, space, HOT)
    if hot.clean:
        return hot
    if judge.misshapen:
        one = judge_of(reading, space, examples=(1, 1))
        if one.clean:
            return one
    return _square(alike, space) if judge.raises else None


def _square(alike: Sequence[Judge], space: Space) -> Judge | None:
    """Return a judgement where all layers are of one size: there a mistake may run in silence.

    What raised said nothing of how the data lie, so that every reading that raised alike is asked
    again: else what is right for one example would be called wrong for several.
    """
    sizes = (SQUARE,) * (alike[0].reading.layers + 1)
    for examples in (EXAMPLES, (SQUARE, SQUARE)):
        found: list[Judge] = []
        for other in alike:
            if found and space.spent():
                break
            if other.reading.layers == alike[0].reading.layers and other.raises:
                judge = judge_of(other.reading, space, examples=examples, sizes=sizes)
                judge.quiet = other.callable
                found.append(judge)
        for judge in sorted(found, key=lambda each: each.score, reverse=True):
            known = judge.ground.activations is not None  # else nothing tells rows from columns
            if judge.score[0] and known and not judge.raises and judge.explained:
                return _said(judge)
    return None


def _said(judge: Judge) -> Judge:
    """Return a judgement at equal sizes that says so."""
    judge.remarks.append(at_equal_sizes(judge.reading.pieces))
    return judge
