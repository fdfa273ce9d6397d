"""The desk: keys, help, the question before the webcam, corner pin, operator's window."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from engine.clock import sleep_s
from engine.control.desk import Desk
from engine.control.operator_view import OperatorView
from engine.control.status_line import Health, status_line
from engine.render.layer import Group, Layer, Picture
from engine.render.pinned import PinnedLight
from engine.render.stage import STAGE, Beam, LightOutput
from engine.render.window_input import PointerEvent, WindowInput
from engine.show.profile import Profile
from engine.world import Mouse

FRAME = np.full((360, 640, 4), 30, np.uint8)


class Screens:
    operator_size = None
    cursor = False

    def __init__(self) -> None:
        self.next = WindowInput()
        self.operator = []

    def poll(self, to_stage) -> WindowInput:
        done, self.next = self.next, WindowInput()
        return done

    def present_operator(self, pixels) -> None:
        self.operator.append(pixels)

    def open_operator(self) -> None:
        self.operator_size = (1280, 720)

    def close_operator(self) -> None:
        self.operator_size = None

    def show_cursor(self, visible: bool) -> None:
        self.cursor = visible


class Light:
    def __init__(self) -> None:
        self.profile = Profile.identity((640, 360))

    def profiles(self):
        return {"left": self.profile}

    def stage_at(self, name, x_px, y_px):
        return x_px / 360, y_px / 360

    lit = profiles

    def pin(self, name, profile) -> None:
        self.profile = profile

    def catch_up(self) -> None:
        pass


class SlowLight(LightOutput):
    """Light whose planning ends when it may."""

    def __init__(self, *args) -> None:
        self.may_end = threading.Event()
        self.may_end.set()
        super().__init__(*args)

    def plan(self, beam):
        self.may_end.wait(60)
        return super().plan(beam)


class Person:
    """A desk and the hands at it."""

    def __init__(self, light=None) -> None:
        self.screens, self.light = Screens(), light or Light()
        self.did, self.saved, self.webcam, self.said = [], [], [], []
        self.desk = Desk(self.screens, self.light, self.did.append, lambda *saved: self.saved.append(saved),
                         self.webcam.append, self.said.append)

    def press(self, *keys: str) -> None:
        self.screens.next = WindowInput(pressed=keys)
        self.desk.poll()

    def point(self, kind: str, x: float, y: float) -> None:
        event = PointerEvent("left", kind, x, y)
        self.screens.next = WindowInput(Mouse(x / 360, y / 360, inside=True), pointer=(event,))
        self.desk.poll()

    def light_changes(self) -> bool:
        return not np.array_equal(self.desk.overlay({"left": FRAME})["left"], FRAME)


@pytest.fixture
def person() -> Person:
    return Person()


def test_what_hands_do_reaches_the_show(person: Person) -> None:
    person.screens.next = WindowInput(Mouse(0.5, 0.6, inside=True), frozenset({"space"}), ("space",))
    person.desk.poll()
    assert (person.desk.mouse.x, person.desk.keys, person.desk.pressed) == (0.5, {"space"}, ("space",))


def test_h_shows_and_hides_the_keys_over_the_light(person: Person) -> None:
    assert not person.light_changes()
    person.press("h")
    assert person.light_changes()
    person.press("h")
    assert not person.light_changes()


def test_the_webcam_is_used_only_after_a_yes(person: Person) -> None:
    person.press("c")
    assert person.light_changes() and person.webcam == []
    person.press("n")
    assert not person.light_changes() and person.webcam == []
    person.press("c")
    person.press("y")
    assert person.webcam == [True]
    person.press("c")
    assert person.webcam == [True, False]


def test_a_dragged_corner_moves_the_light_at_once_and_is_saved_when_let_go(person: Person) -> None:
    person.press("k")
    assert person.screens.cursor
    person.point("press", 2, 2)
    white = {"left": np.full((360, 640, 4), 255, np.uint8)}
    assert person.desk.overlay(white)["left"][12, 20, 0] == 255
    person.point("move", 60, 30)
    assert person.desk.overlay(white)["left"][12, 20, 0] == 0
    assert person.saved == []
    person.point("release", 60, 30)
    assert person.light.profile.corners[0] == pytest.approx((58, 28), abs=3)
    assert person.saved == [("left", person.light.profile)]
    assert not person.desk.mouse.inside, "who works at the corners is no visitor"
    person.press("escape")
    assert not person.screens.cursor


def test_keys_of_the_corner_pin_do_not_reach_the_show(person: Person) -> None:
    person.press("k")
    person.press("right", "b")
    assert person.desk.pressed == ()


def test_o_opens_and_closes_the_operators_window(person: Person) -> None:
    person.desk.show(OperatorView(name="A show"))
    assert person.screens.operator == []
    person.press("o")
    person.desk.show(OperatorView(name="A show"))
    assert person.screens.operator[0].shape == (720, 1280, 4)
    person.press("o")
    assert not person.desk.operator_is_open


def test_closing_a_window_ends_the_show(person: Person) -> None:
    person.screens.next = replace(WindowInput(), quit=True)
    person.desk.poll()
    assert person.desk.leaving


def test_the_status_line_says_how_the_show_is_and_fits_the_terminal() -> None:
    cameras = {"room": ("live", 34.2)}
    health = Health(59.98, 8.1, 3, "hands", "mirror", 2, cameras, "portaudio", -18.2, 120, 0, ("sound",), "a.py:3: no")
    assert status_line(health, 200) == (
        "LOST sound |  60.0 fps | p95 8.1 ms | late 3 | cue hands > mirror | visitors 2 | room live 34 ms"
        " | sound portaudio -18 dB | osc 120 | ! a.py:3: no"
    )
    assert status_line(replace(health, house="CLOSED, opens 10:00"), 40) == "CLOSED, opens 10:00 | LOST sound |  60."
    assert len(status_line(health, 80)) == 79
    guarded = replace(health, lost=(), guards=("LOUDNESS -2.4 dB",), loudness="LAeq15 93 dB, dose 71 %")
    assert status_line(guarded, 200).startswith("LOUDNESS -2.4 dB |  60.0 fps")
    assert "sound portaudio -18 dB, LAeq15 93 dB, dose 71 %" in status_line(guarded, 200)


def test_what_a_hand_does_to_corners_and_meshes_is_in_the_light_of_that_frame() -> None:
    beams = {"left": Beam(profile=Profile.identity((640, 360)))}
    light = SlowLight(beams, (640, 360))
    pinned = PinnedLight(light, beams)
    person = Person(pinned)
    stage = np.full((360, 640, 4), 255, np.uint8)
    stage[:, 320:, :3] = 0
    picture = Picture({STAGE: (Group((Layer(stage),)),)})

    def frame() -> np.ndarray:
        return person.desk.overlay(light.render(picture))["left"][..., 0]

    light.may_end.clear()  # at 1080p planning takes more than a frame: here it takes as long as the hand is busy
    person.press("k")
    person.point("press", 2, 2)
    person.point("move", 162, 92)
    assert frame()[20, 40] < 30
    person.point("release", 162, 92)
    assert frame()[20, 40] < 30
    person.press("u")
    assert frame()[20, 40] > 50
    person.press("m")
    person.press("page up")  # three by three points
    light.may_end.set()
    _catch_up(pinned)
    light.may_end.clear()
    person.point("press", 320, 180)
    assert frame()[190, 350] < 30
    person.point("move", 400, 220)
    assert frame()[190, 350] > 50
    person.point("release", 400, 220)
    person.press("y", "u")
    assert frame()[190, 350] < 30
    person.press("y")
    assert frame()[190, 350] > 50
    light.may_end.set()
    _catch_up(pinned)
    assert frame()[190, 350] > 50
    pinned.close()
    light.close()


def _catch_up(pinned: PinnedLight) -> None:
    for _ in range(6000):
        pinned.catch_up()
        if pinned.lit() == pinned.profiles():
            return
        sleep_s(0.01)
    raise AssertionError("what was pinned is never planned")
