"""Compiled kernels: kept between runs under a key of all their sources, made ready before the show.

numba's own cache looks only at a kernel's own file and keeps stale callees. So every source that mentions numba, and
every one that kernels take constants from, enters the key, with numba's version and the processor; a change of any of
them begins a new folder. All copies of the engine on a machine share it (`kernel_locator.py`).
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.problems import MixeurError

RENDER_KERNELS = ("engine.render.kernels", "engine.render.brush", "engine.render.pen", "engine.render.areas",
                  "engine.render.tiles")
SAFETY_KERNELS = ("engine.safety.cells", "engine.safety.kernels", "engine.safety.dimmer")
VISION_KERNELS = ("engine.vision.key", "engine.vision.front", "engine.vision.plate", "engine.vision.cells",
                  "engine.vision.room", "engine.vision.floor_light", "engine.vision.floor", "engine.vision.steady",
                  "engine.vision.sharing", "engine.vision.bodies")
SOUND_KERNELS = ("engine.sound.mixer",)
IMPORTED = re.compile(rb"^from (engine[\w.]*) import (\([^)]*|[^(\n]*)", re.MULTILINE)
CONSTANT = re.compile(rb"\b[A-Z][A-Z0-9_]+\b")
KEPT = 15  # older folders that stay, 2 MB each, for other versions of the engine on the machine


def prepare_cache() -> Path:
    """Choose the folder of compiled kernels; to be called first in every process, before anything imports numba.

    A child process inherits the choice. `NUMBA_CACHE_DIR` from outside is respected.

    Raises:
        MixeurError: numba is imported already.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if "numba" in sys.modules:
        raise MixeurError("kernels: numba was imported before its cache was chosen; call prepare_cache() first")
    features = _processor_features()
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mixeur"
    folder = root / f"kernels-{_key(features)}"
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = "engine.kernel_locator.KernelLocator,InTreeCacheLocator"
    os.environ["NUMBA_CPU_FEATURES"] = features
    with suppress(OSError):  # without a home numba compiles afresh; the show runs all the same
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        _remove_old(root, folder)
    return folder


def warm(modules: Sequence[str] = RENDER_KERNELS,
         on_progress: Callable[[int, int, str], None] = lambda done, total, name: None) -> list[ModuleType]:
    """Compile the kernels of the modules, or load them from the cache, and return the modules.

    Args:
        modules: Names of modules whose kernels have explicit signatures: importing them compiles.
        on_progress: Called with how many are done, of how many, and the next one's name.
    """
    ready = []
    with _without_blas():
        for done, name in enumerate(modules):
            on_progress(done, len(modules), name)
            ready.append(importlib.import_module(name))
    on_progress(len(modules), len(modules), "ready")
    return ready


@contextmanager
def _without_blas() -> Iterator[None]:
    """Keep numba from the BLAS that it looks for in scipy with its first kernel: none uses it, and it takes 0.4 s."""
    blas = "scipy.linalg"
    is_ours = sys.modules.setdefault(blas, None) is None  # type: ignore[arg-type]
    try:
        yield
    finally:
        if is_ours:
            del sys.modules[blas]  # a scene may want it


@contextmanager
def compilations() -> Iterator[list[Any]]:
    """Yield a list that grows with whatever numba compiles in the block: empty is the promise after warm-up."""
    from numba.core import event
    with event.install_recorder("numba:compile") as recorder:
        yield recorder.buffer


def _processor_features() -> str:
    """Return the processor's features for LLVM, with 512-bit vectors where it has them (decision 005)."""
    import llvmlite.binding as llvm
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        features["prefer-256-bit"] = False
    return f"{features.flatten()}"


def _key(features: str) -> str:
    import llvmlite.binding as llvm
    digest = hashlib.sha256(f"{version('numba')} {llvm.get_host_cpu_name()} {features}".encode())
    for path in kernel_sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def kernel_sources() -> list[Path]:
    """Return every source of the engine that mentions numba, or whose constants are compiled into kernels, in order."""
    engine = Path(__file__).parent
    texts = {path: path.read_bytes() for path in sorted(engine.rglob("*.py"))}
    named = {module.decode() for text in texts.values() if b"@njit" in text
             for module, names in IMPORTED.findall(text) if CONSTANT.search(names)}
    imported = {engine.parent / f"{name.replace('.', '/')}.py" for name in named}
    return [path for path, text in texts.items() if b"numba" in text or path in imported]


def _remove_old(root: Path, current: Path) -> None:
    others = [path for path in root.glob("kernels-*") if path != current]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
