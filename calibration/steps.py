"""The steps of a session, each from files to files: scan, solve, blend, photometric, colour, verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.capture import take
from calibration.carried import carried
from calibration.drift_track import unmended
from calibration.fit import CameraMap, solve
from calibration.folder import odd_frames, read_scan, write_scan
from calibration.forecast import foretold, unreached
from calibration.grid import Grid, grid_of
from calibration.history import IMPORTED, SOLVED, History, Version, is_worse
from calibration.joint import Seen, meshes_of, vantages_of
from calibration.joint import view_of as joint_view
from calibration.light_scan import MANIFEST as LIGHT_MANIFEST
from calibration.light_scan import LightRig, LightScan, read_light, take_light, write_light
from calibration.live_view import look_at
from calibration.outlook import outlook_bytes
from calibration.patterns import plan
from calibration.photometric import Blend, Light, Tone, blend_of, encoded, light_of, maps_of, warnings_of
from calibration.register import Mesh, mesh_of, profile_of, steadied, view_of
from calibration.session import (
    Session,
    Solution,
    read_solution,
    stage_of,
    stage_seen,
    write_session,
    write_solution,
)
from calibration.shake import steady_light
from calibration.stage import CORNERS, Array, Stage
from calibration.vantage import SeenStage, Vantage
from calibration.verify import Verdict, Verifier
from engine.atomic import write_atomic
from engine.kernel_cache import RENDER_KERNELS, warm
from engine.problems import MixeurError
from engine.show.profile import Light as ProfileLight
from engine.show.profile import Profile, Watch, read_profile

Say = Callable[[str], None]
OnFrame = Callable[[str, str, int, int], None]
LARGEST_STAGE = (4096, 2400)
PLACE_PX, COLUMNS = 4.0, (81, 241)  # camera_px between the stage's places, and how many of them lie across it
SEEN = 0.5  # of the picture around a place that must show a projector's light
FLAT_PX = 0.1  # between two cameras' pictures of a flat wall
BENT = ("; the wall is not flat, or somebody moved a camera: the pictures of the projectors meet all the same, but "
        "straight lines may bend where only one camera looks")
UNSEEN = 0.03  # share of a camera's picture that a projector must light to be scanned by it
TORN_PX = 9  # side of the square by which holes in what is lit are closed


def scan(session: Session, rig: LightRig, wait_s: float, say: Say, with_light: bool = True,
         on_frame: OnFrame = lambda name, what, done, total: None) -> None:
    """Take all pictures of a room: for each projector its codes, then its light; those of an older scan go.

    Where several cameras look, each takes the codes of the projectors that it sees.

    Args:
        wait_s: From showing a frame until the camera may be asked.
        on_frame: Told of each picture: the projector, `codes` or `light`, how many are done, and of how many.
    """
    write_session(session)
    for name, screen in session.projectors.items():
        for other, dark in session.projectors.items():
            rig.show(other, np.zeros(dark.size[::-1], np.uint8))
        if session.cameras and not _is_seen(session, rig, name, wait_s):
            say(f"{name}: camera {session.camera} does not see it")
            shutil.rmtree(session.scan_folder(name), ignore_errors=True)
            continue
        taken = take(rig, name, session.camera, plan(screen.size), wait_s, session.camera_gamma,
                     partial(on_frame, name, "codes"))
        for folder in (session.scan_folder(name), session.light_folder(name)):
            shutil.rmtree(folder, ignore_errors=True)  # an older scan's
        write_scan(session.scan_folder(name), taken.scan, session.camera_gamma)
        again = f", {len(taken.faults)} taken again" if taken.faults else ""
        say(f"{name}: {len(taken.scan.pictures)} frames{again}")
        if with_light and not session.cameras:
            light = take_light(rig, name, session.camera, screen.size, taken.wait_s, partial(on_frame, name, "light"))
            write_light(session.light_folder(name), light)
            say(f"{name}: {len(light.pictures)} pictures of its light")


def _is_seen(session: Session, rig: LightRig, name: str, wait_s: float) -> bool:
    """Return whether the camera that looks sees enough of a projector."""
    looks = []
    for level in (255, 0):
        rig.show(name, np.full(session.projectors[name].size[::-1], level, np.uint8))
        rig.wait(wait_s)
        looks.append(np.asarray(rig.grab(session.camera)[0], np.uint8))
    return look_at(*looks).covered >= UNSEEN


def solve_session(session: Session, made: str, is_told: bool, say: Say) -> tuple[dict[str, Any], Version]:
    """Map all projectors onto one stage through the camera that saw them all; keep their profiles.

    Args:
        made: When, for people.
        is_told: Whether a worse result may replace a better one.
    Raises:
        MixeurError: A scan lacks or cannot be mapped, or the result is worse than what stands; nothing has changed.
    """
    looked = {eye.camera: _looked(eye, say) for eye in session.eyes()}
    seen = {camera: {name: found for name, (found, _) in maps.items()} for camera, maps in looked.items()}
    if unseen := [name for name in session.projectors if not any(name in maps for maps in seen.values())]:
        raise MixeurError(f"{session.folder}: no camera has seen projector {', '.join(unseen)}; scan again")
    stage, views, meshes = _joined(session, seen, say) if session.cameras else _alone(session, seen[session.camera])
    maps = {name: next(own[name] for own in seen.values() if name in own) for name in session.projectors}
    camera = next(iter(next(iter(seen.values())).values())).labels.shape[::-1]
    history = History(session.profile_folder)
    before = history.profiles()
    solved = history.profiles_of(older) if (older := history.latest(SOLVED, since=IMPORTED)) else {}
    after = {name: _renewed(before.get(name), profile_of(maps[name], mesh, f"{made}, scan of {session.camera}"))
             for name, mesh in meshes.items()}
    for name, profile in after.items():
        stands = before[name] if name in before and before[name].error_px is not None else solved.get(name)
        if stands is not None and is_worse(stands, profile) and not is_told:
            residual = f"{stands.error_px:.3f} -> {profile.error_px:.3f} px"
            raise MixeurError(f"solve: projector {name}: residual {residual} is worse than what stands, and that "
                              "stays; scan again, or take it all the same with --force")
    for eye in session.eyes():
        for name, found in seen[eye.camera].items():
            _write_picture(_lit_file(eye, name), np.asarray((found.labels > 0) * 255, np.uint8))
    size_px = _stage_size(session, stage, meshes, after)
    corners = tuple((float(x), float(y)) for x, y in stage.camera_px(CORNERS))
    write_solution(session, Solution(corners=corners, camera=(int(camera[0]), int(camera[1])), size_px=size_px,
                                     views=views))
    outlooks: dict[Path, bytes] = {}
    for name, profile in after.items():
        looks, raw = next((one, own[name][1]) for one, own in looked.items() if name in own)
        path = history.map_path(name, "outlook", raw, ".pfm")
        outlooks[path] = raw
        after[name] = replace(profile, watch=Watch(camera=looks, map=path, camera_gamma=session.camera_gamma))
    touched = {name: touch for name, profile in after.items()
               if (touch := carried(solved.get(name), unmended(before.get(name), solved.get(name)), profile))}
    version = history.keep(SOLVED, made, after, outlooks, touched)
    return _figures(maps, meshes, size_px), version


def _alone(session: Session, maps: Mapping[str, CameraMap]) -> tuple[Stage, dict[str, Vantage], dict[str, Mesh]]:
    """Return the stage in the picture of the only camera, and each projector's mesh over it."""
    stage = stage_of(session.stage, view_of(*maps.values()), next(iter(maps.values())).labels.shape[::-1])
    return stage, {}, {name: mesh_of(found, stage) for name, found in maps.items()}


