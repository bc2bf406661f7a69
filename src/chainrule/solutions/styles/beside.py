"""What stands beside a network: losses and layers that no judged gradient goes through.

They are judged by themselves, so that a file is not called all right with a backward pass that
nobody looked at; what cannot be judged so is listed (`unread`). A file of nothing else is a style.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from chainrule.solutions.findings import Finding, Judged
from chainrule.solutions.reading import Reading
from chainrule.solutions.space import Space
from chainrule.solutions.styles.derivatives import derivatives
from chainrule.solutions.styles.mixing import mixing
from chainrule.solutions.styles.own import Own
from chainrule.solutions.styles.pairs import Pairs
from chainrule.solutions.unread import passes

Lines = list[tuple[Judged, Finding | None]]


def judged_beside(judge: Any, space: Space, names: Collection[str]) -> None:
    """Add to a judgement what is to be said of losses and layers of these names.

    Parameters
    ----------
    judge : Judge or Own
    space : Space
    names : collection of str
        As ``"mse_prime"``, ``"Softmax.backward"``.
    """
    for line, finding in _found(space, names):
        judge.judged.append(line)
        if finding is not None:
            (judge.findings if finding.kind == "mistake" else judge.remarks).append(finding)


def _found(space: Space, names: Collection[str]) -> Lines:
    found = list(derivatives(space, names))
    said = {line.name for line, _ in found}
    found += mixing(space, [name for name in names if name not in said])
    return found + [(line, None) for line in _layers(space, names)]


def _layers(space: Space, names: Collection[str]) -> Iterator[Judged]:
    """Yield lines of functions for single layers, of those that are right in everything.

    What their forward pass should be is not known, so that none is called wrong by that alone.
    """
    pairs = Pairs(space, names)
    pairs.run()
    for pair in pairs.names:
        lines = [each for each in pairs.judged if each.name.startswith(f"{pair.backward}:")]
        if all(each.verdict.good for each in lines):
            yield from lines


class Beside:
    """The style: a file with losses and layers without weights only."""

    name = "losses and layers, each by itself"

    def readings(self, space: Space) -> Iterator[Reading]:
        """Yield one reading with all of them; none where nothing can be said of any."""
        names = {name for name, _ in passes(space.definitions)}
        found = _found(space, names)
        if found:
            yield cast(Reading, Alone(space, found))


class Alone(Own):
    """Losses and layers, and nothing beside them."""

    style = Beside.name

    def __init__(self, space: Space, found: Lines) -> None:
        super().__init__(space)
        self._found = found
        self.words = tuple(line.name for line, _ in found)

    def run(self, *_args: Any) -> None:
        """Say of each what was found."""
        for line, finding in self._found:
            self.judged.append(line)
            if finding is not None:
                (self.findings if finding.kind == "mistake" else self.remarks).append(finding)
