"""Law: what the Python side calls things by number is what the kernel calls by that number.

`chainrule.engines.native` hands down places in its tables; native/kernel.hpp has enumerations in
the same order. Every row that chainrule offers has a place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule import activations, costs, optimizers, transformations
from chainrule.engines import native

HEADER = (Path(__file__).parent.parent / "native" / "kernel.hpp").read_text(encoding="utf-8")


def enumerators(name):
    (inside,) = re.findall(rf"enum class {name} : int {{([^}}]*)}}", HEADER)
    return [each.strip() for each in inside.split(",") if each.strip()]


def in_capitals(name):
    """``leaky_relu`` as ``LeakyRelu``."""
    return "".join(part.capitalize() for part in name.split("_"))


TABLES = {
    "Activation": [in_capitals(each) for each in native.ACTIVATIONS],
    "Cost": [in_capitals(each) for each in native.COSTS],
    "Optimizer": [each.__name__ for each in native.OPTIMIZERS],
    "Transformation": [each.__name__ for each in native.TRANSFORMATIONS],
    "Trouble": [(each.split(" ")[-1] or "none").capitalize() for each in native.TROUBLES],
}


@pytest.mark.parametrize("enumeration", TABLES)
def test_tables_have_the_order_of_the_kernel(enumeration):
    assert enumerators(enumeration) == TABLES[enumeration]


def rows_in(module):
    """Classes that a module defines and that can be made: its rows."""
    return {
        each
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__ and "Protocol" not in
        {base.__name__ for base in each.__bases__}
    }  # fmt: skip


def test_tables_are_whole():
    assert set(native.ACTIVATIONS) == set(activations.ACTIVATIONS)
    assert set(native.COSTS) == set(costs.COSTS)
    assert set(native.OPTIMIZERS) == rows_in(optimizers)
    assert set(native.TRANSFORMATIONS) == rows_in(transformations)


def test_settings_of_optimizers_are_their_fields():
    """All of them but the rate, in the order in which the kernel reads them."""
    for kind, settings in native.OPTIMIZERS.items():
        fields = [name for name in kind.__dataclass_fields__ if name != "learning_rate"]
        assert list(settings) == fields