def _joined(session: Session, seen: Seen, say: Say) -> tuple[Stage, dict[str, Vantage], dict[str, Mesh]]:
    """Return the stage in the cameras' common picture, how their pictures lie in it, and each projector's mesh."""
    if session.stage.kind == "cylinder":
        raise MixeurError("solve: a cylinder is found from one camera that sees all of it; with several, choose "
                          "--stage view or corners")
    views, left_px = vantages_of(seen)
    say(f"{len(views)} cameras meet to {left_px:.2f} px" + (BENT if left_px > FLAT_PX else ""))
    plan = session.stage
    if plan.corners:
        corners = views[session.cameras[0]].common_px(np.array(plan.corners))
        plan = replace(plan, corners=tuple((float(x), float(y)) for x, y in corners))
    common = joint_view(seen, views)
    stage = stage_of(plan, common, next(iter(views.values())).size)
    return stage, views, meshes_of(seen, {camera: SeenStage(stage, view) for camera, view in views.items()})


def blend(session: Session, made: str, say: Say) -> Version:
    """Share the light of overlapping projectors by their geometry alone, taking them as alike."""
    room = Overlap(session)
    return _keep(session, room, "blend", made, None, [None] * len(room.names))


def photometric(session: Session, made: str, is_coloured: bool, say: Say, is_painted: bool = False) -> Version:
    """Measure the projectors' light from the pictures of the scan, and blend them by it.

    Args:
        is_coloured: Whether colours are mixed so that all projectors show the same.
        is_painted: Whether the wall's own colours are made good, as far as light can; colours are mixed then.
    """
    room = Overlap(session)
    light, tones = room.light(is_coloured or is_painted, is_painted)
    for warning in warnings_of(room.names, tones):
        say(warning)
    write_session(session)
    if is_painted:
        for line in room.foretold(light, tones):
            say(line)
        say(f"where: {_unreached_file(session, '*')}")
    return _keep(session, room, "colour" if is_coloured else "photometric", made, light, tones)


