"""Law: the line that is shown as the change mends what it is shown for, when it is made."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import pytest

from chainrule.solutions import mending
from chainrule.solutions.advice import why_nothing
from chainrule.solutions.called import called
from chainrule.solutions.cells import Cell
from chainrule.solutions.changes import changes
from chainrule.solutions.check import check_cells
from chainrule.solutions.definitions import collect
from chainrule.solutions.slots import Scope, passing
from chainrule.solutions.theirs import Theirs
from judging import judged
from solutions.generate import sample
from solutions_classes import RIGHT

COLUMN = """\
import numpy as np
def sigma(z): return 1 / (1 + np.exp(-z))
def d_sigma(z): return sigma(z) * (1 - sigma(z))
def feed_forward(x):
    z1 = W1 @ x + b1
    a1 = sigma(z1)
    z2 = W2 @ a1 + b2
    return z1, a1, z2, sigma(z2)
def cost(x, y): return np.sum((feed_forward(x)[-1] - y) ** 2) / x.shape[1]
def J_W2(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    return 2 * (a2 - y) * d_sigma(z2) @ a1.T / x.shape[1]
def J_W1(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    J = 2 * (a2 - y)*d_sigma(z2)   # δ2
    J = (W2.T @ J)*d_sigma(z1)
    return J @ x.T / x.shape[1]
def J_b1(x, y):
    z1, a1, z2, a2 = feed_forward(x)
    J = 2 * (a2 - y)*d_sigma(z2)
    J = (W2.T @ J)*d_sigma(z1)
    return np.sum(J, axis=1, keepdims=True) / x.shape[1]
W1, b1 = np.random.randn(4, 3), np.zeros((4, 1))
W2, b2 = np.random.randn(2, 4), np.zeros((2, 1))
"""


def made(source, report):
    """Return a source in which the changes of a report are made."""
    lines = source.split("\n")
    for finding in report.findings:
        for mend in finding.mends:
            line = lines[mend.place.line - 1]
            assert line.strip() == mend.place.source
            lines[mend.place.line - 1] = line[: len(line) - len(line.lstrip())] + mend.line
    return "\n".join(lines)


def law(source, report):
    """Make the changes, judge again: what the changed findings explained is right."""
    mended = {entry for each in report.findings if each.mends for entry in each.entries}
    after = judged(made(source, report))
    verdicts = {each.entry: each.verdict for each in after.judged if each.entry in mended}
    assert mended
    assert all(verdict.good for verdict in verdicts.values()), verdicts


@pytest.mark.parametrize(
    ("planted", "lines"),
    [
        ([("(W2.T @ J)*d_sigma(z1)\n    return J @ x", "(W2.T @ J)*d_sigma(a1)\n    return J @ x")],
         ["J = (W2.T @ J)*d_sigma(z1)"]),
        ([("* d_sigma(z2) @ a1.T", "* d_sigma(z2) @ x.T")],
         ["return 2 * (a2 - y) * d_sigma(z2) @ a1.T / x.shape[1]"]),
        ([("2 * (a2 - y) * d_sigma(z2) @", "2 * (y - a2) * d_sigma(z2) @")],
         ["return 2 * (a2 - y) * d_sigma(z2) @ a1.T / x.shape[1]"]),
        ([("sigma(z) * (1 - sigma(z))", "sigma(z) * (1 + sigma(z))")],
         ["def d_sigma(z): return sigma(z) * (1 - sigma(z))"]),
        ([("*d_sigma(z1)", "*d_sigma(a1)")],  # in two functions
         ["J = (W2.T @ J)*d_sigma(z1)", "J = (W2.T @ J)*d_sigma(z1)"]),
        ([("axis=1, keepdims=True", "axis=1")],
         ["return np.sum(J, axis=1, keepdims=True) / x.shape[1]"]),
    ],
)  # fmt: skip
def test_the_line_is_spelled_as_theirs_and_mends(planted, lines):
    source = COLUMN
    for old, new in planted:
        assert old in source
        source = source.replace(old, new)
    report = judged(source)
    found = [mend.line for each in report.findings for mend in each.mends]
    if "def d_sigma" in lines[0]:  # a function in one line is written anew by the tree
        assert found == ["return sigma(z) * (1 - sigma(z))"] or found == lines
        return
    assert found == lines
    law(source, report)


@pytest.mark.parametrize(
    ("style", "slug"),
    [
        ("column", "weight_not_transposed"),
        ("dictionaries", "missing_mean"),
        ("dictionaries", "derivative_at_activation"),
        ("classes", "sign"),
        ("losses", "missing_hidden_derivative"),
    ],
)
def test_of_planted_mistakes_the_change_mends(style, slug):
    (solution,) = sample(style, (slug,), 1)
    report = judged(solution.source)
    law(solution.source, report)


def test_methods_are_pointed_into_and_a_consequence_is_not_said():
    source = RIGHT["BATCH_ROWS"]
    planted = source.replace("dA1 = dZ2 @ self.W2.T", "dA1 = dZ2 @ self.W2.T * 7")
    assert planted != source
    report = judged(planted)
    (finding,) = report.findings
    assert finding.place.source == "dA1 = dZ2 @ self.W2.T * 7"
    law(planted, report)


WHERE = RIGHT["BATCH_ROWS"]


@pytest.mark.parametrize(
    ("planted", "line"),
    [
        (("(self.Z1 > 0)", "(self.Z1 < 0)"), "dZ1 = dA1 * (self.Z1 > 0)"),
        (("dZ2 @ self.W2.T", "(dZ2 + 1) @ self.W2.T"), "dA1 = dZ2 @ self.W2.T"),
    ],
)
def test_in_a_method_the_line_is_theirs_again(planted, line):
    assert planted[0] in WHERE
    source = WHERE.replace(*planted)
    report = judged(source)
    assert [mend.line for each in report.findings for mend in each.mends] == [line]
    law(source, report)


def test_what_is_not_defined_is_not_changed_away():
    report = judged(COLUMN.replace("*d_sigma(z1)", "*d_tanh(z1)"))
    assert [each.slug for each in report.findings] == ["not_defined"]
    assert not report.findings[0].mends


def test_their_functions_are_as_they_were_afterwards():
    """Changes are tried in place: the judgement of the same file twice says the same."""
    source = COLUMN.replace("*d_sigma(z1)", "*d_sigma(a1)")
    assert judged(source) == judged(source)


LOOP = """\
import numpy as np
X, y = np.ones((4, 3)), np.ones((4, 1))
syn0 = np.random.random((3, 1))
for i in range(100):
    l1 = 1 / (1 + np.exp(-X @ syn0))
    syn0 += X.T.dot((y - l1) * l1 * (1 - l1))
"""


def test_a_loop_at_the_top_is_shown_how_to_become_a_function():
    definitions = collect([Cell(LOOP)])
    assert "loop at the top level (line 4)" in why_nothing(definitions)
    assert "loop" not in why_nothing(collect([Cell(LOOP.replace("+= X.T", "= X.T"))]))


def test_the_sketch_names_what_is_theirs():
    report = check_cells([Cell(LOOP)])
    remarks = [each for each in report.remarks if each.slug == "loop_at_top"]
    if report.problem:  # where the loop itself is read, nothing has to be said of it
        (remark,) = remarks
        assert remark.place.source == "for i in range(100):"
        head = remark.suggestion.split(":")[0]
        assert ast.parse(f"{head}: pass").body[0].args.args[-1].arg == "syn0"


def test_of_two_functions_with_one_name_the_right_one_is_compiled():
    """A property and its setter, which hold a cell, are compiled with their whole class."""
    source = "class A:\n    def w(self): return super().x\n    def w(self, v): super().x = v\n"
    module = ast.parse(source)
    names: dict = {}
    exec(compile(module, "<file: A>", "exec"), names)
    definition = SimpleNamespace(node=module.body[0], name="A")
    node = module.body[0].body[1]
    held = Theirs(definition, node, [names["A"].w], Scope({}, {}))
    assert held.compiled().co_varnames == ("self", "v")


def test_changes_are_counted_in_calls_too(monkeypatch):
    """Code for one example is called once for each of them, so that a change costs many calls."""
    wrong = RIGHT["COLUMN_BY_COLUMN"].replace("return output_activations - y", "return y - 1")
    spent = []
    run = mending.Mending.run

    def counted(self):
        run(self)
        spent.append(self.judge.space.caller.calls - self.before)

    monkeypatch.setattr(mending.Mending, "run", counted)
    monkeypatch.setattr(mending, "MOST_CALLS", 300)
    judged(wrong)
    assert 300 <= spent[0] <= 400  # the change that was being tried is tried to its end


@pytest.mark.parametrize("name", ["BATCH_ROWS", "LAYERS_OF_ROWS"])
def test_words_of_the_catalogue_do_not_contradict_the_line_that_was_tried(name):
    """The catalogue speaks of examples in columns, where sums go over axis 1."""
    report = judged(RIGHT[name].replace("axis=0, keepdims=True", "axis=1, keepdims=True"))
    (finding,) = report.findings
    assert any("axis=0" in mend.line for mend in finding.mends)
    assert finding.suggestion == "sum over the examples only"


SOFTMAX = """
import numpy as np

def softmax_loss(W, X, y, reg):
    n = X.shape[0]
    s = X.dot(W)
    s = s - s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(n), y])) + reg * np.sum(W * W)
    p[np.arange(n), y] -= 1
    dW = X.T.dot(p) / n + 2 * reg * W
    return loss, dW
