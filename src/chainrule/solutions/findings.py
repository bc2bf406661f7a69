"""What is found in a hand-written solution: verdicts, findings, and the report that holds them.

Everything here is plain data, which goes through a pipe as JSON (`Report.to_dict`): the code under
judgement runs in a process of its own, and this is all that comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell

SCHEMA = 1
"""Version of the JSON; it changes when a field changes its meaning or goes away."""


@dataclass(frozen=True)
class Place:
    """Where something stands in a file.

    Parameters
    ----------
    line : int
        In the cell of a notebook, in the file everywhere else; the first is 1.
    cell : int or None
        Number of the cell among all cells, the first is 1; ``None`` for a plain file.
    function : str
        The function it is in; empty outside of functions.
    source : str
        The line itself.
    """

    line: int
    cell: int | None = None
    function: str = ""
    source: str = ""


@dataclass(frozen=True)
class Mend:
    """A change of one line that was tried, and after which what it is of is right.

    Parameters
    ----------
    line : str
        As it should be.
    place : Place
        Where it is, and what stands there.
    """

    line: str
    place: Place


@dataclass(frozen=True)
class Finding:
    """One cause, said once, whatever it spoils.

    Parameters
    ----------
    slug : str
        Name in the catalogue of mistakes, or one of the loader's (`notes.NOTES`); of two mistakes
        at once, both: ``"sign+transposed"``.
    kind : {"mistake", "remark", "loader"}
        A remark spoils nothing; what the loader found is about the file.
    sentence : str
        For a learner: what is wrong.
    suggestion : str
        The smallest change that mends it; empty where there is none.
    entries : tuple of str
        What it explains: ``"W1"``, ``"b1"``, names of functions.
    computed, right : str
        Equations: what their code computes, and what is right.
    shape : str
        Of what the equations are for, as in ``"3 × 2"``.
    ties : tuple of str
        Slugs of other mistakes that cannot be told from this one here.
    place : Place or None
    mends : tuple of Mend
        Changes that were tried: with all of them, what it explains is right.
    """

    slug: str
    kind: str
    sentence: str
    suggestion: str = ""
    entries: tuple[str, ...] = ()
    computed: str = ""
    right: str = ""
    shape: str = ""
    ties: tuple[str, ...] = ()
    place: Place | None = None
    mends: tuple[Mend, ...] = ()


@dataclass(frozen=True)
class Judged:
    """One line of the report.

    Parameters
    ----------
    name : str
        Of the function, or of the entry of what it returns, as their code calls it.
    verdict : Verdict
    role : {"activation", "derivative", "forward", "cost", "gradient", "update", "other"}
    entry : str
        ``"W1"``, … for gradients.
    detail : str
        A few words beside the verdict.
    residual : float or None
        Distance from what is right, relative to the size of the summands.
    place : Place or None
        Where it is defined.
    """

    name: str
    verdict: Verdict
    role: str = "gradient"
    entry: str = ""
    detail: str = ""
    residual: float | None = None
    place: Place | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON knows it."""
        return asdict(self) | {"verdict": self.verdict.value}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Judged:
        """Return the line that a report in JSON holds."""
        return cls(**{**found, "verdict": Verdict(found["verdict"]), "place": _place(found)})


@dataclass(frozen=True, repr=False)
class Report:
    """All that is said of one file. Printing shows it; in Jupyter it shows itself.

    Parameters
    ----------
    path : str
    style : str
        The way the solution is written; empty where none was recognised.
    reading : tuple of str
        How its arguments were read, in words.
    judged : tuple of Judged
    findings : tuple of Finding
    remarks : tuple of Finding
        Findings of kind ``"remark"`` or ``"loader"``.
    problem : str
        Why nothing could be judged; empty otherwise.
    seconds : float
    source : tuple of Cell
        What was judged, where it is at hand; it is shown, and is no part of the JSON.
    """

    path: str
    style: str = ""
    reading: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    problem: str = ""
    seconds: float = field(default=0.0, compare=False)
    source: tuple[Cell, ...] = field(default=(), compare=False)

    @property
    def status(self) -> int:
        """Exit status: 0 all right, 1 something wrong, 2 could not be judged."""
        if any(each.verdict.bad for each in self.judged):
            return 1
        good = [each for each in self.judged if each.role == "gradient" and each.verdict.good]
        stuck = any(
            each.verdict in (Verdict.CANNOT_RUN, Verdict.UNFINISHED)
            or (each.role == "gradient" and each.verdict is Verdict.NOT_JUDGED)
            for each in self.judged
        )
        return 2 if self.problem or stuck or not good else 0

    def __repr__(self) -> str:
        from chainrule.solutions import terminal  # not needed where other people's code runs

        return "\n".join(terminal.lines(self))

    def _repr_html_(self) -> str:
        from chainrule.solutions import page

        return page.fragment(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON knows it."""
        found = asdict(replace(self, source=()))
        del found["source"]
        found["judged"] = [each.to_dict() for each in self.judged]
        return {"schema": SCHEMA, "status": self.status, **found}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Report:
        """Return the report that `to_dict` made this of."""
        judged = tuple(map(Judged.from_dict, found["judged"]))
        return cls(
            path=found["path"],
            style=found["style"],
            reading=tuple(found["reading"]),
            judged=judged,
            findings=tuple(map(_finding, found["findings"])),
            remarks=tuple(map(_finding, found["remarks"])),
            problem=found["problem"],
            seconds=found["seconds"],
        )


def _place(of: Mapping[str, Any]) -> Place | None:
    return Place(**of["place"]) if of["place"] is not None else None


def _finding(of: Mapping[str, Any]) -> Finding:
    tuples = {name: tuple(of[name]) for name in ("entries", "ties")}
    mends = tuple(Mend(each["line"], Place(**each["place"])) for each in of.get("mends", ()))
    return Finding(**{**of, **tuples, "place": _place(of), "mends": mends})
