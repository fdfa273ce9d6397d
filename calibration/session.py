"""A session: the folder in which one room's calibration stands, from raw pictures to profiles."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import tomlkit

from calibration.stage import Array, FlatStage, Stage, cylinder_of
from calibration.vantage import SeenStage, Vantage
from engine.atomic import write_atomic
from engine.problems import MixeurError, ShowError
from engine.show.document import read_document
from engine.show.schema import limits
from engine.show.table import FORMAT, Reader

SESSION, SOLUTION = "session.toml", "solution.toml"
POINT_PX = limits(-1e5, 1e5, "px")
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """Where the stage is to be.

    Attributes:
        kind: `view`, all that is lit, as the camera sees it; `corners`, flat between four points; `cylinder`.
        corners: In camera_px, clockwise from the stage's top left.
        top, bottom: Further points on the round edges of a cylinder.
        size_m: Along the wall, and its height.
    """

    kind: Literal["view", "corners", "cylinder"] = "view"
    corners: Points = field(default=(), metadata=POINT_PX)
    top: Points = field(default=(), metadata=POINT_PX)
    bottom: Points = field(default=(), metadata=POINT_PX)
    size_m: tuple[float, float] | None = field(default=None, metadata=limits(0.01, 1000, "m"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One projector of the room; `size` is (width, height) in pixels."""

    size: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session is about.

    Attributes:
        folder: Where it stands.
        camera: The one that looks, by its name in the show or in the computed room.
        cameras: Where several look one after the other: all of them, the one in whose picture the stage stands first.
        camera_gamma: 1 if the pictures' numbers are light.
        room, seed: The computed room; empty for real devices.
        show: The show whose windows and camera are used; None for a computed room and for pictures of one's own.
        profiles: Folder of the projectors' profiles.
        target: How bright the whole is to be, see `calibration.blend.target_of`.
        projectors: By name.
    """

    folder: Path = field(default=Path(), metadata={"hidden": True})
    camera: str = "tripod"
    cameras: tuple[str, ...] = ()
    camera_gamma: float = field(default=1.0, metadata=limits(1, 4))
    room: str = ""
    seed: int = field(default=1, metadata=limits(0, 2**31))
    show: Path | None = None
    profiles: Path | None = None
    target: Literal["smooth", "strict"] = "smooth"
    stage: StagePlan = StagePlan()
    projectors: Mapping[str, Screen] = field(default_factory=dict, metadata={"key": "projector"})

    def scan_folder(self, projector: str) -> Path:
        """Return where the pictures of a projector's codes are kept."""
        return self.folder / self.part("scan") / projector

    def light_folder(self, projector: str) -> Path:
        """Return where the pictures of a projector's light are kept."""
        return self.folder / self.part("light") / projector

    def part(self, what: str) -> str:
        """Return the name of the folder that holds something of the camera that looks."""
        return f"{what}-{self.camera}" if self.cameras and self.camera != self.cameras[0] else what

    def joined_by(self, camera: str) -> Session:
        """Return the session with one camera more, which looks now."""
        cameras = tuple(dict.fromkeys((*(self.cameras or (self.camera,)), camera)))
        return replace(self, camera=camera, cameras=cameras if len(cameras) > 1 else ())

    def eyes(self) -> list[Session]:
        """Return the session once for each camera, looking."""
        return [replace(self, camera=camera) for camera in self.cameras or (self.camera,)]

    def sees(self, projector: str) -> bool:
        """Return whether the camera that looks is to see a projector: the only one is to see them all."""
        return not self.cameras or self.scan_folder(projector).exists()

    @property
    def profile_folder(self) -> Path:
        """Where the profiles stand: where the session says, else in `profiles` beside it."""
        return self.profiles or self.folder / "profiles"

    def profile(self, projector: str) -> Path:
        """Return a projector's profile."""
        return self.profile_folder / f"{projector}.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What the geometry found, for the steps that come after it.

    Attributes:
        corners: Of the stage's outline in camera_px, clockwise from its top left.
        camera: (width, height) of its pictures.
        size_px: (width, height) of a stage about as fine as the projectors.
        views: Where several cameras look: how their pictures lie in the common one, in which the corners stand then.
    """

    corners: Points = field(metadata=POINT_PX)
    camera: tuple[int, int] = field(metadata=limits(16, 65_536, "px"))
    size_px: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))
    views: Mapping[str, Vantage] = field(default_factory=dict, metadata={"key": "view"})


def is_session(folder: Path) -> bool:
    """Return whether a folder holds a session."""
    return (folder / SESSION).exists()


def read_session(folder: Path) -> Session:
    """Return the session of a folder; `ShowError` with every problem and its line."""
    if not is_session(folder):
        raise MixeurError(f"{folder}: holds no {SESSION}; begin with `mixeur calibrate scan {folder}`")
    path = folder / SESSION
    document = read_document(path, str(path))
    reader = Reader(document.places, folder)
    reader.check_format(document.data)
    session = reader.table(document.data, Session, spare=("format",), folder=folder)
    if not session.projectors:
        reader.report((), "names no projector; write [projector.NAME] with its size")
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return session


def write_session(session: Session) -> None:
    """Write a session's file; comments and keys of others that stand there already stay."""
    path = session.folder / SESSION
    text = path.read_text() if path.exists() else "# a calibration session of mixeur\n"
    document = tomlkit.parse(text)
    document["format"] = FORMAT
    if session.cameras:
        document["cameras"] = list(session.cameras)
    for name in ("camera", "camera_gamma", "target"):
        document[name] = getattr(session, name)
    if session.room:
        document["room"], document["seed"] = session.room, session.seed
    for name, place in (("show", session.show), ("profiles", session.profiles)):
        if place is not None:
            document[name] = Path(os.path.relpath(place, session.folder)).as_posix()
    document["stage"] = {"kind": session.stage.kind} | {
        name: [list(point) for point in getattr(session.stage, name)] for name in ("corners", "top", "bottom")
        if getattr(session.stage, name)} | ({"size_m": list(session.stage.size_m)} if session.stage.size_m else {})
    document["projector"] = {name: {"size": list(screen.size)} for name, screen in session.projectors.items()}
    write_atomic(path, tomlkit.dumps(document), keep_previous=False)


