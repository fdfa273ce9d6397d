"""The guided calibration: from an empty wall to verified profiles, a page after the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.guide_page import STEPS, Page
from calibration.history import SOLVED, History
from calibration.live_view import Look, look_at, marked
from calibration.patterns import plan
from calibration.preflight import preflight
from calibration.rigs import Devices
from calibration.session import Session
from calibration.steps import blend, photometric, scan, solve_session, verify
from calibration.verify import Verdict, figures_of
from engine.problems import MixeurError
from engine.safety.exemption import WARNING, WORD, Exemption

Pixels = NDArray[np.uint8]
Permission = Callable[[Callable[[str], str]], Exemption]
AIM, ROOM, CHECK, SCAN, SOLVE, VERIFY = range(len(STEPS))
GO, LEAVE, AGAIN, ANYWAY, PATTERN, BACK, WALL = "return", "escape", "r", "s", "space", "u", "w"
STRIPES_PX = 4
COLOURED_DE00 = 2.0  # of a wall, from which on it is asked whether its colours are to be made good


class Left(Exception):
    """The person has left the guide."""


class Sheet(Protocol):
    """Where pages are shown, and the keys that are pressed there."""

    def show(self, page: Page) -> None:
        """Show a page."""

    def pressed(self) -> tuple[str, ...]:
        """Return the keys pressed since the last call; never waits."""

    def rest(self) -> None:
        """Let some time go by where only the person's next key matters."""


class Bench(Protocol):
    """What the guide works with: projectors under their guard, a camera, and devices once the room is empty."""

    sizes: dict[str, tuple[int, int]]

    def light(self, frames: dict[str, Pixels]) -> None:
        """Show calm pictures, grey, guarded as in a show."""

    def look(self) -> Pixels:
        """Return the camera's next picture, BGR."""

    def devices(self, exemption: Callable[[], Exemption]) -> AbstractContextManager[tuple[Devices, float]]:
        """Return the devices of a scan, and how long a frame is left."""


