"""The steps of a session, each from files to files: scan, solve, blend, photometric, colour, verify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.capture import take
from calibration.fit import CameraMap, solve
from calibration.folder import odd_frames, read_scan, write_scan
from calibration.grid import Grid, grid_of
from calibration.history import History, Version, is_worse
from calibration.light_scan import LightRig, read_light, take_light, write_light
from calibration.patterns import plan
from calibration.photometric import Blend, Light, Tone, blend_of, encoded, light_of, maps_of, warnings_of
from calibration.register import Mesh, mesh_of, profile_of, view_of
from calibration.session import Session, Solution, read_solution, stage_of, write_session, write_solution
from calibration.stage import CORNERS, Array, Stage
from calibration.verify import Verdict, Verifier
from engine.atomic import write_atomic
from engine.kernel_cache import RENDER_KERNELS, warm
from engine.problems import MixeurError
from engine.show.profile import Light as ProfileLight
from engine.show.profile import Profile, read_profile

Say = Callable[[str], None]
LARGEST_STAGE = (4096, 2400)
PLACE_PX, COLUMNS = 4.0, (81, 241)  # camera_px between the stage's places, and how many of them lie across it
SEEN = 0.5  # of the picture around a place that must show a projector's light
TORN_PX = 9  # side of the square by which holes in what is lit are closed


def scan(session: Session, rig: LightRig, wait_s: float, say: Say, with_light: bool = True) -> None:
    """Take all pictures of a room: for each projector its codes, then its light."""
    write_session(session)
    for name, screen in session.projectors.items():
        for other, dark in session.projectors.items():
            rig.show(other, np.zeros(dark.size[::-1], np.uint8))
        taken = take(rig, name, session.camera, plan(screen.size), wait_s, session.camera_gamma)
        write_scan(session.scan_folder(name), taken.scan, session.camera_gamma)
        again = f", {len(taken.faults)} taken again" if taken.faults else ""
        say(f"{name}: {len(taken.scan.pictures)} frames{again}")
        if with_light:
            light = take_light(rig, name, session.camera, screen.size, wait_s)
            write_light(session.light_folder(name), light)
            say(f"{name}: {len(light.pictures)} pictures of its light")


def solve_session(session: Session, made: str, is_told: bool, say: Say) -> tuple[dict[str, Any], Version]:
    """Map all projectors onto one stage through the camera that saw them all; keep their profiles.

    Args:
        made: When, for people.
        is_told: Whether a worse result may replace a better one.
    Raises:
        MixeurError: A scan lacks or cannot be mapped, or the result is worse than what stands; nothing has changed.
    """
    maps = {name: _mapped(session, name, say) for name in session.projectors}
    camera = next(iter(maps.values())).labels.shape[::-1]
    view = view_of(*maps.values())
    stage = stage_of(session.stage, view, camera)
    meshes = {name: mesh_of(found, stage) for name, found in maps.items()}
    history = History(session.profile_folder)
    before = history.profiles()
    after = {name: _renewed(before.get(name), profile_of(maps[name], mesh, f"{made}, scan of {session.camera}"))
             for name, mesh in meshes.items()}
    for name, profile in after.items():
        if is_worse(before.get(name), profile) and not is_told:
            residual = f"{before[name].error_px:.3f} -> {profile.error_px:.3f} px"
            raise MixeurError(f"solve: projector {name}: residual {residual} is worse than what stands, and that "
                              "stays; scan again, or take it all the same with --force")
    for name, found in maps.items():
        _write_picture(_lit_file(session, name), np.asarray((found.labels > 0) * 255, np.uint8))
    size_px = _stage_size(session, stage, meshes, after)
    corners = tuple((float(x), float(y)) for x, y in stage.camera_px(CORNERS))
    write_solution(session, Solution(corners=corners, camera=(int(camera[0]), int(camera[1])), size_px=size_px))
    version = history.keep("solve", made, after, {})
    return _figures(maps, meshes, size_px), version


def blend(session: Session, made: str, say: Say) -> Version:
    """Share the light of overlapping projectors by their geometry alone, taking them as alike."""
    room = Overlap(session)
    return _keep(session, room, "blend", made, None, [None] * len(room.names))


def photometric(session: Session, made: str, is_coloured: bool, say: Say) -> Version:
    """Measure the projectors' light from the pictures of the scan, and blend them by it."""
    room = Overlap(session)
    light, tones = room.light(is_coloured)
    for warning in warnings_of(room.names, tones):
        say(warning)
    write_session(session)
    return _keep(session, room, "colour" if is_coloured else "photometric", made, light, tones)


def verify(session: Session, rig: LightRig, wait_s: float, say: Say) -> Verdict:
    """Show pictures through the profiles that stand, and judge what the camera sees."""
    kernels = warm(RENDER_KERNELS[:1])[0]
    room = Overlap(session)
    if any(profile.light is None for profile in room.profiles):
        raise MixeurError("verify: the projectors are not blended; run `calibrate photometric` first")
    light, _ = room.light(any(profile.colour is not None for profile in room.profiles))
    verifier = Verifier(rig, session.camera, dict(zip(room.names, room.profiles, strict=True)), room.solution.size_px,
                        room.grid, wait_s, session.camera_gamma, kernels, say)
    return verifier.verdict(light, session.stage.kind == "view")


