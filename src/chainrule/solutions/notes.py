"""The loader's own slugs: what it says of a file, beside the catalogue of mistakes.

They spoil nothing and are remarks; whoever grades may leave them out.
"""

from __future__ import annotations

from collections.abc import Mapping

NOTES: Mapping[str, str] = {
    "broken_cell": "a cell, or a file, is no Python; functions around the error were read",
    "cut_file": "a notebook ends in the middle; its whole cells were read",
    "repaired": "something was mended before it could be read: Python 2, prose, indentation",
    "defined_twice": "a function is defined twice, and the later definition counts",
    "own_assert": "assertions of one's own were taken out; none of them fails",
    "bygone": "a name that NumPy no longer has was read as what it stood for",
    "stood_in": "a module of a course that is not there was stood in for",
    "not_found": "a module, or a name in one, is not there; what does nothing stands in for it",
    "loop_at_top": "gradients stand in a loop at the top level, which is not run",
    "not_mended": "lines that would mend it were looked for, and that had no end within the limits",
    "not_limited": "something could not be limited on this system",
}
