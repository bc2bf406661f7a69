"""Checking: any gradient, ours or a person's own, held against differences of the cost.

No derivative here comes from the rules by which we derive; the derivation serves `rounding` as a
yardstick for errors, no more. `check` is the way in, `report` what comes out.
"""

from chainrule.checking.judge import check
from chainrule.checking.report import Entry, Report

__all__ = ["Entry", "Report", "check"]
