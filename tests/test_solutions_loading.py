"""Law: what a file defines is loaded, what it does is left out, and nothing is made up.

Globals come from their own defining expressions, on the data of the probe.
"""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainrule.solutions import child
from chainrule.solutions.calling import Failed
from chainrule.solutions.calls import as_array, evaluated, trouble
from chainrule.solutions.cells import Cell
from chainrule.solutions.definitions import collect
from chainrule.solutions.helpers import MODULES, members
from chainrule.solutions.reading import Trouble
from chainrule.solutions.space import Idle, Space
from chainrule.solutions.styles import binding
from chainrule.solutions.unfinished import blanks

# definitions --------------------------------------------------------------------------------


def test_a_function_nested_by_mistake_is_lifted_and_said():
    text = "def a(x):\n    return x\n\n    def b(y):\n        return 2 * y\n"
    found = collect([Cell(text, 1)])
    assert list(found.found) == ["a", "b"]
    (finding,) = found.findings
    assert (finding.slug, finding.kind, finding.place.line) == ("misplaced_definition", "loader", 4)


@pytest.mark.parametrize(
    "text",
    [
        "def a(x):\n    def b(y):\n        return 2 * y\n    return b(x)",
        "def a(x):\n    def b(y):\n        return x * y\n    return 1",
        "def a(x):\n    def b(y):\n        return y\n    return {'b': b}",
    ],
)
def test_a_helper_inside_of_a_function_stays_there(text):
    assert list(collect([Cell(text)]).found) == ["a"]


def test_only_what_defines_is_kept():
    text = """
import numpy as np
m, (n, k) = 3, x.shape
for epoch in range(10):
    lost = 1
print(m)
f = lambda z: z
if True:
    g: int = 4
else:
    g = 5
with open("x") as file:
    h = 2
def train():
    global W1
    W1, b1 = 1, 2
"""
    found = collect([Cell(text)])
    assert list(found.found) == ["f", "train"]
    whole = {name for name, each in found.assignments.items() if any(a.whole for a in each)}
    assert whole == {"m", "n", "k", "g", "h", "W1"}
    assert ast.unparse(found.assignments["g"][-1].value) == "4"


# unfinished ---------------------------------------------------------------------------------

UNFINISHED = {
    "pass": "def f(x):\n    pass",
    "a docstring": 'def f(x):\n    """Return it."""',
    "dots": "def f(x):\n    ...",
    "comments": "def f(x):\n    # YOUR CODE HERE\n",
    "return": "def f(x):\n    return",
    "return None": "def f(x):\n    '''Doc.'''\n    return None",
    "raise": "def f(x):\n    # YOUR CODE\n    raise NotImplementedError()",
    "raise below a value": "def f(x):\n    L = 0\n    raise NotImplementedError\n    return L",
    "None": "def f(x):\n    dW1 = None  # YOUR CODE HERE\n    return dW1",
    "None without a comment": "def f(x):\n    dZ, db2 = None, None\n    return {'db2': db2}",
    "one of many": "def f(x):\n    # ≈ 2 lines of code\n    Z = x\n    A = None\n    return Z, A",
    "dots inside": "def f(x):\n    A = x\n    ...\n    return A",
    "dots as a value": "def f(x):\n    dW = ...\n    return dW",
    "a key": "def f(x):\n    g = {}\n    g['dW1'] = None  # TODO\n    return g",
}
FINISHED = {
    "a cache that is none": "def f(x):\n    cache = None\n    return x, cache",
    "set later": "def f(x):\n    dW = None\n    # YOUR CODE HERE\n    dW = x\n    return dW",
    "in a branch": "def f(x):\n    # TODO\n    m = None\n    if x:\n        m = 1\n    return m",
    "set by a loop": "def f(x):\n    # TODO\n    d = None\n    for d in x: pass\n    return d",
    "refused below": "def f(x):\n    if x:\n        return 1\n    raise NotImplementedError(x)",
    "an index with dots": "def f(x):\n    return x[..., 0]",
    "a comment that stayed": "def f(x):\n    # YOUR CODE HERE\n    return x * 2",
    "an argument": "def f(x, y=None):\n    # TODO: faster\n    return x if y is None else y",
}


