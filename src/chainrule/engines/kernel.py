"""The compiled kernel: whether it is there, and which instruction set is used.

It is built for several instruction sets, and the best that the machine has is taken. The
environment variable ``CHAINRULE_ISA`` names another: for comparisons and for tests.
"""

from __future__ import annotations

import functools
import importlib
import os
from types import ModuleType

from chainrule.errors import EngineUnavailable, UnknownName

VARIABLE = "CHAINRULE_ISA"
NAMES = ("v4", "v3", "v2", "neon")
"""All instruction sets that the kernel can be built for, on one kind of processor or another."""

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
    return "" if usable() else _none_usable()


def _none_usable() -> str:
    return (
        "this machine has none of the instruction sets that the kernel was built for "
        f"({', '.join(instruction_sets())})"
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


def usable() -> list[str]:
    """Return the instruction sets that the kernel was built for and that this machine has.

    Returns
    -------
    list of str
        Their names, the best first; empty where the kernel cannot run here.

    Raises
    ------
    EngineUnavailable
        If the kernel cannot be loaded.
    """
    return [name for name, runs in instruction_sets().items() if runs]


def instruction_set() -> str:
    """Return the instruction set to use: the one that is asked for, or the best.

    Returns
    -------
    str
        Its name, such as ``"v3"``.

    Raises
    ------
    UnknownName
        If there is none of the name that is asked for.
    EngineUnavailable
        If this machine does not have it, or the kernel was not built for it, or this machine has
        none of those that it was built for.
    """
    here = usable()
    if not here:
        raise EngineUnavailable(f"{_none_usable()}; use engine='reference'")
    asked = os.environ.get(VARIABLE, "")
    remedy = f"{' or '.join(here)}; unset {VARIABLE} to have the best chosen"
    if asked and asked not in NAMES:
        raise UnknownName("instruction set", asked, NAMES, f"Here: {remedy}.")
    if asked and asked not in here:
        raise EngineUnavailable(
            f"{VARIABLE} is {asked}, which is not on this machine; wanted {remedy}"
        )
    return asked or here[0]
