"""A scene's plain state carried from one version of its code to the next, and compared without keeping copies."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from engine.scene.base import Scene

_ATOMS = (bool, int, float, complex, str, bytes, type(None), range, np.generic)
_FACTORIES = (None, int, float, list, set, dict)
_OWN = frozenset({"rng", "_values"})
Fingerprint = bytes | None


class _NotPlain(Exception):
    """The value cannot outlive the code that made it."""


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
) -> None:
    """Copy the old scene's plain state to the new one, but for attributes that the new `setup` begins differently.

    What `setup` no longer sets goes; what only later hooks set stays. The old scene is left as it is.

    Args:
        old, new: The running scene, and the one of the new code after its `setup`.
        old_initial, new_initial: Fingerprints of both just after `setup`.
        packages: Private module names of both; instances of the scene's own dataclasses and enums change class.
    """
    copier = _Copier(*packages)
    new.rng = copy.deepcopy(old.rng)
    for name, value in plain_state(old).items():
        if old_initial.get(name) == new_initial.get(name) and (name in new_initial) == (name in old_initial):
            try:
                setattr(new, name, copier.copied(value))
            except (_NotPlain, RecursionError):
                continue


class _Copier:
    """Deep copies of plain values; what two attributes share stays shared."""

    def __init__(self, old_package: str, new_package: str) -> None:
        self._old = old_package
        self._new = new_package
        self._done: dict[int, Any] = {}

    def copied(self, value: Any) -> Any:
        """Return a copy.

        Raises:
            _NotPlain: Something in it is neither plain nor of the scene's own dataclasses and enums.
        """
        if isinstance(value, _ATOMS) and not isinstance(value, Enum):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = self._fresh(value)
        return self._done[id(value)]

    def _fresh(self, value: Any) -> Any:
        kind = type(value)
        if kind in (list, deque, set):
            fresh: Any = deque(maxlen=value.maxlen) if kind is deque else kind()
            self._done[id(value)] = fresh
            add = fresh.add if kind is set else fresh.append
            for item in value:
                add(self.copied(item))
            return fresh
        if kind in (dict, Counter) or (kind is defaultdict and value.default_factory in _FACTORIES):
            fresh = self._done[id(value)] = defaultdict(value.default_factory) if kind is defaultdict else kind()
            for key, item in value.items():
                fresh[self.copied(key)] = self.copied(item)
            return fresh
        if kind in (tuple, frozenset):
            return kind(self.copied(item) for item in value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            return value.copy()
        if isinstance(value, np.random.Generator):
            return copy.deepcopy(value)
        return self._own_class(value)

    def _own_class(self, value: Any) -> Any:
        kind = type(value)
        if dataclasses.is_dataclass(value) and kind.__module__ == "engine.world":
            return value
        if not (kind.__module__ + ".").startswith(self._old + "."):
            raise _NotPlain
        home = sys.modules.get(self._new + kind.__module__[len(self._old) :])
        successor = getattr(home, kind.__qualname__, None)
        try:
            if isinstance(value, Enum):
                return successor[value.name]  # type: ignore[index]
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return successor(**{name: self.copied(item) for name, item in zip(value._fields, value, strict=True)})  # type: ignore[misc]
            if dataclasses.is_dataclass(successor):
                return self._dataclass(value, successor)
        except (TypeError, KeyError) as error:
            raise _NotPlain from error
        raise _NotPlain

    def _dataclass(self, value: Any, successor: Any) -> Any:
        wanted = {field.name: field.init for field in dataclasses.fields(successor)}
        kept = {
            field.name: self.copied(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name in wanted
        }
        fresh = successor(**{name: item for name, item in kept.items() if wanted[name]})
        for name, item in kept.items():
            object.__setattr__(fresh, name, item)
        return fresh


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
    if dataclasses.is_dataclass(value):
        return [_digest(getattr(value, field.name), above) for field in dataclasses.fields(value)]
    raise _NotPlain
