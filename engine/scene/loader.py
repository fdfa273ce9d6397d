"""Loading a scene by its path: a fresh private module each time, everything wrong with it said at once."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.containment import contained
from engine.deadline import SETUP_S, Deadline
from engine.problems import MixeurError, Problem
from engine.scene.base import Scene
from engine.scene.hooks import hook_problems
from engine.scene.imports import forbidden_uses
from engine.scene.param import ParamSpec, specs

_CREDIT = re.compile(r"\bCredit:\s*(.+?)(?:\n\s*\n|\Z)", re.DOTALL)
_FILE = re.compile(r"[^\n]*\.\w{1,8}")
LONGEST_NAME = 255
_OURS = sys.stdlib_module_names | {"engine", "numpy"}


class SceneError(MixeurError):
    """A scene cannot be loaded; carries every problem found, the first as `problem`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.problem = self.problems[0]
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class SceneClass:
    """A loaded scene, not yet running.

    Attributes:
        name: The scene's name in the show.
        file: The file that holds the class.
        title, doc, credit: From the module's docstring: its words before a colon, all of it, what follows `Credit:`.
        sources: Files it was made of: real path to the path as shown.
        package: Private name under which its modules stand in `sys.modules`.
        mentions: Names and patterns of other files, such as `poem.txt` or `*.json`, that its code speaks of.
    """

    name: str
    cls: type[Scene]
    specs: tuple[ParamSpec, ...]
    file: Path
    title: str
    doc: str
    credit: str
    sources: Mapping[str, str]
    package: str
    mentions: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Take its modules out of `sys.modules`; instances that still run go on."""
        _forget(self.package)


def scene_file(path: Path) -> Path:
    """Return the file of a scene given as a file or as a folder (`embers/embers.py` or `embers/scene.py`)."""
    if path.is_dir():
        return next(
            (path / name for name in (f"{path.name}.py", "scene.py") if (path / name).is_file()), path / "scene.py"
        )
    return path


def load_scene(
    path: Path,
    name: str,
    root: Path | None = None,
    say: Callable[..., None] = print,
    deadline: Deadline | None = None,
) -> SceneClass:
    """Return the scene of a file, checked: hooks, Params and imports.

    Args:
        path: The file, or the folder of a scene that has one of its own.
        name: The scene's name in the show.
        root: Folder that problems show paths from; the file's own by default.
        say: Stands for `print` in the scene's files.
        deadline: Ends files that do not end by themselves.

    Raises:
        SceneError: With all problems found, whatever the file raised.
    """
    file = scene_file(path)
    files = SceneFiles(_free_name(name), file.parent, root or file.parent, say)
    result = contained("load", files.sources, lambda: _load(files, file, name), deadline, SETUP_S)
    if isinstance(result, SceneClass):
        return result
    _forget(files.package)
    raise SceneError(files.problems or (result.problem,))


def _load(files: SceneFiles, file: Path, name: str) -> SceneClass:
    module = files.run(file, f"{files.package}.{file.stem}")
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Scene) and value.__module__ == module.__name__
    ]
    leaves = [
        cls
        for cls in dict.fromkeys(classes)
        if not any(other is not cls and issubclass(other, cls) for other in classes)
    ]
    shown = files.sources[str(file)]
    if len(leaves) != 1:
        names = " and ".join(cls.__name__ for cls in leaves)
        text = (
            f"{names} are both scenes; keep one a file"
            if leaves
            else f"no class here is a Scene; write 'class {file.stem.title().replace('_', '')}(Scene):'"
        )
        files.problems = [Problem(shown, 0, text)]
        raise SceneError(files.problems)
    cls = leaves[0]
    files.problems = hook_problems(cls, files.sources, files.trees)
    if files.problems:
        raise SceneError(files.problems)
    doc = inspect.cleandoc(module.__doc__ or cls.__doc__ or "")
    first = doc.partition("\n")[0]
    credit = _CREDIT.search(doc)
    return SceneClass(
        name,
        cls,
        specs(cls),
        file,
        first.partition(":")[0] if ":" in first else cls.__name__,
        doc,
        " ".join(credit[1].split()) if credit else "",
        files.sources,
        files.package,
        _mentions(files.trees),
    )


class SceneFiles:
    """The modules of one scene: its file and the helper files beside it, all under one private name.

    Attributes:
        sources: Files read: real path to the path as shown.
        trees: Their syntax trees.
        problems: What is wrong with them.
    """

    def __init__(self, package: str, folder: Path, root: Path, say: Callable[..., None]) -> None:
        self.package = package
        self.folder = folder
        self.root = root
        self.sources: dict[str, str] = {}
        self.trees: list[ast.Module] = []
        self.problems: list[Problem] = []
        self._builtins = {**vars(builtins), "__import__": self._import, "print": say}
        self._module(package, package=True)

    def run(self, file: Path, name: str, package: bool = False) -> ModuleType:
        """Run a file of the scene as the module `name` and return it."""
        shown = str(file.relative_to(self.root) if file.is_relative_to(self.root) else file)
        self.sources[str(file)] = shown
        if not file.is_file():
            self.problems = [Problem(shown, 0, "there is no such file; correct 'file' in the show file")]
            raise SceneError(self.problems)
        tree = ast.parse(file.read_bytes(), str(file))
        self.trees.append(tree)
        self.problems += forbidden_uses(tree, shown)
        if self.problems:
            raise SceneError(self.problems)
        module = self._module(name, package)
        module.__file__ = str(file)
        exec(compile(tree, str(file), "exec", dont_inherit=True), vars(module))
        return module

    def _module(self, name: str, package: bool) -> ModuleType:
        module = sys.modules[name] = ModuleType(name)
        module.__package__ = name if package else name.rpartition(".")[0]
        if package:
            module.__path__ = []
        vars(module)["__builtins__"] = self._builtins
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as __import__ has it
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Stand for `__import__` in the scene's files: a file beside them is loaded afresh, the rest as ever."""
        top = name.partition(".")[0]
        if level == 0 and (top in _OURS or self._find((top,)) is None):
            return builtins.__import__(name, globals, locals, fromlist, level)
        base = str((globals or {}).get("__package__") or self.package) if level else self.package
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        module = self._beside(f"{base}.{name}" if name else base)
        for item in fromlist or ():
            if not hasattr(module, item) and self._find(self._parts(f"{module.__name__}.{item}")) is not None:
                self._beside(f"{module.__name__}.{item}")
        return module if fromlist else sys.modules[f"{self.package}.{top}"]

    def _beside(self, full: str) -> ModuleType:
        if full in sys.modules and (full + ".").startswith(self.package + "."):
            return sys.modules[full]
        parts = self._parts(full)
        file = self._find(parts)
        if file is None:
            raise ModuleNotFoundError(f"there is no file '{'/'.join(parts)}.py' beside the scene")
        if len(parts) > 1:
            self._beside(full.rpartition(".")[0])
        if file.is_dir():
            return self._module(full, package=True)
        return self.run(file, full, package=file.stem == "__init__")

    def _parts(self, full: str) -> tuple[str, ...]:
        return tuple(full.removeprefix(self.package).removeprefix(".").split("."))

    def _find(self, parts: tuple[str, ...]) -> Path | None:
        place = self.folder.joinpath(*parts)
        candidates = (place.parent / f"{place.name}.py", place / "__init__.py", place)
        found = next((file for file in candidates[:2] if file.is_file()), None)
        return found or (place if place.is_dir() and any(place.glob("*.py")) else None)


def _mentions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Return the last parts of all texts in the code that may be names of files."""
    texts = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    names = (text.rpartition("/")[2] for text in texts if isinstance(text, str) and len(text) < LONGEST_NAME)
    return frozenset(name for name in names if _FILE.fullmatch(name))


def _free_name(name: str) -> str:
    number = 1
    while f"_scene_{name}_{number}" in sys.modules:
        number += 1
    return f"_scene_{name}_{number}"


def _forget(package: str) -> None:
    for name in [name for name in list(sys.modules) if name == package or name.startswith(package + ".")]:
        sys.modules.pop(name, None)
