"""Checking: any gradient, ours or a person's own, held against differences of the cost.

Nothing here uses the rules by which we derive. `check` is the way in, `report` what comes out.
"""

from chainrule.checking.check import check
from chainrule.checking.report import Entry, Report

__all__ = ["Entry", "Report", "check"]