def verify(session: Session, rig: LightRig, wait_s: float, say: Say) -> Verdict:
    """Show pictures through the profiles that stand, and judge what the camera sees."""
    kernels = warm(RENDER_KERNELS[:1])[0]
    room = Overlap(session)
    if any(profile.light is None for profile in room.profiles):
        raise MixeurError("verify: the projectors are not blended; run `calibrate photometric` first, or `blend`")
    has_light = all((session.light_folder(name) / LIGHT_MANIFEST).exists() for name in room.names)
    has_light &= not session.cameras
    light = room.light(*room.asks)[0] if has_light else None
    seen = room.seen_by(session)
    inside = np.stack([own & seen.get(name, False) for name, own in zip(room.names, room.blend.inside, strict=True)])
    verifier = Verifier(rig, session.camera, dict(zip(room.names, room.profiles, strict=True)), room.solution.size_px,
                        room.grid, wait_s, session.camera_gamma, kernels, say)
    return verifier.verdict(light, inside, session.stage.kind == "view" or bool(session.cameras))


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
        seen = [self.seen_by(eye) for eye in session.eyes()]
        lit = [np.any([own[name] for own in seen if name in own], axis=0) for name in self.names]
        self.blend: Blend = blend_of(self.profiles, lit, self.grid)

    def seen_by(self, eye: Session) -> dict[str, NDArray[np.bool_]]:
        """Return where on the stage a camera sees the projectors that it sees. Shape (rows, columns) each."""
        grid = self.grid if eye.camera == self.session.camera else _grid(eye, self.solution)
        return {name: grid.seen(_read_picture(_lit_file(eye, name))) > SEEN * 255 for name in self.names
                if eye.sees(name)}

    @property
    def asks(self) -> tuple[bool, bool]:
        """Whether the profiles mix colours, and whether they make the wall's own colours good."""
        return (any(profile.colour is not None for profile in self.profiles),
                any(profile.light is not None and profile.light.tint is not None for profile in self.profiles))

    def light(self, is_coloured: bool, is_painted: bool = False) -> tuple[Light, list[Tone]]:
        """Return the light of the room, from the pictures of the scan.

        Raises:
            MixeurError: Several cameras took them, whose colours and brightness nothing compares.
        """
        if self.session.cameras:
            raise MixeurError("photometric: light is measured by one camera that sees all projectors; what several "
                              "have seen is blended by `mixeur calibrate blend`")
        stage = stage_seen(self.session, self.solution) if is_painted else None
        return light_of(self.scans, self.blend, self.grid, self.session.target, is_coloured, stage)

    def foretold(self, light: Light, tones: Sequence[Tone]) -> list[str]:
        """Return what is to be expected of a wall whose colours are made good, in words."""
        return foretold(self.scans, light, tones, self.blend, self.grid, self.profiles[0].gamma)

    @cached_property
    def scans(self) -> list[LightScan]:
        """The pictures of the projectors' light, in order."""
        return [read_light(self.session.light_folder(name), self.session.camera_gamma) for name in self.names]