@pytest.mark.parametrize("text", UNFINISHED.values(), ids=UNFINISHED)
def test_unfinished_functions_are_seen(text):
    found = collect([Cell(text)])
    assert list(found.unfinished) == ["f"]
    assert found.unfinished["f"][1].function == "f"


@pytest.mark.parametrize("text", FINISHED.values(), ids=FINISHED)
def test_finished_functions_are_not_called_unfinished(text):
    assert blanks(ast.parse(text).body[0], text.split("\n")) is None


def test_method_without_use_in_one_class_is_not_unfinished():
    """A layer without parameters has nothing to update; a way back has to be written."""
    text = (
        "class Dense:\n    def step(self, lr): self.W -= lr\n    def backward(self, g): return g\n"
        "class Tanh:\n    def step(self, lr): pass\n    def backward(self, g): pass"
    )
    assert list(collect([Cell(text)]).unfinished) == ["Tanh.backward"]


def test_base_classes_may_be_blank():
    text = "class Layer:\n    def forward(self, x):\n        raise NotImplementedError\n"
    assert list(collect([Cell(text)]).unfinished) == ["Layer.forward"]
    assert not collect(
        [Cell(f"{text}class Dense(Layer):\n    def forward(self, x): return x")]
    ).unfinished


def test_a_later_definition_finishes_a_function():
    cells = [Cell("def f(x):\n    pass", 1), Cell("def f(x):\n    return x", 2)]
    assert not collect(cells).unfinished


# imports ------------------------------------------------------------------------------------


def attempt(space, name, arguments):
    """What a function returns as an array, or what went wrong with it."""
    try:
        found = space.call(space[name], *arguments)
    except Failed as problem:
        return trouble(problem, space.place(name))
    return as_array(name, found, space.place(name))


def loaded(text, seconds=1.0):
    """Return the space of a text in which ``x`` has 3 rows and 7 columns."""
    space = Space(collect([Cell(f"import numpy as np\n{text}", 1)]), seconds)
    space.give(x=np.arange(21.0).reshape(3, 7), W1=np.ones((5, 3)))
    return space


def test_modules_that_are_not_there_do_nothing_and_are_named():
    space = loaded("""
import nowhere.at_all as far
from elsewhere import decorate
import matplotlib.pyplot as plt
@decorate
def f(x):
    plt.plot(x); far.show(x)
    return 2 * x
""")
    assert attempt(space, "f", (np.ones(2),)).tolist() == [2.0, 2.0]
    said = {finding.sentence for finding in space.findings}
    assert {
        f"the module {name} is not there" in str(said) for name in ("nowhere.at_all", "elsewhere")
    }
    assert {finding.slug for finding in space.findings} == {"not_found"}


def test_names_that_a_module_does_not_have_are_named():
    space = loaded("""
from math import sigmoid, tanh
from xml import dom
from dnn_utils import relu, no_such_helper
def f(x): return tanh(x)
""")
    said = [finding.sentence for finding in space.findings if finding.slug == "not_found"]
    assert said == [
        "math has no sigmoid: what is called from it does nothing here",
        "dnn_utils has no no_such_helper: what is called from it does nothing here",
    ]
    assert attempt(space, "f", (0.0,)) == 0.0
    assert space["dom"].__name__ == "xml.dom"  # a module in a package, which no attribute names


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("from .json import dumps", ".json"),
        ("from . import json", ".json"),
        ("from ..above import json", "..above"),
    ],
)
def test_what_lies_beside_a_file_is_not_what_is_installed_under_its_name(line, called):
    space = loaded(f"{line}\ndef f(x): return x")
    (finding,) = space.findings
    assert finding.sentence.startswith(f"the module {called} is not there")
    assert isinstance(space["dumps" if "dumps" in line else "json"], Idle)
    held = loaded("from .dnn_utils import relu\ndef f(x): return relu(x)")
    assert [each.slug for each in held.findings] == ["stood_in"]