class Overlap:
    """A solved session: its profiles in order, the stage's grid, and who reaches what."""

    def __init__(self, session: Session) -> None:
        self.session, self.solution = session, read_solution(session)
        self.names = list(session.projectors)
        History(session.profile_folder)  # finishes what a power cut broke off
        self.profiles = [read_profile(session.profile(name)) for name in self.names]
        if any(profile.mesh is None for profile in self.profiles):
            raise MixeurError(f"{session.folder}: a profile has no mesh; run `mixeur calibrate solve` again")
        self.grid = _grid(session, self.solution)
        lit = [self.grid.seen(_read_picture(_lit_file(session, name))) > SEEN * 255 for name in self.names]
        self.blend: Blend = blend_of(self.profiles, lit, self.grid)

    def light(self, is_coloured: bool) -> tuple[Light, list[Tone]]:
        """Return the light of the room, from the pictures of the scan."""
        scans = [read_light(self.session.light_folder(name), self.session.camera_gamma) for name in self.names]
        return light_of(scans, self.blend, self.grid, self.session.target, is_coloured)


def _keep(session: Session, room: Overlap, step: str, made: str, light: Light | None,
          tones: list[Tone] | list[None]) -> Version:
    history = History(session.profile_folder)
    after: dict[str, Profile] = {}
    maps: dict[Path, bytes] = {}
    for number, name in enumerate(room.names):
        tone = tones[number]
        paths: dict[str, Path] = {}
        for kind, picture in zip(("gain", "lift"), maps_of(number, room.profiles, room.blend, room.grid, light, tone),
                                 strict=True):
            if picture is not None:
                raw = encoded(picture)
                paths[kind] = history.map_path(name, kind, raw)
                maps[paths[kind]] = raw
        response = None if tone is None else _rows(tone.response)
        own = ProfileLight(gain=paths["gain"], lift=paths.get("lift"), response=response)
        colour = None if tone is None or tone.mix is None else _rows(tone.mix)
        after[name] = replace(room.profiles[number], light=own, colour=colour)  # type: ignore[arg-type]
    return history.keep(step, made, after, maps)


def _rows(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 7) for value in row) for row in values)


def _mapped(session: Session, name: str, say: Say) -> CameraMap:
    folder = session.scan_folder(name)
    taken, _ = read_scan(folder)
    if odd := odd_frames(taken):
        say(f"{name}: frames that do not add up to white and black: {', '.join(odd)}")
    try:
        return solve(taken)
    except MixeurError as error:
        raise MixeurError(f"{folder}: {error}") from None


def _renewed(before: Profile | None, found: Profile) -> Profile:
    """Return a profile with another mesh; masks and gamma stay, the light belongs to the old mesh and goes."""
    if before is None or before.size != found.size:
        return found
    return replace(before, mesh=found.mesh, corners=None, light=None, colour=None, made=found.made,
                   error_px=found.error_px)


def _stage_size(session: Session, stage: Stage, meshes: Mapping[str, Mesh],
                profiles: Mapping[str, Profile]) -> tuple[int, int]:
    """Return the size of a stage about as fine as the projectors."""
    points = stage.camera_px(CORNERS)
    sides = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    aspect = (sides[0] + sides[2]) / (sides[1] + sides[3])
    if session.stage.size_m is not None:
        aspect = session.stage.size_m[0] / session.stage.size_m[1]
    across = [np.median(np.hypot(*np.moveaxis(np.diff(mesh.points_px, axis=1), 2, 0))) * (mesh.points_px.shape[1] - 1)
              for mesh in meshes.values()]
    width = min(float(np.median(across)), LARGEST_STAGE[0], LARGEST_STAGE[1] * aspect)
    return max(16, 2 * round(width / 2)), max(16, 2 * round(width / aspect / 2))


def _grid(session: Session, solution: Solution) -> Grid:
    stage = stage_of(session.stage, np.array(solution.corners), solution.camera)
    across = stage.camera_px(CORNERS)
    columns = np.clip(np.ptp(across[:, 0]) / PLACE_PX, *COLUMNS)
    return grid_of(stage, solution.size_px[0] / solution.size_px[1], int(columns))


def _figures(maps: Mapping[str, CameraMap], meshes: Mapping[str, Mesh], size_px: tuple[int, int]) -> dict[str, Any]:
    return {"stage_px": list(size_px)} | {name: {
        "segments": len(found.segments), "accepted": float((found.labels > 0).mean()), "noise_px": found.noise_px,
        "even_odd_p95_px": found.even_odd_p95_px, "mesh": list(meshes[name].points_px.shape[1::-1]),
        "mesh_lost_px": meshes[name].lost_px, "covered": meshes[name].covered} for name, found in maps.items()}


def _lit_file(session: Session, name: str) -> Path:
    return session.folder / "lit" / f"{name}.png"


def _write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    write_atomic(path, bytes(cv2.imencode(".png", picture)[1]), keep_previous=False)


def _read_picture(path: Path) -> NDArray[np.uint8]:
    raw = np.fromfile(path, np.uint8) if path.exists() else np.empty(0, np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if len(raw) else None
    if picture is None:
        raise MixeurError(f"{path}: is missing or cut short; run `mixeur calibrate solve` again")
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((TORN_PX, TORN_PX), np.uint8)), np.uint8)
