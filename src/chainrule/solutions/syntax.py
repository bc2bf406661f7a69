"""Text as it is met in the wild → a syntax tree, by named repairs that the parser asks for.

The parser says in which line it stopped; the first repair of `REPAIRS` that knows that line changes
it, and the parser tries again. No repair moves a line: numbers stay those of the text. A repair
that loses what a person may have meant is not `exact`: then statements of the cell do not count,
only its functions and classes. Of a function no line is ever dropped but magics and prints.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Lines = list[str]

MOST_REPAIRS = 80
PYTHON_MAGICS = ("time", "timeit", "capture", "prun", "writefile", "check_gradients", "python3")
TYPOGRAPHIC = str.maketrans(
    {
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("−–‐‑", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
        "×": "*",
        "，": ",",
        "（": "(",
        "）": ")",
        "：": ":",
    }
)
MAGIC = re.compile(r"^(\s*)(?:%{1,2}[A-Za-z]|!|\?|\w+(?:\s*,\s*\w+)*\s*=\s*(?:!|%[a-z]))")
HELP = re.compile(r"^(\s*)[\w.]+\?{1,2}\s*$")
FENCE = re.compile(r"^(\s*)(?:```|~~~)")
PRINT = re.compile(r"^(.*?)\bprint\b(?!\s*=)(.*)$")
EMPTY_BLOCK = re.compile(r"expected an indented block after .* on line (\d+)")
DEFINITION = re.compile(r"(?:async\s+def|def|class)\s")
LAMBDA = re.compile(r"(\w+)\s*=\s*lambda\b")
DECORATOR = re.compile(r"@\w")


@dataclass(frozen=True)
class Repair:
    """One row: a mishap, and what is done about it.

    Parameters
    ----------
    name : str
    says : str
        What was met, for the report; empty where it is nobody's business.
    mend : callable
        From lines and the error to other lines, as many; ``None`` if this is not the mishap.
    exact : bool
        Whether the text means the same as before to the person who wrote it.
    """

    name: str
    says: str
    mend: Callable[[Lines, SyntaxError], Lines | None]
    exact: bool = True


@dataclass(frozen=True)
class Parsed:
    """What became of a text.

    Parameters
    ----------
    tree : ast.Module
        With the line numbers of the text.
    repairs : tuple of Repair
        That were needed, each once.
    error : SyntaxError or None
        Why it is no Python in spite of them; the tree then holds what could be rescued.
    lost : tuple of (str, SyntaxError)
        Functions and classes that could not be, and why.
    lines : mapping of str to int
        The line on which each repair was needed first, by its name.
    """

    tree: ast.Module
    repairs: tuple[Repair, ...] = ()
    error: SyntaxError | None = None
    lost: tuple[tuple[str, SyntaxError], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


def parse(source: str) -> Parsed:
    r"""Return the syntax tree of a text.

    Parameters
    ----------
    source : str

    Returns
    -------
    Parsed

    Examples
    --------
    >>> found = parse("%matplotlib inline\ndef f(x):\n    print x\n    return x")
    >>> [repair.name for repair in found.repairs]
    ['magic', 'python2_print']
    >>> [node.name for node in found.tree.body if isinstance(node, ast.FunctionDef)]
    ['f']
    """
    lines = _cell_magic(source.split("\n"))
    used: list[Repair] = []
    met: dict[str, int] = {}
    for _ in range(MOST_REPAIRS):
        found = _tree(lines)
        if isinstance(found, ast.Module):
            if not all(repair.exact for repair in used):
                found.body = [node for node in found.body if _defines(node) or _is_lambda(node)]
            return Parsed(found, tuple(dict.fromkeys(used)), lines=met)
        for repair in REPAIRS:
            mended = repair.mend(lines, found)
            if mended is not None:
                lines = mended
                used.append(repair)
                met.setdefault(repair.name, found.lineno or 1)
                break
        else:
            break
    error = _tree(lines)
    assert isinstance(error, SyntaxError)
    tree, lost = _rescued(lines)
    return Parsed(tree, tuple(dict.fromkeys(used)), error, lost, met)


def _tree(lines: Lines) -> ast.Module | SyntaxError:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\s" in a docstring is nobody's business here
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as problem:
            return problem
        except (ValueError, RecursionError, MemoryError) as problem:  # a NUL, or nested without end
            return SyntaxError(str(problem) or type(problem).__name__, ("", 1, 1, lines[0]))


def _defines(node: ast.stmt) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return isinstance(node, kinds)


def _is_lambda(node: ast.stmt) -> bool:
    """Return whether a function is defined in the form of an assignment."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


