"""`mixeur identify`: a number on every projector, speaker and lamp, to see and hear which is which."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import RealClock
from engine.problems import Problem, ShowError
from engine.show.model import Projector, Show, Speaker
from engine.world import StageSize

if TYPE_CHECKING:
    from engine.light.output import LampOutput
    from engine.render.headless import HeadlessWindows
    from engine.render.window import Windows

FPS = 20.0
TURN_S, TONE_S = 2.0, 1.2
LAMP_FADE_S = 0.5  # slowly: nobody knows yet where the lamps hang
LEVEL = 0.37  # -20 dBFS RMS of a sine
SCALE = (0, 2, 4, 5, 7, 9, 11)  # major, from middle C: each speaker sounds higher than the one before


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that has its turn: a speaker, or a lamp, which has no `speaker`."""

    kind: str
    number: int
    name: str
    detail: str
    speaker: Speaker | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.number} · {self.name}"

    @property
    def pitch(self) -> float:
        """Return the tone that names it, as a MIDI note number."""
        octave, step = divmod(self.number - 1, len(SCALE))
        return 60.0 + 12 * octave + SCALE[step]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("identify", help="number every projector, speaker and lamp, or every display")
    parser.add_argument("show", nargs="?", type=Path, help="show file; without one every display is numbered")
    parser.add_argument("--seconds", type=float, metavar="S", help="end by itself (else by Esc or a closed window)")
    parser.add_argument("--headless", action="store_true", help="draw off-screen, into the folder out, for one round")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Start the sound process beside the one that shows and sounds; returns the exit code."""
    from engine.commands import errand
    from engine.commands.run import plans

    told = {"show": str(args.show.resolve()) if args.show else None, "seconds": args.seconds,
            "headless": args.headless, "debug": args.debug}  # fmt: skip
    return errand.send("engine.commands.identify", plans(replace(_show(told), cameras={}, mics={}), told))


def main(plan: Mapping[str, Any]) -> int:
    """Be the process that shows the cards and asks for the tones.

    Args:
        plan: `show` (None: every display), `seconds`, `headless`, `debug`; handles of the blocks `sound` and `board`.
    """
    from engine.commands import errand

    def work(stopping: Callable[[], bool]) -> None:
        with ExitStack() as closing:
            _identify(plan, stopping, closing)

    return errand.do(plan, work)


def items(show: Show) -> list[Item]:
    """Return the show's speakers, then its lamps, each kind numbered from 1."""
    speakers = [Item("speaker", number, speaker.name, f"output {speaker.output}", speaker)
                for number, speaker in enumerate(show.speakers.values(), 1)]
    lamps = [Item("lamp", number, lamp.name, lamp.address) for number, lamp in enumerate(show.lamps.values(), 1)]
    return speakers + lamps


def _show(told: Mapping[str, Any]) -> Show:
    from engine.show.files import read_show
    from engine.show.furnish import furnish

    if told["show"]:
        return furnish(read_show(Path(told["show"])))
    return furnish(Show(folder=Path.cwd(), name="identify"))


def _identify(plan: Mapping[str, Any], stopping: Callable[[], bool], closing: ExitStack) -> None:
    from engine.light.output import LampOutput
    from engine.light.patch import Patch

    show = _show(plan)
    projectors = show.projectors if plan["show"] or plan["headless"] else _every_display()
    screens = _screens(show, projectors, plan["headless"])
    closing.callback(screens.close)
    turns = items(show)
    for number, (name, projector) in enumerate(projectors.items(), 1):
        width, height = screens.sizes[name]
        print(f"projector {number} · {name}   {_place(projector)}   {width} x {height}")
    for item in turns:
        print(f"{item}   {item.detail}")
    print("each in turn:" if plan["headless"] else "each in turn, until Esc:", flush=True)
    rounds = [turns] if plan["headless"] and plan["seconds"] is None else itertools.repeat(turns)
    sounding = _tones(show, plan, itertools.chain.from_iterable(rounds))
    lamps = LampOutput(show.lamps, Patch(show.lamps, show.folder), show.flashes.most_per_s)
    closing.callback(lamps.close)
    _take_turns(screens, projectors, sounding, plan["seconds"], stopping, lamps)


def _take_turns(screens: Windows | HeadlessWindows, projectors: Mapping[str, Projector], turns: Iterator[Item | None],
                seconds: float | None, stopping: Callable[[], bool],
                lamps: LampOutput | None = None) -> None:
    """Show the cards until Esc, a closed window or the end; `turns` yields what has its turn, once a frame."""
    from engine.guarded import GuardedScreens
    from engine.held_back import HeldBack
    from engine.light.levels import LampLevel
    from engine.render.card import card
    from engine.render.lettering import Lettering
    from engine.safety.limits import MOST_FLASHES

    lettering = Lettering()
    guarded = GuardedScreens(screens, MOST_FLASHES, HeldBack(MOST_FLASHES, tuple, print))
    for tick, turn in zip(RealClock(FPS).ticks(), turns, strict=False):
        guarded.present({
            name: card(lettering, screens.sizes[name], number, name, _place(projector), str(turn or ""))
            for number, (name, projector) in enumerate(projectors.items(), 1) if name in screens.sizes
        }, tick.time)  # fmt: skip
        if lamps:
            lit = (LampLevel(turn.name, fade_s=LAMP_FADE_S),) if turn and turn.kind == "lamp" else ()
            lamps.submit(lit, tick.dt)
        done = screens.poll(lambda *_: None)
        if done.quit or "escape" in done.pressed or stopping() or (seconds is not None and tick.time >= seconds):
            return


def _tones(show: Show, plan: Mapping[str, Any], turns: Iterable[Item]) -> Iterator[Item | None]:
    """Yield, once a frame, what has its turn, and sound it; None until the sound process plays."""
    yield None  # the cards come first: the sound's kernels are slow to load
    from engine.clock import monotonic_ns
    from engine.sound.control import SoundControl
    from engine.sound.events import Note, Sounds
    from engine.sound.speakers import alone
    from engine.supervise.memory import Block

    control = SoundControl(Block.attach(plan["sound"]), show.sound, show.speakers, show.stage)
    while control.meters().backend == "none":
        control.submit((), monotonic_ns())
        yield None
    for item in turns:
        print(item, flush=True)
        notes: tuple[Note, ...] = ()
        if item.speaker:
            notes = (Note(item.pitch, LEVEL, alone(item.number - 1), "sine", TONE_S, controls={"space": 0.0}),)
        for frame in range(round(TURN_S * FPS)):
            control.submit((Sounds("identify", notes if frame == 1 else ()),), monotonic_ns())
            yield item


def _screens(show: Show, projectors: Mapping[str, Projector], headless: bool) -> Windows | HeadlessWindows:
    stage = StageSize(show.stage.aspect, show.stage.size_m, show.stage.size_px)
    if headless:
        from engine.render.headless import HeadlessWindows

        return HeadlessWindows(projectors, stage, show.folder / "out")
    from engine.render.window import Windows

    windows = Windows(projectors, stage, title="identify")
    windows.close_operator()
    if windows.lost:
        windows.close()
        raise ShowError(Problem(f"projector.{name}", 0, why) for name, why in windows.lost.items())
    return windows


def _place(projector: Projector) -> str:
    return "a window" if projector.display is None else f"display {projector.display}"


def _every_display() -> dict[str, Projector]:
    from engine.render.window import connected

    return {display.name: Projector(name=display.name, display=display.index) for display in connected()}
