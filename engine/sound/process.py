"""The sound process: keeps a device open and playing, or the null backend until one is there."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.clock import NS, monotonic_ns, sleep_s
from engine.problems import MixeurError
from engine.show import model
from engine.sound.block import (
    BACKENDS,
    H_BACKEND,
    H_CALLBACKS,
    H_FRAME,
    H_HISTORY_FROM,
    H_LIVE,
    H_REALTIME,
    H_RESTARTS,
    H_RUNNING,
    L_FADE_NOW,
    L_START,
    REASON,
    Memory,
    open_memory,
)
from engine.supervise.memory import Block

POLL_S = 0.05
FADE_OUT_S = 0.12
CLOSE_S = 0.5
BACK_OFF_S = (1, 2, 4, 8, 15, 30)
PRIORITY = 70


def main(plan: Mapping[str, Any]) -> None:
    """Run the sound process until it is told to stop or its parent is gone; never returns.

    Args:
        plan: `sound`: the fields of `model.Sound`; `speakers`: a list of the fields of `model.Speaker`; `block`: the
            handle of the sound block, inherited; `parent`: the process whose end is ours.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if importlib.util.find_spec("engine.kernel_cache"):
        from engine.kernel_cache import prepare_cache

        prepare_cache()
    speakers = [model.Speaker(**{**speaker, "at_m": tuple(speaker["at_m"])}) for speaker in plan["speakers"]]
    status = 0
    try:
        run_sound(model.Sound(**plan["sound"]), speakers, Block.attach(plan["block"]),
                  lambda: stop.is_set() or os.getppid() != plan["parent"])
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
              should_stop: Callable[[], bool]) -> None:
    """Play what the block holds until `should_stop()`: on the configured device, else the default one, else none.

    Without a device the clocked null backend keeps the show's time, and the device is tried again, at first after 1 s,
    then less and less often, up to every 30 s.
    """
    memory = open_memory(block, sound, speakers)
    keeper = _Keeper(memory, sound)
    memory.header[H_RESTARTS] += int(memory.header[H_FRAME] > 0)
    memory.header[H_LIVE] = 1
    memory.levels[L_START] = memory.levels[L_FADE_NOW] = 0.0
    try:
        keeper.open()
        while not should_stop():
            keeper.check()
            sleep_s(POLL_S)
        memory.header[H_RUNNING] = 0
        sleep_s(FADE_OUT_S)
    finally:
        keeper.close()


class _Keeper:
    """Holds the one open stream, and replaces it when it ends or a better one can be had."""

    def __init__(self, memory: Memory, sound: model.Sound) -> None:
        self._memory = memory
        self._sound = sound
        self._stream: Any = None
        self._tries = 0
        self._retry_ns = 0
        self._reason = ""

    def open(self) -> None:
        """Open the first stream that opens, and say which it is."""
        self._memory.header[H_HISTORY_FROM] = self._memory.header[H_CALLBACKS]
        self._memory.header[H_RUNNING] = 1
        before = _threads()
        self._stream, reason = self._first()
        backend = "null" if self._stream.name == "null" else "portaudio"
        self._memory.header[H_BACKEND] = BACKENDS.index(backend)
        self._memory.header[H_REALTIME] = _ask_realtime(before)
        self._write(reason)
        if (reason and reason != self._reason) or self._tries == 0:
            device = f"{self._stream.channels} outputs of '{self._stream.name}'"
            played = "NO SOUND: null backend" if backend == "null" else device
            priority = "realtime priority" if self._memory.header[H_REALTIME] else "no realtime priority"
            say(f"{played}, {priority}" + (f"; {reason}" if reason else ""))
        self._reason = reason
        if reason:
            self._retry_ns = monotonic_ns() + BACK_OFF_S[min(self._tries, len(BACK_OFF_S) - 1)] * NS
            self._tries += 1
        else:
            self._tries, self._retry_ns = 1, 0

    def _first(self) -> tuple[Any, str]:
        """Return the configured device, else the default one, else the null backend; and why it is not the first."""
        from engine.sound.null import NullStream

        if self._sound.backend == "null":
            return NullStream(self._memory, self._sound), ""
        from engine.sound.mixer import audio_callback
        from engine.sound.stream import DeviceStream, NoDevice

        reason = ""
        for device in dict.fromkeys((self._sound.device, None)):
            try:
                return DeviceStream(self._memory, self._sound, device, audio_callback.address), reason
            except NoDevice as error:
                reason = reason or str(error)
        return NullStream(self._memory, self._sound), reason

    def check(self) -> None:
        """Open again what has ended; try for the device that could not be had."""
        ended = not self._stream.active
        if ended:
            say(f"'{self._stream.name}' has stopped; opening again")
        if ended or 0 < self._retry_ns < monotonic_ns():
            if not ended and not self._worth_trying():
                return
            self.close()
            self._memory.levels[L_START] = self._memory.levels[L_FADE_NOW] = 0.0
            self.open()

    def _worth_trying(self) -> bool:
        """Return whether any device is there now; if not, wait longer."""
        from engine.sound.stream import NoDevice, choose_device, load_portaudio, output_names

        try:
            if self._stream.name != "null":
                return False  # listing devices anew would stop the one that plays
            choose_device(output_names(load_portaudio()), None)
            return True
        except NoDevice:
            self._retry_ns = monotonic_ns() + BACK_OFF_S[min(self._tries, len(BACK_OFF_S) - 1)] * NS
            self._tries += 1
            return False

    def close(self) -> None:
        """Close the stream; one that does not return is left behind."""
        if self._stream is not None:
            closing = threading.Thread(target=self._stream.close, daemon=True)
            closing.start()
            closing.join(CLOSE_S)
        self._memory.header[H_BACKEND] = 0

    def _write(self, reason: str) -> None:
        text = reason.encode()[: REASON - 1]
        self._memory.reason[:] = 0
        self._memory.reason[: len(text)] = bytearray(text)


def _threads() -> set[int]:
    try:
        return {int(name) for name in os.listdir("/proc/self/task")}  # noqa: PTH208
    except OSError:
        return set()


def _ask_realtime(before: set[int]) -> int:
    """Ask for realtime priority for the threads that the device has started; return 1 if it was granted."""
    if not hasattr(os, "sched_setscheduler"):
        return 0
    granted = 0
    for thread in _threads() - before:
        try:
            if os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK != os.SCHED_FIFO:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
            granted = 1
        except OSError:
            return 0
    return granted


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
