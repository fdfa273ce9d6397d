"""A scene's plain state carried from one version of its code to the next, and compared without keeping copies."""

from __future__ import annotations

import copy
import dataclasses
import dis
import hashlib
import inspect
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from types import FunctionType, MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.scene.base import Scene

_ATOMS = (bool, int, float, complex, str, bytes, type(None), type(...), range, np.generic, PurePath)
_LISTS = (list, deque, set, bytearray)
_DICTS = (dict, Counter, OrderedDict)
_FACTORIES = (None, int, float, list, set, dict)
_OWN = frozenset({"rng", "_values", "_closes"})
_TOOLS = "engine.music."  # the engine's own tools whose state is plain: walks, chains, patterns
Fingerprint = bytes | None


class _NotPlain(Exception):
    """The value cannot outlive the code that made it; says why."""


def plain_state(scene: Scene) -> dict[str, Any]:
    """Return the attributes that the scene itself has set."""
    return {name: value for name, value in vars(scene).items() if name not in _OWN}


def fingerprints(scene: Scene) -> dict[str, Fingerprint]:
    """Return a digest of each attribute, None where it is not plain: equal values give equal digests."""
    found: dict[str, Fingerprint] = {}
    for name, value in plain_state(scene).items():
        try:
            found[name] = _digest(value, [])
        except (_NotPlain, RecursionError):
            found[name] = None
    return found


def carry_state(
    old: Scene,
    old_initial: Mapping[str, Fingerprint],
    new: Scene,
    new_initial: Mapping[str, Fingerprint],
    packages: tuple[str, str],
) -> dict[str, str]:
    """Copy the old scene's plain state to the new one, but for attributes that the new `setup` begins differently.

    What `setup` no longer sets goes; what only later hooks set stays. The old scene is left as it is.

    Args:
        old, new: The running scene, and the one of the new code after its `setup`.
        old_initial, new_initial: Fingerprints of both just after `setup`.
        packages: Private module names of both; instances of the scene's own classes change class.

    Returns:
        Why attributes could not be kept, by name.
    """
    copier = _Copier(old, new, *packages)
    new.rng = copier.copied(old.rng)
    left = {}
    for name, value in plain_state(old).items():
        if old_initial.get(name) == new_initial.get(name) and (name in new_initial) == (name in old_initial):
            try:
                setattr(new, name, copier.copied(value))
            except _NotPlain as reason:
                left[name] = str(reason)
            except RecursionError:
                left[name] = "it is nested too deeply"
    return left


