"""The entry of a process that runs one scene apart from the engine."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Mapping
from typing import Any

from engine.kernel_cache import prepare_cache
from engine.supervise.memory import Block


def main(plan: Mapping[str, Any]) -> int:
    """Run one scene until the engine closes its end.

    Args:
        plan: `block`, a handle; `wake`, the descriptor of a socket that first says which scene, then wakes.
    """
    prepare_cache()
    from engine.scene.apart import Apart  # compiled kernels come with it: only now

    wake = socket.socket(fileno=plan["wake"])
    with wake.makefile("rb") as said:
        show, entry, key, seed = pickle.load(said)
    apart = Apart(show, entry, key, seed, Block.attach(plan["block"]))
    while apart.step() and wake.recv(4096):
        pass
    return 0
