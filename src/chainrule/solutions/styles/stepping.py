"""Statements that move a parameter, ``W1 -= lr * dW1``: what it is moved by, without the rate."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chainrule.solutions.styles.arguments import role

RATE = 0.1
"""Of the steps that stand in the place of theirs."""


@dataclass(frozen=True)
class Move:
    """A statement that moves a parameter.

    Parameters
    ----------
    node : ast.stmt
    target : ast.expr
        A name, or an entry of a dictionary.
    step : ast.expr
        What is added or subtracted.
    added : bool
    """

    node: ast.stmt
    target: ast.expr
    step: ast.expr
    added: bool

    @property
    def keyed(self) -> bool:
        """Whether the parameter stands in a dictionary."""
        return isinstance(self.target, ast.Subscript)

    @property
    def key(self) -> str:
        """What the parameter is called."""
        if isinstance(self.target, ast.Subscript):
            assert isinstance(self.target.slice, ast.Constant)
            return str(self.target.slice.value)
        assert isinstance(self.target, ast.Name)
        return self.target.id

    @property
    def holder(self) -> str:
        """The name of the parameter, or of the dictionary."""
        base = self.target.value if isinstance(self.target, ast.Subscript) else self.target
        assert isinstance(base, ast.Name)
        return base.id

    def replaced(self, rates: Collection[str]) -> tuple[list[ast.stmt], str]:
        """Return statements that name the gradient and take a step of our size, and that name.

        The step is taken all the same: what is computed after it may see the parameter moved.
        """
        gradient, signed = without_rate(self.step, rates)
        if signed != self.added:  # what is added is the negative gradient
            gradient = ast.UnaryOp(ast.USub(), gradient)
        made: list[ast.stmt] = []
        if isinstance(gradient, ast.Name):
            name = gradient.id
        else:
            name = f"d_{self.key}"
            made.append(ast.Assign([ast.Name(name, ast.Store())], gradient))
        moved = copy.deepcopy(self.target)
        assert isinstance(moved, (ast.Name, ast.Subscript))
        moved.ctx = ast.Load()
        step = ast.BinOp(ast.Constant(RATE), ast.Mult(), ast.Name(name, ast.Load()))
        after = ast.BinOp(moved, ast.Sub(), step)
        made.append(ast.Assign([copy.deepcopy(self.target)], after))
        return [
            ast.fix_missing_locations(ast.copy_location(each, self.node)) for each in made
        ], name


def moves(node: ast.stmt) -> Iterator[Move]:
    """Yield the move that a statement is, if it is one: ``P -= …``, ``P = P - …``, or with +."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        if _parameter(node.target):
            yield Move(node, node.target, node.value, isinstance(node.op, ast.Add))
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and _parameter(node.targets[0]):
        target, value = node.targets[0], node.value
        own = isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target)
        if own and isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
            yield Move(node, target, value.right, isinstance(value.op, ast.Add))


def _parameter(target: ast.expr) -> bool:
    if isinstance(target, ast.Name):
        return True
    return (
        isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Name)
        and isinstance(target.slice, ast.Constant)
        and isinstance(target.slice.value, str)
    )


def without_rate(node: ast.expr, rates: Collection[str]) -> tuple[ast.expr, bool]:
    """Return what a rate is multiplied with, and whether a minus stood before it.

    Parameters
    ----------
    node : ast.expr
    rates : collection of str
        Names of rates, beside the usual ones.

    Examples
    --------
    >>> found, minus = without_rate(ast.parse("-eps * dW / m", mode="eval").body, ["eps"])
    >>> ast.unparse(found), minus
    ('dW / m', True)
    """
    rest, minus = _spine(node, rates, numbers=True)
    return (copy.deepcopy(node), False) if rest is None else (rest, minus)


def _spine(node: ast.expr, rates: Collection[str], numbers: bool) -> tuple[ast.expr | None, bool]:
    """Return an expression without its rate, ``None`` for the rate alone, and its sign.

    A number is a rate where it multiplies the whole step; in a sum it may be that of a penalty.
    """
    rest: ast.expr | None = copy.deepcopy(node)
    minus = False
    if _rate(node, rates, numbers):
        rest = None
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        rest, minus = _spine(node.operand, rates, numbers)
        minus = not minus
    elif isinstance(node, ast.BinOp):
        numbers = numbers and not isinstance(node.op, (ast.Add, ast.Sub))
        left, first = _spine(node.left, rates, numbers)
        right, second = _spine(node.right, rates, numbers)
        if isinstance(node.op, ast.Div):
            over = ast.Constant(1.0) if left is None else left
            rest, minus = ast.BinOp(over, ast.Div(), copy.deepcopy(node.right)), first
        elif isinstance(node.op, ast.MatMult):  # lr * a.T @ d: the rate is the left side's
            whole = copy.deepcopy(node.left) if left is None else left
            minus = left is not None and first
            rest = ast.BinOp(whole, ast.MatMult(), copy.deepcopy(node.right))
        elif isinstance(node.op, ast.Mult):
            minus = first != second
            rest = ast.BinOp(left, ast.Mult(), right) if left and right else left or right
        elif left and right and _has_rate(node.left, rates) and _has_rate(node.right, rates):
            # lr * dW + lr * reg * W: of both terms, or of none
            rest = ast.BinOp(_signed(left, first), node.op, _signed(right, second))
    return rest, minus


def _signed(node: ast.expr, minus: bool) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node) if minus else node


def _has_rate(node: ast.expr, rates: Collection[str]) -> bool:
    """Return whether a named rate is a factor of a term."""
    if isinstance(node, ast.UnaryOp):
        return _has_rate(node.operand, rates)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.MatMult, ast.Div)):
        over = isinstance(node.op, ast.Div)
        return _has_rate(node.left, rates) or (not over and _has_rate(node.right, rates))
    return _rate(node, rates, numbers=False)


def _rate(node: ast.expr, rates: Collection[str], numbers: bool) -> bool:
    if isinstance(node, ast.Constant):
        return numbers and isinstance(node.value, float)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return bool(name) and (name in rates or role(name) == "rate")
