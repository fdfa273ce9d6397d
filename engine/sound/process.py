"""The sound process: renders the sound block for as long as the show runs, on a device or without one."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from engine.clock import monotonic_ns, sleep_s
from engine.problems import MixeurError
from engine.show import model
from engine.sound import block as b
from engine.sound.block import Memory, open_memory
from engine.sound.pulse import PulseWatch
from engine.sound.rights import lock_memory
from engine.supervise.child import ANEW
from engine.supervise.memory import Block

TURN_S = 0.05
NICE = -10


def ready() -> None:
    """Import what takes long, for a sound process that waits until it is needed."""
    from engine.kernel_cache import SOUND_KERNELS, prepare_cache, warm

    prepare_cache()
    warm(("engine.sound.keeper", *SOUND_KERNELS))


def main(plan: Mapping[str, Any]) -> None:
    """Run the sound process until it is told to stop or its parent is gone; never returns.

    Args:
        plan: `sound`: the fields of `model.Sound`; `speakers`: a list of the fields of `model.Speaker`; `block`: the
            handle of the sound block, inherited; `parent`: the process whose end is ours.
    """
    _come_first()
    lock_memory()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    speakers = [model.Speaker(name=speaker["name"], output=speaker["output"]) for speaker in plan["speakers"]]
    block = Block.attach(plan["block"])
    status = 0
    try:
        ready()
        if not run_sound(model.Sound(**plan["sound"]), speakers, block,
                         lambda: stop.is_set() or os.getppid() != plan["parent"]):
            status = ANEW
    except MixeurError as error:
        say(str(error))
        status = 1
    sys.stderr.flush()
    os._exit(status)  # a device that hangs in its own close must not keep us


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"sound: {text}\n")
    sys.stderr.flush()


def run_sound(sound: model.Sound, speakers: Sequence[model.Speaker], block: Block,
              should_stop: Callable[[], bool]) -> bool:
    """Play what the block holds until `should_stop()`; return False if a device is stuck and only a new process helps.

    Without a device the clocked null backend keeps the show's time, and the device is tried again for as long as it
    takes.
    """
    watch = PulseWatch()  # asks the server while the kernels are loaded
    from engine.sound.keeper import Hung, Keeper
    from engine.sound.mixer import audio_callback

    memory = open_memory(block, sound, speakers)
    header = memory.header
    header[b.H_RESTARTS] += int(header[b.H_FRAME] > 0)
    header[b.H_LIVE] = 1
    header[b.H_LATE] += forget_notes(memory)
    keeper = Keeper(memory, sound, watch, audio_callback.address, say)
    while not should_stop():
        try:
            keeper.turn(monotonic_ns())
        except Hung as hung:
            say(f"{hung}; starting the sound process anew")
            header[b.H_HANGS] += 1
            return False
        sleep_s(TURN_S)
    keeper.close()
    return True


def forget_notes(memory: Memory) -> int:
    """Take off the notes that came while nobody rendered, as their moments are over; return how many."""
    pending = memory.pending[: min(max(int(memory.header[b.H_PENDING]), 0), b.PENDING)]
    is_note = pending[:, b.R_OP] & 0xFF == b.OP_NOTE
    pending[is_note, b.R_OP] &= ~0xFF  # nothing to do at once: their places are given back as they come due
    pending[is_note, b.R_WHEN] = 0
    lost = int(is_note.sum())
    for cursor, ring in zip(memory.cursor, memory.ring, strict=True):
        places = np.arange(max(cursor[b.READ], cursor[b.WRITTEN] - b.RING), cursor[b.WRITTEN]) % b.RING
        notes = places[ring[places, b.R_OP] == b.OP_NOTE]
        ring[notes, b.R_OP] = ring[notes, b.R_WHEN] = 0
        lost += len(notes)
    return lost


def _come_first() -> None:
    """Ask for more of a busy machine than others have: starting takes a second and not five, and playing is little."""
    with suppress(OSError, AttributeError):  # not granted, or not to be had here
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        if os.getsid(0) == os.getpid():  # Linux shares out time by sessions first; the supervisor gives us our own
            Path("/proc/self/autogroup").write_text(str(NICE))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