def _keep(session: Session, room: Overlap, step: str, made: str, light: Light | None,
          tones: list[Tone] | list[None]) -> Version:
    history = History(session.profile_folder)
    after: dict[str, Profile] = {}
    maps: dict[Path, bytes] = {}
    for number, name in enumerate(room.names):
        tone = tones[number]
        paths: dict[str, Path] = {}
        pictures = maps_of(number, room.profiles, room.blend, room.grid, light, tone)
        if tone is not None and "tint" in pictures:
            picture = unreached(pictures["tint"], tone, room.profiles[0].gamma)
            _write_picture(_unreached_file(room.session, name), picture)
        for kind, each in pictures.items():
            raw = encoded(each)
            paths[kind] = history.map_path(name, kind, raw)
            maps[paths[kind]] = raw
        response = None if tone is None else _rows(tone.response)
        primaries = _rows(tone.primaries) if tone is not None and "tint" in paths else None
        own = ProfileLight(**paths, response=response, primaries=primaries)  # type: ignore[arg-type]
        colour = None if tone is None or tone.mix is None else _rows(tone.mix)
        after[name] = replace(room.profiles[number], light=own, colour=colour)  # type: ignore[arg-type]
    return history.keep(step, made, after, maps)


def _rows(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 7) for value in row) for row in values)


def _mapped(session: Session, name: str, say: Say) -> tuple[CameraMap, NDArray[np.float32], bytes]:
    """Return what the camera sees of a projector, its even light, and the map in short, for the drift watch."""
    folder = session.scan_folder(name)
    taken, _ = read_scan(folder)
    if odd := odd_frames(taken):
        say(f"{name}: frames that do not add up to white and black: {', '.join(odd)}")
    try:
        found = solve(taken)
        return found, steady_light(taken, found.tremble), outlook_bytes(found, taken, session.camera_gamma)
    except MixeurError as error:
        raise MixeurError(f"{folder}: {error}") from None


def _looked(session: Session, say: Say) -> dict[str, tuple[CameraMap, bytes]]:
    """Return what the camera that looks has seen of each projector, and that in short, for the drift watch."""
    mapped = {name: _mapped(session, name, say) for name in session.projectors if session.sees(name)}
    if not mapped:
        raise MixeurError(f"{session.folder}: camera {session.camera} has seen no projector; aim it at one that "
                          "another camera sees too, and scan with it again")
    each, lights, outlooks = zip(*mapped.values(), strict=True)
    return dict(zip(mapped, zip(steadied(each, lights), outlooks, strict=True), strict=True))


def _renewed(before: Profile | None, found: Profile) -> Profile:
    """Return a profile with another mesh; masks and gamma stay, light and surfaces belong to the old mesh and go."""
    if before is None or before.size != found.size:
        return found
    return replace(before, mesh=found.mesh, corners=None, bezier=False, surfaces=(), light=None, colour=None,
                   made=found.made, error_px=found.error_px)


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
    stage = stage_seen(session, solution)
    across = stage_seen(session.eyes()[0], solution).camera_px(CORNERS)
    columns = np.clip(np.ptp(across[:, 0]) / PLACE_PX, *COLUMNS)
    return grid_of(stage, solution.size_px[0] / solution.size_px[1], int(columns))


def _figures(maps: Mapping[str, CameraMap], meshes: Mapping[str, Mesh], size_px: tuple[int, int]) -> dict[str, Any]:
    return {"stage_px": list(size_px)} | {name: {
        "segments": len(found.segments), "accepted": float((found.labels > 0).mean()), "noise_px": found.noise_px,
        "even_odd_p95_px": found.even_odd_p95_px, "mesh": list(meshes[name].points_px.shape[1::-1]),
        "mesh_lost_px": meshes[name].lost_px, "covered": meshes[name].covered} for name, found in maps.items()}


def _lit_file(session: Session, name: str) -> Path:
    return session.folder / session.part("lit") / f"{name}.png"


def _unreached_file(session: Session, name: str) -> Path:
    return session.folder / "unreached" / f"{name}.png"


def _write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    write_atomic(path, bytes(cv2.imencode(".png", picture)[1]), keep_previous=False)


def _read_picture(path: Path) -> NDArray[np.uint8]:
    raw = np.fromfile(path, np.uint8) if path.exists() else np.empty(0, np.uint8)
    picture = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if len(raw) else None
    if picture is None:
        raise MixeurError(f"{path}: is missing or cut short; run `mixeur calibrate solve` again")
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((TORN_PX, TORN_PX), np.uint8)), np.uint8)
