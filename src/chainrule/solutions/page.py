"""A report as a page in HTML that stands alone, and as a fragment for a notebook.

It has the order of the terminal: functions, causes, remarks. Below stands the whole code, with the
lines that are meant marked. The style of all pages is in `render.page`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from chainrule.render import formulas
from chainrule.render import page as pages
from chainrule.solutions import wording
from chainrule.solutions.cells import Cell
from chainrule.solutions.findings import Finding, Judged, Place, Report

STYLE = """
.chainrule .sum { font-size: 1.05rem; margin: .5rem 0 .2rem; }
.chainrule .sum b { margin-right: .4rem; }
.chainrule .quiet { opacity: .75; font-size: .92rem; }
.chainrule table.functions { width: 100%; }
.chainrule.page { max-width: 54rem; }
.chainrule .functions td { border-bottom: 1px solid #8883; padding: .28rem .8rem .28rem 0; }
.chainrule .functions td:first-child { width: 1.2rem; padding-right: .5rem; }
.chainrule .functions td:nth-child(2) { width: 32%; }
.chainrule .functions td:nth-child(3) { width: 20%; }
.chainrule .functions td:last-child { padding-right: 0; }
.chainrule code, .chainrule .source { font: 14px/1.45 ui-monospace, SFMono-Regular, Menlo,
  "DejaVu Sans Mono", monospace; }
.chainrule .cause { margin: 1.1rem 0 1.6rem; padding-left: .9rem; border-left: 3px solid #d55e00; }
.chainrule .cause h3 { font-size: 1rem; line-height: 1.35; margin: 0 0 .2rem; }
.chainrule .remark { margin: .8rem 0; padding-left: .9rem; border-left: 3px solid #8886; }
.chainrule .slug { font-weight: 400; opacity: .7; font-size: .88rem; white-space: nowrap; }
.chainrule .source { margin: .5rem 0; overflow-x: auto; border-radius: 4px; background: #8881;
  padding: .35rem 0; }
.chainrule .source div { padding: 0 .7rem; white-space: pre; min-width: max-content; }
.chainrule .source i { display: inline-block; min-width: 2.4em; margin-right: 1em; opacity: .5;
  text-align: right; font-style: normal; }
.chainrule .source .meant { background: #d55e0026; box-shadow: inset 3px 0 #d55e00; }
.chainrule .source .noted { background: #f5a83d2e; box-shadow: inset 3px 0 #d9900f; }
.chainrule .source .better { background: #009e7326; box-shadow: inset 3px 0 #009e73; }
.chainrule .source .better { white-space: pre-wrap; min-width: 0; }
.chainrule dd .source { margin: 0; }
.chainrule .source div:target { outline: 2px solid #0072b2; outline-offset: -2px; }
.chainrule dl { display: grid; grid-template-columns: 5rem minmax(0, 1fr);
  gap: .25rem 1rem; margin: .5rem 0 0; align-items: baseline; }
.chainrule dt { color: #767676; font-size: .92rem; } .chainrule dd { margin: 0; }
.chainrule dd.formula { overflow-x: auto; overflow-y: hidden; }
.chainrule dd.formula .shape { margin-left: 1.2rem; }
.chainrule .mend { font-weight: 600; }
.chainrule a { color: #0072b2; text-underline-offset: .15em; }
.chainrule details { margin-top: 1.6rem; } .chainrule summary { cursor: pointer; }
@media (max-width: 34rem) { .chainrule dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .chainrule dt { margin-top: .35rem; }
  .chainrule .functions tr { display: grid; grid-template-columns: 1.6rem minmax(0, 1fr) auto;
    border-bottom: 1px solid #8883; }
  .chainrule .functions td, .chainrule .functions td:nth-child(n) { border: 0; width: auto; }
  .chainrule .functions td:nth-child(3) { text-align: right; padding-right: 0; }
  .chainrule .functions span { white-space: normal; }
  .chainrule .functions td:last-child { grid-column: 2 / -1; padding-top: 0; } }
@media print { .chainrule .cause, .chainrule .remark, .chainrule tr { break-inside: avoid; }
  .chainrule h2 { break-after: avoid; } .chainrule .source { overflow: visible; }
  .chainrule .source div { white-space: pre-wrap; min-width: 0; print-color-adjust: exact; } }
@media (prefers-color-scheme: dark) { .chainrule.page a { color: #6db7ea; }
  .chainrule.page .right { color: #2fc79a; } .chainrule.page .wrong { color: #ff8a3c; } }
"""


def page(report: Report) -> str:
    """Return a report as a page that stands alone: one file, no script, nothing from outside.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    title = wording.name_of(report.path)
    parts = [f"<h1>{escape(title)}</h1>", *_body(report), *_whole(report)]
    return pages.page(f"{title}: {wording.summary(report)}", "\n".join(parts), STYLE)


def fragment(report: Report) -> str:
    """Return a report as a fragment with its style, for a notebook.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    return pages.fragment("\n".join(_body(report)), STYLE)


def _body(report: Report) -> Iterator[str]:
    kind = {0: "right", 1: "wrong"}.get(report.status, "open")
    mark = {0: "✓", 1: "✗"}.get(report.status, "–")
    said = escape(wording.summary(report))
    yield f"<p class='sum'><b class='{kind}'>{mark}</b>{said}</p>"
    beside = [escape(report.style), escape("; ".join(report.reading))]
    for label, words in zip(("written as", "read as"), beside, strict=True):
        if words:
            yield f"<p class='quiet'>{label}: {words}</p>"
    for heading, judged in wording.groups(report):
        yield f"<h2>{heading}</h2>"
        yield "<table class='functions'>"
        for each in judged:
            yield _function(report, each)
        yield "</table>"
    if report.findings:
        yield "<h2>what to mend</h2>"
    for number, finding in enumerate(report.findings, start=1):
        yield from _cause(report, number, finding)
    if report.remarks:
        yield "<h2>remarks</h2>"
    for remark in report.remarks:
        yield from _remark(remark, report.source)


def _function(report: Report, judged: Judged) -> str:
    kind = wording.kind(judged.verdict)
    words = escape(wording.beside(report, judged))
    shown = ""
    explained = judged.verdict.good or wording.numbered(report, judged)
    if judged.place is not None and not explained:
        shown = "".join(_place(judged.place, report.source))
    cells = (
        f"<span class='{kind}'>{wording.mark(judged.verdict)}</span>",
        f"<code>{escape(judged.name)}</code>",
        f"<span class='{kind}'>{escape(judged.verdict.value)}</span>",
        f"<div class='quiet'>{words}</div>{shown}",
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cause(report: Report, number: int, finding: Finding) -> Iterator[str]:
    yield "<div class='cause'>"
    yield f"<h3>{number}. {_said(finding, report)}</h3>"
    if finding.place is not None:
        yield from _place(finding.place, report.source)
    yield "<dl>"
    shape = f"<span class='shape'>{escape(finding.shape)}</span>" if finding.shape else ""
    for label, equation in (("computed", finding.computed), ("right", finding.right)):
        if equation:
            kind = "wrong" if label == "computed" else "right"
            formula = formulas.of_text(equation)
            yield f"<dt><span class='{kind}'>{label}</span></dt>"
            yield f"<dd class='formula'>{formula}{shape}</dd>"
    yours = wording.yours(report, finding)
    mend = wording.called(finding.suggestion, report)
    rows = (
        ("in yours", f"<span class='quiet'>{escape(yours)}</span>", yours),
        ("spoils", f"<code>{escape(wording.spoiled(report, finding))}</code>", finding.entries),
        ("or", pages.words(wording.ties(finding)), finding.ties),
        (
            "mend",
            f"<span class='mend'>{pages.words(mend)}</span>",
            mend,
        ),
    )
    yield from (f"<dt>{label}</dt><dd>{words}</dd>" for label, words, wanted in rows if wanted)
    for label, line in wording.mended(finding):
        shown = f"<div class='source'><div class='better'>{escape(line)}</div></div>"
        yield f"<dt>{label}</dt><dd>{shown}</dd>"
    yield "</dl>"
    yield "</div>"


def _remark(remark: Finding, source: Sequence[Cell]) -> Iterator[str]:
    yield f"<div class='remark'><p>{_said(remark)}</p>"
    if remark.place is not None:
        yield from _place(remark.place, source, around=0, kind="noted")
    if remark.suggestion:
        yield f"<p>→ {pages.words(remark.suggestion)}</p>"
    yield "</div>"


def _said(finding: Finding, report: Report | None = None) -> str:
    """Return the sentence of a finding, with its name in the catalogue set apart."""
    sentence, _, slug = wording.said(finding, report).partition("  ")
    return pages.words(sentence) + (f" <span class='slug'>{escape(slug)}</span>" if slug else "")


def _place(
    place: Place,
    source: Sequence[Cell],
    around: int = wording.AROUND,
    kind: str = "meant",
) -> Iterator[str]:
    said = escape(wording.where(place, source))
    yield f"<div class='quiet'>{said}</div>"
    shown = wording.excerpt(place, source, around)
    if shown:
        lines = (_line(each.number, each.text, kind if each.marked else "") for each in shown)
        yield f"<div class='source'>{''.join(lines)}</div>"


def _line(number: int, code: str, kind: str = "") -> str:
    marked = f" class='{kind}'" if kind else ""
    return f"<div{marked}><i>{number}</i>{escape(code) or ' '}</div>"


def _whole(report: Report) -> Iterator[str]:
    """All of the code, folded away, with the lines that are meant marked."""
    if not report.source:
        return
    meant = {(f.place.cell, f.place.line): "meant" for f in report.findings if f.place}
    noted = {(f.place.cell, f.place.line): "noted" for f in report.remarks if f.place}
    yield "<details><summary>the whole code</summary>"
    for cell in report.source:
        if not cell.source.strip():
            continue
        name = wording.cell_name(Place(cell.first_line, cell.number), report.source)
        if name:
            yield f"<p class='quiet'>{name}</p>"
        lines = (
            _line(number, line.expandtabs(4), {**noted, **meant}.get((cell.number, number), ""))
            for number, line in enumerate(cell.source.rstrip().split("\n"), cell.first_line)
        )
        yield f"<div class='source'>{''.join(lines)}</div>"
    yield "</details>"
