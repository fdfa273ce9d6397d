"""A live show: the parts of the engine process, built once, run, and let go in order."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from engine.assembly import beams_of, profile_path, scene_parts, seed_of, stage_size
from engine.clock import NS, RealClock, Tick, monotonic_ns
from engine.control.desk import Desk
from engine.control.ears import Ears
from engine.control.feedback import Feedback, Told
from engine.control.memory_watch import MemoryWatch
from engine.control.operator_view import Action
from engine.control.overview import Overview, act
from engine.control.saver import Saver
from engine.control.status_line import Health, status_line
from engine.crew import Crew
from engine.deadline import deadline
from engine.devices import LiveDevices, Source
from engine.direct import Direct
from engine.director import Director
from engine.disk import Disk
from engine.doors import Doors
from engine.frame import Frame
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.house import House
from engine.inputs import dmx, serial
from engine.inputs.camera_group import gathered
from engine.inputs.camera_link import CameraLink
from engine.inputs.far_room import FarRoom, Gate
from engine.inputs.link import LinkClock
from engine.inputs.midi import MidiInput, MidiOutput
from engine.inputs.midi_clock import ClockProcess
from engine.inputs.osc import OscListener
from engine.inputs.osc_send import OscSender
from engine.light.lights import Lights
from engine.light.output import LampOutput
from engine.light.patch import Patch
from engine.loop import run
from engine.losses import Losses
from engine.outputs import LiveOutputs
from engine.problems import Problem
from engine.refit import Refit
from engine.reload import Reloader
from engine.render import kernels
from engine.render.headless import HeadlessWindows
from engine.render.pinned import PinnedLight
from engine.render.screens import Screens as DesktopScreens
from engine.render.stage import LightOutput
from engine.report import report, write_report
from engine.restart import StateKeeper, read_state, resume, state_of
from engine.scene.casting import Casting
from engine.scene.parts import Parts
from engine.scene.running import Running
from engine.sense import CLOCK, here, silences
from engine.services import Services
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.good import keep_good_profile, keep_good_show
from engine.show.model import SceneEntry, Show
from engine.show.profile import Profile, write_profile
from engine.show.references import sources
from engine.sound.control import SoundControl
from engine.sound.logbook import Logbook, dose_path, loudness_log
from engine.sound.samples import sound_files
from engine.supervise.barred import from_plain
from engine.supervise.board import Board
from engine.supervise.cpu import CpuShares
from engine.supervise.footprint import footprint, give_back, limit
from engine.supervise.memory import Block
from engine.supervise.priority import step_back
from engine.telemetry import Telemetry
from engine.world import Event, Now


class Closable(Protocol):
    """What holds something of the system."""

    def close(self) -> None:
        """Give it back."""


P = TypeVar("P", bound=Closable)
Screens = DesktopScreens | HeadlessWindows
EVERY = 6  # frames between two looks at the operator's window and at the devices
STATE_EVERY = 15  # and at where the show is
WEBCAM = "0"


class LiveShow:
    """The engine process of a running show.

    Args:
        plan: As `engine.commands.play.main` gets it.
        say: Where a line for the operator goes.
    """

    def __init__(
        self, show: Show, plan: Mapping[str, Any], screens: Screens, board: Board, say: Callable[[str], None]
    ) -> None:
        self._plan, self._board, self._say, self._crew = plan, board, say, Crew()
        self._closing = ExitStack()
        self._next_status_ns = 0  # the first frame takes it
        self._health: Health
        self._addresses: frozenset[str] = frozenset()
        self._screens = screens
        self.cameras = {
            name: CameraLink(camera, Block.attach(plan["cameras"][name]), aspect=show.stage.aspect, say=say)
            for name, camera in show.cameras.items()
        }
        self.sound = self._sender(show)
        self._mics = {name: self.sound.mic(index) for index, name in enumerate(show.mics)}
        direct = self._direct = Direct(lambda: self.refit.room, self.sound)
        self.osc = self._closed_at_end(OscListener(show.osc, lambda: self._addresses, direct.hear))
        self._send = self._closed_at_end(OscSender(show.sends))
        self._rooms = {name: self._closed_at_end(FarRoom(room, show.stage.aspect)) for name, room in show.rooms.items()}
        self._played = {name: self._closed_at_end(MidiOutput(device))
                        for name, device in show.midi.items() if device.output}
        self._clocks = [self._closed_at_end(ClockProcess(each)) for each in show.midi.values() if each.clock == "out"]
        self._feedback = Feedback(self._send, self._played)
        self._midi = [self._closed_at_end(MidiInput(device, self._played_on))
                      for device in show.midi.values() if device.input]
        joins = show.tempo.link and not show.simulated
        self._link = [self._closed_at_end(LinkClock(show.tempo.bpm, show.tempo.beats))] if joins else []
        self._serial, self._dmx = self._ports(show)
        seed = seed_of(show, RealClock().wall().date())
        state, saved, word = read_state(Path(plan["state"]), RealClock().wall())
        barred = {each.scene: each for each in state.barred} | from_plain(plan["barred"])
        self._casting = Casting(board, barred, show.folder)
        self._parts = scene_parts(show, seed, monotonic_ns, lambda scene, line: say(f"{scene}: {line}"), live=True,
                                  deadline=deadline(say), enter=self._casting.enter, crew=self._crew)
        self.director = Director(show, self._made, self._tell)
        resume(self.director, state, saved, RealClock().wall())
        if word:
            say(word)
        self.house = House(self.director, not show.simulated, say)
        self.house.resume(state.by_hand, saved, RealClock().wall())
        self._keeper = self._closed_at_end(StateKeeper(Path(plan["state"]), RealClock().wall))
        self._good = Path(plan["good"])
        beams = beams_of(show, screens.sizes, self._good, say)
        self.light = self._closed_at_end(LightOutput(beams, stage_size(show).size_px, kernels=kernels, crew=self._crew))
        self.pinned = self._closed_at_end(PinnedLight(self.light, beams, say))
        self._saver = self._closed_at_end(Saver(self._save, say, monotonic_ns))
        self._disk = self._closed_at_end(Disk(show.folder))
        self._logbook = None if show.simulated else self._closed_at_end(Logbook(
            self.sound.memory, show.sound.log or loudness_log(show.folder), dose_path(show.folder), RealClock().wall))
        self._ears = Ears(say)
        self.lamps, self.guarded, self.desk = self._rim(show)
        self.refit = Refit(
            show, self.director, self.sound, self.cameras, self.pinned, self._remade, self._start_anew, say)
        self.reloader = self._closed_at_end(Reloader(show, self.refit, self._read_again, say))
        self.telemetry = Telemetry(monotonic_ns, show.stage.fps)
        self.losses = Losses(say, monotonic_ns())
        self._memory = MemoryWatch()
        limit()
        self.overview = self._overview()
        self._shares = self._started_shares()

    def _sender(self, show: Show) -> SoundControl:
        return SoundControl(Block.attach(self._plan["sound"]), show.sound, show.speakers, show.stage,
                            report=self._tell, mics=tuple(show.mics), reverb=show.reverb)

    def __enter__(self) -> LiveShow:
        return self

    def __exit__(self, *_: object) -> None:
        self.sound.submit((), monotonic_ns())
        self._closing.close()

    def run(self, clock: RealClock, stopping: Callable[[], bool]) -> None:
        """Run until the clock ends, the person leaves or `stopping()`; then write the report."""
        listeners: list[Source] = [self.osc, *self._midi, *self._serial, *self._dmx, *self._link]
        self._views = gathered(self.cameras)
        devices = LiveDevices(listeners, {**self._views, **self._rooms}, self.desk, self._mics)
        waves, others = ([Gate(room, gate) for room in self._rooms.values()] for gate in ("waves", "others"))
        self._doors = Doors((self.osc, self._send, *waves), self._mics.values(), (*self.cameras.values(), *others))
        self._services = self._closed_at_end(Services(self.refit.show, self.cameras, self._say, RealClock().wall))
        outputs = LiveOutputs(self.light, self.sound, self.lamps, self.guarded, self.desk, self._shown,
                              stopping)
        self._board.begin_loop(monotonic_ns())  # a scene that hangs in the first frame hangs as in any other
        run(clock, devices, lambda: self.refit.room, self.house, outputs, self.telemetry, self._direct)
        if not self._board.starts_anew:
            self._board.stop()  # whatever happens from here on, the show is over
        if self._plan["report"]:
            write_report(Path(self._plan["report"]), self.report())

    def report(self) -> dict[str, Any]:
        """Return what was measured so far."""
        return report(
            self.telemetry,
            self.osc.counters,
            {name: camera.status for name, camera in self.cameras.items()},
            self.sound.meters(),
            self.director.status.scenes,
            self._shares.shares(),
            {child.name: child.restarts for child in self._board.children()},
            self.losses.report(monotonic_ns()),
            self.director.problems,
        ) | {
            "cue": self.director.status.cue,
            "flash_guard": self.held_back.report(),
            "params": {entry.address: entry.value for entry in self.director.params},
        }

    # -- after each frame ----------------------------------------------------------------------

    def _shown(self, count: int, now: Now, frame: Frame, tick: Tick) -> None:
        self._board.beat(count, monotonic_ns())
        if count == 1:
            step_back()
        if count == self._plan["settle"]:
            self.telemetry.forget()
            self._shares = self._started_shares()
        for camera in self.cameras.values():
            camera.shown()
        self._doors.keep(self.director.gates.closed)
        for room in self._rooms.values():
            room.tell(*here(now, self._views))
        self.reloader.step()
        self.held_back.lamps(self.lamps.held, tick.time)
        self._services.step(self.guarded.shown, self.house.is_open, monotonic_ns())
        for clock in self._clocks:
            clock.follow(self.director.conductor.tempo, tick.time, tick.due_ns)
        for link in self._link:
            if (wish := self.director.conductor.wish) is not None:
                link.turn(wish)
        if count % EVERY == 0:
            self.pinned.fit(self._screens.sizes)
            self._saver.step()
            self.losses.observe(self._states(now), monotonic_ns())
            self._casting.picture(self.director.shown)
            gone = tuple(loss.device for loss in self.losses.current)
            told = Told(self.director.status.cue, now.mode, gone)
            self._feedback.tell(told, self.telemetry.fps_mean, monotonic_ns())
            self._feedback.turn(self.director.params, monotonic_ns())
        if count % STATE_EVERY == 1:
            self._keeper.keep(state_of(self.director, self.house.by_hand, self._casting.barred.values()))
        if count % EVERY == EVERY // 2 and self.desk.operator_is_open:
            self.desk.show(self.overview.view(now, frame, self._health))
        if monotonic_ns() >= self._next_status_ns:
            self._next_status_ns = monotonic_ns() + NS
            self._addresses = frozenset(entry.address for entry in self.director.params)
            self._health = self.overview.health(now)
            self._ears.look(self.sound.meters(), monotonic_ns())
            self._print_status(self._health)
            self._watch_memory()
            self.reloader.take_up(self._casting.pardoned(self.refit.show.scenes, now.time))

    def _started_shares(self) -> CpuShares:
        return CpuShares({child.name: child.pid for child in self._board.children()})

    def _watch_memory(self) -> None:
        """Let the scene go that fills the machine's memory."""
        seen = footprint()
        name = self._memory.look(seen, [running.name for running in self.director.shown]) if seen else None
        if name is not None:
            self.director.let_go(name, "fills the machine's memory and was ended")
            give_back()

    def _states(self, now: Now) -> dict[str, str]:
        """Return how each device is: empty, or why it is gone."""
        states = {f"camera.{name}": camera.lost for name, camera in self.cameras.items()}
        states |= {f"mic.{name}": mic.lost for name, mic in self._mics.items()}
        for port in (*self._midi, *self._played.values()):
            states[f"midi.{port.name}"] = states.get(f"midi.{port.name}") or port.lost
        states |= {f"room.{name}": room.lost for name, room in self._rooms.items()}
        states |= {f"send.{name}": why for name, why in self._send.lost.items()}
        states |= {f"projector.{name}": self._screens.lost.get(name, "") for name in self._screens.sizes}
        states |= {line.device.replace(":", ".", 1): line.lost for line in self._serial}
        states |= {f"{desk.kind} in": desk.lost for desk in self._dmx}
        states |= {f"light {universe}": why for universe, why in self.lamps.lost.items()}
        states |= silences(self.refit.room, now.lost)
        for link in self._link:
            states[CLOCK] = link.lost or states[CLOCK]
        disk = self._disk.lost or self._keeper.lost or (self._logbook.lost if self._logbook else "")
        return states | {"osc": self.osc.lost, "sound": self.sound.lost, "disk": disk}

    def _print_status(self, health: Health) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{status_line(health, shutil.get_terminal_size().columns)}")
            sys.stderr.flush()

    # -- what the person does ------------------------------------------------------------------

    def _act(self, action: Action) -> None:
        act(self.director, action)

    def _save(self, name: str, profile: Profile) -> None:
        show = self.refit.show
        path = profile_path(show, show.projectors[name])
        write_profile(path, profile)
        keep_good_profile(path, name, self._good)
        self._say(f"projector.{name}: saved as {os.path.relpath(path, show.folder)}")

    def _webcam(self, on: bool) -> None:
        for name, camera in list(self.cameras.items())[:1]:
            camera.use(WEBCAM if on else "")
            self._say(f"camera.{name}: " + ("looking for the webcam" if on else "as the show says"))

    def _played_on(self, event: Event) -> None:
        """Take what a MIDI device says, in its own thread."""
        self._feedback.heard(event)
        self._direct.hear(event)

    # -- how -----------------------------------------------------------------------------------

    def _ports(self, show: Show) -> tuple[list[serial.SerialInput], list[dmx.DmxInput]]:
        """Return what listens to each serial device and each protocol of lighting desks that the show names."""
        named = [source for _, source in sources(show)]
        streams = {touch.source for touch in show.touches.values()} | {each.source for each in show.signals.values()}
        return ([self._closed_at_end(serial.SerialInput(device)) for device in serial.devices(named)],
                [self._closed_at_end(dmx.DmxInput(kind, channels, streams))
                 for kind, channels in dmx.wanted(named).items()])

    def _rim(self, show: Show) -> tuple[LampOutput, GuardedScreens, Desk]:
        """Return lamps and windows behind the flash guard, and the desk at the windows."""
        most = show.flashes.most_per_s
        self.held_back = HeldBack(most, lambda: [each.name for each in self.director.shown], self._say)
        lamps = LampOutput(show.lamps, Patch(show.lamps, show.folder), most)
        screens = GuardedScreens(self._screens, most, self.held_back, self._crew)
        desk = Desk(screens, self.pinned, self._act, self._saver.keep, self._webcam, self._say)
        return self._closed_at_end(lamps), self._closed_at_end(screens), desk

    def _made(self, entry: SceneEntry, key: str) -> Running:
        """Return a scene; the sounds that it speaks of are read before it asks for them."""
        running = self._casting.make(entry, key, self._parts)
        self.sound.prepare(sound_files(self._parts.folder, running.mentions))
        return running

    def _remade(self, show: Show) -> Parts:
        """Return what the scenes of another version of the show are built with."""
        if show.lamps != self.refit.show.lamps:
            self.lamps.adopt(show.lamps, Patch(show.lamps, show.folder))
        before, today = self.refit.show.seed, RealClock().wall().date()
        seed = self._parts.seed if show.seed == before else seed_of(show, today)
        self._parts = replace(self._parts, seed=seed, make_lights=lambda: Lights(show.lamps, show.stage))
        return self._parts

    def _start_anew(self, why: str) -> None:
        self._board.stop(anew=True)
        self._say(f"show: {why} changed; the show starts again with it")

    def _read_again(self) -> Show:
        show = read_show(Path(self._plan["show"]), simulate=self._plan["simulate"])
        keep_good_show(show, self._good)
        return furnish(show)

    def _overview(self) -> Overview:
        return Overview(
            as_shown=lambda: self.refit.show,
            director=self.director,
            light=self.light,
            telemetry=self.telemetry,
            osc=lambda: self.osc.counters,
            cameras=lambda: {name: camera.status for name, camera in self.cameras.items()},
            sound=self.sound.meters,
            losses=self.losses,
            house=self.house,
            held_back=self.held_back,
            services=lambda: self._services.words,
        )

    def _tell(self, problem: Problem) -> None:
        self._say(str(problem))

    def _closed_at_end(self, part: P) -> P:
        self._closing.callback(part.close)
        return part
