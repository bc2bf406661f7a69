"""A method of a class that trains, ``fit(X, y)``, as a function: ``self.w`` becomes ``w``.

A class that makes its parameters in the same method in which it trains has none that could be set
before. So the method is written as a function in which attributes are variables. What it calls of
its own class is put in its place where it keeps attributes, else it becomes a function that takes
those it reads. Nothing is run here.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chainrule.solutions.definitions import Definition

DEPTH = 4
"""Of methods that call each other."""


def functions(definition: Definition) -> Iterator[tuple[Definition, tuple[Definition, ...]]]:
    """Yield the methods of a class as functions, each with those that it calls.

    Parameters
    ----------
    definition : Definition
        A class.
    """
    assert isinstance(definition.node, ast.ClassDef)
    methods = {
        each.name: each
        for each in definition.node.body
        if isinstance(each, ast.FunctionDef) and _self(each) is not None
    }
    static = {
        each.name: each
        for each in definition.node.body
        if isinstance(each, ast.FunctionDef) and each.name not in methods
    }
    for name, node in methods.items():
        if name.startswith("__"):
            continue
        if not any(isinstance(each, (ast.For, ast.While)) for each in ast.walk(node)):
            continue
        made = _Made(methods, static)
        try:
            body = made.body(node, 0)
        except _Beyond:
            continue
        yield (
            replace(_as_function(definition, node, body), spelled=_spelled(made)),
            tuple(_as_function(definition, each, each.body) for each in made.called.values()),
        )


def _spelled(made: _Made) -> dict[str, str]:
    """Return what variables are called in their class."""
    found = {
        each.attr: ast.unparse(each)
        for node in made.methods.values()
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == _self(node)
    }
    return {**found, **made.spelled}


class _Beyond(Exception):
    """What methods do with ``self`` cannot be written with variables."""


class _Made:
    """Methods written with variables."""

    def __init__(
        self, methods: Mapping[str, ast.FunctionDef], static: Mapping[str, ast.FunctionDef]
    ) -> None:
        self.methods, self.static = methods, static
        self.called: dict[str, ast.FunctionDef] = {}
        self.inlined = 0
        self.spelled: dict[str, str] = {}

    def body(self, node: ast.FunctionDef, depth: int) -> list[ast.stmt]:
        """Return the statements of a method without ``self``."""
        if depth > DEPTH:
            raise _Beyond
        own = _self(node)
        assert own is not None
        if _different(node, own):
            raise _Beyond
        return self._block(copy.deepcopy(node.body), own, depth)

    def _block(self, body: Sequence[ast.stmt], own: str, depth: int) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for each in body:
            called = self._whole_call(each, own)
            if called is not None:
                found += self._inline(each, called, own, depth)
                continue
            for field in ("body", "orelse"):
                inner = getattr(each, field, None)
                if isinstance(inner, list) and inner and isinstance(each, ast.stmt):
                    setattr(each, field, self._block(inner, own, depth))
            found.append(self._plain(each, own, depth))
        return found

    def _whole_call(self, node: ast.stmt, own: str) -> ast.Call | None:
        """Return the call of a method that keeps attributes, where it is all of a statement."""
        value = getattr(node, "value", None)
        if not isinstance(node, (ast.Expr, ast.Assign)) or not isinstance(value, ast.Call):
            return None
        name = _method(value, own)
        return value if name in self.methods and self._keeps(name, set()) else None

    def _keeps(self, name: str, seen: set[str]) -> bool:
        """Return whether a method, or one that it calls, keeps something in attributes."""
        if name in seen or name not in self.methods:
            return False
        seen.add(name)
        node = self.methods[name]
        own = _self(node) or ""
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == own:
                kept = isinstance(each.ctx, ast.Store) or self._keeps(each.attr, seen)
            else:
                part = isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)
                kept = part and isinstance(getattr(each, "value", None), ast.Attribute)
            if kept:
                return True
        return False

    def _inline(self, node: ast.stmt, call: ast.Call, own: str, depth: int) -> list[ast.stmt]:
        """Return what a method does in the place of its call."""
        inner = self.methods[_method(call, own)]
        names = [each.arg for each in inner.args.args][1:]
        if len(call.args) > len(names) or any(isinstance(a, ast.Starred) for a in call.args):
            raise _Beyond
        given = dict(zip(names, call.args, strict=False))
        given |= {each.arg: each.value for each in call.keywords if each.arg}
        defaults = dict(zip(names[::-1], inner.args.defaults[::-1], strict=False))
        if any(each not in given and each not in defaults for each in names):
            raise _Beyond
        body = self.body(inner, depth + 1)
        returns = [e for s in body for e in ast.walk(s) if isinstance(e, ast.Return)]
        last = body.pop() if body and isinstance(body[-1], ast.Return) else None
        if len(returns) != (last is not None):
            raise _Beyond
        attributes = {
            each.attr for each in ast.walk(inner)
            if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == _self(inner)
        }  # fmt: skip
        self.inlined += 1
        local = {
            each.id: f"{each.id}_in_{inner.name}_{self.inlined}"
            for each in ast.walk(inner)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            and each.id not in attributes
        }  # fmt: skip
        self.spelled |= {made: name for name, made in local.items()}
        made: list[ast.stmt] = []
        for name in names:
            value = self._value(given[name] if name in given else defaults[name], own, depth)
            if isinstance(value, ast.Name) and name not in local:
                local[name] = value.id
            elif not (isinstance(value, ast.Name) and value.id == name):
                local.setdefault(name, f"{name}_in_{inner.name}_{self.inlined}")
                made.append(ast.Assign([ast.Name(local[name], ast.Store())], value))
        if any(name in attributes and local.get(name, name) != name for name in names):
            raise _Beyond  # an argument that is called like an attribute
        made += [_renamed(each, local) for each in body]
        if isinstance(node, ast.Assign):
            if not isinstance(last, ast.Return) or last.value is None:
                raise _Beyond
            node.value = _renamed(last, local).value  # type: ignore[attr-defined]
            target = ast.Assign([_Variables(own).visit(each) for each in node.targets], node.value)
            made.append(ast.copy_location(target, node))
        return [ast.fix_missing_locations(ast.copy_location(each, each if hasattr(each, "lineno")
                else node)) for each in made]  # fmt: skip

    def _plain(self, node: ast.stmt, own: str, depth: int) -> ast.stmt:
        made = self._written(node, own, depth)
        assert isinstance(made, ast.stmt)
        return made

    def _value(self, node: ast.expr, own: str, depth: int) -> ast.expr:
        made = self._written(copy.deepcopy(node), own, depth)
        assert isinstance(made, ast.expr)
        return made

    def _written(self, node: ast.AST, own: str, depth: int) -> ast.AST:
        """Return a tree in which attributes are variables, and methods functions of them."""
        for each in ast.walk(node):
            if isinstance(each, ast.Call):
                name = _method(each, own)
                if name in self.static:
                    self.called.setdefault(name, self.static[name])
                elif name in self.methods:
                    if self._keeps(name, set()):
                        raise _Beyond
                    each.keywords += [
                        ast.keyword(attr, ast.Name(attr, ast.Load()))
                        for attr in self._function(name, depth)
                    ]
        made: ast.AST = _Variables(own).visit(node)
        return ast.fix_missing_locations(made)

    def _function(self, name: str, depth: int) -> list[str]:
        """Take a method that keeps nothing for a function; return the attributes that it reads."""
        node = self.methods[name]
        own = _self(node)
        if name not in self.called:
            made = copy.copy(node)
            self.called[name] = made
            made.body = self.body(node, depth + 1)
            made.args = copy.deepcopy(node.args)
            made.args.args = made.args.args[1:]
            read = self._read(node, own or "")
            if {each.arg for each in made.args.args} & set(read):
                raise _Beyond
            made.args.kwonlyargs += [ast.arg(each) for each in read]
            made.args.kw_defaults += [None for _ in read]
            made.decorator_list = []
            ast.fix_missing_locations(made)
        return self._read(node, own or "")

    def _read(self, node: ast.FunctionDef, own: str) -> list[str]:
        found: dict[str, None] = {}
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == own:
                if each.attr in self.methods and each.attr != node.name:
                    inner = self.methods[each.attr]
                    found |= dict.fromkeys(self._read(inner, _self(inner) or ""))
                elif each.attr not in self.static and each.attr not in self.methods:
                    found[each.attr] = None
        return list(found)


def _different(node: ast.AST, own: str) -> bool:
    """Return whether an attribute and a variable of one name hold different things."""
    attributes, variables = set(), set()
    for each in ast.walk(node):
        for target in each.targets if isinstance(each, ast.Assign) else ():
            value = each.value if isinstance(each, ast.Assign) else None
            if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == own:
                if getattr(value, "id", "") != target.attr:
                    attributes.add(target.attr)
            elif isinstance(target, ast.Name) and getattr(value, "attr", "") != target.id:
                variables.add(target.id)
    return bool(attributes & variables)


class _Variables(ast.NodeTransformer):
    """``self.w`` → ``w``."""

    def __init__(self, own: str) -> None:
        self.own = own

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == self.own:
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == self.own:
            raise _Beyond
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == self.own:
            return ast.copy_location(ast.Return(None), node)
        return self.generic_visit(node)


def _renamed(node: ast.stmt, names: Mapping[str, str]) -> ast.stmt:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            each.id = names.get(each.id, each.id)
    return node


def _self(node: ast.FunctionDef) -> str | None:
    """Return what a method calls its object; ``None`` of a static one."""
    marks = {getattr(mark, "id", "") for mark in node.decorator_list}
    names = [*node.args.posonlyargs, *node.args.args]
    return None if marks & {"staticmethod", "classmethod"} or not names else names[0].arg


def _method(call: ast.Call, own: str) -> str:
    func = call.func
    if isinstance(func, ast.Attribute) and getattr(func.value, "id", "") == own:
        return func.attr
    return ""


def _as_function(
    definition: Definition, node: ast.FunctionDef, body: Sequence[ast.stmt]
) -> Definition:
    made = copy.copy(node)
    made.decorator_list = []
    made.body = [*body]
    made.args = copy.deepcopy(node.args)
    if made.args.args and made.args.args[0].arg == _self(node) and node.body is not body:
        made.args.args = made.args.args[1:]
    line = definition.place.line + node.lineno - definition.node.lineno
    source = f"def {node.name}"
    place = replace(definition.place, line=line, function=node.name, source=source)
    return replace(definition, name=node.name, node=made, place=place)