def read_solution(session: Session) -> Solution:
    """Return what `solve` found; `MixeurError` if it has not run."""
    path = session.folder / SOLUTION
    if not path.exists():
        raise MixeurError(f"{session.folder}: is not solved; run `mixeur calibrate solve {session.folder}` first")
    document = read_document(path, str(path))
    reader = Reader(document.places, session.folder)
    reader.check_format(document.data)
    solution = reader.table(document.data, Solution, spare=("format",))
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return solution


def write_solution(session: Session, solution: Solution) -> None:
    """Write what the geometry found."""
    rows: dict[str, object] = {name: [list(map(float, point)) for point in solution.corners] if name == "corners"
            else list(getattr(solution, name)) for name in ("corners", "camera", "size_px")}
    rows["view"] = {name: {"size": list(view.size), "k1": view.k1, "matrix": [list(row) for row in view.matrix]}
                    for name, view in solution.views.items()}
    write_atomic(session.folder / SOLUTION, tomlkit.dumps({"format": FORMAT, **rows}), keep_previous=False)


def stage_seen(session: Session, solution: Solution) -> Stage:
    """Return a solved stage in the picture of the camera that looks.

    Raises:
        MixeurError: It looked only after the last solve.
    """
    stage = stage_of(session.stage if not solution.views else StagePlan(), np.array(solution.corners), solution.camera)
    if not session.cameras:
        return stage
    if session.camera not in solution.views:
        raise MixeurError(f"camera {session.camera}: has looked since the last solve, or never; run `mixeur calibrate "
                          "solve` again")
    return SeenStage(stage, solution.views[session.camera])


def stage_of(plan: StagePlan, view: Array, camera: tuple[int, int]) -> Stage:
    """Return the stage in the camera's picture.

    Args:
        view: Corners of all that is lit, for a stage that has none of its own. Shape (4, 2).
        camera: (width, height) of its pictures.
    Raises:
        MixeurError: The plan lacks points, or they do not fit.
    """
    if plan.kind == "view":
        return FlatStage(view)
    if len(plan.corners) != 4:
        raise MixeurError(f"stage: kind '{plan.kind}' needs its four corners in the camera's picture")
    corners = np.array(plan.corners)
    if plan.kind == "corners":
        return FlatStage(corners)
    if plan.size_m is None:
        raise MixeurError("stage: a cylinder needs size_m, along the wall and its height")
    return cylinder_of(corners, np.array(plan.top), np.array(plan.bottom), plan.size_m, camera)
