"""Reports made by hand, one of every kind that a person may meet, with the code they are of."""

from __future__ import annotations

from dataclasses import replace

from chainrule.checking.catalogue import CATALOGUE
from chainrule.checking.verdicts import Verdict
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report

COLUMN = "one function per Jacobian, examples in columns"
NOTEBOOK = (
    Cell(
        "sigma = lambda z : 1 / (1 + np.exp(-z))\n"
        "d_sigma = lambda z : np.cosh(z/2)**(-2) / 4\n\n"
        "def cost(x, y) :\n"
        "    # isn't that always equal to one in this scenario ?? why divide ??\n"
        "    return np.linalg.norm(network_function(x)[-1] - y)**2 / x.size\n",
        4,
        4,
    ),
    Cell(
        "def backprop(x, y, iterations=1, aggression=3.5, noise=1) :\n"
        "    global W1, W2, W3, b1, b2, b3\n\n"
        "    while iterations>=0:\n"
        "        j_W1 = J_W1(y)\n"
        "        W1 = W1 - j_W1\n"
        "        iterations -= 1\n",
        8,
        8,
    ),
)


def all_right() -> Report:
    """The notebook with which this began: six right Jacobians, and five remarks."""
    gradients = [
        Judged(f"J_{entry}", Verdict.RIGHT, entry=entry, residual=residual, place=Place(3, cell))
        for entry, residual, cell in (
            ("W3", 1e-12, 5),
            ("b3", 7e-13, 5),
            ("W2", 9.2e-12, 6),
            ("b2", 5.9e-12, 6),
            ("W1", 2.4e-11, 7),
            ("b1", 5.5e-11, 7),
        )
    ]
    cost = Place(6, 4, "cost", "return np.linalg.norm(network_function(x)[-1] - y)**2 / x.size")
    update = Place(1, 8, "backprop", "def backprop(x, y, iterations=1, aggression=3.5, noise=1) :")
    loop = Place(4, 8, "backprop", "while iterations>=0:")
    return Report(
        "course/notebook.ipynb",
        COLUMN,
        ("examples in columns", "biases of shape (n, 1)", "parameters in globals"),
        (
            Judged("sigma", Verdict.RIGHT, "activation", detail="sigmoid", place=Place(1, 4)),
            Judged(
                "d_sigma",
                Verdict.RIGHT,
                "derivative",
                detail="the derivative, as a function of z",
                place=Place(2, 4),
            ),
            Judged("feed_forward", Verdict.RIGHT, "forward", detail="sigmoid in every layer"),
            Judged("cost", Verdict.RIGHT, "cost", detail="squared error, divided by x.size"),
            *gradients,
        ),
        remarks=(
            Finding(
                "cost_normalisation",
                "remark",
                "the cost is divided by x.size, the 5 inputs, not by the number of examples, which "
                "is 1; the gradient agrees with it",
                "divide by the number of examples, x.shape[1]",
                ("cost",),
                place=cost,
            ),
            Finding(
                "missing_definition",
                "remark",
                "cost calls network_function, which is not defined in this notebook: read as "
                "feed_forward",
                "call feed_forward",
                ("cost",),
                place=cost,
            ),
            Finding(
                "aggression",
                "remark",
                "aggression and noise are never used: the step size is 1",
                CATALOGUE["aggression"].mend,
                ("backprop",),
                place=update,
            ),
            Finding(
                "extra_update",
                "remark",
                "one update more than asked for: iterations=1 makes two",
                "while iterations > 0",
                ("backprop",),
                place=loop,
            ),
            Finding(
                "repeated_forward",
                "remark",
                "six forward passes for every update, where one is enough",
                "call feed_forward once, and hand its values to all Jacobians",
                ("backprop",),
            ),
        ),
        seconds=0.46,
    )


DICTIONARIES = (
    Cell(
        "import numpy as np\n\n\n"
        "def backward_propagation(parameters, cache, X, Y):\n"
        "    m = X.shape[1]\n"
        '    W2 = parameters["W2"]\n'
        '    A1, A2 = cache["A1"], cache["A2"]\n'
        "    dZ2 = A2 - Y\n"
        "    dW2 = np.dot(dZ2, A1.T) / m\n"
        "    db2 = np.sum(dZ2, axis=1, keepdims=True) / m\n"
        "    dZ1 = np.dot(W2, dZ2) * (1 - A1**2)\n"
        "    dW1 = np.dot(dZ1, X.T) / m\n"
        "    db1 = np.sum(dZ1, axis=1, keepdims=True) / m\n"
        '    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}\n'
    ),
)


