"""What can be said of a gradient that somebody wrote by hand."""

from __future__ import annotations

import enum


class Verdict(enum.Enum):
    """The judgement on one function, or on one entry of a gradient."""

    RIGHT = "right"
    UP_TO_CONSTANT = "right up to a constant"
    IMPLIED_COST = "right for the implied cost"
    OTHER_SHAPE = "right values in another shape"
    WRONG = "wrong"
    WRONG_UNKNOWN = "wrong, cause unknown"
    UNFINISHED = "unfinished"
    CANNOT_RUN = "cannot run"
    NOT_JUDGED = "not judged"

    @property
    def good(self) -> bool:
        """Whether nobody has to mend anything."""
        return self in (Verdict.RIGHT, Verdict.UP_TO_CONSTANT, Verdict.IMPLIED_COST)

    @property
    def bad(self) -> bool:
        """Whether something is wrong with what runs."""
        return self in (Verdict.WRONG, Verdict.WRONG_UNKNOWN, Verdict.OTHER_SHAPE)
