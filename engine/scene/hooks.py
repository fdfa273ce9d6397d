"""Checking a scene's hooks when it is loaded: names and signatures, so that nothing need be checked in a frame."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterable, Mapping
from types import FunctionType

from engine.problems import Problem
from engine.scene.base import HOOKS, Scene
from engine.scene.param import RESERVED, Param


def hook_problems(cls: type[Scene], sources: Mapping[str, str], trees: Iterable[ast.Module]) -> list[Problem]:
    """Return what is wrong with the hooks of a scene class and of the classes it is made from.

    Args:
        cls: The class.
        sources: The scene's files: real path to the path as shown.
        trees: Their syntax trees, to see which methods are called.
    """
    called = {name for tree in trees for node in ast.walk(tree) for name in _mentioned(node)}
    lines = {name: line for tree in trees for name, line in _assigned(tree)}
    bases = [base for base in reversed(cls.__mro__) if base not in (object, Scene)]
    written = [(name, value) for base in bases for name, value in vars(base).items()]
    missing = [hook for hook in HOOKS if hook not in dict(written)]
    found = []
    for name, value in written:
        text = _fault(name, value, missing, called)
        if text:
            path, line = next(iter(sources.values())), lines.get(name, 0)
            if isinstance(value, FunctionType):
                path, line = sources.get(value.__code__.co_filename, path), value.__code__.co_firstlineno
            found.append(Problem(path, line, text))
    return sorted(found)


def _fault(name: str, value: object, missing: list[str], called: set[str]) -> str:
    if isinstance(value, Param) and (name in RESERVED or name.startswith("_")):
        return f"a Param cannot be called '{name}', the engine uses that name; choose another"
    if name in HOOKS:
        return _signature_fault(name, value)
    if isinstance(value, FunctionType) and not name.startswith("_") and name not in called:
        near = difflib.get_close_matches(name.lower(), missing, n=1, cutoff=0.6)
        return f"method '{name}' is never called; did you mean '{near[0]}'?" if near else ""
    return ""


def _assigned(tree: ast.Module) -> Iterable[tuple[str, int]]:
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in cls.body:
            if isinstance(node, ast.Assign):
                yield from ((target.id, node.lineno) for target in node.targets if isinstance(target, ast.Name))


def _mentioned(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    return (node.id,) if isinstance(node, ast.Name) else ()


def _signature_fault(name: str, value: object) -> str:
    wanted = f"{name}({', '.join(HOOKS[name])})"
    if not isinstance(value, FunctionType):
        return f"'{name}' must be a method, def {wanted}"
    if inspect.iscoroutinefunction(value) or inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        return f"{name} must be a plain method without async or yield, def {wanted}"
    parameters = inspect.signature(value).parameters.values()
    plain = all(part.kind is part.POSITIONAL_OR_KEYWORD and part.default is part.empty for part in parameters)
    if plain and tuple(part.name for part in parameters) == HOOKS[name]:
        return ""
    return f"{name}({', '.join(str(part.replace(annotation=part.empty)) for part in parameters)}) must be {wanted}"
