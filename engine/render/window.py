"""Windows: one picture on each projector, and what people do there; with `pane.py` all of pygame's windows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pygame
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.problems import MixeurError, Problem, ShowError
from engine.render import randr
from engine.render.displays import Display, bounding, can_span, fit, place
from engine.render.lettering import Lettering
from engine.render.pane import Pane, Port, open_pane
from engine.render.sdl import Rect, Sdl
from engine.render.sheet import preparing_sheet
from engine.render.window_input import OPERATOR, PointerEvent, ToStage, WindowInput
from engine.show.model import Projector
from engine.world import Mouse, StageSize

Pixels = NDArray[np.uint8]
Mode = Literal["auto", "span", "each"]
OPERATOR_SIZE = (1280, 720)
DESKTOP_SHARE = 0.9
CENTRED_ON = 0x2FFF0000  # SDL_WINDOWPOS_CENTERED_DISPLAY
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
    except pygame.error as error:
        raise MixeurError(f"no display to open windows on ({error}); use --headless, or set DISPLAY") from None


def displays_now(sdl: Sdl) -> tuple[Display, ...]:
    """Return the displays of the desktop; `open_video` comes first."""
    outputs = _outputs()
    return tuple(Display(index, outputs.get(rect, sdl.name(index)), sdl.name(index), rect, sdl.refresh_hz(index))
                 for index, rect in enumerate(sdl.bounds()))


def connected() -> tuple[Display, ...]:
    """Return the displays of the desktop, for a command that opens no window.

    Raises:
        MixeurError: There is no desktop.
    """
    open_video()
    try:
        return displays_now(Sdl())
    finally:
        pygame.display.quit()


def _outputs() -> Mapping[Rect, str]:
    return randr.output_names() if pygame.display.get_driver() == "x11" else {}


class Windows:
    """Every window of the show.

    Projectors with a display get it full-screen, or share one borderless window where their displays lie side by
    side at one rate; projectors without one are windows on the desktop. A show without projectors has one desktop
    window, `stage`.

    Args:
        projectors: By name, as in the show file.
        stage: Size of a desktop window that has none of its own.
        operator: Whether the operator's window opens at once; it does so by itself where a display is left over.
        title: The show's name.
        mode: `span` or `each` overrides the choice between one window and one a projector.

    Raises:
        MixeurError: No display can be opened, or both pygames are installed.
        ShowError: A projector names a display that is not there.
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
        self.missing: tuple[Problem, ...] = ()
        self._displays = displays_now(self._sdl)
        self._seen = self._look()
        self._next_look_ns = 0
        _, problems = place(self._projectors, self._displays)
        if problems:
            pygame.display.quit()
            raise ShowError(problems)
        self._open()
        if operator or self._free_display() is not None:
            self.open_operator()

    # -- what is shown ------------------------------------------------------------------------

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return the (width, height) each projector's picture should have; changes with the displays."""
        return {port.name: port.size_in(pane.size) for pane in self._panes for port in pane.ports}

    @property
    def operator_size(self) -> tuple[int, int] | None:
        """Return the operator's window's (width, height) in pixels, or None while it is closed."""
        return self._operator.size if self._operator else None

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
        display = self._free_display()
        display = display or self._displays[-1]
        size = _at_most(OPERATOR_SIZE, display.size)
        position = CENTRED_ON | display.index
        self._operator = open_pane(f"{self._title} · operator", size, (position, position),
                                    (Port(OPERATOR),), hides_cursor=False, resizable=True)

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
        self._watch_displays()
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
        return True

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

    def _watch_displays(self) -> None:
        now_ns = monotonic_ns()
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + NS
        seen = self._look()
        if seen != self._seen:
            bounds, outputs = seen
            if outputs and outputs != set(bounds):
                self._begin_again()
            self._seen = self._look()
            self._displays = displays_now(self._sdl)
            self._open()
        elif any(pane.ports[0].area and pane.window.position != self._span_at for pane in self._panes):
            self._mode = "each"  # a window manager would not let one window cover several displays
            self._open()

    def _look(self) -> tuple[tuple[Rect, ...], frozenset[Rect]]:
        return self._sdl.bounds(), frozenset(_outputs())

    def _begin_again(self) -> None:
        """Let SDL list the displays anew: it misses an X output switched off or resized while its cable stays in."""
        operator = self._operator is not None
        self.close()
        open_video()
        if operator:
            self.open_operator()

    def _open(self) -> None:
        """Open the projectors' windows where their displays are now; a missing one is named in `missing`."""
        old, self._panes = self._panes, []
        placed, self.missing = place(self._projectors, self._displays)
        displays = tuple(placed.values())
        span = len(displays) > 1 and (self._mode == "span" or (self._mode == "auto" and can_span(displays)))
        if span:
            self._panes.append(self._open_span(placed))
        for name, projector in self._projectors.items():
            if projector.display is None:
                self._panes.append(self._open_desktop(projector))
            elif name in placed and not span:
                display = placed[name]
                position = CENTRED_ON | display.index
                port = Port(name, projector.size or display.size)
                self._panes.append(open_pane(self._name(name), display.size, (position, position), (port,),
                                              hides_cursor=True, fullscreen_desktop=True))
        for pane in old:
            pane.close()

    def _open_span(self, placed: Mapping[str, Display]) -> Pane:
        left, top, width, height = bounding(display.rect for display in placed.values())
        self._span_at = (left, top)
        ports = []
        for name, display in placed.items():
            x, y, w, h = display.rect
            ports.append(Port(name, self._projectors[name].size or (w, h), (x - left, y - top, w, h)))
        return open_pane(self._title, (width, height), (left, top), tuple(ports),
                          hides_cursor=True, borderless=True, always_on_top=True)

    def _open_desktop(self, projector: Projector) -> Pane:
        picture = projector.size or self._stage.size_px
        size = _at_most(picture, self._displays[0].size)
        centre = (CENTRED_ON, CENTRED_ON)
        return open_pane(self._name(projector.name), size, centre, (Port(projector.name, picture),),
                          hides_cursor=False, resizable=True)

    def _name(self, projector: str) -> str:
        return self._title if len(self._projectors) == 1 else f"{self._title} · {projector}"

    def _free_display(self) -> Display | None:
        used = place(self._projectors, self._displays)[0].values()
        return next((display for display in self._displays if used and display not in used), None)

    def close(self) -> None:
        """Close every window."""
        self.close_operator()
        for pane in self._panes:
            pane.close()
        self._panes = []
        pygame.display.quit()


def _at_most(size: tuple[int, int], display: tuple[int, int]) -> tuple[int, int]:
    """Return a window's size: the wanted one, or what a desktop has room for."""
    room = (0, 0, round(display[0] * DESKTOP_SHARE), round(display[1] * DESKTOP_SHARE))
    return size if size[0] <= room[2] and size[1] <= room[3] else fit(size, room)[2:]