class _Copier:
    """Deep copies of plain values; what two attributes share stays shared."""

    def __init__(self, old: Scene, new: Scene, old_package: str, new_package: str) -> None:
        self._old = old_package
        self._new = new_package
        self._done: dict[int, Any] = {id(old): new}

    def copied(self, value: Any) -> Any:
        """Return a copy.

        Raises:
            _NotPlain: Something in it is neither plain nor of the scene's own classes, or those have changed too much.
        """
        if isinstance(value, _ATOMS) and not isinstance(value, Enum):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = self._fresh(value)
        return self._done[id(value)]

    def _fresh(self, value: Any) -> Any:
        kind = type(value)
        if kind in _LISTS:
            fresh: Any = deque(maxlen=value.maxlen) if kind is deque else kind()
            self._done[id(value)] = fresh
            add = fresh.add if kind is set else fresh.append
            for item in value:
                add(self.copied(item))
            return fresh
        if kind in _DICTS or (kind is defaultdict and value.default_factory in _FACTORIES):
            fresh = self._done[id(value)] = defaultdict(value.default_factory) if kind is defaultdict else kind()
            for key, item in value.items():
                fresh[self.copied(key)] = self.copied(item)
            return fresh
        if kind in (tuple, frozenset):
            return kind(self.copied(item) for item in value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            return self._array(value)
        if isinstance(value, np.random.Generator):
            return copy.deepcopy(value)
        if dataclasses.is_dataclass(value) and kind.__module__ == "engine.world":
            return value
        if kind.__module__.startswith(_TOOLS):
            return self._dataclass(value, kind) if dataclasses.is_dataclass(kind) else self._instance(value, kind)
        return self._own(value)

    def _array(self, value: NDArray[Any]) -> NDArray[Any]:
        """Return a copy of an array; a view on a part of another stays a view on its copy."""
        whole = value
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        if whole is value or not (whole.flags.owndata and whole.flags.c_contiguous):
            return value.copy()
        offset = value.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        return np.ndarray(value.shape, value.dtype, self.copied(whole), offset, value.strides)

    def _own(self, value: Any) -> Any:
        """Return what the new code has in place of something that the old code defined."""
        kind = type(value)
        if isinstance(value, MethodType):
            return getattr(self.copied(value.__self__), value.__func__.__name__, None)
        if isinstance(value, type | FunctionType):
            return self._namesake(value)
        successor = self._namesake(kind)
        try:
            if isinstance(value, Enum):
                return successor[value.name] if value.name in successor.__members__ else successor(value.value)
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return successor(**{name: self.copied(item) for name, item in zip(value._fields, value, strict=True)})
            if dataclasses.is_dataclass(successor):
                return self._dataclass(value, successor)
            return self._instance(value, successor)
        except (_NotPlain, RecursionError):
            raise
        except Exception as error:  # of the artist's own constructor
            raise _NotPlain(f"{kind.__name__} has changed: {error}") from error

    def _namesake(self, value: Any) -> Any:
        """Return the new code's class or function of the same name."""
        module, name = value.__module__ or "", value.__qualname__
        word = type(value).__name__ if "<" in name else name
        if not (module + ".").startswith(self._old + "."):
            raise _NotPlain(f"it holds a {word}, which cannot be copied")
        if "<" in name:
            raise _NotPlain(f"it holds the {word} {name.rpartition('.')[2]}, which belongs to the code before")
        found: Any = sys.modules.get(self._new + module[len(self._old) :])
        for part in name.split("."):
            found = getattr(found, part, None)
        if type(found) is not type(value):
            raise _NotPlain(f"there is no {name} any more")
        return found

    def _dataclass(self, value: Any, successor: Any) -> Any:
        wanted = {field.name: field.init for field in dataclasses.fields(successor)}
        kept = {name: self.copied(item) for name, item in _attributes(value).items() if name in wanted}
        fresh = self._done[id(value)] = successor(**{name: item for name, item in kept.items() if wanted[name]})
        for name, item in kept.items():
            object.__setattr__(fresh, name, item)
        return fresh

    def _instance(self, value: Any, successor: Any) -> Any:
        """Return an instance of the new class; what its `__init__` has come to set is taken from that."""
        has = _attributes(value)
        missing = _assigned(successor) - _assigned(type(value)) - has.keys()
        fresh = self._done[id(value)] = successor.__new__(successor)
        for name, item in has.items():
            setattr(fresh, name, self.copied(item))
        if missing:
            needed = inspect.signature(successor).parameters
            model = _attributes(successor(**{name: getattr(fresh, name) for name in needed if hasattr(fresh, name)}))
            for name in missing & model.keys():
                setattr(fresh, name, model[name])
        return fresh


def _attributes(value: Any) -> dict[str, Any]:
    """Return what an instance holds, in `__slots__` too."""
    slots = (name for cls in type(value).__mro__ for name in _names(vars(cls).get("__slots__", ())))
    kept = {name: getattr(value, name) for name in slots if name != "__dict__" and hasattr(value, name)}
    return kept | getattr(value, "__dict__", {})


def _names(slots: str | Iterable[str]) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _assigned(cls: type) -> set[str]:
    """Return the attributes that the `__init__` of a class and its bases sets."""
    codes = [found.__code__ for base in cls.__mro__ if isinstance(found := vars(base).get("__init__"), FunctionType)]
    return {step.argval for code in codes for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}


def _digest(value: Any, above: list[int]) -> bytes:
    """Return a digest of a plain value; `above` holds what it is nested in."""
    kind = type(value)
    made = hashlib.blake2b(kind.__qualname__.encode(), digest_size=16)
    if isinstance(value, Enum):
        made.update(value.name.encode())
    elif isinstance(value, _ATOMS):
        made.update(repr(value).encode())
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        made.update(repr((value.dtype, value.shape)).encode())
        made.update(np.ascontiguousarray(value).view(np.uint8).data if value.size and value.ndim else value.tobytes())
    elif isinstance(value, np.random.Generator):
        made.update(repr(value.bit_generator.state).encode())
    elif id(value) in above:
        made.update(str(above.index(id(value))).encode())
    else:
        for part in _parts(value, [*above, id(value)]):
            made.update(part)
    return made.digest()


def _parts(value: Any, above: list[int]) -> list[bytes]:
    if isinstance(value, dict):
        return [_digest(item, above) for pair in value.items() for item in pair]
    if isinstance(value, set | frozenset):
        return sorted(_digest(item, above) for item in value)
    if isinstance(value, list | tuple | deque):
        return [_digest(item, above) for item in value]
    if dataclasses.is_dataclass(value) or (type(value).__module__ or "").startswith(("_scene_", _TOOLS)):
        return [_digest(item, above) for pair in _attributes(value).items() for item in pair]
    raise _NotPlain("")
