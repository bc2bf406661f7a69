"""Text → pieces of code: exported notebooks, files with marks, of marimo, fenced, plain Python.

An export as text shows what a cell printed below its code, after an empty line and often without a
mark. So of what stands between two marks the longest beginning that is Python is the code.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from chainrule.solutions.syntax import parse

Piece = tuple[str, int | None, int | None, int]
"""Source, number, execution count, first line."""

IN = re.compile(r"^\s*#?\s*In\s?\[\s*(\d*|\*)\s*\]:?\s?(.*)$")
OUT = re.compile(r"^\s*#?\s*Out\s?\[\s*\d*\s*\]:?")
PERCENT = re.compile(r"^#\s?%%(.*)$")
MARIMO = re.compile(r"^app\s*=\s*marimo\.App\(", re.MULTILINE)
FENCE = re.compile(r"^```+\s*\{?(?:python|py|ipython3?)\b.*$", re.IGNORECASE)


def split(text: str) -> list[Piece]:
    r"""Return the pieces of code in a text.

    Parameters
    ----------
    text : str
        With ``\n`` at the ends of lines.

    Examples
    --------
    >>> split("In [1]:\nm = 3\nprint(m)\n\n3 apples\nIn [2]:\nn = 4")
    [('\nm = 3\nprint(m)', 1, 1, 1), ('\nn = 4', 2, 2, 6)]
    """
    lines = text.split("\n")
    if MARIMO.search(text):
        found = list(_marimo(text, lines))
        if found:
            return found
    if any(IN.match(line) for line in lines):
        return list(_marked(lines))
    if any(PERCENT.match(line) for line in lines):
        return list(_percent(lines))
    if any(FENCE.match(line) for line in lines):
        whole = parse(text)
        if whole.error is not None or whole.repairs:  # else the fence stands in a text of theirs
            return list(_fenced(lines))
    return [(text, None, None, 1)]


def _marked(lines: list[str]) -> Iterator[Piece]:
    marks = [place for place, line in enumerate(lines) if IN.match(line)]
    before = parse("\n".join(lines[: marks[0]]))
    if before.tree.body and before.error is None and not before.repairs:  # no title, no prose
        yield "\n".join(lines[: marks[0]]), None, 0, 1
    for place, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        found = IN.match(lines[place])
        assert found is not None
        count, rest = found.groups()
        body = lines[place + 1 : end]
        out = next((i for i, line in enumerate(body) if OUT.match(line)), len(body))
        number = int(count) if count.isdigit() else None
        yield _beginning([rest, *body[:out]]), number, number, place + 1


def _beginning(lines: list[str]) -> str:
    """Return the longest beginning, up to an empty line, that is Python; all of it if none is."""
    end = len(lines)
    while any(line.strip() for line in lines[:end]):
        found = parse("\n".join(lines[:end]))
        if found.error is None and all(repair.exact for repair in found.repairs):
            return "\n".join(lines[: _printed(lines[:end], found.tree)]).rstrip()
        # What stands above the line of the error decides: no longer beginning can be Python.
        stopped = min(end, (found.error.lineno or end) if found.error is not None else end)
        end = next((i for i in reversed(range(1, stopped)) if not lines[i].strip()), 0)
    return "\n".join(lines).rstrip()


def _printed(lines: list[str], tree: ast.Module) -> int:
    """Return where the code ends if what stands last looks like Python, and was printed.

    ``cost = 0.25`` below an empty line, in a cell whose code ended with a call of `print`.
    """
    last = next((i for i in reversed(range(len(lines))) if not lines[i].strip() and i), None)
    while last is not None and not any(line.strip() for line in lines[last:]):
        last = next((i for i in reversed(range(1, last)) if not lines[i].strip()), None)
    if last is None:
        return len(lines)
    above = [node for node in tree.body if node.lineno <= last]
    below = [node for node in tree.body if node.lineno > last]
    bare = all(isinstance(node, ast.Expr) or _literal(node) for node in below)
    shown = above and isinstance(above[-1], (ast.Expr, ast.For, ast.While))
    return last if below and bare and shown else len(lines)


def _literal(node: ast.stmt) -> bool:
    """Return whether a statement is ``name = number``."""
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError):
        return False
    return True


def _percent(lines: list[str]) -> Iterator[Piece]:
    marks = [place for place, line in enumerate(lines) if PERCENT.match(line)]
    starts = marks if not any(line.strip() for line in lines[: marks[0]]) else [0, *marks]
    for number, (place, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), 1):
        match = PERCENT.match(lines[place])
        if match is None or not re.search(r"\[(markdown|md|raw)\]", match[1]):
            yield "\n".join(lines[place:end]), number, None, place + 1


def _marimo(text: str, lines: list[str]) -> Iterator[Piece]:
    """Yield the cells of a marimo notebook, which are bodies of functions that return globals.

    So are those of ``with app.setup``; what is ``@app.function`` or ``@app.class_definition``
    stands at the top already.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:  # it is read as any Python file then, and said to be broken
        return
    number = 0
    for node in tree.body:
        if isinstance(node, ast.With):
            marks = [ast.unparse(item.context_expr) for item in node.items]
            body = node.body
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            marks = [ast.unparse(each) for each in node.decorator_list]
            body = node.body
        else:
            continue
        kinds = {mark.partition("(")[0] for mark in marks}
        if kinds & {"app.function", "app.class_definition"}:
            number += 1
            yield "\n".join(lines[node.lineno - 1 : node.end_lineno]), number, None, node.lineno
        elif kinds & {"app.cell", "app.setup"}:
            number += 1
            last = body[-1]
            end = last.lineno - 1 if isinstance(last, ast.Return) else last.end_lineno
            first = body[0].lineno
            held = lines[first - 1 : end]
            if held:
                yield textwrap.dedent("\n".join(held)), number, None, first


def _fenced(lines: list[str]) -> Iterator[Piece]:
    number, start = 0, None
    for place, line in enumerate(lines):
        if start is None and FENCE.match(line):
            number, start = number + 1, place + 1
        elif start is not None and line.startswith("```"):
            yield "\n".join(lines[start:place]), number, None, start + 1
            start = None
    if start is not None:
        yield "\n".join(lines[start:]), number, None, start + 1
