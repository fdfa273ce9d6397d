"""What the sound server says: its outputs (sinks), and on which our stream plays. The only user of pulsectl."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.clock import NS, monotonic_ns, sleep_s

LOOK_S = 1.0  # at the latest; a change is seen at once
RETRY_S = 0.5
SILENT_S = 2.5
DUMMY = "auto_null"  # what PulseAudio shows when it has no output at all


@dataclass(frozen=True, slots=True)
class Sink:
    """One output of the sound server."""

    name: str
    channels: int
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class ServerView:
    """The sound server as it was at the last look.

    Attributes:
        sinks: By name.
        default: The sink for whoever asks for none; may be empty.
        ours: The sink on which this process plays, or empty.
    """

    sinks: Mapping[str, Sink] = field(default_factory=dict)
    default: str = ""
    ours: str = ""


class PulseWatch:
    """A thread that looks at PulseAudio, or PipeWire in its place, and keeps our stream on the sink that is wanted.

    The thread may be stuck in a server that does not answer; nobody waits for it. Without libpulse it ends.
    """

    _events = ("sink", "sink_input", "server")

    def __init__(self) -> None:
        self.wanted = ""
        self._view: ServerView | None = None
        self._seen_ns = 0
        self._has_looked = threading.Event()
        threading.Thread(target=self._run, name="pulse-watch", daemon=True).start()

    @property
    def view(self) -> ServerView | None:
        """Return the newest view; None where there is no server."""
        return self._view

    @property
    def answers(self) -> bool:
        """Return False if there is a server and it has not answered for 2.5 s."""
        return self._view is None or monotonic_ns() - self._seen_ns < SILENT_S * NS

    def wait(self, seconds: float) -> None:
        """Wait until it is known whether there is a server, so long at most."""
        self._has_looked.wait(seconds)

    def _run(self) -> None:
        try:
            import pulsectl

            pulse = pulsectl.Pulse("mixeur", connect=False)
        except (ImportError, OSError):
            self._has_looked.set()
            return
        while True:
            try:
                self._follow(pulse)
            except (pulsectl.PulseError, pulsectl.PulseDisconnected):  # no server, or gone while we looked
                self._view = None
                self._has_looked.set()
                sleep_s(RETRY_S)

    def _follow(self, pulse: Any) -> None:
        pulse.connect()
        pulse.event_mask_set(*self._events)
        pulse.event_callback_set(_stop_listening)
        while True:
            self._look(pulse)
            pulse.event_listen(LOOK_S)

    def _look(self, pulse: Any) -> None:
        sinks = {sink.index: sink for sink in pulse.sink_list() if sink.name != DUMMY}
        names = {sink.name: index for index, sink in sinks.items()}
        ours = ""
        for stream in pulse.sink_input_list():
            if stream.proplist.get("application.process.id") == str(os.getpid()):
                if self.wanted in names and stream.sink != names[self.wanted]:
                    _move(pulse, stream.index, names[self.wanted])
                else:
                    ours = sinks[stream.sink].name if stream.sink in sinks else DUMMY
        self._note(ServerView(
            {s.name: Sink(s.name, s.channel_count, s.state == "suspended") for s in sinks.values()},
            pulse.server_info().default_sink_name or "", ours))

    def _note(self, view: ServerView) -> None:
        self._view, self._seen_ns = view, monotonic_ns()
        self._has_looked.set()


class MicWatch(PulseWatch):
    """The same for what we listen to: its `sinks` are the server's sources, `ours` the one that this process hears.

    A stream that the server has moved to another microphone is not moved back: its owner closes it.
    """

    _events = ("source", "source_output", "server")

    def _look(self, pulse: Any) -> None:
        sources = {source.index: source for source in pulse.source_list() if source.name != f"{DUMMY}.monitor"}
        heard = [stream.source for stream in pulse.source_output_list()
                 if stream.proplist.get("application.process.id") == str(os.getpid())]
        ours = sources[heard[0]].name if heard and heard[0] in sources else DUMMY if heard else ""
        self._note(ServerView(
            {s.name: Sink(s.name, s.channel_count, s.state == "suspended") for s in sources.values()},
            pulse.server_info().default_source_name or "", ours))


def _stop_listening(_event: Any) -> None:
    from pulsectl import PulseLoopStop

    raise PulseLoopStop


def _move(pulse: Any, stream: int, sink: int) -> None:
    from pulsectl import PulseError

    try:
        pulse.sink_input_move(stream, sink)
    except PulseError:  # it went meanwhile: the next look shows
        return
