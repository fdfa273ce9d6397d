"""Where numba keeps our kernels: by their place in the engine, so that every copy of the same sources shares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba.core.caching import UserProvidedCacheLocator

ENGINE = Path(__file__).parent


class KernelLocator(UserProvidedCacheLocator):
    """Finds the engine's kernels in the folder that `kernel_cache` chose, whatever path the engine stands at.

    numba would begin anew for each path and for each copying. The folder's name holds a digest of all sources with
    kernels, so nothing more needs to be compared. Kernels of artists are kept as numba keeps them.
    """

    def get_source_stamp(self) -> Any:
        return "" if _is_ours(self._py_file) else super().get_source_stamp()  # type: ignore[no-untyped-call]

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        if _is_ours(py_file):
            return Path(py_file).parent.name
        return str(super().get_suitable_cache_subpath(py_file))  # type: ignore[no-untyped-call]


def _is_ours(py_file: str) -> bool:
    return Path(py_file).is_relative_to(ENGINE)
