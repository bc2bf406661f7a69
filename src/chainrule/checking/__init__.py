"""Checking: any gradient, ours or a person's own, held against differences of the cost.

No derivative in `check` comes from the rules by which we derive; the derivation serves `rounding`
as a yardstick for errors, no more. `check` is the way in, `report` what comes out. What is *wrong*
with a gradient is said by `diagnose`: it makes mistakes in the derivation and compares. Of a
function that is no network, `diagnose_function` says what can be said without one.
"""

from chainrule.checking.diagnosis import Diagnoses, Diagnosis, diagnose
from chainrule.checking.functions import diagnose_function
from chainrule.checking.judge import check
from chainrule.checking.report import Entry, Report
from chainrule.checking.verdicts import Verdict

__all__ = [
    "Diagnoses",
    "Diagnosis",
    "Entry",
    "Report",
    "Verdict",
    "check",
    "diagnose",
    "diagnose_function",
]
