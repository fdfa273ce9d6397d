"""Windows: one picture on each projector, and what people do there; with `pane.py` all of pygame's windows."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pygame
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.problems import MixeurError
from engine.render.displays import Display, Mode, Spot, fit, place, spots
from engine.render.lettering import Lettering
from engine.render.pane import Pane, Port, open_pane
from engine.render.sdl import Rect, Sdl
from engine.render.sheet import preparing_sheet
from engine.render.window_input import OPERATOR, PointerEvent, ToStage, WindowInput
from engine.render.x11 import XServer
from engine.show.model import Projector
from engine.world import Mouse, StageSize

Pixels = NDArray[np.uint8]
OPERATOR_SIZE = (1280, 720)
DESKTOP_SHARE = 0.9
LOOK_NS = NS // 2
UNSEEN = ("dummy", "offscreen")  # what SDL takes when it finds no display
CENTRED_ON = 0x2FFF0000  # SDL_WINDOWPOS_CENTERED_DISPLAY
NOWHERE = Display(0, "", "", (0, 0, *OPERATOR_SIZE))  # while every output is off
BUTTONS = {pygame.MOUSEBUTTONDOWN: "press", pygame.MOUSEBUTTONUP: "release"}


def check_pygame() -> None:
    """Refuse two pygames in one environment.

    Raises:
        MixeurError: Both distributions are installed; the last one installed would win in silence.
    """
    installed = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions() if dist.metadata["Name"]}
    if {"pygame", "pygame-ce"} <= installed:
        raise MixeurError("both pygame and pygame-ce are installed and overwrite each other; "
                          "run: pip uninstall -y pygame pygame-ce && pip install pygame-ce")


def open_video() -> None:
    """Connect to the desktop.

    Raises:
        MixeurError: There is none, or both pygames are installed.
    """
    check_pygame()
    try:
        pygame.display.init()
        why = "" if os.environ.get("SDL_VIDEODRIVER") or pygame.display.get_driver() not in UNSEEN else "none answers"
    except pygame.error as error:
        why = str(error)
    if why:
        pygame.display.quit()
        raise MixeurError(f"no display to open windows on ({why}); use --headless, or set DISPLAY")


def displays_now(sdl: Sdl, server: XServer | None) -> tuple[Display, ...]:
    """Return the displays of the desktop; `open_video` comes first.

    SDL misses an X output that is switched off, moved or resized while its cable stays in: there the server is asked.
    """
    rates = {rect: sdl.refresh_hz(index) for index, rect in enumerate(sdl.bounds())}
    if server:
        return tuple(Display(index, each.name, each.model or each.name, each.rect, rates.get(each.rect, 0))
                     for index, each in enumerate(server.monitors()))
    return tuple(Display(index, sdl.name(index), sdl.name(index), rect, rates[rect])
                 for index, rect in enumerate(sdl.bounds()))


def x_server() -> XServer | None:
    """Return a connection to the X server that SDL uses, or None where it uses none."""
    try:
        return XServer() if pygame.display.get_driver() == "x11" else None
    except OSError:
        return None


def connected() -> tuple[Display, ...]:
    """Return the displays of the desktop, for a command that opens no window.

    Raises:
        MixeurError: There is no desktop.
    """
    open_video()
    server = x_server()
    try:
        return displays_now(Sdl(), server)
    finally:
        if server:
            server.close()
        pygame.display.quit()


class Windows:
    """Every window of the show.

    Projectors with a display fill it, or share one window where their displays lie side by side at one rate; such a
    window comes back when it is closed, moved, hidden or covered. Projectors without one are windows on the desktop.
    A show without projectors has one desktop window, `stage`.

    Args:
        projectors: By name, as in the show file.
        stage: Size of a desktop window that has none of its own.
        operator: Whether the operator's window opens at once; it does so by itself where a display is left over.
        title: The show's name.
        mode: `span` or `each` overrides the choice between one window and one a projector.

    Attributes:
        lost: Why a projector has no window, by its name; a display that comes back gets it again.

    Raises:
        MixeurError: No display can be opened, or both pygames are installed.
    """

    def __init__(self, projectors: Mapping[str, Projector], stage: StageSize, operator: bool = False,
                 title: str = "mixeur", mode: Mode = "auto") -> None:
        open_video()
        self._projectors = dict(projectors) or {"stage": Projector(name="stage")}
        self._stage = stage
        self._title = title
        self._mode = mode
        self._sdl = Sdl()
        self._lettering = Lettering()
        self._panes: list[Pane] = []
        self._operator: Pane | None = None
        self._keys: set[str] = set()
        self._mouse = Mouse()
        self._cursor = False
        self.lost: Mapping[str, str] = {}
        self._server = x_server()
        self._displays = displays_now(self._sdl, self._server)
        self._placed: Mapping[str, Display] = {}
        self._sizes = {name: projector.size or stage.size_px for name, projector in self._projectors.items()}
        self._next_look_ns = monotonic_ns() + LOOK_NS
        self._arrange()
        if operator or (self._placed and len(self._displays) > len(self._placed)):
            self.open_operator()

    # -- what is shown ------------------------------------------------------------------------

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return the (width, height) each projector's picture should have; changes with the displays."""
        self._sizes |= {port.name: port.size_in(pane.size) for pane in self._panes for port in pane.ports}
        return dict(self._sizes)

    @property
    def operator_size(self) -> tuple[int, int] | None:
        """Return the operator's window's (width, height) in pixels, or None while it is closed."""
        return self._operator.size if self._operator else None

    def memory(self) -> dict[str, Pixels]:
        """Return where projectors' pictures lie in their windows: what is made there is presented without a copy.

        Returns:
            By projector, where a picture fills its window as it is; it lives until the next `poll`.
        """
        return {port.name: pixels for pane in self._panes for port in pane.ports
                if (pixels := pane.memory(port)) is not None}

    def present(self, frames: Mapping[str, Pixels]) -> None:
        """Show pictures, all windows at once; a projector without one keeps its last.

        Args:
            frames: By projector. BGRX, shape (height, width, 4), uint8, C-contiguous.
        """
        changed = []
        for pane in self._panes:
            ports = [port for port in pane.ports if port.name in frames]
            for port in ports:
                pane.copy(port, frames[port.name])
            if ports:
                changed.append(pane)
        for pane in changed:
            pane.flip()

    def present_operator(self, pixels: Pixels) -> None:
        """Show the operator's picture, BGRX, if that window is open."""
        if self._operator:
            self._operator.copy(self._operator.ports[0], pixels)
            self._operator.flip()

    def preparing(self, done: int, total: int, what: str) -> None:
        """Show on every projector how far the start has come."""
        for pane in self._panes:
            for port in pane.ports:
                size = port.rect(pane.size)[2:]  # as large as it is shown: nothing is scaled
                pane.copy(port, preparing_sheet(self._lettering, size, self._title, done, total, what))
            pane.flip()
        pygame.event.pump()

    def show_cursor(self, visible: bool) -> None:
        """Show the pointer on full-screen projectors too, while someone works there."""
        self._cursor = visible

    # -- the operator's window ----------------------------------------------------------------

    def open_operator(self) -> None:
        """Open the operator's window, on a display that no projector uses if there is one."""
        if self._operator:
            return
        used = list(self._placed.values())
        desktop = [pane for pane in self._panes if pane.rect is None]
        free = [display for display in self._displays[bool(desktop) :] if display not in used]
        display = (*free, *self._displays[-1:], NOWHERE)[0]
        size = _at_most(OPERATOR_SIZE, display.size)
        share = 2
        if desktop and not free:  # on the only display they lie in opposite corners
            share = 1
            for pane in desktop:
                pane.window.position = display.rect[:2]
        left, top = ((at + (room - length) // share)
                     for at, room, length in zip(display.rect[:2], display.size, size, strict=True))
        self._operator = open_pane(f"{self._title} · operator", size, (left, top), (Port(OPERATOR),),
                                   hides_cursor=False, resizable=True, always_on_top=display in used)

    def close_operator(self) -> None:
        """Close the operator's window."""
        if self._operator:
            self._operator.close()
            self._operator = None

    # -- what people do -----------------------------------------------------------------------

    def poll(self, to_stage: ToStage) -> WindowInput:
        """Return what was done at the windows since the last call; never blocks.

        Args:
            to_stage: (window, x_px, y_px) to a point in stage units, or None where that is off the stage.
        """
        self._watch()
        pressed: list[str] = []
        pointer: list[PointerEvent] = []
        leave = False
        for event in pygame.event.get():
            if event.type == pygame.KEYDOWN:
                name = pygame.key.name(event.key).lower()
                self._keys.add(name)
                pressed.append(name)
                leave |= name == "q" and bool(event.mod & pygame.KMOD_CTRL)
            elif event.type == pygame.KEYUP:
                self._keys.discard(pygame.key.name(event.key).lower())
            elif event.type == pygame.WINDOWFOCUSLOST:
                self._keys.clear()
            elif event.type == pygame.WINDOWLEAVE:
                self._mouse = Mouse(self._mouse.x, self._mouse.y, self._mouse.down, False)
            elif event.type == pygame.WINDOWCLOSE:
                leave |= self._closed(event)
            elif event.type == pygame.QUIT:
                leave |= self._operator is None
            else:
                pointer += self._pointer(event, to_stage)
        return WindowInput(self._mouse, frozenset(self._keys), tuple(pressed), tuple(pointer), leave)

    def _closed(self, event: pygame.Event) -> bool:
        if self._operator and self._pane_of(event) is self._operator:
            self.close_operator()
            return False
        return (pane := self._pane_of(event)) is not None and pane.rect is None

    def _pointer(self, event: pygame.Event, to_stage: ToStage) -> tuple[PointerEvent, ...]:
        pane = self._pane_of(event)
        if pane is None:
            return ()
        if event.type == pygame.MOUSEWHEEL:
            hit = pane.port_at(*pygame.mouse.get_pos())
            return (PointerEvent(hit[0], "wheel", hit[1], hit[2], event.y),) if hit else ()
        if event.type != pygame.MOUSEMOTION and (event.type not in BUTTONS or event.button != pygame.BUTTON_LEFT):
            return ()
        hit = pane.port_at(*event.pos)
        if hit is None:
            return ()
        pygame.mouse.set_visible(self._cursor or not pane.hides_cursor)
        kind = BUTTONS.get(event.type, "move")
        down = self._mouse.down if kind == "move" else kind == "press"
        point = to_stage(*hit)
        x, y = point or (self._mouse.x, self._mouse.y)
        self._mouse = Mouse(x, y, down, point is not None)
        return (PointerEvent(hit[0], kind, hit[1], hit[2]),)  # type: ignore[arg-type]

    def _pane_of(self, event: pygame.Event) -> Pane | None:
        window = getattr(event, "window", None)
        panes = [*self._panes, self._operator] if self._operator else self._panes
        return next((pane for pane in panes if window is not None and pane.id == window.id), None)

    # -- displays come and go -----------------------------------------------------------------

    def _watch(self) -> None:
        """See twice a second that each projector has its window, and nothing before it."""
        now_ns = monotonic_ns()
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + LOOK_NS
        self._server = self._server or x_server()  # one that was still starting when the windows were opened
        displays = displays_now(self._sdl, self._server)
        if displays != self._displays:
            self._displays = displays
            self._arrange()
            return
        for pane in self._panes:
            pane.push_back()
        if any(pane.is_refused and len(pane.ports) > 1 for pane in self._panes):
            self._mode = "each"  # a window manager would not let one window cover several displays
            self._arrange()
        self._bring_forward()

    def _bring_forward(self) -> None:
        """Open again what was destroyed or hidden by another program, raise what is covered."""
        server = self._server
        windows = {self._sdl.x_window(pane.id): pane for pane in self._panes if pane.rect} if server else {}
        if server is None or not windows:
            return
        server.stay_awake()
        for window, pane in windows.items():
            if not server.there(window):
                self._sdl.expect_gone(pane.id)
                self._panes.remove(pane)
                pane.close()
        if len(windows) > sum(pane.rect is not None for pane in self._panes):
            self._arrange()
            return
        others = [pane for pane in (self._operator, *self._panes) if pane and pane.rect is None]
        server.raise_covered({window: pane.rect for window, pane in windows.items() if pane.rect},
                             [self._sdl.x_window(pane.id) for pane in others])

    def _arrange(self) -> None:
        """Give each projector its window where its display is now; windows that are right stay untouched."""
        placed, problems = place(self._projectors, self._displays)
        self.lost = {problem.path.removeprefix("projector."): problem.text for problem in problems}
        self._placed = placed
        if len({display.name for display in self._displays}) == len(self._displays):
            # A number is that of an output at the start: the others must not move up when one goes.
            self._projectors |= {name: replace(self._projectors[name], display=display.name)
                                 for name, display in placed.items()}
        old = {pane.rect or pane.ports[0].name: pane for pane in self._panes}
        spanning = next((pane.rect for pane in self._panes if pane.ports[0].area), None)
        others = [display for display in self._displays if display not in placed.values()]
        self._panes = [self._shown(spot, old) for spot in spots(placed, self._mode, spanning, others)]
        self._panes += [old.get(name) or self._open_desktop(projector)
                        for name, projector in self._projectors.items() if projector.display is None]
        for pane in old.values():
            if pane not in self._panes:
                pane.close()

    def _shown(self, spot: Spot, old: Mapping[Rect | str, Pane]) -> Pane:
        """Return the window of a spot: the one that is there, or a new one."""
        left, top, width, height = spot.rect
        ports = tuple(
            Port(name, self._projectors[name].size or (w, h), (x - left, y - top, w, h))
            for name, display in spot.displays.items() for x, y, w, h in [display.rect])
        pane = old.get(spot.rect)
        if len(ports) == 1 and ports[0].area == (0, 0, width, height):
            ports = (replace(ports[0], area=None),)
        if pane is not None:
            pane.ports = ports
            return pane
        title = self._title if len(ports) > 1 else self._name(ports[0].name)
        if self._server or len(ports) > 1:
            # Under X SDL takes 0.1 s to open or close a full-screen window, and 2 ms for one that just is as large.
            return open_pane(title, spot.rect[2:], spot.rect[:2], ports, hides_cursor=True, rect=spot.rect,
                             borderless=True, always_on_top=True)
        at = CENTRED_ON | spot.displays[ports[0].name].index
        return open_pane(title, spot.rect[2:], (at, at), ports, hides_cursor=True, fullscreen_desktop=True)

    def _open_desktop(self, projector: Projector) -> Pane:
        picture = projector.size or self._stage.size_px
        size = _at_most(picture, (*self._displays, NOWHERE)[0].size)
        centre = (CENTRED_ON, CENTRED_ON)
        return open_pane(self._name(projector.name), size, centre, (Port(projector.name, picture),),
                          hides_cursor=False, resizable=True)

    def _name(self, projector: str) -> str:
        return self._title if len(self._projectors) == 1 else f"{self._title} · {projector}"

    def close(self) -> None:
        """Close every window."""
        self.close_operator()
        for pane in self._panes:
            pane.close()
        self._panes = []
        if self._server:
            self._server.close()
            self._server = None
        pygame.display.quit()


def _at_most(size: tuple[int, int], display: tuple[int, int]) -> tuple[int, int]:
    """Return a window's size: the wanted one, or what a desktop has room for."""
    room = (0, 0, round(display[0] * DESKTOP_SHARE), round(display[1] * DESKTOP_SHARE))
    return size if size[0] <= room[2] and size[1] <= room[3] else fit(size, room)[2:]
