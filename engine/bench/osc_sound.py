"""How long after an OSC packet the sound changes: from the kernel's stamp to the first changed sample, on both ways.

Listener, loop, scene, sender and sound kernels are the show's own; a clocked device of 256 frames a block keeps what it
plays. A sample's time is its place in a block that was due then: what a real device adds after that is not ours.
`direct`: a hold whose level follows the signal. `scene`: a note that a scene asks for when the signal has changed.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bench.figure import Figure, Record
from engine.clock import NS, RealClock, Tick, monotonic_ns, sleep_s
from engine.problems import MixeurError
from engine.show import model
from engine.sound.block import QUANTUM
from engine.world import Event, Signals

BLOCK, RATE, FPS = 256, 48_000, 60.0
BLOCKS_MS = 1.5 * BLOCK / RATE * 1000
FIGURES = (
    Figure("osc_to_sample_ms_p50", "ms", "lower", BLOCKS_MS + 1),
    Figure("osc_to_sample_jitter_ms_p99", "ms", "lower", 1.0),
)
TARGETS = {  # design.md, section 11; a packet waits for a block, and a ms is left for the frame's own work
    "direct": (BLOCKS_MS + 1, 0.5 * BLOCK / RATE * 1000 + 0.5),
    "scene": (1000 / FPS + BLOCKS_MS + 1, 1.0),
}
EVENTS, APART_S = 1000, (0.018, 0.022)  # at every phase of frame and block, and never two in one frame
SETTLE_S, MOST_MS = 2.0, 100.0
SOUND = model.Sound(backend="null", rate=RATE, block=BLOCK)
PITCH = 69 + 12 * np.log2(750 / 440)  # a cycle of the tone is a quantum
GLIDE_S = 0.012  # of a hold's level
SHOW = """format = 1
[scene.both]
file = "both.py"
[signal.press]
from = "osc:/press"
"""
SCENE = f'''"""A hold that follows the signal by itself, and a note that is asked for when it changes."""
from engine import Scene


class Both(Scene):
    last = 0.0

    def play(self, sound, now):
        sound.hold("direct", voice="sine", pitch={PITCH}, level=0.8, level_from="press", space=0)
        if now.signal("press") != self.last:
            sound.note(90, voice="sine", level=0.8, length=0.002, attack=0, release=0.01, space=0)
        self.last = now.signal("press")
'''
Heard = tuple[NDArray[np.float32], NDArray[np.int64]]
"""What the device played, shape (blocks, 256), and when each block was due."""


def measure(names: Collection[str]) -> list[Record]:
    """Return the named figures of both ways, each record with its `path`.

    Peers: `p99` and `most` of the same delays; `by_frame` is the jitter if a frame's sounds were timed by the frame.
    """
    arrived, by_frame, heard = _play()
    found = {"direct": flips(*heard["direct"]), "scene": onsets(*heard["scene"])}
    frame_jitter: dict[str, dict[str, float]] = {"direct": {}, "scene": {"by_frame": _jitter(by_frame)}}
    records: list[Record] = []
    for path, (most_ms, most_jitter_ms) in TARGETS.items():
        delays = delays_ms(arrived, found[path])
        if len(delays) < 0.9 * len(arrived):
            raise MixeurError(f"{path}: only {len(delays)} of {len(arrived)} packets were heard; is the machine busy?")
        tail = {"p99": float(np.percentile(delays, 99)), "most": float(delays.max())}
        values = ((FIGURES[0], most_ms, float(np.median(delays)), tail),
                  (FIGURES[1], most_jitter_ms, _jitter(delays), frame_jitter[path]))
        for figure, target, value, peers in values:
            if figure.name in names:
                records.append({**replace(figure, target=target).record(value, peers), "path": path})
    return records


def _jitter(delays: NDArray[np.float64]) -> float:
    """Return what 99 of 100 delays are off their median by, at most."""
    return float(np.percentile(np.abs(delays - np.median(delays)), 99))


def delays_ms(arrived_ns: NDArray[np.int64], changed_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how long after each arrival the next change was that belongs to no other; without those that had none."""
    delays, place = [], 0
    for arrival_ns in arrived_ns:
        while place < len(changed_ns) and changed_ns[place] < arrival_ns:
            place += 1
        if place < len(changed_ns) and changed_ns[place] - arrival_ns < MOST_MS * 1e6:
            delays.append((changed_ns[place] - arrival_ns) / 1e6)
            place += 1
    return np.array(delays)


