"""Derivations as source: files that stand alone and that a teacher would hand out.

One module per target; a target is a table from operation to text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.emit.numpy_source import numpy_file
from chainrule.emit.script import Script
from chainrule.errors import UnknownName

TARGETS: Mapping[str, Callable[[Script], str]] = {"numpy": numpy_file}


def source(script: Script, target: str) -> str:
    """Return a derivation as source for a target.

    Raises
    ------
    UnknownName
        If there is no such target.
    InvalidValue
        If the derivation holds functions that have no source.
    """
    if target not in TARGETS:
        raise UnknownName("target", target, TARGETS)
    return TARGETS[target](script)
