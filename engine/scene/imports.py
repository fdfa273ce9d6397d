"""What a scene may not use: clocks, unseeded chance, devices and networks, found in its text before it runs."""

from __future__ import annotations

import ast
import sys

from engine.problems import Problem

_CLOCK = "use now.time, now.dt and now.hour"
_CHANCE = "use self.rng, which repeats with the show's seed"
_DEVICE = "name the device in the show file and read it from now"
_LOOP = "a scene runs inside the show's loop, keep state in self"
_SHARED = "the whole engine shares it"
FORBIDDEN = {
    "time": _CLOCK,
    "datetime": _CLOCK,
    "pygame.time": _CLOCK,
    "random": _CHANCE,
    "secrets": _CHANCE,
    "uuid": _CHANCE,
    "numpy.random": _CHANCE,
    "socket": _DEVICE,
    "http": _DEVICE,
    "urllib": _DEVICE,
    "requests": _DEVICE,
    "pythonosc": _DEVICE,
    "mido": _DEVICE,
    "serial": _DEVICE,
    "pygame.event": _DEVICE,
    "cv2.VideoCapture": "use canvas.people() or now.mask()",
    "sounddevice": "use sound.note() and sound.hold() in play()",
    "pygame.mixer": "use sound.sample() in play()",
    "pygame.display": "use the canvas handed to draw()",
    "threading": _LOOP,
    "multiprocessing": _LOOP,
    "subprocess": _LOOP,
    "asyncio": _LOOP,
    "concurrent": _LOOP,
    "os": "use pathlib for files beside the scene",
    "signal": _LOOP,
    "builtins": _SHARED,
    "sys.setrecursionlimit": _SHARED,
    "sys.setswitchinterval": _SHARED,
    "sys.settrace": _SHARED,
    "sys.setprofile": _SHARED,
    "numpy.seterr": "use np.errstate around the lines that need it",
}
_SHARED_TOPS = sys.stdlib_module_names | {"engine", "numpy", "cv2", "pygame"}
_ALLOWED = frozenset({"numpy.random.Generator"})


def forbidden_uses(tree: ast.Module, path: str) -> tuple[Problem, ...]:
    """Return a problem for each line of a scene's text that uses a forbidden name, in order of lines."""
    finder = _Finder(path)
    finder.visit(tree)
    return tuple(sorted(finder.found.values()))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self.path = path
        self.aliases: dict[str, str] = {}
        self.found: dict[tuple[int, str], Problem] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            top = name.name.partition(".")[0]
            self.aliases[name.asname or top] = name.name if name.asname else top
            self._check(name.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None:
            return
        for name in node.names:
            self.aliases[name.asname or name.name] = f"{node.module}.{name.name}"
            self._check(f"{node.module}.{name.name}", node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        names = [node.attr]
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id not in self.aliases:
            self.visit(inner)
            return
        dotted = ".".join([self.aliases[inner.id], *reversed(names)])
        self._check(dotted, node.lineno)
        if not isinstance(node.ctx, ast.Load) and dotted.partition(".")[0] in _SHARED_TOPS:
            text = f"a scene may not change {dotted}; give your own a name in this file"
            self.found.setdefault((node.lineno, ""), Problem(self.path, node.lineno, text))

    def _check(self, dotted: str, line: int) -> None:
        for word, remedy in FORBIDDEN.items():
            if (dotted == word or dotted.startswith(word + ".")) and dotted not in _ALLOWED:
                self.found[line, word] = Problem(self.path, line, f"a scene may not use {word}; {remedy}")