def flips(wave: NDArray[np.float32], due_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when the level of the tone began to go another way, in nanoseconds.

    A level glides to its aim by the same share in each quantum: from its two ends the aim follows, which is 0 or 1.
    """
    quanta = wave.reshape(-1, QUANTUM).astype(np.float64)
    k = np.arange(QUANTUM)
    turn = 2 * np.pi * k / QUANTUM
    basis = np.stack([np.cos(turn), np.sin(turn), k * np.cos(turn), k * np.sin(turn)], axis=1)
    a, c, b, d = np.linalg.pinv(basis) @ quanta.T
    begin = np.sqrt(np.hypot(a, c))
    end = np.sqrt(np.hypot(a + QUANTUM * b, c + QUANTUM * d))
    near = 1 - np.exp(-QUANTUM / (RATE * GLIDE_S))
    aim = (end - (1 - near) * begin) / near
    is_up = aim > 0.5 * np.percentile(aim, 90)
    return _time_ns(np.flatnonzero(np.diff(is_up, prepend=is_up[0])) * QUANTUM, due_ns)


def onsets(wave: NDArray[np.float32], due_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when notes began, in nanoseconds."""
    steps = np.abs(np.diff(wave.ravel(), prepend=np.float32(0)))
    loud = np.flatnonzero(steps > 1e-3 * steps.max())
    return _time_ns(loud[np.diff(loud, prepend=-RATE) > RATE // 500], due_ns)


def _time_ns(places: NDArray[np.int64], due_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    times_ns: NDArray[np.int64] = due_ns[places // BLOCK] + np.round(places % BLOCK * (NS / RATE)).astype(np.int64)
    return times_ns


# -- the show -------------------------------------------------------------------------------------

class _Listening:
    """The devices of the loop: one listener; remembers what it heard, and for which frame."""

    def __init__(self, poll: Callable[[int], Sequence[Event]]) -> None:
        self._poll = poll
        self.arrived_ns: list[int] = []
        self.by_frame_ms: list[float] = []

    def poll(self, tick: Tick) -> Signals:
        events = tuple(self._poll(tick.due_ns))
        self.arrived_ns += [event.time_ns for event in events]
        self.by_frame_ms += [(tick.due_ns - event.time_ns) / 1e6 for event in events]
        return Signals(events)


def _play() -> tuple[NDArray[np.int64], NDArray[np.float64], dict[str, Heard]]:
    """Play the show; return the packets' arrivals, how long each waited for its frame, and what was heard."""
    from engine.assembly import scene_parts
    from engine.direct import Direct
    from engine.director import Director
    from engine.inputs.osc import OscListener
    from engine.loop import frames
    from engine.scene.running import Running
    from engine.sense import Room
    from engine.show.files import read_show
    from engine.telemetry import Telemetry

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "show.toml").write_text(SHOW)
        (folder / "both.py").write_text(SCENE)
        show = read_show(folder / "show.toml")
        room = Room.of(show)
        devices = {path: stack.enter_context(_device(folder / f"{path}.npz")) for path in TARGETS}
        direct = Direct(lambda: room, devices["direct"].control)
        listener = OscListener(model.Osc(port=0, tcp=False), on_event=direct.hear)
        stack.callback(listener.close)
        listening = _Listening(listener.poll)
        parts = scene_parts(show, 1, monotonic_ns, lambda scene, line: None)
        director = Director(show, lambda entry, key: Running(entry, key, parts), lambda problem: None)
        sender = stack.enter_context(_running("send", str(listener.port)))
        clock = RealClock(FPS)
        for tick, _, frame in frames(clock, listening, lambda: room, director, Telemetry(monotonic_ns, FPS), direct):
            holds = [replace(scene, notes=()) for scene in frame.sounds]
            notes = [replace(scene, holds=()) for scene in frame.sounds]
            devices["direct"].control.submit(holds, tick.due_ns, frame.moment_ns)
            devices["scene"].control.submit(notes, tick.due_ns, frame.moment_ns)
            if len(listening.arrived_ns) >= EVENTS + 1 or sender.poll() is not None:
                break
        sleep_s(0.2)
        heard = {path: device.heard() for path, device in devices.items()}
    return np.array(listening.arrived_ns[1:]), np.array(listening.by_frame_ms[1:]), heard


class _Device:
    """A process that plays a sound block as the null backend does, and keeps it."""

    def __init__(self, path: Path) -> None:
        from engine.sound.block import SIZE
        from engine.sound.control import SoundControl
        from engine.supervise.memory import Block

        self._path, self._block = path, Block.create(SIZE, "bench")
        speaker = {"one": model.Speaker(name="one", output=1)}
        self.control = SoundControl(self._block, SOUND, speaker, model.Stage(fps=FPS))
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, "device", self._block.handle, path], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=self._block.descriptors)
        assert self.process.stdout
        self.process.stdout.readline()

    def heard(self) -> Heard:
        """End it; return what it played."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)
        with np.load(self._path) as kept:
            return kept["wave"], kept["due_ns"]


@contextmanager
def _device(path: Path) -> Iterator[_Device]:
    device = _Device(path)
    try:
        yield device
    finally:
        device.process.kill()
        device.process.wait()


@contextmanager
def _running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-P", "-m", __name__, *words])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _run_device(handle: str, path: str) -> None:
    from engine.sound import block as b
    from engine.sound.null import NullStream
    from engine.sound.rights import in_realtime
    from engine.supervise.memory import Block

    memory = b.open_memory(Block.attach(handle), SOUND, [model.Speaker(name="one", output=1)])
    memory.header[b.H_RUNNING] = 1
    waves: list[NDArray[np.float32]] = []
    due: list[int] = []

    def keep(out: NDArray[np.float32], due_ns: int) -> None:
        waves.append(out[:, 0].copy())
        due.append(due_ns)

    with in_realtime():
        stream = NullStream(memory, SOUND, keep)
    sys.stdout.write("plays\n")
    sys.stdout.flush()
    sys.stdin.read()
    stream.close()
    np.savez(path, wave=np.array(waves), due_ns=np.array(due))


def _send(port: int) -> None:
    """Send 0 and 1 in turns; the first packet wakes all that follows."""
    rng = np.random.default_rng(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sleep_s(SETTLE_S)
        for number in range(EVENTS + 1):
            sender.sendto(b"/press\0\0,f\0\0" + struct.pack(">f", number % 2), ("127.0.0.1", port))
            sleep_s(rng.uniform(*APART_S))
    sleep_s(1.0)


def main(words: Sequence[str]) -> None:
    """Be one of the processes of the measurement."""
    from engine.kernel_cache import prepare_cache

    prepare_cache()
    if words[0] == "device":
        _run_device(*words[1:])
    else:
        _send(int(words[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
