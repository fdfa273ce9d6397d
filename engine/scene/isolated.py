"""A scene in a process of its own (`isolate = "process"`): whatever it does there costs this scene only."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.aside import Job, Steps
from engine.clock import NS, monotonic_ns
from engine.containment import Failure
from engine.problems import Problem
from engine.render.layer import Layer
from engine.scene import apart
from engine.scene.loader import SceneClass
from engine.scene.param import ParamSpec
from engine.scene.parts import NO_LIGHT, ParamValues, Parts, SceneFrame
from engine.scene.running import LOAD_LIMIT_S, Running
from engine.show.locate import Places
from engine.sound.events import Note, Sounds
from engine.supervise.last_words import LastWords, place
from engine.supervise.memory import Block
from engine.supervise.slots import SlotReader, SlotWriter
from engine.world import Now

START_S, SILENT_S = 60.0, 1.5
ELSEWHERE = {"people": "the camera's picture stays with the engine", "view": "it has one view, the stage"}


class Link:
    """The engine's end of a scene's process; nothing here waits."""

    def __init__(self, parts: Parts, recipe: bytes) -> None:
        self.size_px = parts.stage.size_px
        self._block = Block.create(apart.block_size(self.size_px), "scene")
        self._words = LastWords()
        self._asks = SlotWriter(apart.ask_slots(self._block))
        self._answers = SlotReader(apart.answer_slots(self._block, self.size_px), 0)
        self._wake, theirs = socket.socketpair()
        words = self._words.descriptors
        plan = {"parent": os.getpid(), "last_words": words[0] if words else None, "block": self._block.handle,
                "wake": theirs.fileno()}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.supervise.child", "engine.scene.apart_process", json.dumps(plan)],
            pass_fds=(*self._block.descriptors, *words, theirs.fileno()), stdin=subprocess.DEVNULL)
        theirs.close()
        threading.Thread(target=self._wake.sendall, args=(recipe,), name="scene apart", daemon=True).start()
        self._number = self._answered = 0
        self._happened: deque[tuple[int, Now]] = deque(maxlen=apart.REMEMBERED)
        self._is_asked = False
        self._since_ns = monotonic_ns()

    def ask(self, now: Now, values: ParamValues) -> None:
        """Ask for a frame."""
        if self._answered == self._number:
            self._since_ns = monotonic_ns()
        self._number += 1
        if now.arrivals or now.departures or now.pressed or any(mic.onset for mic in now.mics.values()):
            bare = Now(arrivals=now.arrivals, departures=now.departures, pressed=now.pressed, mics=now.mics)
            self._happened.append((self._number, plain(bare)))
        ask = apart.Ask(self._number, plain(now), dict(values), tuple(self._happened))
        if not apart.write(self._asks, ask, apart.ASK_BYTES):
            apart.write(self._asks, replace(ask, now=replace(ask.now, masks={}, flows={})), apart.ASK_BYTES)
        if self._answered:  # what is sent before is the recipe
            with contextlib.suppress(OSError):
                self._wake.send(b"!", socket.MSG_DONTWAIT)

    def answer(self) -> tuple[apart.Answer, Any] | None:
        """Return the newest answer and its picture, valid until the next call; None before the first."""
        leased = self._answers.newest()
        if leased is None:
            return None
        answer: apart.Answer = apart.read(leased.data)
        if answer.number != self._answered:
            self._answered, self._since_ns, self._is_asked = answer.number, monotonic_ns(), False
        width, height = self.size_px
        picture = leased.data[apart.ANSWER_BYTES :]
        return answer, picture.reshape(height, width, 4) if picture.size else None

    def fault(self, sources: dict[str, str]) -> tuple[int, str] | None:
        """Return the line and in words what is wrong with the process, or None."""
        code = self._process.poll()
        if code is not None:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
            return self._line(self._words.heard(), sources), f"its process ended with {how}"
        silent_s = (monotonic_ns() - self._since_ns) / NS
        if self._answered and silent_s > SILENT_S / 2 and not self._is_asked and hasattr(signal, "SIGUSR1"):
            self._is_asked = True
            os.kill(self._process.pid, signal.SIGUSR1)  # it says where it is, if it still can
        if silent_s < (SILENT_S if self._answered else START_S):
            return None
        return self._line(self._words.heard(), sources), f"has not answered for {silent_s:.1f} s; its process is ended"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        threading.Thread(target=self._process.wait, name="scene apart", daemon=True).start()
        self._wake.close()
        self._words.close()
        self._block.close()

    def _line(self, words: str, sources: dict[str, str]) -> int:
        found = (place(words, path) for path in sources)
        return next((at[0] for at in found if at is not None), 0)


class IsolatedRunning(Running):
    """A scene whose instance lives in another process; its file is read here too, for its Params.

    It answers one frame late. A reload begins it anew. The camera's picture and further views are not for it.
    """

    _link: Link | None = None

    @property
    def started(self) -> bool:
        """Return whether its process runs."""
        return self._link is not None

    @property
    def is_ready(self) -> bool:
        """Return whether its process has answered, or never will."""
        return self._link is not None and (self._link.answer() is not None or self._link.fault({}) is not None)

    def start(self, values: ParamValues) -> Failure | None:
        """Start its process; what goes wrong in there is told by `step`."""
        if self._class is None or self._parts.show is None or sys.platform != "linux":
            return self.failure or self._failure(0, 'isolate = "process" needs Linux and a live show; take it out')
        self._starts += 1
        show = replace(self._parts.show, places=Places(), extra={})
        entry = replace(self.entry, params={}, isolate="inline")
        self._link = Link(self._parts, pickle.dumps((show, entry, self.key, self._parts.seed + self._starts)))
        self._heard = 0
        self._link.ask(self._now, values)
        return None

    def stop(self) -> None:
        """End its process."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def step(self, now: Now, values: ParamValues, gain: float = 1.0) -> SceneFrame | Failure:
        """Return the newest frame that its process has made, and ask for the next."""
        if self._link is None:
            return self.failure or self._failure(0, "the scene was not started")
        self._printer.at(now.time)
        self._now = now
        got = self._link.answer()
        self._link.ask(now, values)
        if (fault := self._link.fault(dict(self._class.sources if self._class else {}))) is not None:
            return got[0].failure if got and got[0].failure else self._failure(*fault)
        if got is None:
            return SceneFrame(NO_LIGHT, Sounds(self.owner, gain=gain))
        answer, picture = got
        if answer.failure is not None:
            return answer.failure
        return self._frame_of(answer, picture, gain)

    def reload(self, values: Callable[[tuple[ParamSpec, ...]], ParamValues]) -> Steps[Failure | None]:
        """Take the files as they are now and begin anew."""
        loaded = self._in_time("load", (yield Job(self._load, LOAD_LIMIT_S)))
        self._waits = isinstance(loaded, Failure)
        if isinstance(loaded, Failure):
            if self._class is None:
                self.failure = loaded
            return loaded
        self._become(loaded)
        self._mentions = loaded.mentions
        if self.started:
            self.stop()
            return self.start(values(loaded.specs))
        return None

    def largest(self, why: str) -> Failure:
        """Return the failure of a scene that keeps too much."""
        return self._failure(0, why)

    # -- how -----------------------------------------------------------------------------------

    def _load(self) -> SceneClass | Failure:
        loaded = super()._load()
        if isinstance(loaded, SceneClass):
            for path, shown in loaded.sources.items():
                for node in ast.walk(ast.parse(Path(path).read_bytes())):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_canvas(node.func):
                        word = node.func.attr
                        text = f'canvas.{word} is not for a scene with isolate = "process": {ELSEWHERE[word]}'
                        loaded.forget()
                        return Failure(Problem(shown, node.lineno, text), "load")
        return loaded

    def _frame_of(self, answer: apart.Answer, picture: Any, gain: float) -> SceneFrame:
        notes = tuple(aged(note, self._now.time - time_s) for number, time_s, some in answer.notes
                      if number > self._heard for note in some)
        if answer.number > self._heard:
            self.frames += 1
            self.budget.begin()
            for hook, cost_ms in (answer.cost_ms or {}).items():
                self.budget.add(hook, cost_ms)
            self.budget.end()
            for line in answer.said:
                self._printer(line)
        self._heard = answer.number
        sounds = Sounds(self.owner, notes, answer.holds, gain, answer.stop)
        views = {"stage": (Layer(np.asarray(picture, np.uint8)),)} if picture is not None else NO_LIGHT
        return SceneFrame(views, sounds, answer.lamps, answer.unknown, closes=answer.closes)

    def _failure(self, line: int, text: str) -> Failure:
        file = next(iter(self._class.sources.values())) if self._class else str(self.entry.file)
        return Failure(Problem(file, line, f"update: {text}"), "update")


def aged(note: Note, age_s: float) -> Note:
    """Return a note as a later frame asks for it: what is on a beat stays on it."""
    return replace(note, delay_s=max(note.delay_s - age_s, 0.0)) if note.on_beat else note


def plain(now: Now) -> Now:
    """Return the facts of a frame as they can be sent: without the cameras' pictures, and in plain dictionaries."""
    values = {field.name: getattr(now, field.name) for field in fields(now)}
    facts: dict[str, Any] = {name: dict(value) for name, value in values.items() if isinstance(value, Mapping)}
    return replace(now, **{**facts, "mattes": {}, "unknown": set()})


def _is_canvas(func: ast.Attribute) -> bool:
    return func.attr in ELSEWHERE and isinstance(func.value, ast.Name) and func.value.id == "canvas"
