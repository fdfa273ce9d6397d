"""The desk: what the person at the machine does and sees; help, webcam, corner pin, operator's window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.control.corner_pin import CornerPin, draw_corners
from engine.control.keys import KEYS
from engine.control.mesh_pin import MeshPin
from engine.control.mesh_pin_view import draw_mesh
from engine.control.operator import Operator
from engine.control.operator_view import Action, OperatorView
from engine.problems import MixeurError
from engine.render.lettering import Lettering
from engine.render.sheet import help_overlay
from engine.render.window_input import OPERATOR, ToStage, WindowInput
from engine.show.profile import Profile
from engine.world import Mouse

Pixels = NDArray[np.uint8]
QUESTION = (
    ("Y", "yes: use the webcam; its pictures stay in this machine's memory"),
    ("N", "no: keep the simulated visitors"),
)


class Screens(Protocol):
    """What the desk needs of the windows."""

    @property
    def operator_size(self) -> tuple[int, int] | None:
        """Return the operator's window's (width, height), or None while it is closed."""

    def poll(self, to_stage: ToStage) -> WindowInput:
        """Return what was done since the last call."""

    def present_operator(self, pixels: Pixels) -> None:
        """Show the operator's picture."""

    def open_operator(self) -> None:
        """Open the operator's window."""

    def close_operator(self) -> None:
        """Close it."""

    def show_cursor(self, visible: bool) -> None:
        """Show the pointer on projectors too."""


class Light(Protocol):
    """What the corner pin needs of the light."""

    def profiles(self) -> Mapping[str, Profile]:
        """Return each projector's profile."""

    def stage_at(self, name: str, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Return the point of the stage under a pixel of a projector."""

    def lit(self) -> Mapping[str, Profile]:
        """Return the profile by which each projector's light is made."""

    def pin(self, name: str, profile: Profile) -> None:
        """Give a projector another profile as soon as its light is planned."""

    def catch_up(self) -> None:
        """Use what has been planned."""


class Desk:
    """The person at the machine.

    Args:
        do: Carries out what was done in the operator's window.
        save: Keeps a projector's profile.
        webcam: Switches the first camera to the webcam (True) or back to simulated visitors.
        say: Where a line for the operator goes.

    Attributes:
        mouse, keys, pressed: What the show may see of the person's hands.
        leaving: Whether the show is to end.
    """

    def __init__(
        self,
        screens: Screens,
        light: Light,
        do: Callable[[Action], None],
        save: Callable[[str, Profile], None],
        webcam: Callable[[bool], None],
        say: Callable[[str], None],
    ) -> None:
        self.mouse = Mouse()
        self.keys: frozenset[str] = frozenset()
        self.pressed: tuple[str, ...] = ()
        self.leaving = False
        self._screens, self._light = screens, light
        self._do, self._save, self._webcam, self._say = do, save, webcam, say
        self._lettering = Lettering()
        self._operator = Operator(self._lettering)
        self._view: OperatorView | None = None
        self._pin: CornerPin | MeshPin | None = None
        self._help = self._asking = self._live_camera = False

    def poll(self) -> None:
        """Take what was done since the last frame."""
        done = self._screens.poll(self._light.stage_at)
        self.leaving |= done.quit
        if self._pin is None:
            self._open_and_close(done.pressed)
        else:
            self._drag(done)
            done = replace(done, keys=frozenset(), pressed=(), mouse=replace(done.mouse, inside=False))
        if self._view is not None and self._screens.operator_size is not None:
            self._use_operator(done)
        self.mouse, self.keys, self.pressed = done.mouse, done.keys, done.pressed

    def overlay(self, frames: Mapping[str, Pixels]) -> Mapping[str, Pixels]:
        """Return the pictures with help, a question or corners laid over them."""
        if self._pin is not None:
            lit = self._light.lit()
            frames = {name: _drawn(self._pin, name, frame, lit.get(name), self._lettering)
                      for name, frame in frames.items()}
        if self._asking:
            return self._over_first(frames, QUESTION, "Use the webcam?")
        if self._help:
            return self._over_first(frames, KEYS, "Keys")
        return frames

    def show(self, view: OperatorView) -> None:
        """Draw the operator's window, if it is open."""
        self._view = view
        size = self._screens.operator_size
        if size is not None:
            self._screens.present_operator(self._operator.draw(view, size))

    @property
    def operator_is_open(self) -> bool:
        """Return whether there is an operator's window to draw."""
        return self._screens.operator_size is not None

    def _over_first(
        self, frames: Mapping[str, Pixels], rows: Sequence[tuple[str, str]], title: str
    ) -> Mapping[str, Pixels]:
        first = next(iter(frames), None)
        return {n: help_overlay(self._lettering, f, rows, title) if n == first else f for n, f in frames.items()}

    def _open_and_close(self, pressed: tuple[str, ...]) -> None:
        for key in pressed:
            if self._asking and key in ("y", "n", "escape"):
                self._asking = False
                self._switch_camera(key == "y")
            elif key == "h":
                self._help = not self._help
            elif key == "c":
                self._asking = not self._live_camera
                self._switch_camera(False)
            elif key == "o":
                (self._screens.close_operator if self.operator_is_open else self._screens.open_operator)()
            elif key == "k" and self._pin is None:
                self._pin = _pin_of(self._light.profiles(), CornerPin)
                self._screens.show_cursor(True)
            elif key == "escape":
                self._help = False

    def _switch_camera(self, live: bool) -> None:
        if live != self._live_camera:
            self._live_camera = live
            self._webcam(live)

    def _drag(self, done: WindowInput) -> None:
        assert self._pin is not None
        pin = self._pin.step(done)
        for name in pin.saved:
            self._light.pin(name, pin.profiles[name])
            try:
                self._save(name, pin.profiles[name])
            except MixeurError as error:
                self._say(f"projector.{name}: {error}")
        self._light.catch_up()
        if "m" in done.pressed:
            pin = _pin_of(pin.profiles, MeshPin if isinstance(pin, CornerPin) else CornerPin)
        self._pin = pin if pin.is_open else None
        self._screens.show_cursor(pin.is_open)

    def _use_operator(self, done: WindowInput) -> None:
        size = self._screens.operator_size
        for pointer in done.pointer:
            if pointer.window == OPERATOR and self._view is not None and size is not None:
                action = self._operator.hit(self._view, size, pointer)
                if action is not None:
                    self._do(action)


def _pin_of(profiles: Mapping[str, Profile], wanted: type[CornerPin] | type[MeshPin]) -> CornerPin | MeshPin:
    """Return the wanted way to edit profiles; several surfaces have no four corners."""
    return (MeshPin if any(profile.surfaces for profile in profiles.values()) else wanted).begin(profiles)


def _drawn(pin: CornerPin | MeshPin, projector: str, frame: Pixels, lit: Profile | None,
           lettering: Lettering) -> Pixels:
    draw = draw_corners if isinstance(pin, CornerPin) else draw_mesh
    return draw(pin, projector, frame, lit or pin.profiles[projector], lettering)  # type: ignore[arg-type]
