"""`mixeur speakers SHOW`: list the speakers, and let each call its number or hum pink noise for the sound meter."""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import RealClock
from engine.problems import MixeurError, did_you_mean
from engine.show.model import Show, Speaker, Stage

if TYPE_CHECKING:
    from engine.sound.control import SoundControl
    from engine.sound.recording import Recording

ALL = "all"
FPS = 20.0
GAP_S = 0.4
PATIENCE_S = 15.0  # for a device to open, and for a call to begin
PINK_S = 10.0  # until it repeats
TURN_S, RAMP_S = 10.0, 0.3
LEAST_DB = -30.0  # what a filter takes away more is not made good


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("speakers", help="list a show's speakers, let them call, or hum pink noise")
    parser.add_argument("show", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--play", metavar="NAME", help="a speaker's name, or 'all', one after another: pink noise, then "
                                                      "its number in tones (long and low: tens)")
    what.add_argument("--pink", metavar="NAME", help="pink noise for the sound level meter, -20 dBFS RMS at the output "
                                                     "whatever its trim, from one speaker or 'all' in turn")
    parser.add_argument("--seconds", type=float, metavar="S",
                        help=f"how long each hums (one: until Ctrl+C; all: {TURN_S:g})")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the speakers, or start the sound process beside the one that asks for the sounds; returns the exit code."""
    show = _show(args.show)
    chosen = args.play or args.pink
    if chosen and chosen != ALL and chosen not in show.speakers:
        near = did_you_mean(chosen, (*show.speakers, ALL)) or f"; there are {', '.join(show.speakers)}"
        raise MixeurError(f"there is no speaker {chosen!r}{near}")
    for line in lines(show):
        print(line)
    if not chosen:
        return 0
    from engine.commands import errand
    from engine.commands.run import plans

    told = {"show": str(args.show.resolve()), "play": args.play, "pink": args.pink, "seconds": args.seconds,
            "debug": args.debug}  # fmt: skip
    return errand.send("engine.commands.speakers", plans(replace(show, cameras={}, mics={}), told)[:2])


def main(plan: Mapping[str, Any]) -> int:
    """Be the process that asks for the sounds.

    Args:
        plan: `show`, `play`, `pink`, `seconds`, `debug`; handles of the blocks `sound` and `board`.
    """
    from engine.commands import errand

    def work(stopping: Callable[[], bool]) -> None:
        with tempfile.TemporaryDirectory(prefix="mixeur-") as folder:
            _sound(plan, Path(folder), stopping)

    return errand.do(plan, work)


def lines(show: Show) -> list[str]:
    """Return a line for each speaker: number, name, output, place, and what stands before it."""
    listed = []
    for number, speaker in enumerate(show.speakers.values(), 1):
        bands = [f"{band.kind} {band.hz:g} Hz {band.gain_db:+g} dB q {band.q:g}" for band in speaker.eq]
        crossovers = (("highpass", speaker.highpass_hz), ("lowpass", speaker.lowpass_hz))
        filters = [f"{name} {hz:g} Hz" for name, hz in crossovers if hz is not None]
        x, y = speaker.at_m
        listed.append(f"speaker {number} · {speaker.name}   output {speaker.output}   at ({x:g}, {y:g}) m   "
                      f"trim {speaker.trim_db:+g} dB   delay {speaker.delay_ms:g} ms"
                      + "".join(f"   {each}" for each in (*filters, *bands)))
    return listed


def boost_db(speakers: Mapping[str, Speaker]) -> float:
    """Return by how much trims and equalisers could raise a speaker.

    Calls are so much quieter that none is louder than -20 dBFS RMS, and all keep their balance.
    """
    return max((max(each.trim_db, 0.0) + sum(max(band.gain_db, 0.0) for band in each.eq) for each in speakers.values()),
               default=0.0)


def until_heard(control: SoundControl, seconds: float) -> Iterator[bool]:
    """Yield once a frame until a call and the gap after it have been played, however late a busy machine began it.

    Args:
        seconds: How long the call is; one that never begins, as the sound process is lost, is waited for 15 s more.
    """
    from engine.clock import monotonic_ns
    from engine.sound.events import Sounds

    has_begun, quiet = False, 0
    for _ in range(round((seconds + PATIENCE_S) * FPS)):
        voices = control.meters().voices
        has_begun = has_begun or voices > 0
        quiet = quiet + 1 if has_begun and not voices else 0
        if quiet > GAP_S * FPS:
            return
        control.submit((Sounds("speakers"),), monotonic_ns())
        yield True


def _show(path: Path) -> Show:
    from engine.show.files import read_show
    from engine.show.furnish import furnish

    return furnish(read_show(path))


def _sound(plan: Mapping[str, Any], folder: Path, stopping: Callable[[], bool]) -> None:
    from engine.sound.control import SoundControl
    from engine.supervise.memory import Block

    show = _show(Path(plan["show"]))
    flat = replace(show.sound, level_db=0.0)
    control = SoundControl(Block.attach(plan["sound"]), flat, show.speakers, Stage(fps=FPS), samples_at_once=True)
    control.let_measure()  # all that is played here is known to be quiet enough
    turns = _waiting(control, show)
    steps = _pink(plan, show, control, folder) if plan["pink"] else _calls(plan["play"], show, control, folder)
    for _ in RealClock(FPS).ticks():
        if stopping() or (next(turns, None) is None and next(steps, None) is None):
            return


def _waiting(control: SoundControl, show: Show) -> Iterator[bool]:
    """Yield once a frame until a device plays, or raise an error that says why none does."""
    from engine.clock import monotonic_ns

    waited = 0
    while waited < PATIENCE_S * FPS:
        control.submit((), monotonic_ns())
        meters = control.meters()
        if meters.backend == "portaudio" or (meters.backend == "null" and show.sound.backend == "null"):
            return
        waited += meters.backend != "none"  # its kernels may have to be compiled first
        yield True
    raise MixeurError(f"nothing can be heard: {control.meters().reason}")


def _calls(chosen: str, show: Show, control: SoundControl, folder: Path) -> Iterator[bool]:
    """Let each of the chosen speakers call, one after another; yields once a frame."""
    from engine.clock import monotonic_ns
    from engine.sound.events import Note, Sounds
    from engine.sound.probe import call
    from engine.sound.speakers import alone

    for index, name in enumerate(show.speakers):
        if chosen not in (ALL, name):
            continue
        wave = call(index + 1, show.sound.rate)
        voice = _voice(folder / f"{index + 1}.wav", wave, -boost_db(show.speakers), show)
        print(f"speaker {index + 1} · {name}   output {show.speakers[name].output}", flush=True)
        note = Note(60.0, 1.0, alone(index), voice, 1e9, controls={"space": 0.0})
        control.submit((Sounds("speakers", (note,)),), monotonic_ns())
        yield from until_heard(control, len(wave) / show.sound.rate)


def _pink(plan: Mapping[str, Any], show: Show, control: SoundControl, folder: Path) -> Iterator[bool]:
    """Let the chosen speaker hum pink noise, or all in turn; yields once a frame."""
    from engine.clock import monotonic_ns
    from engine.sound.events import Hold, Sounds
    from engine.sound.probe import pink_gain_db, pink_noise
    from engine.sound.speakers import alone

    chosen, seconds = plan["pink"], plan["seconds"] or (TURN_S if plan["pink"] == ALL else math.inf)
    noise = pink_noise(PINK_S, show.sound.rate)
    for index, (name, speaker) in enumerate(show.speakers.items()):
        if chosen not in (ALL, name):
            continue
        print(f"pink noise of -20 dBFS from {name}, output {speaker.output}", flush=True)
        gain_db = max(pink_gain_db(speaker, show.sound.rate), LEAST_DB)
        voice = _voice(folder / f"pink-{index}.wav", noise, -gain_db, show)
        hum = Hold(name, 60.0, 1.0, alone(index), voice, {"space": 0.0, "attack": RAMP_S, "release": RAMP_S})
        for frame in itertools.count():
            if frame >= (seconds + 2 * RAMP_S) * FPS:
                break
            control.submit((Sounds("speakers", (), (hum,) if frame < seconds * FPS else ()),), monotonic_ns())
            yield True


def _voice(path: Path, wave: Any, gain_db: float, show: Show) -> Recording:
    """Write a probe as a sound file; return the voice that plays it."""
    import soundfile

    from engine.sound.recording import Recording

    soundfile.write(path, wave * 10 ** (gain_db / 20), show.sound.rate, subtype="FLOAT")
    return Recording(str(path))
