"""What `diagnose` returns: a diagnosis per entry, and how it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chainrule import notation
from chainrule.checking.causes import Cause
from chainrule.checking.verdicts import Verdict
from chainrule.checking.wording import enumerated


@dataclass(frozen=True)
class Diagnosis:
    """The judgement on one entry.

    Parameters
    ----------
    entry : str
        ``"W1"``, ``"b1"``, or an intermediate quantity such as ``"delta2"``.
    verdict : Verdict
    slugs : tuple of str
        Names of the causes in the catalogue of mistakes. Where the verdict is right: what is worth
        a word all the same.
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
    entries : tuple of str
        All that the same cause explains.
    cause : Cause or None
        The same for those who go on computing.
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
    entries: tuple[str, ...] = ()
    cause: Cause | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join([self.head, *self.body])

    @property
    def head(self) -> str:
        """The entry and its verdict, on one line."""
        mark = "✓" if self.verdict.good else "✗" if self.verdict.bad else "–"
        but = ", but see below" if self.verdict.good and self.slugs else ""
        return f"{mark} {notation.text(self.entry)}: {self.verdict.value}{but}"

    @property
    def body(self) -> list[str]:
        """The lines below."""
        lines = []
        if self.sentence:
            names = f"  [{', '.join(self.slugs)}]" if self.slugs else ""
            lines.append(f"    {_capital(self.sentence)}.{names}")
        if self.computed:
            lines += [f"      computed  {self.computed}", f"      right     {self.right}"]
        elif self.right:
            lines += [f"      right     {self.right}"]
        if self.suggestion:
            lines.append(f"    To mend it: {self.suggestion}.")
        if self.ties and not self.verdict.good:
            lines.append(f"    Here it cannot be told from: {', '.join(self.ties)}.")
        return lines


class Diagnoses(Mapping[str, Diagnosis]):
    """A diagnosis per entry; printing shows them all, and each cause once."""

    def __init__(self, found: Mapping[str, Diagnosis]) -> None:
        self._found = dict(found)

    def __getitem__(self, entry: str) -> Diagnosis:
        return self._found[entry]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        lines: list[str] = []
        for group in self.groups():
            if len(group) == 1 or not group[0].body:
                lines += [line for each in group for line in str(each).splitlines()]
                continue
            lines += [each.head for each in group]
            lines += group[0].body
        return "\n".join(lines)

    def groups(self) -> list[list[Diagnosis]]:
        """Return the diagnoses, those of one cause together."""
        found: dict[tuple[object, ...], list[Diagnosis]] = {}
        for each in self._found.values():
            key = (each.verdict, each.slugs, each.sentence, each.equation if each.computed else "")
            found.setdefault(key if each.slugs else (*key, each.entry), []).append(each)
        return list(found.values())

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(each.verdict.good for each in self._found.values())

    def summary(self) -> str:
        """Return one line: which entries are right, which are not, and by what."""
        wrong = [each for each in self._found.values() if not each.verdict.good]
        if not wrong:
            return "all right"
        slugs = dict.fromkeys(slug for each in wrong for slug in each.slugs)
        names = enumerated([notation.text(each.entry) for each in wrong])
        return f"{names}: {', '.join(slugs) or 'cause unknown'}"


def _capital(text: str) -> str:
    """Begin a sentence with a capital, but leave symbols as they are."""
    first, _, _ = text.partition(" ")
    plain = first.isascii() and first.isalpha() and len(first) > 1
    return text[:1].upper() + text[1:] if plain else text