def _cell_magic(lines: Lines) -> Lines:
    """Empty a cell that another language begins, as ``%%bash`` does."""
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or not lines[first].lstrip().startswith("%%"):
        return lines
    word = re.match(r"\s*%%(\w*)", lines[first])
    name = word[1] if word else ""
    other = name not in PYTHON_MAGICS or (name == "writefile" and ".py" not in lines[first])
    return [""] * len(lines) if other else [*lines[:first], "", *lines[first + 1 :]]


def _at(lines: Lines, error: SyntaxError) -> tuple[int, str]:
    """Return the place and text of the line in which the parser stopped."""
    place = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    return place, lines[place]


def _changed(lines: Lines, place: int, line: str) -> Lines:
    return [*lines[:place], line, *lines[place + 1 :]]


def _magic(lines: Lines, error: SyntaxError) -> Lines | None:
    place, line = _at(lines, error)
    match = MAGIC.match(line) or HELP.match(line)
    return _changed(lines, place, f"{match[1]}pass") if match else None


def _fence(lines: Lines, error: SyntaxError) -> Lines | None:
    place, line = _at(lines, error)
    match = FENCE.match(line)
    return _changed(lines, place, match[1]) if match else None


def _typographic(lines: Lines, error: SyntaxError) -> Lines | None:
    """Change the line only: an identifier or a text elsewhere keeps its characters."""
    place, line = _at(lines, error)
    mended = line.translate(TYPOGRAPHIC)
    return _changed(lines, place, mended) if mended != line and "invalid" in error.msg else None


def _print(lines: Lines, error: SyntaxError) -> Lines | None:
    """Leave out what Python 2 prints, with the lines on which it goes on."""
    if "print" not in error.msg:
        return None
    place, line = _at(lines, error)
    match = PRINT.match(line)
    if match is None or match[1].count('"') % 2 or match[1].count("'") % 2:
        return None
    found = _changed(lines, place, f"{match[1]}pass")
    text = match[2]
    while place + 1 < len(lines) and (text.rstrip().endswith("\\") or _open(text)):
        place += 1
        text = text.rstrip().rstrip("\\") + lines[place]
        found[place] = ""
    return found


def _open(text: str) -> bool:
    """Return whether brackets are open at the end of a text."""
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|#.*", "", text)
    return sum(bare.count(each) for each in "([{") > sum(bare.count(each) for each in ")]}")


def _python2(lines: Lines, error: SyntaxError) -> Lines | None:
    place, line = _at(lines, error)
    for pattern, text in (
        (r"^(\s*except\s+[\w.]+|\s*except\s+\([\w., ]+\))\s*,\s*(\w+)\s*:", r"\1 as \2:"),
        (r"^(\s*)raise\s+([\w.]+)\s*,\s*(.+)$", r"\1raise \2(\3)"),
        (r"<>", "!="),
        (r"\b(\d+)[lL]\b", r"\1"),
        (r"\bur(['\"])", r"r\1"),
        (r"`([^`]+)`", r"repr(\1)"),
        (r"^(\s*)exec\s+(.+)$", r"\1exec(\2)"),
    ):
        mended = re.sub(pattern, text, line)
        if mended != line:
            return _changed(lines, place, mended)
    return None


def _tabs(lines: Lines, error: SyntaxError) -> Lines | None:
    """Python 2 read a tab as eight columns beside spaces."""
    mixed = isinstance(error, TabError) or "unindent does not match" in error.msg
    mended = [line.expandtabs(8) for line in lines]
    return mended if mixed and mended != lines else None


