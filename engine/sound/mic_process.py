"""The process of one microphone: reads it, hears what is in it, and forgets it within seconds.

It has its own PortAudio: a microphone that comes, goes or hangs never touches the loudspeakers.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.mic import SimulatedVoice
from engine.show import model
from engine.sound import block as b
from engine.sound.block import Memory, open_memory, read_text
from engine.sound.hearing import HOP
from engine.sound.mic import MicWriter
from engine.sound.mic_stream import MicStream, choose_input, input_names
from engine.sound.pulse import MicWatch
from engine.sound.stream import NoDevice, Output, Stuck, load_portaudio
from engine.supervise.memory import Block

SIMULATED = "simulated"
RETRY_S, TURN_S = 2.0, 0.05
SERVER_S = 1.0
SILENT_S = 2.5  # a device that gives no sound for so long is taken anew
BEHIND_NS = 500_000_000
STUCK = 3
SHUT = "closed by the show"


def main(plan: Mapping[str, Any]) -> NoReturn:
    """Listen until told to stop or the parent is gone; never returns.

    Args:
        plan: `mic`: the fields of `model.Microphone`; `index`: its place in the block; `sound`, `speakers`, `block`,
            `parent` as for the sound process.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    mic, block = model.Microphone(**plan["mic"]), Block.attach(plan["block"])
    speakers = [model.Speaker(**{**speaker, "at_m": tuple(speaker["at_m"])}) for speaker in plan["speakers"]]
    memory = open_memory(block, model.Sound(**plan["sound"]), speakers)
    ear = Ear(mic, memory, plan["index"], lambda: stop.is_set() or os.getppid() != plan["parent"])
    code = ear.run()
    sys.stderr.flush()
    os._exit(code)  # a driver may hold us for ever


class Ear:
    """Listens to one microphone, whatever becomes of it.

    Args:
        index: Its place in the block.
        should_stop: Asked some twenty times a second at least.
    """

    def __init__(self, mic: model.Microphone, memory: Memory, index: int, should_stop: Callable[[], bool]) -> None:
        self._mic, self._memory, self._index, self._should_stop = mic, memory, index, should_stop
        self._rate = int(memory.header[b.H_RATE])
        self._voice = SimulatedVoice(zlib.crc32(mic.name.encode()), self._rate)
        self._known: Output | None = None
        self._writer = MicWriter(memory, index, self._rate, mic.gain_db)

    def run(self) -> int:
        """Listen until told to stop; return 0, or 3 if only a new process can look for the device again."""
        if self._mic.device == SIMULATED:
            self._writer.say("")
            self._imitate(lambda: False, stands_in=False)
            self._writer.clear()
            return 0
        watch = MicWatch()
        watch.wait(SERVER_S)
        while not self._should_stop():
            self._writer.beat(monotonic_ns())
            if self._writer.shut:
                sleep_s(TURN_S)
                continue
            try:
                reason = self._listen(watch)
            except NoDevice as error:
                reason = str(error)
            except Stuck:
                return STUCK
            self._writer.clear()
            self._writer.say(reason)
            if not self._writer.shut:
                self._wait(watch)
        self._writer.clear()
        return 0

    def _listen(self, watch: MicWatch) -> str:
        """Open the microphone and hear it until it is gone; return why it is, or nothing if we are to stop."""
        stream = self._open(watch)
        self._writer = MicWriter(self._memory, self._index, stream.rate, self._mic.gain_db)
        self._writer.say("")
        heard_ns = monotonic_ns()
        try:
            while not self._should_stop():
                now_ns = monotonic_ns()
                self._writer.beat(now_ns)
                if self._writer.shut:
                    return SHUT
                if fault := self._fault(stream, watch) or (
                        f"microphone {stream.source} gives no sound; is its cable or sound server stuck?"
                        if now_ns - heard_ns > SILENT_S * NS else ""):
                    return fault
                missing = stream.missing()
                if missing:
                    sleep_s(max(missing / stream.rate, 0.001))
                    continue
                self._writer.take(*stream.read())
                heard_ns = now_ns
            return ""
        finally:
            self._writer.clear()
            stream.close()

    def _open(self, watch: MicWatch) -> MicStream:
        """Open the wanted microphone; the first that was heard is the wanted one from then on."""
        view = watch.view
        if self._known and self._known.sink and view and self._known.sink not in view.sinks:
            raise NoDevice(f"microphone '{self._known.sink}' is gone from the sound server; plug it in")
        sounddevice = load_portaudio()
        source = self._known or choose_input(input_names(sounddevice), self._mic.device, view,
                                             read_text(self._memory.sink))
        there = view.sinks.get(source.sink) if view else None
        if there and there.suspended:
            remedy = f"resume it (`pactl suspend-source {source.sink} 0`)"
            raise NoDevice(f"microphone '{source.sink}' is suspended; {remedy}")
        stream = MicStream(sounddevice, source, there.channels if there else 0, self._mic.channel, self._rate)
        self._known = source
        return stream

    def _fault(self, stream: MicStream, watch: MicWatch) -> str:
        """Return why another source may be heard in place of the wanted one, or nothing."""
        view, source = watch.view, stream.source.sink
        if not source:
            return ""
        if view is None:
            return "the sound server is gone; start it again"
        if source not in view.sinks or view.ours not in ("", source):
            return f"microphone '{source}' is gone from the sound server; plug it in"
        return ""

    def _wait(self, watch: MicWatch) -> None:
        """Wait until it is worth trying again, with a simulated voice where the show wants one."""
        end_ns, before = monotonic_ns() + round(RETRY_S * NS), watch.view
        if self._mic.lost == "simulate":
            self._imitate(lambda: monotonic_ns() > end_ns or watch.view != before, stands_in=True)
            return
        while monotonic_ns() < end_ns and watch.view == before and not self._should_stop():
            self._writer.beat(monotonic_ns())
            sleep_s(TURN_S)

    def _imitate(self, is_over: Callable[[], bool], stands_in: bool) -> None:
        """Let somebody hum and clap, at the pace of a microphone."""
        due_ns = monotonic_ns()
        while not self._should_stop() and not is_over():
            now_ns = monotonic_ns()
            self._writer.beat(now_ns)
            if now_ns < due_ns:
                sleep_s(min((due_ns - now_ns) / NS, TURN_S))
                continue
            due_ns = max(due_ns, now_ns - BEHIND_NS) + round(HOP * NS / self._rate)
            self._writer.take(self._voice.read(HOP), now_ns, stands_in)
