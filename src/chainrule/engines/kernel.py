"""The compiled kernel: whether it is there, and which instruction set is used.

It is built for several instruction sets, and the best that the machine has is taken. The
environment variable ``CHAINRULE_ISA`` names another: for comparisons and for tests.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Iterable
from types import ModuleType

from chainrule.errors import EngineUnavailable, UnknownName

VARIABLE = "CHAINRULE_ISA"
REMEDY = "pip install . (docs/installing.md)"


@functools.cache
def _load() -> ModuleType | str:
    """Return the compiled module, or why there is none."""
    try:
        return importlib.import_module("chainrule._native")
    except ModuleNotFoundError:
        return (
            "this installation of chainrule has no compiled kernel; install it anew from its "
            f"source with a C++ compiler at hand: {REMEDY}"
        )
    except ImportError as error:
        return (
            f"the compiled kernel cannot be loaded ({error}); install chainrule anew from its "
            f"source on this machine, with a C++ compiler at hand: {REMEDY}"
        )


def why_missing() -> str:
    """Return why the kernel cannot be used.

    Returns
    -------
    str
        The reason and what helps; empty if it can be used.
    """
    found = _load()
    if isinstance(found, str):
        return found
    known = instruction_sets()
    return "" if any(known.values()) else _none_of(known)


def _none_of(known: Iterable[str]) -> str:
    return (
        "this machine has none of the instruction sets that the kernel was built for "
        f"({', '.join(known)})"
    )


def module() -> ModuleType:
    """Return the compiled module.

    Returns
    -------
    module
        ``chainrule._native``.

    Raises
    ------
    EngineUnavailable
        If it cannot be loaded.
    """
    found = _load()
    if isinstance(found, str):
        raise EngineUnavailable(f"{found}; or use engine='reference'")
    return found


def instruction_sets() -> dict[str, bool]:
    """Return the instruction sets that the kernel was built for, and whether this machine has them.

    Returns
    -------
    dict of str to bool
        By name, the best first.

    Raises
    ------
    EngineUnavailable
        If the kernel cannot be loaded.
    """
    return dict(module().instruction_sets())


def instruction_set() -> str:
    """Return the instruction set to use: the one that is asked for, or the best.

    Returns
    -------
    str
        Its name, such as ``"v3"``.

    Raises
    ------
    UnknownName
        If the one that is asked for is none that the kernel was built for.
    EngineUnavailable
        If this machine does not have it, or none of them.
    """
    known = instruction_sets()
    usable = [name for name, runs in known.items() if runs]
    asked = os.environ.get(VARIABLE, "")
    if asked and asked not in known:
        raise UnknownName(f"instruction set ({VARIABLE})", asked, known)
    if asked and asked not in usable:
        raise EngineUnavailable(
            f"{VARIABLE} is {asked}, but this machine does not have it; it has "
            f"{', '.join(usable) or 'none of those that the kernel was built for'}"
        )
    if not usable:
        raise EngineUnavailable(f"{_none_of(known)}; use engine='reference'")
    return asked or usable[0]
