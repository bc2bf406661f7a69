"""Law: LaTeX compiles, HTML stands alone, and both read as was looked at and recorded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cases import CASES, by_name, draw
from chainrule import Network, check, register_activation, register_cost
from chainrule.expr import Op
from chainrule.render.spelling import SPELLING

GOLDEN = Path(__file__).parent / "golden" / "pages"
SHOWN = ("heart", "classes_penalised")
EVERY = {case.name: case.derivation() for case in CASES}
EVERY["outputs"] = by_name("tanh_deep").network().derive(of="outputs")
EVERY["inputs"] = by_name("classes").network().derive(inputs=True, weights=True)
VOID = {"meta", "br", "mspace"}


def own_network():
    """A person's own functions, with names that markup must not stumble over."""
    row = register_activation("odd", lambda z: z**3, lambda z: 3 * z**2, symbol="<i>&o_d")
    cost = register_cost(
        "sixth", lambda a, y: (a - y) ** 6, lambda a, y: 6 * (a - y) ** 5, symbol='"6%"'
    )
    return Network([2, 2, 1], activation=row, cost=cost)


def test_every_operation_has_a_spelling():
    assert set(SPELLING) == set(Op)


# LaTeX --------------------------------------------------------------------------------------

KNOWN = {
    "documentclass",
    "usepackage",
    "setlength",
    "parindent",
    "newcommand",
    "step",
    "displaystyle",
    "hfill",
    "small",
    "par",
    "nopagebreak",
    "vspace",
    "color",
    "hspace",
    "parbox",
    "textwidth",
    "begin",
    "end",
    "section",
    "subsection",
    "lambda",
    "sigma",
    "delta",
    "partial",
    "frac",
    "text",
    "top",
    "odot",
    "sum",
    "nolimits",
    "lVert",
    "rVert",
    "times",
    "left",
    "right",
    "mathopen",
    "cdot",
    "operatorname",
    "tilde",
    "Phi",
    "exp",
    "log",
    "tanh",
    "sin",
    "cos",
    "textstyle",
    "sqrt",
    "pi",
    "surd",
    "Sigma",
    "Vert",
    "to",
    "dots",
    "pm",
    "textbackslash",
}


def law_well_formed(source):
    assert source.isascii(), {each for each in source if not each.isascii()}
    assert set(re.findall(r"\\([A-Za-z]+)", source)) <= KNOWN
    depth = 0
    for mark in re.findall(r"(?<!\\)[{}]", source):
        depth += 1 if mark == "{" else -1
        assert depth >= 0
    assert depth == 0
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", source):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    assert source.count(r"\left") == source.count(r"\right")
    assert len(re.findall(r"(?<!\\)\$", source)) % 2 == 0


@pytest.mark.parametrize("name", EVERY)
def test_latex_is_well_formed(name):
    law_well_formed(EVERY[name].latex())


def test_latex_of_ones_own_functions_is_well_formed():
    law_well_formed(own_network().derive().latex())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path):
    """All in one run: the bodies of all documents, one after the other."""
    bodies = [each.latex() for each in (*EVERY.values(), own_network().derive())]
    head, _, _ = bodies[0].partition(r"\begin{document}")
    inside = [
        body.partition(r"\begin{document}")[2].replace(r"\end{document}", "") for body in bodies
    ]
    source = head + r"\begin{document}" + r"\newpage ".join(inside) + r"\end{document}"
    (tmp_path / "all.tex").write_text(source, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-1500:]
    assert "Overfull" not in log


# HTML ---------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Holds that tags are closed in order; collects names and what is linked to."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for key, value in attrs if key in ("src", "href")]
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def law_page(page):
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert not reader.links
    assert not {"script", "link", "img", "iframe"} & reader.tags
    assert "http" not in page
    for formula in re.findall(r"<math.*?</math>", page, re.DOTALL):
        ET.fromstring(formula)
    return reader


@pytest.mark.parametrize("name", EVERY)
def test_page_stands_alone_and_holds_every_equation(name):
    reader = law_page(EVERY[name].html())
    assert tuple(reader.ids) == EVERY[name].names


def test_names_of_ones_own_functions_are_text_not_markup():
    page = own_network().derive().html()
    law_page(page)
    assert "&lt;i&gt;&amp;o_d" in page
    assert "<i>&" not in page


def test_fragments_of_notebooks_keep_their_style_to_themselves():
    net = by_name("heart").network()
    params, x, y = draw(net, 3)
    wrong = {"W1": np.zeros((6, 1)), "b1": np.zeros(6)}
    shown = (net.derive(), net.trace(params, x, y), check(net, params, x, y, wrong))
    for each in shown:
        fragment = each._repr_html_()
        law_page(fragment)
        (style,) = re.findall(r"<style>(.*?)</style>", fragment, re.DOTALL)
        plain = re.sub(r"@media[^{]*\{(.*?\})\s*\}", r"\1", style, flags=re.DOTALL)
        for rule in re.findall(r"([^{}]+)\{", plain):
            assert all(part.strip().startswith(".chainrule") for part in rule.split(",")), rule


def test_report_shows_verdicts_in_words_beside_colours():
    net = by_name("heart").network()
    params, x, y = draw(net, 3)
    page = check(net, params, x, y, {"W1": np.zeros((6, 1)), "b1": np.zeros(6)})._repr_html_()
    assert "✗ wrong</span>" in page
    assert "✗ wrong shape</span>" in page
    assert "FAILED: 1 wrong, 1 wrong shape" in page


# recorded -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("kind", ["latex", "html"])
def test_page_reads_as_recorded(name, kind):
    derivation = by_name(name).derivation()
    page = getattr(derivation, kind)()
    path = GOLDEN / f"{name}.{'tex' if kind == 'latex' else 'html'}"
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page
