"""Pages in HTML: a derivation, a trace, a report. They stand alone: no script, no network, no font.

Fragments are for notebooks: every rule of style is under one class, so that none leaks out, and
colours are the notebook's own, light or dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from chainrule.expr import Shape
from chainrule.render import text

Row = tuple[str, str, Shape, str]  # name, formula in MathML, shape, words

STYLE = """
.chainrule { font: 16px/1.45 system-ui, sans-serif; color: inherit; max-width: 72rem; }
.chainrule h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .4rem; }
.chainrule h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; padding-bottom: .2rem;
  border-bottom: 2px solid #0072b2; }
.chainrule p { margin: .2rem 0; }
.chainrule ol { list-style: none; margin: 0; padding: 0; }
.chainrule li { display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: 1rem;
  padding: .45rem .3rem; border-bottom: 1px solid #8884; }
.chainrule li:target { background: #f5a83d33; }
.chainrule .formula { overflow-x: auto; overflow-y: hidden; padding: .15rem 0; }
.chainrule math { font-size: 1.1rem; text-align: left; }
.chainrule mtd { text-align: left; padding: .1em .4em; }
.chainrule .shape { opacity: .7; white-space: nowrap; text-align: right; }
.chainrule .reason { grid-column: 1 / -1; opacity: .8; font-size: .92rem; max-width: 60rem; }
.chainrule table { border-collapse: collapse; }
.chainrule td, .chainrule th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0;
}
.chainrule pre { margin: 0; font: 13px/1.35 ui-monospace, monospace; overflow-x: auto; }
.chainrule .right { color: #009068; } .chainrule .wrong { color: #d55e00; font-weight: 600; }
.chainrule .open { opacity: .7; } .chainrule span { white-space: nowrap; }
@media (min-width: 62rem) {
  .chainrule li { grid-template-columns: minmax(0, 30rem) 5rem minmax(0, 1fr);
    align-items: center; }
  .chainrule .reason { grid-column: auto; }
  .chainrule li.long { grid-template-columns: minmax(0, 1fr) 5rem; }
  .chainrule li.long .reason { grid-column: 1 / -1; }
}
@media print { .chainrule li { break-inside: avoid; } }
"""

PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; color: #222; background: #fff; }
.chainrule.page { margin: 0 auto; padding: 1rem; }
@media (prefers-color-scheme: dark) { body { color: #e6e3dc; background: #16181c; } }"""

QUANTITY = re.compile(r"(?<!\w)([Wbzarhδ])(\d+)")
LONG = 60  # characters of a formula, as text, that ask for a line of their own


def derivation(
    title: str, given: Iterable[tuple[str, str, str]], parts: Mapping[str, Sequence[Row]]
) -> str:
    """Return a derivation as a fragment of a page.

    Parameters
    ----------
    title : str
        What was derived.
    given : iterable of (str, str, str)
        Formula, shape and meaning of what is given.
    parts : mapping of str to sequence of Row
        Per heading: name, formula, shape and reason of each equation.
    """
    lines = [
        f"<h1>{escape(title[:1].upper() + title[1:])}</h1>",
        "<p>A batch of <i>m</i> examples is a matrix with one example per column; "
        "∘ is the product entry by entry.</p>",
        "<h2>Given</h2>",
        "<table>",
        *(
            f"<tr><td>{formula}</td><td class='shape'>{dims}</td><td>{words(said)}</td></tr>"
            for formula, dims, said in given
        ),
        "</table>",
    ]
    for heading, rows in parts.items():
        lines += [f"<h2>{heading}</h2>", "<ol>", *map(_step, rows), "</ol>"]
    return "\n".join(lines)


def _step(row: Row) -> str:
    name, formula, dims, reason = row
    long = " class='long'" if formula.count("<m") > LONG else ""
    return (
        f"<li id='{escape(name)}'{long}><div class='formula'>{formula}</div>"
        f"<div class='shape'>{text.shape(dims)}</div>"
        f"<div class='reason'>{words(reason)}</div></li>"
    )


def words(said: str) -> str:
    """Return running text, such as a reason, as markup.

    Examples
    --------
    >>> words("down the column j of W3")
    'down the column j of <i>W</i><sub>3</sub>'
    """
    return QUANTITY.sub(r"<i>\1</i><sub>\2</sub>", escape(said, quote=False))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are markup."""
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def fragment(body: str, style: str = "") -> str:
    """Return a fragment with its style, and what is added to it, for a notebook."""
    return f"<div class='chainrule'><style>{STYLE}{style}</style>\n{body}\n</div>"


def page(title: str, body: str, style: str = "") -> str:
    """Return a page that stands alone, with what is added to the style of all."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{PAGE_STYLE}{STYLE}{style}</style>",
            "</head>",
            "<body>",
            f"<main class='chainrule page'>\n{body}\n</main>",
            "</body>",
            "</html>",
            "",
        ]
    )
