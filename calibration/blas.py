"""Linear algebra on one thread: ours share the processor already, and those of OpenBLAS spin while they wait."""

from __future__ import annotations

import ctypes
import functools
import re
from contextlib import suppress
from pathlib import Path

MAPS = Path("/proc/self/maps")  # elsewhere than on Linux OpenBLAS is left as it is
LIBRARY = re.compile(r"\S*/lib\S*openblas\S*\.so\S*")
SETTERS = ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads64_",
           "openblas_set_num_threads")


@functools.cache
def one_thread() -> int:
    """Let the OpenBLAS libraries of this process work on one thread from now on; return how many there are.

    On two busy processors a fit's banded systems took 60 s instead of 0.1 s, each thread waiting for the other.
    """
    found = 0
    with suppress(OSError):
        for path in sorted(set(LIBRARY.findall(MAPS.read_text()))):
            library = ctypes.CDLL(path)
            setter = next((getattr(library, name) for name in SETTERS if hasattr(library, name)), None)
            if setter is not None:
                setter(ctypes.c_int(1))
                found += 1
    return found
