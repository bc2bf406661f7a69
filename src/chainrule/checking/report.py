"""What a check says: one verdict per Jacobian, and the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from chainrule import notation
from chainrule.errors import UnknownQuantity
from chainrule.render import mathml, page, text

Verdict = Literal[
    "right", "wrong", "wrong shape", "cannot run", "undecidable", "not differentiable"
]
FAILURES = frozenset({"wrong", "wrong shape", "cannot run"})
MARKS: Mapping[Verdict, str] = {
    "right": "✓",
    "wrong": "✗",
    "wrong shape": "✗",
    "cannot run": "✗",
    "undecidable": "~",
    "not differentiable": "–",
}


@dataclass(frozen=True)
class Entry:
    """The verdict on one Jacobian.

    Parameters
    ----------
    name : str
        The parameter (``"W1"``); the Jacobian's equation is ``"J_W1"``.
    verdict : str
        ``"right"``; ``"wrong"``, ``"wrong shape"``, ``"cannot run"``; ``"undecidable"`` where every
        element lies below what rounding leaves visible; ``"not differentiable"`` where every
        element is at a kink, and not judged.
    sentence : str
        The verdict in plain words.
    method : str
        How the cost was differentiated.
    place : tuple of int or None
        Of the worst element among those judged.
    claimed, measured : float
        The worst element: as the gradient says, and as differences of the cost say.
    error : float
        Its relative error, |claimed − measured| / max(|claimed|, |measured|).
    severity : float
        Its absolute error in units of what is allowed for that element; above 1 is wrong.
    elements, undecidable, kinks : int
        How many elements there are, how many lie below what rounding leaves visible, and how
        many are at a kink.
    """

    name: str
    verdict: Verdict
    sentence: str
    method: str = ""
    place: tuple[int, ...] | None = None
    claimed: float = float("nan")
    measured: float = float("nan")
    error: float = float("nan")
    severity: float = 0.0
    elements: int = 0
    undecidable: int = 0
    kinks: int = 0

    @property
    def passed(self) -> bool:
        """Whether nothing was found wrong."""
        return self.verdict not in FAILURES


@dataclass(frozen=True, repr=False)
class Report(Mapping[str, Entry]):
    """The verdicts on all Jacobians; ``report["W1"]`` is one of them. Printing shows a table.

    Parameters
    ----------
    entries : mapping of str to Entry
        By parameter, in the order in memory.
    remarks : tuple of str
        What was noticed about the cost itself.
    """

    entries: Mapping[str, Entry]
    remarks: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether no Jacobian is wrong; see `decided` for whether anything could be told."""
        return all(entry.passed for entry in self.entries.values())

    @property
    def decided(self) -> bool:
        """Whether in every Jacobian at least one element could be judged."""
        return not any(
            entry.verdict in ("undecidable", "not differentiable")
            for entry in self.entries.values()
        )

    @property
    def worst(self) -> Entry:
        """The entry that is furthest off: wrong ones first, then by severity."""
        return max(self.entries.values(), key=lambda entry: (not entry.passed, entry.severity))

    def __getitem__(self, name: str) -> Entry:
        if name not in self.entries:
            raise UnknownQuantity("entry", name, tuple(self.entries))
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        raise TypeError("a report is neither true nor false; ask for report.passed")

    def __repr__(self) -> str:
        return self.text()

    __str__ = __repr__

    def text(self, width: int = text.PAGE) -> str:
        """Return the verdicts as a table in plain text, with remarks and a summary.

        Parameters
        ----------
        width : int, optional
            Characters in a line; long sentences are wrapped.

        Returns
        -------
        str
            What printing shows.
        """
        rows = [
            (
                MARKS[entry.verdict],
                notation.text(notation.adjoint(entry.name)),
                entry.verdict,
                entry.sentence,
            )
            for entry in self.entries.values()
        ]
        lines = text.columns(rows, indent="", page=width)
        lines += [f"remark: {remark}" for remark in self.remarks]
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        rows = []
        for entry in self.entries.values():
            kind = "right" if entry.verdict == "right" else "open" if entry.passed else "wrong"
            verdict = f"<span class='{kind}'>{MARKS[entry.verdict]} {entry.verdict}</span>"
            name = mathml.math(notation.mathml(notation.adjoint(entry.name)))
            rows.append((name, verdict, escape(entry.sentence)))
        said = [f"<p>remark: {escape(remark)}</p>" for remark in self.remarks]
        table = page.table(("Jacobian", "verdict", "why"), rows)
        return page.fragment("\n".join([table, *said, f"<p>{escape(self.summary)}</p>"]))

    @property
    def summary(self) -> str:
        """The whole in one line."""
        verdicts = [entry.verdict for entry in self.entries.values()]
        counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in dict.fromkeys(verdicts))
        methods = ", ".join(
            dict.fromkeys(entry.method for entry in self.entries.values() if entry.method)
        )
        judged = "passed" if "right" in verdicts else "nothing decided"
        if not self.passed:
            judged = "FAILED"
        return f"{judged}: {counts}" + (f" ({methods})" if methods else "")