def _leading(lines: Lines, error: SyntaxError) -> Lines | None:
    """Take away the indentation of a block that nothing at the top opens."""
    if "unexpected indent" not in error.msg:
        return None
    place, line = _at(lines, error)
    width = len(line) - len(line.lstrip())
    before = next((each for each in reversed(lines[:place]) if _code(each)), "")
    if before[:1].isspace() or before.rstrip().endswith(":"):
        return None
    found = list(lines)
    for i in range(place, len(lines)):
        text = lines[i]
        if _code(text) and text[:width].strip():
            break
        found[i] = text[width:] if not text[:width].strip() else text
    return found


def _code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _empty_block(lines: Lines, error: SyntaxError) -> Lines | None:
    """Fill a function in which nothing but comments stands; it is reported as unfinished."""
    match = EMPTY_BLOCK.search(error.msg)
    if match is None:
        return None
    for place in range(int(match[1]) - 1, min(int(match[1]) + 20, len(lines))):
        mended = re.sub(r":\s*(#.*)?$", r": pass  \1", lines[place]).rstrip()
        if mended != lines[place].rstrip():
            return _changed(lines, place, mended)
    return None


def _prose(lines: Lines, error: SyntaxError) -> Lines | None:
    """Leave out a line of words, where no function is open above it."""
    place, line = _at(lines, error)
    if line[:1].isspace() or not _code(line) or DEFINITION.match(line) or DECORATOR.match(line):
        return None
    bare = line.strip()
    listed = re.match(r"(?:[-*+•>]|\d+[.)]|[$|\\<])\s*\S", bare) is not None
    words = re.findall(r"[^\W\d_][\w'’-]*", bare)
    formula = re.search(r"^\s*[\w.\[\], ]+\s*[-+*/@]?=[^=]|\w\(", bare) is not None
    if (len(words) >= 3 and not formula) or listed or re.fullmatch(r"[=\-_*~.#]{3,}", bare):
        return _changed(lines, place, "")
    return None


REPAIRS: tuple[Repair, ...] = (
    Repair("magic", "", _magic),
    Repair("fence", "a Markdown fence stands in a code cell", _fence),
    Repair(
        "typographic", "typographic quotes, minus signs or spaces stand in the code", _typographic
    ),
    Repair("python2_print", "it prints as Python 2 does", _print),
    Repair("python2", "it is written for Python 2", _python2),
    Repair("tabs", "tabs and spaces are mixed as Python 2 allowed", _tabs),
    Repair("leading_indentation", "a block at the top is indented, and nothing opens it", _leading),
    Repair("empty_block", "", _empty_block),
    Repair(
        "prose", "prose stands in a code cell; of it, only functions count", _prose, exact=False
    ),
)
"""In the order in which they are tried."""


def _rescued(lines: Lines) -> tuple[ast.Module, tuple[tuple[str, SyntaxError], ...]]:
    """Return the functions and classes that parse by themselves, and names of those that do not.

    A function in the form of an assignment is one as well; one that does not parse is not missed.
    """
    body: list[ast.stmt] = []
    lost: list[tuple[str, SyntaxError]] = []
    for start in (i for i, x in enumerate(lines) if DEFINITION.match(x) or LAMBDA.match(x)):
        after = range(start + 1, len(lines))
        end = next((i for i in after if re.match(r"[^\s#)\]}]", lines[i])), len(lines))
        found = _piece([""] * start + lines[start:end])
        if isinstance(found, ast.Module):
            body += [node for node in found.body if _defines(node) or _is_lambda(node)]
        else:
            name = re.match(r"(?:async\s+def|def|class)\s+(\w+)", lines[start])
            lost += [(name[1], found)] if name else []
    return ast.Module(body, []), tuple(lost)


def _piece(lines: Lines) -> ast.Module | SyntaxError:
    for _ in range(MOST_REPAIRS):
        found = _tree(lines)
        if isinstance(found, ast.Module):
            return found
        mended = next((m for r in REPAIRS if (m := r.mend(lines, found)) is not None), None)
        if mended is None:
            break
        lines = mended
    return found
