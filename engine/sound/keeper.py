"""The keeper of the device: notices when it is gone in any way, and takes it again when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.clock import NS, monotonic_ns, sleep_s
from engine.show import model
from engine.sound import block as b
from engine.sound.block import Memory, read_text, write_text
from engine.sound.clocked import Clocked
from engine.sound.null import NullStream
from engine.sound.pulse import PulseWatch
from engine.sound.rate import meet_rate
from engine.sound.rights import ask_realtime, in_realtime, threads
from engine.sound.stream import (
    DeviceStream,
    NoDevice,
    Output,
    Stuck,
    choose_output,
    knows_jack,
    load_portaudio,
    output_names,
)

RETRY_S = 2.0
STALLED_S = 1.5
FRESH_STALLED_S = 2.5  # a null sink of PulseAudio may take a breath of 2 s when it begins
SERVER_S = 1.0
FADE_OUT_S = 0.12
CLOSE_S = 0.5
PATIENCE_S, LONGEST_PATIENCE_S = 2.0, 60.0
SETTLED_S = 10.0
CARDS = Path("/proc/asound/cards")
JACK_SERVERS = Path("/dev/shm")
Seen = tuple[str, str]  # what may be a device: `output` of the server, `card` or `jack`, and its name


class Hung(Exception):
    """A device does not come back from opening or closing: only a new process helps."""


class Keeper:
    """Holds the one stream that renders the block: the device's, or the clocked null backend until it can be had.

    `turn` never waits: devices are opened and closed in a thread, which may be stuck in a dead driver for ever.

    Args:
        callback: Address of the compiled callback.
        say: Where a line for the operator goes.
    """

    def __init__(self, memory: Memory, sound: model.Sound, watch: PulseWatch, callback: int,
                 say: Callable[[str], None]) -> None:
        self._memory, self._sound, self._watch, self._callback, self._say = memory, sound, watch, callback, say
        self._wants_device = sound.backend != "null"
        self._change: threading.Thread | None = None
        self._change_ns = self._started_ns = self._advanced_ns = self._turned_ns = monotonic_ns()
        self._retry_ns = self._callbacks = self._rank = 0
        self._is_suspended = self._is_stuck = self._is_exiled = False
        self._world = self._look_round()
        self._met: frozenset[str] = frozenset()  # the server's outputs when the device was opened
        self._said = ""
        self._clocked = Clocked(sound.rate, sound.block)
        self._stream: NullStream | DeviceStream = self._null()
        if self._wants_device:
            write_text(memory.reason, "the sound device is being opened")
            self._begin(self._open, monotonic_ns())
        else:
            say("no device: the null backend is asked for")

    def turn(self, now_ns: int) -> None:
        """Look after the device once; to be called often.

        Raises:
            Hung: A device is stuck.
        """
        header = self._memory.header
        header[b.H_ALIVE_NS] = now_ns
        if self._wants_device and isinstance(self._stream, NullStream):
            header[b.H_WITHOUT_NS] += now_ns - self._turned_ns
        self._turned_ns = now_ns
        if self._is_stuck or (self._change and self._change.is_alive()):
            times = 2 ** min(int(header[b.H_HANGS]), 8)
            patience_s = min(PATIENCE_S * (times - self._is_stuck), LONGEST_PATIENCE_S)
            if now_ns - self._change_ns > patience_s * NS:
                raise Hung("the sound device is stuck")
        elif isinstance(self._stream, DeviceStream) and (reason := self._fault(self._stream, now_ns)):
            header[b.H_LOSSES] += 1
            self._let_go(self._stream, reason, now_ns)
        elif isinstance(self._stream, DeviceStream) and (rate := self._clocked.look(self._callbacks, now_ns)):
            self._follow(self._stream, rate)
        elif isinstance(self._stream, DeviceStream) and (chosen := self._newly_chosen(self._stream)):
            write_text(self._memory.device, "")  # the best there is, once more
            write_text(self._memory.sink, "")
            self._let_go(self._stream, f"the sound server plays on '{chosen}' from now on", now_ns)
        elif (exile := self._exile()) or self._is_exiled:
            if bool(exile) != self._is_exiled:
                self._note(exile)
            self._is_exiled = bool(exile)
        elif self._is_worth_trying(now_ns):
            if isinstance(self._stream, DeviceStream):
                self._let_go(self._stream, "looking for the wanted device", now_ns)
            else:
                self._begin(self._open, now_ns)

    def close(self) -> None:
        """Fade out and close; a device that does not return is left behind."""
        self._memory.header[b.H_RUNNING] = 0
        sleep_s(FADE_OUT_S)
        closing = threading.Thread(target=self._stream.close, daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        self._memory.header[b.H_BACKEND] = 0

    # -- what can be wrong ---------------------------------------------------------------------

    def _fault(self, stream: DeviceStream, now_ns: int) -> str:
        """Return what is wrong with the device that plays, or nothing."""
        view = self._watch.view
        if now_ns - self._started_ns > SETTLED_S * NS:
            self._memory.header[b.H_HANGS] = 0
        if not stream.active:
            return f"{stream.output} has stopped"
        sink = stream.output.sink
        may_move = self._sound.lost == "hold" and len(self._sound.devices) < 2
        if sink and view and view.ours not in ("", sink) and sink not in view.sinks and not may_move:
            return f"output '{sink}' is gone from the sound server; plug it in, or see `pactl list short sinks`"
        if self._memory.header[b.H_CALLBACKS] != self._callbacks:
            self._callbacks, self._advanced_ns = int(self._memory.header[b.H_CALLBACKS]), now_ns
        is_fresh = now_ns - self._started_ns < SETTLED_S * NS
        if now_ns - self._advanced_ns < (FRESH_STALLED_S if is_fresh else STALLED_S) * NS:
            return ""
        self._is_suspended = bool(view and sink in view.sinks and view.sinks[sink].suspended)
        if self._is_suspended:
            return f"output '{sink}' is suspended; resume it (`pactl suspend-sink {sink} 0`)"
        return f"{stream.output} takes no more sound; is its sound server or cable stuck?"

    def _exile(self) -> str:
        """Return where the server has moved our stream to, if the show allows that."""
        view, stream = self._watch.view, self._stream
        sink = stream.output.sink if isinstance(stream, DeviceStream) else ""
        if not view or not sink or sink in view.sinks or view.ours in ("", sink):
            return ""
        return f"output '{sink}' is gone from the sound server; plays on '{view.ours}' meanwhile"

    def _newly_chosen(self, stream: DeviceStream) -> str:
        """Return the output that has come since ours was opened and is the server's own choice now, or nothing.

        A show that names no device and begins while its speakers are not there (a power cut, a slow USB box) is heard
        on them when they come. A choice among outputs that were there already was made by somebody for other programs.
        """
        view = self._watch.view
        if self._sound.devices or not stream.output.sink or not view or view.default not in view.sinks:
            return ""
        return "" if view.default in self._met or view.default == stream.output.sink else view.default

    def _is_worth_trying(self, now_ns: int) -> bool:
        """Return whether the wanted device does not play and may be there now."""
        view, sink, before = self._watch.view, read_text(self._memory.sink), self._world
        self._world = self._look_round()
        if not self._retry_ns:
            return False
        if self._is_suspended and view and sink in view.sinks and view.sinks[sink].suspended:
            return False
        self._is_suspended = False
        if isinstance(self._stream, DeviceStream):
            return any(map(self._may_be_better, self._world - before))
        if sink and view and sink not in view.sinks and self._sound.lost == "silence" and not self._sound.devices:
            return False
        return self._world != before or now_ns > self._retry_ns

    def _may_be_better(self, seen: Seen) -> bool:
        """Return whether what has come may be a device that is wanted more than the one that plays."""
        better = self._sound.devices[: self._rank] or tuple(filter(None, (read_text(self._memory.sink),)))
        return seen[0] != "output" or not better or any(name.lower() in seen[1].lower() for name in better)

    def _look_round(self) -> frozenset[Seen]:
        """Return what may be a device: outputs of the server that are not suspended, sound cards, JACK servers."""
        view = self._watch.view
        try:
            cards = CARDS.read_text().splitlines()
        except OSError:
            cards = []
        return frozenset((
            *(("output", sink.name) for sink in (view.sinks.values() if view else ()) if not sink.suspended),
            *(("card", line) for line in cards),
            *(("jack", path.name) for path in JACK_SERVERS.glob("jack_*_0")),
        ))

    # -- changing streams ----------------------------------------------------------------------

    def _begin(self, change: Callable[[], None], now_ns: int) -> None:
        self._change_ns = now_ns
        self._change = threading.Thread(target=change, name="device", daemon=True)
        self._change.start()

    def _let_go(self, lost: DeviceStream, reason: str, now_ns: int) -> None:
        """Let the null backend go on in a device's place, and try for the wanted device at once."""
        header = self._memory.header
        if lost.active:
            header[b.H_RUNNING] = 0
            sleep_s(FADE_OUT_S)
        header[b.H_TICKET] += 1  # should it come back to life, it is silent
        self._stream = self._null()
        self._note(reason)
        self._begin(lambda: self._open(lost), now_ns)

    def _follow(self, stream: DeviceStream, rate: int) -> None:
        """Go on at the rate that a device really has; no callback may meet half of the change."""
        self._memory.header[b.H_RUNNING] = 0
        sleep_s(FADE_OUT_S)
        meet_rate(self._memory, self._sound.rate, self._sound.block)
        sleep_s(FADE_OUT_S)
        meet_rate(self._memory, rate, self._sound.block)
        self._fade_in()
        self._clocked = Clocked(rate, self._sound.block)
        self._say(f"{stream.output} runs at {rate} Hz and not at {stream.rate} as it said; sound follows it")
        stream.rate = rate

    def _null(self) -> NullStream:
        self._fade_in()
        self._memory.header[b.H_BACKEND] = b.BACKENDS.index("null")
        return NullStream(self._memory, self._sound)

    def _fade_in(self) -> None:
        header, levels = self._memory.header, self._memory.levels
        levels[b.L_START] = levels[b.L_FADE_NOW] = 0.0
        header[b.H_HISTORY_FROM] = header[b.H_CALLBACKS]
        header[b.H_RUNNING] = 1

    def _open(self, lost: DeviceStream | None = None) -> None:
        """Close what was lost, and let the best device that opens take over from the null backend."""
        try:
            if lost and knows_jack():
                raise Stuck  # it would never return from closing
            if lost:
                lost.close()
            if self._is_suspended:
                raise NoDevice(read_text(self._memory.reason))
            sounddevice = load_portaudio()
            self._world = self._look_round()  # what comes from now on is worth a try, also what was lost and is back
            before = threads()
            with in_realtime():
                stream, reason = self._best(sounddevice)
                self._take_over(stream)
        except Stuck:
            self._is_stuck = True
            return
        except NoDevice as error:
            self._retry_ns = monotonic_ns() + round(RETRY_S * NS)
            self._note(str(error))
            return
        self._stream = stream
        self._met = frozenset(self._watch.view.sinks) if self._watch.view else frozenset()
        self._clocked = Clocked(stream.rate, self._sound.block)
        self._started_ns = self._advanced_ns = monotonic_ns()
        self._memory.header[b.H_BACKEND] = b.BACKENDS.index("portaudio")
        self._memory.header[b.H_REALTIME] = ask_realtime(before)
        self._retry_ns = monotonic_ns() if reason else 0
        self._is_suspended = False
        self._note(reason)

    def _take_over(self, stream: DeviceStream) -> None:
        """Let a device go on where the null backend is.

        Raises:
            NoDevice: It does not start.
        """
        self._stream.close()
        self._fade_in()
        try:
            stream.start()
        except NoDevice:
            self._stream = self._null()
            raise

    def _best(self, sounddevice: Any) -> tuple[DeviceStream, str]:
        """Open the wanted device, else another one if the show allows it; and return why it is not the wanted one."""
        self._watch.wait(SERVER_S)
        view, names = self._watch.view, output_names(sounddevice)
        missing: list[NoDevice] = []
        wishes = self._wishes()
        for rank, wish in enumerate(wishes):
            try:
                output = wish if isinstance(wish, Output) else choose_output(names, wish, view)
                stream = self._open_output(sounddevice, output)
            except NoDevice as error:
                missing.append(error)
                continue
            self._rank = rank
            if rank < max(len(self._sound.devices), 1):
                write_text(self._memory.device, output.device)
                write_text(self._memory.sink, output.sink)
            return stream, f"{missing[0]}; plays on {output} meanwhile" if missing else ""
        raise missing[0]

    def _wishes(self) -> list[Output | str | None]:
        """Return what is tried, in order; None is the best there is.

        Where the show names no device, the first output that plays is the wanted one for as long as the show runs, or
        until the sound server chooses one that has come later.
        """
        known = Output(read_text(self._memory.device), read_text(self._memory.sink))
        wishes: list[Output | str | None] = [*self._sound.devices]
        if not wishes and known.device:
            wishes.append(known)
        if not known.device or self._sound.lost == "hold":
            wishes.append(None)
        return wishes

    def _open_output(self, sounddevice: Any, output: Output) -> DeviceStream:
        view = self._watch.view
        sink = view.sinks.get(output.sink) if view else None
        if output.sink and view and not sink:
            raise NoDevice(f"output '{output.sink}' is gone from the sound server; plug it in")
        self._watch.wanted = output.sink
        channels = sink.channels if sink else 0
        return DeviceStream(sounddevice, self._memory, self._sound, output, channels, self._callback)

    def _note(self, reason: str) -> None:
        """Write why the wanted device does not play, or that it does."""
        write_text(self._memory.reason, reason)
        if isinstance(self._stream, NullStream):
            line = f"NO SOUND: {reason}"
        else:
            priority = "realtime priority" if self._memory.header[b.H_REALTIME] else "no realtime priority"
            line = f"{self._stream.channels} outputs of '{self._stream.name}', {priority}; {reason}".removesuffix("; ")
        if line != self._said:
            self._say(line)
        self._said = line