class Guide:
    """Leads a person through a calibration.

    Args:
        permit: Makes the exemption once the person has typed that the room is empty.
        made: When, for people.
        with_light: Whether light is measured too; else projectors are taken as alike.
    """

    def __init__(self, session: Session, bench: Bench, sheet: Sheet, permit: Permission, made: str,
                 with_light: bool = True) -> None:
        self._session, self._bench, self._sheet, self._permit = session, bench, sheet, permit
        self._made, self._with_light = made, with_light
        self._shown: Pixels | None = None
        self._said: list[str] = []
        self._pressed: list[str] = []
        self._passed = self._painted = False

    def run(self) -> bool:
        """Return whether the room was calibrated and verified."""
        try:
            self._aim()
            with self._bench.devices(lambda: self._permit(self._ask)) as (rig, wait_s):
                self._insist(CHECK, lambda: self._check(rig, wait_s))
                self._insist(SCAN, lambda: self._scan(rig, wait_s))
                self._insist(SOLVE, self._solve)
                self._insist(VERIFY, lambda: self._verify(rig, wait_s))
                return self._passed
        except Left:
            return False

    # -- the steps ----------------------------------------------------------------------------

    def _aim(self) -> None:
        """Let the person aim, focus and expose the camera, until the picture is good."""
        self._bench.light(self._even(0))
        for _ in range(6):
            dark = cv2.cvtColor(self._bench.look(), cv2.COLOR_BGR2GRAY)
        lights, number, best = (self._even(255), self._stripes()), 0, 0.0
        while True:
            self._bench.light(lights[number])
            picture = self._bench.look()
            look = look_at(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), np.asarray(dark, np.uint8))
            best = max(best, look.sharpness)
            self._sheet.show(self._aiming(picture, look, best, bool(number)))
            key = self._key()
            if key == PATTERN:
                number, best = 1 - number, 0.0
            elif key == GO:
                return

    def _aiming(self, picture: Pixels, look: Look, best: float, is_fine: bool) -> Page:
        faults = [f"!{fault}" for fault in look.faults(self._session.camera_gamma)]
        lines = ["Turn the lens until the focus is greatest." if is_fine else
                 "Fix the camera where the audience stands. Switch automatic exposure, white balance and focus off."]
        if not faults and not is_fine:
            lines.append("This picture is good. Look at the focus (Space), then go on.")
        return Page(AIM, "Aim the camera", [*lines, *faults],
                    (("Space", "white" if is_fine else "fine stripes"), ("Enter", "go on"), ("Esc", "leave")),
                    marked(picture), look, best)

    def _check(self, rig: Devices, wait_s: float) -> bool:
        """Look for what would spoil the scan."""
        wrong = []
        for name, size in rig.sizes.items():
            self._work(CHECK, f"Looking at {name}", [])
            wrong += [f"!{name}: {fault}" for fault in
                      preflight(rig, name, self._session.camera, plan(size), wait_s, self._session.camera_gamma)]
        if not wrong:
            return True
        keys = ((AGAIN.upper(), "look again"), (ANYWAY.upper(), "scan all the same"), ("Esc", "leave"))
        page = Page(CHECK, "This would spoil the scan", wrong, keys, self._shown)
        return self._choice(page, (AGAIN, ANYWAY)) == ANYWAY

    def _scan(self, rig: Devices, wait_s: float) -> bool:
        total = len(rig.sizes) * (2 if self._with_light else 1)
        ended: list[tuple[str, str]] = []

        def on_frame(name: str, what: str, done: int, of: int) -> None:
            if (name, what) not in ended:
                ended.append((name, what))
            share = (len(ended) - 1 + done / of) / total
            self._work(SCAN, f"Scanning {name}: {what}, {done} of {of}", self._said, share)

        scan(self._session, rig, wait_s, self._say, self._with_light, on_frame)
        return True

    def _solve(self) -> bool:
        self._work(SOLVE, "Solving", self._said)
        _, version = solve_session(self._session, self._made, False, self._say)
        words = list(version.words)
        self._work(SOLVE, "Sharing the light", [*self._said, *words])
        share = photometric(self._session, self._made, True, self._say) if self._with_light else \
            blend(self._session, self._made, self._say)
        self._said += [*words, *share.words]
        return True

    def _verify(self, rig: Devices, wait_s: float) -> bool:
        verdict = verify(self._session, rig, wait_s, lambda line: self._work(VERIFY, f"Verifying: {line}", self._said))
        self._bench_dark(rig)
        is_coloured = not self._painted and verdict.wall_de00 is not None and verdict.wall_de00[0] > COLOURED_DE00
        wall = ((WALL.upper(), "make the wall's colours good"),) if is_coloured else ()
        page = Page(VERIFY, "Passed" if not verdict.wrong else "Not yet", self._words(verdict),
                    (("Enter", "keep it"), *wall, (BACK.upper(), "undo"), ("Esc", "leave, and keep it")), self._shown)
        history, self._passed = History(self._session.profile_folder), not verdict.wrong
        chosen = self._choice(page, (GO, BACK, WALL) if is_coloured else (GO, BACK))
        if chosen == WALL:
            self._paint()
        elif chosen == BACK and (solved := history.latest(SOLVED)):
            history.undo(solved.before)
        return chosen != WALL

    def _paint(self) -> None:
        """Make the wall's own colours good; they are verified next."""
        self._painted = True
        self._work(VERIFY, "Making the wall's colours good", self._said)
        self._said += photometric(self._session, self._made, True, self._say, True).words

    def _words(self, verdict: Verdict) -> list[str]:
        return [*figures_of(verdict), *(f"!{wrong}" for wrong in verdict.wrong)]

    # -- the person ---------------------------------------------------------------------------

    def _ask(self, question: str) -> str:
        """Show the warning and return what is typed until Enter."""
        typed = ""
        while True:
            lines = [*WARNING.split("\n"), f"Type the word {WORD}, then Enter:   {typed}_"]
            self._sheet.show(Page(ROOM, "Is the room empty?", lines, (("Enter", "go on"), ("Esc", "leave"))))
            self._sheet.rest()
            key = self._key()
            if key == GO:
                return typed
            typed = typed[:-1] if key == "backspace" else typed + key if len(key) == 1 else typed

    def _insist(self, step: int, act: Callable[[], bool]) -> bool:
        """Do a step until it works or the person leaves."""
        while True:
            try:
                if act():
                    return True
            except MixeurError as error:
                keys = ((AGAIN.upper(), "again"), ("Esc", "leave"))
                self._choice(Page(step, "That did not work", [f"!{error}"], keys, self._shown), (AGAIN,))

    def _choice(self, page: Page, keys: tuple[str, ...]) -> str:
        """Show a page until one of the keys is pressed."""
        while True:
            self._sheet.show(page)
            self._sheet.rest()
            if (key := self._key()) in keys:
                return key

    def _work(self, step: int, title: str, lines: list[str], done: float | None = None) -> None:
        """Show that something is under way; Esc leaves, other keys are not meant."""
        self._sheet.show(Page(step, title, lines, (("Esc", "leave"),), done=done))
        self._key()
        self._pressed.clear()

    def _key(self) -> str:
        """Return the next key that was pressed, or nothing; Esc leaves."""
        self._pressed += ["return" if key == "enter" else key for key in self._sheet.pressed()]
        if LEAVE in self._pressed:
            raise Left
        return self._pressed.pop(0) if self._pressed else ""

    def _say(self, line: str) -> None:
        self._said.append(line)

    # -- light --------------------------------------------------------------------------------

    def _even(self, level: int) -> dict[str, Pixels]:
        return {name: np.full(size[::-1], level, np.uint8) for name, size in self._bench.sizes.items()}

    def _stripes(self) -> dict[str, Pixels]:
        lights = {}
        for name, (width, height) in self._bench.sizes.items():
            row = np.where(np.arange(width) // STRIPES_PX % 2, 230, 25).astype(np.uint8)
            lights[name] = np.ascontiguousarray(np.broadcast_to(row, (height, width)))
        return lights

    def _bench_dark(self, rig: Devices) -> None:
        for name, size in rig.sizes.items():
            rig.show(name, np.zeros(size[::-1], np.uint8))
