"""All functions of a file that return a cost with its gradients, judged one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.solutions.mending import mended
from chainrule.solutions.space import Space
from chainrule.solutions.styles.own import Own
from chainrule.solutions.styles.pairs import Pairs

STYLE = "a function that returns a cost and its gradients"


class Together(Own):
    """All such functions of a file, judged one after the other."""

    style = STYLE

    def __init__(self, space: Space, parts: Sequence[Any], pairs: Pairs) -> None:
        super().__init__(space)
        self.parts, self.pairs = parts, pairs
        self.words = tuple(dict.fromkeys(word for part in parts for word in part.words))
        self.words += tuple(pairs.words)
        self.pieces = tuple(piece for part in parts for piece in part.pieces)

    def run(self) -> None:
        """Judge every function, each cause once."""
        for part in self.parts:
            judge = part.judge()
            judge.run()
            mended(judge)
            several = len(self.parts) + len(self.pairs.names) > 1
            for each in judge.judged:
                if each.role != "gradient" and each in self.judged:
                    continue
                name = f"{part.layout.name}: {each.name}" if several else each.name
                self.judged.append(replace(each, name=name))
            self.findings += [each for each in judge.findings if each not in self.findings]
            self.remarks += [each for each in judge.remarks if each not in self.remarks]
        self.pairs.run()
        self.judged += self.pairs.judged
        self.findings += self.pairs.findings
