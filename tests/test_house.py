"""Law: the house keeps its own rules: sizes of modules, docstrings, and README that runs."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.validate import validate

import chainrule

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
# Numpydoc's checks that we hold ourselves to; the others are matters of taste.
CHECKED = {"GL08", "SS02", "SS03", "PR01", "PR02", "PR03", "PR04", "PR06", "RT01", "RT03"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_module_fits_the_head(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


# Methods that rows share: documented once, in the protocol.
PROTOCOL = {"start", "step", "draws", "apply", "watch"}


def public_objects():
    """Names of what users touch: public names, their methods, functions of data and plots."""
    for name, home in chainrule._HOMES.items():
        value = getattr(chainrule, name)
        module = inspect.getmodule(value).__name__
        assert module.startswith(f"chainrule.{home}")
        yield f"{module}.{name}"
        if inspect.isclass(value) and not issubclass(value, Exception):
            for method, body in vars(value).items():
                documented = method in PROTOCOL
                if inspect.isfunction(body) and not method.startswith("_") and not documented:
                    yield f"{module}.{name}.{method}"
    for module in (chainrule.data, chainrule.plots):
        for name, value in vars(module).items():
            ours = getattr(value, "__module__", "").startswith(module.__name__)
            if inspect.isfunction(value) and ours and name[0] != "_":
                yield f"{module.__name__}.{name}"


PUBLIC = sorted(public_objects())
EXCEPTIONS = {
    name
    for name, value in vars(chainrule.errors).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_docstring_is_complete(name):
    problems = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in CHECKED]
    assert not problems


def test_public_names_come_with_examples():
    missing = {
        name
        for name in PUBLIC
        if name.count(".") == 2 and any(code == "EX01" for code, _ in validate(name)["errors"])
    }
    assert {name.rpartition(".")[2] for name in missing} <= {"save", *EXCEPTIONS}


def signature(value):
    return (
        "" if inspect.ismodule(value) or isinstance(value, str) else str(inspect.signature(value))
    )


def signatures():
    """Every public name with its arguments, and every public method."""
    for name in sorted(chainrule.__all__):
        value = getattr(chainrule, name)
        if isinstance(value, type) and issubclass(value, Exception):
            builtin = next(base for base in value.__mro__ if base.__module__ == "builtins")
            yield f"{name}({builtin.__name__})"
            continue
        yield f"{name}{signature(value)}"
        members = vars(value).items() if inspect.isclass(value) or inspect.ismodule(value) else ()
        for member, found in sorted(members):
            body = found.__func__ if isinstance(found, classmethod) else found
            ours = getattr(body, "__module__", "").startswith("chainrule")
            if inspect.isfunction(body) and ours and member[0] != "_":
                yield f"    {name}.{member}{signature(body)}"
            elif isinstance(body, property) and member[0] != "_":
                yield f"    {name}.{member}"


def test_public_signatures_are_those_agreed_on():
    """What others build on changes knowingly: `make golden` writes the file anew."""
    path = ROOT / "tests" / "golden" / "signatures.txt"
    found = "\n".join(signatures()) + "\n"
    if os.environ.get("CHAINRULE_GOLDEN") == "update":
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", chainrule.__all__)
def test_public_names_are_there(name):
    assert getattr(chainrule, name) is not None


def test_every_exception_is_a_public_name():
    """Whoever catches one need not know which module it lives in."""
    assert len(EXCEPTIONS) >= 10
    for name in EXCEPTIONS:
        assert getattr(chainrule, name) is getattr(chainrule.errors, name)


def test_the_lists_of_public_names_agree():
    listed = {*chainrule._HOMES, *chainrule._MODULES, "__version__"}
    assert set(chainrule.__all__) == listed


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        _ = chainrule.Netwrok


def test_import_loads_nothing_heavy():
    heavy = ["scipy", "sklearn", "matplotlib", "rich", "click", "numpy"]
    code = f"import sys, chainrule; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def readme_blocks(language):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_python_in_the_readme_runs_and_prints_what_it_shows():
    (code,) = readme_blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    shown = readme_blocks("text")[0]
    assert printed.getvalue().split() == shown.split()


def test_commands_in_the_readme_are_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", "\n".join(readme_blocks("sh")), re.MULTILINE)
    assert {"demo", "test"} <= set(commands)
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def test_pictures_in_the_readme_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert pictures
    assert all((ROOT / picture).stat().st_size > 0 for picture in pictures)