def test_imports_that_no_definition_needs_wait(monkeypatch):
    space = loaded(
        "from sklearn.datasets import load_digits\nimport scipy.special\ndef f(x): return x"
    )
    assert "load_digits" not in space.names
    assert "scipy" not in space.names
    assert space["scipy"].special.expit(0.0) == 0.5


@pytest.mark.parametrize("module", ["dnn_utils", "dnn_utils_v2", "dnn_app_utils_v3"])
def test_helpers_of_the_course_on_deep_networks_return_a_cache(module):
    space = loaded(f"from {module} import *\ndef f(x): return relu(sigmoid(x)[0])[1]")
    assert np.allclose(attempt(space, "f", (np.zeros(2),)), 0.5)
    (finding,) = space.findings
    assert (finding.slug, module in finding.sentence) == ("stood_in", True)


def test_helpers_of_the_other_courses_return_a_value():
    space = loaded(
        "from planar_utils import plot_decision_boundary, sigmoid\ndef f(x): return sigmoid(x)"
    )
    assert attempt(space, "f", (np.zeros(2),)).tolist() == [0.5, 0.5]
    for pattern, _ in MODULES:
        assert not pattern.match("numpy")


def _slope(function, z, h=1e-4):
    return (8 * (function(z + h) - function(z - h)) - function(z + 2 * h) + function(z - 2 * h)) / (
        12 * h
    )


@pytest.mark.parametrize("name", ["sigmoid", "relu", "softmax"])
def test_backward_helpers_are_derivatives_of_the_values(name):
    held = members("dnn_utils")
    rng = np.random.default_rng(0)
    z, g = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    found = held[f"{name}_backward"](g, z)
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = 1.0
        wanted = _slope(lambda t, step=step: np.sum(g * held[name](z + t * step)[0]), 0.0)
        assert found[place] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("module", "forward", "backward"),
    [
        ("dnn_app_utils_v3", lambda h, p, x: h["L_model_forward"](x, p), "L_model_backward"),
        ("reg_utils", lambda h, p, x: h["forward_propagation"](x, p), "backward_propagation"),
    ],
)
def test_helper_networks_have_the_gradient_of_their_cost(module, forward, backward):
    held = members(module)
    rng = np.random.default_rng(1)
    sizes = (3, 5, 4, 1)
    params = {f"W{i}": rng.standard_normal((n, m)) for i, (m, n) in enumerate(pairwise(sizes), 1)}
    params |= {f"b{i}": rng.standard_normal((n, 1)) for i, n in enumerate(sizes[1:], 1)}
    x, y = rng.standard_normal((3, 6)), rng.integers(0, 2, (1, 6)).astype(float)
    outputs, cache = forward(held, params, x)
    grads = held[backward](*((outputs, y, cache) if backward.startswith("L") else (x, y, cache)))
    for name, value in params.items():
        step = rng.standard_normal(value.shape)

        def cost(t, name=name, value=value, step=step):
            return float(
                held["compute_cost"](forward(held, params | {name: value + t * step}, x)[0], y)
            )

        assert np.sum(grads[f"d{name}"] * step) == pytest.approx(
            _slope(cost, 0.0), rel=1e-6, abs=1e-8
        )


def test_python_2_has_its_lists_and_names():
    space = loaded("def f(x):\n    print x\n    return len(zip(range(3), xrange(3)))")
    assert attempt(space, "f", (1,)) == 3


# globals ------------------------------------------------------------------------------------

