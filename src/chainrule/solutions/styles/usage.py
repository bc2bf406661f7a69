"""How functions use what they are given: lists taken apart, labels, one example or many."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chainrule.solutions.styles.signatures import Signature, is_name


@dataclass(frozen=True)
class Use:
    """How a function handles an argument that may be a list.

    Parameters
    ----------
    unpacked : tuple of str
        Names that it is taken apart into.
    largest : int
        The largest constant place that is read; -1 where none is.
    keyed : bool
        Whether it is read by strings.
    looped : bool
        Whether it is looped over, or read at places that are computed.
    pairs : bool
        Whether what is in it is taken apart in its turn.
    """

    unpacked: tuple[str, ...] = ()
    largest: int = -1
    keyed: bool = False
    looped: bool = False
    pairs: bool = False

    @property
    def listed(self) -> bool:
        """Whether it is a list or a tuple."""
        return bool(self.unpacked) or self.largest >= 0 or self.looped


def use_of(signature: Signature, name: str) -> Use:
    """Return how a function handles an argument."""
    unpacked: tuple[str, ...] = ()
    largest, keyed, looped, pairs = -1, False, False, False
    for node in ast.walk(signature.node):
        if isinstance(node, ast.Assign) and is_name(node.value, name):
            target = node.targets[0]
            if isinstance(target, (ast.Tuple, ast.List)):
                unpacked = tuple(e.id if isinstance(e, ast.Name) else "" for e in target.elts)
                pairs |= any(isinstance(each, ast.Tuple) for each in target.elts)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Tuple, ast.List)):
            pairs |= isinstance(node.value, ast.Subscript) and is_name(node.value.value, name)
        elif isinstance(node, ast.Subscript) and is_name(node.value, name):
            place = node.slice
            number = isinstance(place, ast.Constant) and isinstance(place.value, int)
            if number:
                largest = max(largest, ast.literal_eval(place))
            elif _stringy(place):
                keyed = True
            elif not isinstance(place, ast.Tuple):  # else an array with two axes
                looped = True
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
            pairs |= is_name(node.value.value, name)
        elif isinstance(node, (ast.For, ast.comprehension)):
            over, paired = _loop(node, name)
            looped |= over
            pairs |= paired
    return Use(unpacked, largest, keyed, looped, pairs)


def _loop(node: ast.For | ast.comprehension, name: str) -> tuple[bool, bool]:
    """Return whether a loop runs over a list, and whether over pairs in it."""
    inside = {each.id for each in ast.walk(node.iter) if isinstance(each, ast.Name)}
    shape = any(isinstance(each, ast.Attribute) for each in ast.walk(node.iter))
    if name not in inside or shape:
        return False, False
    target = node.target
    if "enumerate" in inside and isinstance(target, ast.Tuple):
        target = target.elts[-1]
    alone = inside <= {name, "enumerate", "reversed", "list"}
    return True, alone and isinstance(target, ast.Tuple)


def _stringy(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.JoinedStr)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )


def one_by_one(tree: ast.AST, signature: Signature, places: Sequence[int]) -> bool:
    """Return whether a function is called with one example after the other.

    Parameters
    ----------
    tree : ast.AST
        All cells.
    signature : Signature
    places : sequence of int
        Arguments that are inputs.
    """
    loops = [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.comprehension))]
    looped = {
        name.id
        for loop in loops
        if not re.search(r"batch", ast.unparse(loop.iter) + ast.unparse(loop.target), re.I)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and is_name(node.func, signature.name)):
            continue
        for place in places:
            given = node.args[place] if place < len(node.args) else None
            if isinstance(given, ast.Name) and given.id in looped:
                return True
            if isinstance(given, ast.Subscript):
                inside = {n.id for n in ast.walk(given.slice) if isinstance(n, ast.Name)}
                plain = isinstance(given.slice, (ast.Name, ast.Tuple))
                if plain and inside & looped and not isinstance(given.slice, ast.Slice):
                    return True
    return False


ENCODES = re.compile(
    r"one_?hot|onehot|encod|categorical|dummies|binari[sz]e|to_?vector|vectori[sz]e", re.I
)


def takes_labels(signature: Signature, name: str, known: Mapping[str, Signature]) -> bool:
    """Return whether an argument is used as whole numbers: to pick, or to be encoded."""
    waiting, seen = [(signature, name)], set()
    while waiting:
        each, argument = waiting.pop()
        if (each.name, argument) in seen:
            continue
        seen.add((each.name, argument))
        for node in ast.walk(each.node):
            if isinstance(node, ast.Subscript):
                inside = {n.id for n in ast.walk(node.slice) if isinstance(n, ast.Name)}
                if argument in inside and not is_name(node.value, argument):
                    return True
            elif isinstance(node, ast.Call):
                places = [i for i, value in enumerate(node.args) if is_name(value, argument)]
                function = ast.unparse(node.func).rpartition(".")[2]
                if places and ENCODES.search(function):
                    return True
                if places and function in known:
                    arguments = known[function].arguments
                    waiting += [
                        (known[function], arguments[i]) for i in places if i < len(arguments)
                    ]
    return False
