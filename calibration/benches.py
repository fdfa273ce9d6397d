"""Where a guided calibration works: a show's windows and camera, or a computed room; and where its pages are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.eye import Eye
from calibration.guide_page import Page, draw
from calibration.live import LiveRig
from calibration.rigs import WAIT_S, Devices, camera_of, lit, rig_of, show_of
from calibration.session import Session
from engine.assembly import stage_size
from engine.clock import NS, monotonic_ns, sleep_s
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.inputs.camera import open_source
from engine.problems import MixeurError
from engine.render.lettering import Lettering
from engine.render.window import Windows
from engine.safety.exemption import Exemption
from engine.safety.limits import MOST_FLASHES
from engine.world import StageSize

Pixels = NDArray[np.uint8]
SHEET = "stage"  # the window of a show without projectors
SHEET_SIZE = StageSize(16 / 9, None, (1280, 720))
WORKING_S = 0.15  # between two drawings of a page while work goes on


class WindowSheet:
    """Pages in the operator's window, or in the only window there is.

    Args:
        has_operator: Whether the windows have an operator's one.
    """

    def __init__(self, screens: GuardedScreens, has_operator: bool) -> None:
        self._screens, self._has_operator = screens, has_operator
        self._lettering = Lettering()
        self._pressed: list[str] = []
        self._drawn_ns = 0

    def show(self, page: Page) -> None:
        """Show a page; one that only tells of work is drawn some times a second."""
        self.poll()
        now_ns = monotonic_ns()
        if page.done is not None and now_ns - self._drawn_ns < WORKING_S * NS:
            return
        self._drawn_ns = now_ns
        if self._has_operator:
            self._screens.open_operator()  # it may have been closed
            self._screens.present({}, now_ns / NS)  # the guard's time goes on
            self._screens.present_operator(draw(page, self._screens.operator_size or SHEET_SIZE.size_px,
                                                self._lettering))
        else:
            self._screens.present({SHEET: draw(page, SHEET_SIZE.size_px, self._lettering)}, now_ns / NS)

    def pressed(self) -> tuple[str, ...]:
        """Return the keys pressed since the last call."""
        self.poll()
        pressed, self._pressed = tuple(self._pressed), []
        return pressed

    def rest(self) -> None:
        """Let some time go by where only the person's next key matters."""
        sleep_s(1 / 30)

    def poll(self) -> None:
        """Take what was done at the windows; a closed window is a wish to leave."""
        done = self._screens.poll(lambda *_: None)
        self._pressed += [*done.pressed, *(["escape"] if done.quit else [])]


class RoomBench:
    """A computed room."""

    def __init__(self, session: Session, rig: Devices) -> None:
        self._rig, self._camera = rig, session.camera
        self.sizes = dict(rig.sizes)

    def light(self, frames: Mapping[str, Pixels]) -> None:
        """Show pictures."""
        for name, frame in frames.items():
            self._rig.show(name, frame)
        self._rig.wait(WAIT_S)

    def look(self) -> Pixels:
        """Return the camera's next picture, BGR."""
        return np.asarray(cv2.cvtColor(np.asarray(self._rig.grab(self._camera)[0], np.uint8), cv2.COLOR_GRAY2BGR))

    @contextmanager
    def devices(self, permit: Callable[[], Exemption]) -> Iterator[tuple[Devices, float]]:
        """Ask as in a real room, and return the computed one."""
        permit()
        yield self._rig, WAIT_S


class WindowBench:
    """A show's windows and its camera."""

    def __init__(self, sizes: Mapping[str, tuple[int, int]], screens: GuardedScreens, eye: Eye, sheet: WindowSheet,
                 wait_s: float | None) -> None:
        self.sizes = dict(sizes)
        self._screens, self._eye, self._sheet, self._wait_s = screens, eye, sheet, wait_s

    def light(self, frames: Mapping[str, Pixels]) -> None:
        """Show calm pictures, grey, past the flash guard."""
        shown = {name: np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGRA), np.uint8)
                 for name, frame in frames.items()}
        self._screens.present(shown, monotonic_ns() / NS)

    def look(self) -> Pixels:
        """Return the camera's next picture, BGR."""
        return self._eye.after(monotonic_ns()).picture

    @contextmanager
    def devices(self, permit: Callable[[], Exemption]) -> Iterator[tuple[Devices, float]]:
        """Return the windows without their guard, and measure how late the camera sees them."""
        exemption = permit()
        rig = LiveRig(self._screens, self.sizes, self._eye, exemption, self._sheet.poll)
        try:
            yield rig, rig.settling().wait_s if self._wait_s is None else self._wait_s
        finally:
            exemption.end()


@contextmanager
def bench_of(session: Session, say: Callable[[str], None],
             wait_s: float | None) -> Iterator[tuple[RoomBench | WindowBench, WindowSheet]]:
    """Open what a guided calibration works with, and the sheet it is told on."""
    with ExitStack() as closing:
        if session.show is None:
            rig, _ = closing.enter_context(rig_of(session, _never, say))
            windows = Windows({}, SHEET_SIZE, title="calibration")
        else:
            show, _ = show_of(session, session.show)
            camera = camera_of(show, session.camera)
            windows = Windows(show.projectors, stage_size(show), operator=True, title="calibration")
        closing.callback(windows.close)
        for name, why in windows.lost.items():
            raise MixeurError(f"projector.{name}: {why}")
        guarded = GuardedScreens(windows, MOST_FLASHES, HeldBack(MOST_FLASHES, tuple, say))
        closing.callback(guarded.close)
        sheet = WindowSheet(guarded, session.show is not None)
        if session.show is None:
            yield RoomBench(session, rig), sheet
            return
        eye = Eye(camera.name, lambda within_s: open_source(camera, show.folder, within_s))
        closing.callback(eye.close)
        sizes = {name: size for name, size in windows.sizes.items() if name in lit(show)}
        yield WindowBench(sizes, guarded, eye, sheet, wait_s), sheet


def _never() -> Exemption:
    raise MixeurError("calibrate: a computed room needs no permission")