GLOBALS = {
    "m = x.size": 21,
    "m = x.shape[1]": 7,
    "n, m = x.shape": 7,
    "(n, m), k = x.shape, 3": 7,
    "m = n_examples\nn_examples = x.shape[1]": 7,
    "m = 0.1": 0.1,
    "m = 5\nm = len(x)": 3,
    "m: int = x.shape[0]": 3,
    "if True:\n    m = x.shape[1]": 7,
    "m = len(x.T) + 1": 8,
    "def count(a): return a.shape[1]\nm = count(x)": 7,
    "def data(M=5):\n    x = np.ones((M, 1))\n    m = x.size\n    return x, m\nx, m = data()": 21,
    "def data():\n    x = load()\n    return x, x.shape[1]\nx, m = data()": 7,
    "def data():\n    x = 1\n    m = x.size\n    return x, m": 21,
    "def main():\n    global m\n    m = x.shape[1]": 7,
    "x = np.arange(5)\nm = x.size": 21,
    "y = x * 2\nm = y.shape[0]": 3,
    "m = int(W1.shape[0])": 5,
}
UNKNOWN = [
    "m = nowhere.size",
    "m = m + 1",
    "m = n\nn = m",
    "def load(): return 3\nm = load()",
    "def load(): return np.ones(9)\nm = load().size",
    "def f():\n    m = 3\n    return 1",
    "for m in range(3): pass",
    "m = 1 / 0",
    "m = print('a')",
    "import plots_of_theirs\nm = plots_of_theirs.size",
]


@pytest.mark.parametrize(("text", "wanted"), GLOBALS.items())
def test_globals_come_from_their_own_expression_on_the_probe(text, wanted):
    assert evaluated(loaded(text), "m") == wanted


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_evaluated_is_not_made_up(text):
    assert evaluated(loaded(text), "m") is None


def test_globals_follow_the_probe():
    space = loaded("m = count\ncount = x.shape[1]\ndef f(): return m")
    for examples in (7, 11, 2):
        space.give(x=np.ones((3, examples)))
        space.names["m"] = evaluated(space, "m")
        assert attempt(space, "f", ()) == examples


def test_expressions_do_not_change_the_probe():
    space = loaded("m = x.sort() or x.fill(0) or 3")
    before = space["x"].copy()
    assert evaluated(space, "m") == 3
    assert np.array_equal(space["x"], before)


def test_what_is_drawn_is_drawn_alike():
    space = loaded("m = np.random.randn(3)")
    np.random.seed(4)
    first, second = evaluated(space, "m"), evaluated(space, "m")
    assert np.array_equal(first, second)
    drawn = np.random.randn()
    np.random.seed(4)
    assert drawn == np.random.randn()  # the person's own stream goes on as it was


# assertions ---------------------------------------------------------------------------------


def test_own_assertions_do_not_stop_a_function_and_are_reported():
    text = "def f(x):\n    assert x.shape == (1, 1), 'no'\n    return x\n"
    space = loaded(text)
    assert attempt(space, "f", (np.ones(3),)).tolist() == [1.0, 1.0, 1.0]
    (finding,) = space.asserts.findings()
    assert (finding.slug, finding.kind) == ("own_assert_fails", "loader")
    assert (finding.place.line, finding.place.cell) == (3, 1)
    assert finding.place.source == "assert x.shape == (1, 1)"


def test_assertions_that_hold_are_one_remark():
    text = """
class A:
    def f(self, x):
        assert x is not None
        assert isinstance(x, int)
        return x
def g(x): return A().f(x)
"""
    space = loaded(text)
    assert attempt(space, "g", (3,)) == 3
    (finding,) = space.asserts.findings()
    assert finding.slug == "own_assert"
    assert finding.sentence.startswith("2 assertions")
    assert not loaded("def f(x): return x").asserts.findings()


# calls --------------------------------------------------------------------------------------

TROUBLES = {
    "return nope": ("not_defined", "nope is not defined", 3),
    "return None": ("unfinished", "nothing is written in it", 3),
    "if x is None:\n        return 1": ("returns_none", "f returned nothing (None)", 2),
    "return 1 / 0": ("raises", "ZeroDivisionError: division by zero", 3),
    "return 'text'": ("wrong_type", "f returned str, wanted an array of numbers", 2),
    "return [[1], [1, 2]]": ("wrong_type", "f returned list, wanted an array of numbers", 2),
    "return f(x)": ("raises", "it calls itself without end", 3),
    "return np.ones((10**6, 10**7))": ("raises", "it asks for more memory than it may have", 3),
    "exit()": ("raises", "it ends the program", 3),
    "import sys; sys.exit(0)": ("raises", "it ends the program", 3),
    "raise KeyboardInterrupt": ("raises", "it raises KeyboardInterrupt", 3),
    "while True: pass": ("raises", "it did not end within 0.2 s", 3),
    "while True:\n        try:\n            while True: pass\n        except Exception: pass": (
        "raises",
        "it did not end within 0.2 s",
        5,
    ),
    "x = 1\n    return x.no_such": ("raises", "AttributeError: 'int' object", 4),
}


