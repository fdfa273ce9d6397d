"""PFM, the portable float map: how other programs hold warp maps."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError

HEAD = re.compile(rb"(PF|Pf)\s+(\d{1,5})\s+(\d{1,5})\s+([-+.\deE]{1,20})\s")
LARGEST = 16_384  # pixels on a side


def pfm_bytes(picture: NDArray[Any]) -> bytes:
    """Return a float picture as the bytes of a file: little-endian, its bottom row first.

    Args:
        picture: Its top row first. Shape (height, width) or (height, width, 3).
    Source:
        netpbm's manual, "PFM"; MPCDI 2.0, section 3.6.2.
    """
    kind = "PF" if picture.ndim == 3 else "Pf"
    head = f"{kind}\n{picture.shape[1]} {picture.shape[0]}\n-1.000000\n".encode()
    return head + np.ascontiguousarray(picture[::-1], "<f4").tobytes()


def pfm_of(raw: bytes, name: str) -> NDArray[np.float32]:
    """Return the picture in a file, its top row first. Shape (height, width) or (height, width, 3).

    Args:
        name: What problems call it.
    Raises:
        MixeurError: It is no PFM, or cut short.
    """
    head = HEAD.match(raw)
    if head is None:
        raise MixeurError(f"{name}: is no PFM (portable float map); export it again")
    width, height, channels = int(head[2]), int(head[3]), 3 if head[1] == b"PF" else 1
    try:
        order = "<f4" if float(head[4]) < 0 else ">f4"
    except ValueError:
        raise MixeurError(f"{name}: its head is damaged; export it again") from None
    if not 2 <= min(width, height) <= max(width, height) <= LARGEST:
        raise MixeurError(f"{name}: is {width} x {height}; a map has 2 to {LARGEST} values on a side")
    wanted = width * height * channels * 4
    if len(raw) - head.end() < wanted:
        raise MixeurError(f"{name}: is cut short, {len(raw) - head.end()} of {wanted} bytes; copy it again")
    values = np.frombuffer(raw, order, width * height * channels, head.end()).astype(np.float32)
    shape = (height, width, 3) if channels == 3 else (height, width)
    return np.ascontiguousarray(values.reshape(shape)[::-1])
