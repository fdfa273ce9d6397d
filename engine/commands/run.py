"""`mixeur run SHOW`: start the show's processes and look after them until it ends."""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.clock import RealClock
from engine.kernel_cache import prepare_cache
from engine.light.blackout import Blackout
from engine.problems import MixeurError
from engine.restart import forget_state, good_path, state_path
from engine.retention import Retention
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.good import forget_good_show, read_good_show
from engine.show.model import Show
from engine.show.views import members
from engine.supervise.board import Board
from engine.supervise.child import ANEW
from engine.supervise.memory import Block
from engine.supervise.notify import Notifier
from engine.supervise.priority import go_first
from engine.supervise.pulse import Patience
from engine.supervise.supervisor import Supervisor
from engine.supervise.ward import ENGINE_PATIENCE, ChildPlan

ENGINE, SOUND, CAMERA = "engine.commands.play", "engine.sound.process", "engine.inputs.camera_process"
MIC = "engine.sound.mic_process"
NOT_YET = "not yet for the public: tried in simulated rooms only; stay with it while it meets yours"
CAPPED = "sound: uncalibrated, each output is capped at -20 dBFS RMS; docs/operator.md, 'Loudness', says how to measure"
SOUND_PATIENCE = Patience(beating_s=1.5, warm_s=15.0, cold_s=300.0)  # it is to be heard again within 3 s


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("run", help="play a show, a folder that holds one, or a single scene")
    parser.add_argument("show", type=Path, nargs="?", default=Path("show.toml"))
    parser.add_argument("--frames", type=int, metavar="N", help="end after N frames")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after S seconds")
    parser.add_argument("--headless", action="store_true", help="make frames off-screen, without any display")
    parser.add_argument("--simulate", action="store_true", help="leave the room's devices alone")
    parser.add_argument("--operator", action="store_true", help="open the operator's window at once")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was measured, as JSON, at the end")
    parser.add_argument("--settle", type=float, default=0.0, metavar="S",
                        help="leave the first S seconds out of the times in the report")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where off-screen frames of a simulated room go (out)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the show, then run its processes; returns the engine's exit code."""
    state, good = state_path(args.show.resolve()), good_path(args.show.resolve())
    show = furnish(_first_read(args, state, good))
    headless = args.headless or not _has_display()
    if headless and not args.headless:
        print("no display: frames are made off-screen; set DISPLAY for windows", file=sys.stderr)
    if args.report and not args.report.resolve().parent.is_dir():
        raise MixeurError(f"--report {args.report}: the folder is not there; make it or name another")
    say(NOT_YET)
    if show.sound.pink_spl_db is None:
        say(CAPPED)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the terminal may be closed while all still starts
    prepare_cache()
    go_first()
    frames = args.frames if args.seconds is None else round(args.seconds * show.stage.fps)
    told = {
        "show": str(args.show.resolve()), "simulate": args.simulate, "headless": headless, "operator": args.operator,
        "frames": frames, "report": str(args.report.resolve()) if args.report else None,
        "out": str((args.out or show.folder / "out").resolve()), "debug": args.debug, "state": str(state),
        "good": str(good), "settle": round(args.settle * show.stage.fps),
    }  # fmt: skip
    retention = Retention(show.folder, lambda: RealClock().wall().date(), say)
    while True:
        notifier, blackout = Notifier(), Blackout(show.lamps)
        looks = _all_of(notifier.look, blackout.look)
        code = Supervisor(plans(show, told), say, show.folder, looks).run()
        blackout.send()
        if code == 0:
            forget_state(state)
        if code != ANEW:
            retention.close()
            return code
        show = furnish(read_good_show(args.show, args.simulate, good)[0])


def _first_read(args: argparse.Namespace, state: Path, good: Path) -> Show:
    """Return the show to start; one that was cut off goes on, even if its files are broken now."""
    if state.exists():
        return read_good_show(args.show, args.simulate, good)[0]
    forget_good_show(good)
    return read_show(args.show, simulate=args.simulate)


def say(line: str) -> None:
    """Tell the person at the terminal, if there still is one."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def _all_of(*looks: Callable[[Board], None]) -> Callable[[Board], None]:
    def look(board: Board) -> None:
        for each in looks:
            each(board)

    return look


def plans(show: Show, told: dict[str, Any]) -> list[ChildPlan]:
    """Return the processes of a show, with the memory that they share.

    Args:
        told: What the engine is told of the command line.
    """
    from engine.inputs.camera_link import CameraBlock, camera_block_size
    from engine.sound.block import last_alive_ns, last_heard_ns, open_memory, sound_block_size
    from engine.sound.logbook import dose_path, restore_dose

    sound = Block.create(sound_block_size(show.sound, len(show.speakers)), "sound")
    memory = open_memory(sound, show.sound, show.speakers.values())
    if not show.simulated and (word := restore_dose(memory, dose_path(show.folder), RealClock().wall())):
        say(word)
    cameras = {name: Block.create(camera_block_size(camera), f"camera-{name}") for name, camera in show.cameras.items()}
    headers = {name: CameraBlock(camera, cameras[name]).header for name, camera in show.cameras.items()}
    engine = {**told, "sound": sound.handle, "cameras": {name: block.handle for name, block in cameras.items()}}
    return [
        ChildPlan("engine", ENGINE, engine, (sound, *cameras.values()), patience=ENGINE_PATIENCE, spares=2),
        ChildPlan("sound", SOUND, _sound_plan(show, sound), (sound,), lambda: last_alive_ns(sound), SOUND_PATIENCE,
                  spares=1),
        *(
            ChildPlan(
                f"camera.{view}", CAMERA, _camera_plan(show, {name: cameras[name] for name in names}),
                tuple(cameras[name] for name in names),
                lambda own=[headers[name] for name in names]: min(int(each["heartbeat_ns"][0]) for each in own),  # type: ignore[misc]
                spares=1,
            )
            for view, names in members(show.cameras).items()
        ),
        *(
            ChildPlan(f"mic.{name}", MIC, _mic_plan(show, index, sound), (sound,),
                      lambda index=index: last_heard_ns(sound, index))  # type: ignore[misc]
            for index, name in enumerate(show.mics)
        ),
    ]


def _mic_plan(show: Show, index: int, block: Block) -> dict[str, Any]:
    mic = tuple(show.mics.values())[index]
    return {**_sound_plan(show, block), "mic": dataclasses.asdict(mic), "index": index}


def _sound_plan(show: Show, block: Block) -> dict[str, Any]:
    speakers = [dataclasses.asdict(speaker) for speaker in show.speakers.values()]
    return {"sound": {**dataclasses.asdict(show.sound), "log": None}, "speakers": speakers, "block": block.handle}


def _camera_plan(show: Show, blocks: Mapping[str, Block]) -> dict[str, Any]:
    """Return what a process is told that looks through one camera, or a group."""
    return {"cameras": [dataclasses.asdict(show.cameras[name]) for name in blocks],
            "blocks": [block.handle for block in blocks.values()],
            "aspect": show.stage.aspect, "folder": str(show.folder)}  # fmt: skip


def _has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