"""


@pytest.mark.parametrize(
    ("theirs", "slugs", "lines"),
    [
        ("X.T.dot(p) + 2 * reg * W", ["missing_mean"], ["dW = X.T.dot(p) / n + 2 * reg * W"]),
        (
            "X.T.dot(p) + 0.5 * reg * W",
            ["missing_mean", "penalty_factor"],
            ["dW = X.T.dot(p) / n + 0.5 * reg * W", "dW = X.T.dot(p) + 2 * reg * W"],
        ),
    ],
)
def test_a_change_is_right_with_a_penalty_too(theirs, slugs, lines):
    report = judged(SOFTMAX.replace("X.T.dot(p) / n + 2 * reg * W", theirs))
    assert [each.slug for each in report.findings] == slugs
    assert [mend.line for each in report.findings for mend in each.mends] == lines


def test_a_penalty_that_goes_right_with_the_rest_is_its_consequence():
    wrong = SOFTMAX.replace("+ reg * np.sum", "+ reg / n * np.sum")
    planted = wrong.replace("X.T.dot(p) / n + 2 * reg * W", "(X.T.dot(p) + 2 * reg * W)")
    report = judged(planted)
    assert [each.slug for each in report.findings] == ["missing_mean"]
    law(planted, report)


def test_nothing_is_multiplied_with_what_counts_rounds():
    code = "def f(x, m, reg):\n    for i in range(m):\n        d = x[i] * 2\n    return d"
    (node,) = ast.parse(code).body
    numbers = dict.fromkeys(("m", "i", "reg"), "number")
    scope = Scope(numbers, {}, passing=passing(node))
    assert scope.counts() == ["m", "reg"]
    new = [ast.unparse(each.new) for each in changes(node, scope, ("counted",))]
    assert any("/ m" in text for text in new)
    assert not any(text.endswith(("/ i", "* i")) for text in new)


DICTIONARIES = """
import numpy as np

