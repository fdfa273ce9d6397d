"""Shared memory that the supervisor owns: anonymous (memfd), passed by descriptor, named only where it must be."""

from __future__ import annotations

import mmap
import os
import sys
from multiprocessing import resource_tracker, shared_memory
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Block:
    """A piece of memory that several processes see.

    Nothing of it is left in `/dev/shm`: on Linux it has no name and dies with the last process that holds it.
    """

    def __init__(self, buffer: Any, handle: str, owner: Any) -> None:
        self._buffer = buffer
        self.handle = handle
        self._owner = owner

    @classmethod
    def create(cls, size: int, label: str) -> Block:
        """Return `size` zeroed bytes; `label` is seen in `/proc/PID/maps` only."""
        if sys.platform == "linux":
            descriptor = os.memfd_create(f"mixeur-{label}", os.MFD_CLOEXEC)
            os.ftruncate(descriptor, size)
            return cls(mmap.mmap(descriptor, size), f"fd:{descriptor}:{size}", descriptor)
        block = shared_memory.SharedMemory(create=True, size=size)
        return cls(block.buf, f"name:{block.name}:{size}", block)

    @classmethod
    def attach(cls, handle: str) -> Block:
        """Return the block that another process made; for `fd:` handles the descriptor must be inherited."""
        kind, where, size = handle.split(":")
        if kind == "fd":
            return cls(mmap.mmap(int(where), int(size)), handle, int(where))
        block = shared_memory.SharedMemory(name=where)
        resource_tracker.unregister(block._name, "shared_memory")  # type: ignore[attr-defined]  # the creator unlinks it
        return cls(block.buf, handle, block)

    @classmethod
    def private(cls, size: int) -> Block:
        """Return memory of this process only, for runs in one process."""
        return cls(mmap.mmap(-1, size), "", None)  # unlike a bytearray it takes memory only where it is touched

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return the file descriptors that a child must inherit."""
        return (self._owner,) if isinstance(self._owner, int) else ()

    @property
    def size(self) -> int:
        return len(self._buffer)

    def array(self, dtype: DTypeLike, shape: int | tuple[int, ...], offset: int = 0) -> NDArray[Any]:
        """Return a view of the memory as an array."""
        return np.ndarray(shape, dtype, buffer=self._buffer, offset=offset)

    def close(self) -> None:
        """Give the memory back; views that are still held keep their mapping until they go."""
        if isinstance(self._owner, int):
            os.close(self._owner)
        elif self._owner is not None:
            self._owner.close()
            if sys.platform != "linux":
                self._owner.unlink()
