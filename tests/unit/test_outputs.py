"""Outputs: every lit frame is shown; a dark house shows few, and every frame is counted."""

from types import SimpleNamespace

from engine.clock import Tick
from engine.frame import Frame
from engine.outputs import DARK_EVERY, LiveOutputs
from engine.render.layer import Picture
from engine.world import Now

LIT, DARK = Frame(Picture({"stage": ()})), Frame()


def test_of_dark_frames_only_some_are_presented_but_all_are_counted() -> None:
    shown, heard, lit, counted = [], [], [], []
    outputs = LiveOutputs(
        light=SimpleNamespace(render=lambda picture, dt, into: {"main": picture}),
        speakers=SimpleNamespace(submit=lambda sounds, time_ns, moment_ns: heard.append(time_ns)),
        lamps=SimpleNamespace(submit=lambda levels, dt: lit.append(dt)),
        screens=SimpleNamespace(memory=dict, present=lambda frames, time_s: shown.append(frames["main"])),
        desk=SimpleNamespace(overlay=lambda frames: frames, leaving=False),
        shown=lambda count, now, frame, tick: counted.append(count),
        stopping=lambda: False,
    )
    frames = [LIT] * 30 + [DARK] * 10 * DARK_EVERY + [LIT] * 5
    for number, frame in enumerate(frames):
        outputs.present(frame, Now(), Tick(number, number / 60, 1 / 60, number))
    assert [picture is LIT.picture for picture in shown] == [True] * 30 + [False] * 10 + [True] * 5
    assert counted == list(range(1, len(frames) + 1))
    assert len(heard) == len(lit) == len(frames)