@pytest.mark.parametrize(("body", "wanted"), TROUBLES.items())
def test_what_goes_wrong_is_said_with_its_line(body, wanted):
    slug, words, line = wanted
    space = loaded(f"def f(x):\n    {body}\n", 0.2)
    found = attempt(space, "f", (np.ones(2),))
    assert isinstance(found, Trouble)
    assert found.slug == slug
    assert found.sentence.startswith(words)
    assert (found.place.cell, found.place.line) == (1, line)
    assert found.place.source


OF_THEIRS = {
    "class Odd(BaseException): pass\ndef f(x): raise Odd": "Odd",
    "class Odd(Exception):\n    def __str__(self): return 1 / 0\ndef f(x): raise Odd": (
        "Odd: (its message raises ZeroDivisionError)"
    ),
    "def f(x): return f.missing": "AttributeError: 'function' object has no attribute 'missing'",
    "def f(): return 1": "TypeError: f() takes 0 positional arguments but 1 was given",
}


@pytest.mark.parametrize(("text", "words"), OF_THEIRS.items())
def test_whatever_a_call_of_theirs_raises_is_one_type_with_its_cause(text, words):
    space = loaded(text)
    with pytest.raises(Failed) as caught:
        space.call(space["f"], 1)
    assert str(caught.value) == words
    assert type(caught.value.raised).__name__ == words.partition(":")[0]
    with pytest.raises(Failed) as outer:  # a call within a call is no failure of a failure
        space.call(lambda: space.call(space["f"], 1))
    assert type(outer.value.raised) is type(caught.value.raised)


def test_a_mistake_of_ours_is_no_failure_of_theirs(monkeypatch):
    """Where a reading of ours is wrong, nothing may be said of their code."""

    def broken(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(binding, "bound", broken)
    text = Path("examples/solution.py").read_text(encoding="utf-8")
    with pytest.raises(ZeroDivisionError, match="ours"):
        child.judge({"path": "", "cells": [{"source": text}], "call_seconds": 1.0})


def test_what_did_not_end_is_not_called_again():
    space = loaded("def f(x):\n    while x: pass\n    return x\ndef g(x): return 2 * x", 0.2)
    assert isinstance(attempt(space, "f", (1,)), Trouble)
    assert isinstance(attempt(space, "f", (0,)), Trouble)
    assert attempt(space, "g", (1,)) == 2


def test_a_function_that_calls_an_unfinished_one_is_unfinished():
    space = loaded("def d_sigma(z):\n    pass\ndef J(x):\n    return x * d_sigma(x)")
    found = attempt(space, "J", (np.ones(2),))
    assert (found.slug, found.place.function) == ("unfinished", "d_sigma")
    assert "d_sigma, which it calls, is not finished" in found.sentence


def test_arguments_of_theirs_may_have_any_name():
    space = loaded(
        "def f(at, args=1, function=2, options=3): return at + args + function + options"
    )
    assert space.call(space["f"], at=1, args=1, function=1, options=1) == 4


def test_assertions_that_fail_at_other_sizes_only_are_not_said_to_fail():
    space = loaded("def f(x):\n    assert x.size == 3\n    return x")
    for size in (5, 3, 7):
        attempt(space, "f", (np.ones(size),))
    (finding,) = space.asserts.findings()
    assert finding.slug == "own_assert"


def test_in_another_thread_there_is_no_alarm_and_it_works():
    with ThreadPoolExecutor(1) as pool:
        space = pool.submit(loaded, "def f(x): return 2 * x").result()
        assert pool.submit(attempt, space, "f", (4,)).result() == 8
