"""Lines of source: how long ones are broken, as formatters do."""

from __future__ import annotations

import re
import textwrap

LINE = 100  # characters at most
INDENT = "    "


def wrapped(statement: str, indent: str, comment: str = "") -> list[str]:
    """Return a statement on one line, or in parentheses, broken before its outermost + and -."""
    if len(indent + statement + comment) <= LINE:
        return [indent + statement + comment]
    head, space, rest = statement.partition(" = ")
    if not space:
        head, space, rest = statement.partition(" ")
    call = re.fullmatch(r"([\w.]+\()(.*)\)", rest)
    arguments = _at_outermost(call[2], (",",)) if call else []
    if call and arguments:
        inside = [f"{indent}{INDENT}{argument.lstrip(', ')}," for argument in arguments]
        return [f"{indent}{head}{space}{call[1]}", *inside, f"{indent}){comment}"]
    pieces = _at_outermost(rest, ("+", "-")) or _at_outermost(rest, ("*", "/", "@")) or [rest]
    inner = indent + INDENT
    return [f"{indent}{head}{space}(", *(inner + piece for piece in pieces), f"{indent}){comment}"]


def _at_outermost(expression: str, signs: tuple[str, ...]) -> list[str]:
    """Split before operators that stand in no parentheses; empty where there are none."""
    depth, start, pieces = 0, 0, []
    for place, character in enumerate(expression):
        depth += (character in "([{") - (character in ")]}")
        spaced = character == "," or expression[place - 1 : place + 2] == f" {character} "
        if depth == 0 and character in signs and spaced:
            pieces.append(expression[start:place].rstrip())
            start = place
    return [*pieces, expression[start:]] if pieces else []


def quoted(comment: str, indent: str) -> list[str]:
    """Return a comment or docstring, continued on further lines where it is long."""
    if comment.startswith('"""'):
        if len(indent + comment) <= LINE:
            return [indent + comment]
        inside = textwrap.wrap(comment[3:-3], LINE - len(indent) - 6)
        return [f'{indent}"""{inside[0]}', *(indent + line for line in inside[1:]), f'{indent}"""']
    mark = comment[: len(comment) - len(comment.lstrip("# "))]
    return [
        indent + line
        for line in textwrap.wrap(
            comment,
            LINE - len(indent),
            subsequent_indent=mark + "  ",
            break_on_hyphens=False,
            drop_whitespace=True,
        )
    ]


def listed(start: str, items: list[str], end: str) -> list[str]:
    """Return a list on one line, or with one item a line."""
    line = f"{INDENT}{start}{', '.join(items)}{end}"
    if len(line) <= LINE:
        return [line]
    return [f"{INDENT}{start}", *(f"{INDENT * 2}{item}," for item in items), f"{INDENT}{end}"]