def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}

def compute_cost(A2, Y, parameters, lambd):
    m = Y.shape[1]
    data = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    return data + lambd / (2 * m) * sum(np.sum(parameters[key] ** 2) for key in ("W1", "W2"))

def backward_propagation(X, Y, cache, parameters, lambd):
    A1, A2 = cache["A1"], cache["A2"]
    m = X.shape[1]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m + lambd / m * parameters["W2"]
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = (parameters["W2"].T @ dZ2) * (1 - A1**2)
    dW1 = dZ1 @ X.T / m + lambd / m * parameters["W1"]
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""


def test_of_an_unknown_cause_each_change_is_a_finding_with_its_line():
    wrong = DICTIONARIES.replace("dW2 = dZ2 @", "dW2 = dZ2**2 @").replace("m(dZ2,", "m(dZ2**3,")
    report = judged(wrong)
    assert {each.entries for each in report.findings} == {("W2",), ("b2",)}
    for finding in report.findings:
        (mend,) = finding.mends
        assert mend.place == finding.place
        assert mend.place.source.startswith(f"d{finding.entries[0]}")
    law(wrong, report)


def test_the_equation_of_a_penalty_is_as_it_was_measured():
    """What λ is divided by stands in the cost: a λ/2 of ours would be another."""
    line = 'dW1 = dZ1 @ X.T / m + lambd / m * parameters["W1"]'
    planted = DICTIONARIES.replace(line, line.replace("lambd / m", "lambd / (2 * m)"))
    (found,) = judged(planted).findings
    assert found.slug == "penalty_factor"
    numbers = [float(each.split(" + ")[1].split()[0]) for each in (found.computed, found.right)]
    assert numbers[1] == pytest.approx(2 * numbers[0], rel=1e-3)
    assert "λ" not in found.computed + found.right


@pytest.mark.parametrize(
    ("line", "kind", "after", "slug"),
    [
        ("d = probs.T @ dz", "names", "h.T @ dz", "wrong_previous_activation"),
        (
            "d = np.multiply(dh, 1 - probs)",
            "names",
            "np.multiply(dh, 1 - h)",
            "derivative_wrong_layer",
        ),
        ("d = dz @ W2", "turned", "dz @ W2.T", "weight_not_transposed"),
        ("d = dz / n", "names", "dz / m", "wrong_divisor"),
        ("d = dz @ b2", "names", "dz @ W2", "bias_for_weight"),
        ("d = y - h", "reversed", "h - y", "sign"),
        ("d = dz", "counted", "dz / m", "missing_mean"),
        ("dz[:, y] -= 1", "scattered", "dz[np.arange(len(y)), y]", "index_scatter"),
    ],
)
def test_a_change_says_what_the_mistake_is_called(line, kind, after, slug):
    (node,) = ast.parse(f"def f(h, probs, dz, dh, y, W2, b2, m, n):\n    {line}\n    return d").body
    arrays = dict.fromkeys(("h", "probs", "dz", "dh", "y", "W2", "b2"), "array")
    scope = Scope(arrays | dict.fromkeys(("m", "n"), "number"), {})
    found = {}
    for change in changes(node, scope, (kind,)):
        old, name = change.slot.get(), called(change)
        change.slot.put(change.new)
        changed = ast.fix_missing_locations(change.statement)
        found.setdefault(ast.unparse(changed), name)
        change.slot.put(old)
    (met,) = {name for text, name in found.items() if text.startswith((f"d = {after}", after))}
    assert met == slug