def one_cause() -> Report:
    """A solution with dictionaries: one mistake in layer 1, which spoils two entries."""
    entry = CATALOGUE["weight_not_transposed"]
    return Report(
        "planar.py",
        "dictionaries of parameters, cache and gradients",
        ("examples in columns", "labels 0 and 1, of shape (1, m)"),
        (
            Judged("sigmoid", Verdict.RIGHT, "activation", detail="sigmoid"),
            Judged("forward_propagation", Verdict.RIGHT, "forward", detail="tanh, then sigmoid"),
            Judged("compute_cost", Verdict.RIGHT, "cost", detail="cross-entropy, mean over m"),
            Judged("dW2", Verdict.RIGHT, entry="W2", residual=3e-11),
            Judged("db2", Verdict.RIGHT, entry="b2", residual=0.0),
            Judged("dW1", Verdict.WRONG, entry="W1", residual=0.4),
            Judged("db1", Verdict.WRONG, entry="b1", residual=0.7),
            Judged("update_parameters", Verdict.RIGHT, "update", detail="descends"),
        ),
        (
            Finding(
                "weight_not_transposed",
                "mistake",
                entry.says,
                entry.mend,
                ("W1", "b1"),
                "∂C/∂a1 = W2 δ2",
                "∂C/∂a1 = W2ᵀ δ2",
                "3 × m",
                place=Place(
                    11,
                    None,
                    "backward_propagation",
                    "dZ1 = np.dot(W2, dZ2) * (1 - A1**2)",
                ),
            ),
        ),
        seconds=0.6,
    )


def two_causes() -> Report:
    """A class: one mistake that cannot be told from another, and one without a name."""
    return Report(
        "network.py",
        "a class with weights, biases and backprop",
        ("one example in every call, as a column", "averaged over the examples"),
        (
            Judged("sigmoid_prime", Verdict.RIGHT, "derivative", detail="as a function of z"),
            Judged("nabla_w[1]", Verdict.WRONG, entry="W2"),
            Judged("nabla_b[1]", Verdict.WRONG, entry="b2"),
            Judged("nabla_w[0]", Verdict.WRONG_UNKNOWN, entry="W1"),
            Judged("nabla_b[0]", Verdict.OTHER_SHAPE, entry="b1", detail="(5,), wanted (5, 1)"),
        ),
        (
            Finding(
                "missing_output_derivative",
                "mistake",
                CATALOGUE["missing_output_derivative"].says,
                CATALOGUE["missing_output_derivative"].mend,
                ("W2", "b2"),
                "δ2 = (2/m) (a2 − y)",
                "δ2 = ∂C/∂a2 ∘ a2 ∘ (1 − a2)",
                "2 × m",
                ("shortcut_for_other_cost",),
                Place(41, None, "backprop", "delta = self.cost_derivative(activations[-1], y)"),
            ),
            Finding(
                "unknown",
                "mistake",
                "no mistake of the catalogue, and no two of them, make this of it",
                "compare what it is made of: a0, δ1",
                ("W1",),
                right="J_W1 = δ1 a0ᵀ",
                shape="5 × 3",
            ),
            Finding(
                "kept_dimension",
                "mistake",
                CATALOGUE["kept_dimension"].says,
                CATALOGUE["kept_dimension"].mend,
                ("b1",),
            ),
        ),
    )


def unfinished() -> Report:
    """Blanks that were not filled in, beside what is right."""
    return Report(
        "homework.ipynb",
        COLUMN,
        ("examples in columns",),
        (
            Judged("J_W2", Verdict.RIGHT, entry="W2", residual=1e-11),
            Judged("J_b2", Verdict.UP_TO_CONSTANT, entry="b2", detail="½ times, by convention"),
            Judged(
                "J_W1",
                Verdict.UNFINISHED,
                entry="W1",
                detail="it returns None: line 4 is to be filled in",
                place=Place(4, 9, "J_W1", "J = None  # YOUR CODE HERE"),
            ),
        ),
    )


def cannot_run() -> Report:
    """What raises is said with its line, and the rest is judged."""
    return Report(
        "crash.py",
        COLUMN,
        ("examples in columns",),
        (
            Judged("J_W1", Verdict.RIGHT, entry="W1", residual=1e-11),
            Judged(
                "J_b1",
                Verdict.CANNOT_RUN,
                entry="b1",
                detail="ValueError: operands could not be broadcast together with shapes (3,11) "
                "(5,11)",
                place=Place(17, None, "J_b1", "return np.sum(delta * a0, axis=1)"),
            ),
        ),
    )


def not_recognised() -> Report:
    """A file in which there is nothing to judge."""
    return Report(
        "plots.ipynb",
        remarks=(
            Finding(
                "raises",
                "loader",
                "this cell is no Python: invalid syntax; of it, only whole functions and classes "
                "were read",
                place=Place(2, 3, "", "for i in range(10)"),
            ),
        ),
        problem="no hand-written gradient was recognised in it",
    )


REPORTS = {
    make.__name__: replace(make(), source=cells)
    for make, cells in (
        (all_right, NOTEBOOK),
        (one_cause, DICTIONARIES),
        (two_causes, ()),
        (unfinished, ()),
        (cannot_run, ()),
        (not_recognised, ()),
    )
}
