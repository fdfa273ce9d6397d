"""Exchange: a room's profiles to and from the formats of other programs, as a step that can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from calibration.history import IMPORTED, History, Version
from calibration.mpcdi import TOP, Region, mpcdi_bytes, regions_of
from calibration.pfm import pfm_bytes, pfm_of
from calibration.photometric import encoded
from calibration.rigs import lit
from calibration.session import SOLUTION, Session, read_solution
from calibration.warp_map import Floats, map_of, mesh_under
from engine.atomic import write_atomic
from engine.problems import MixeurError, did_you_mean
from engine.render.mesh import covered, outlines_of
from engine.render.ramp import allowed_light
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.profile import Light, Profile

Flip = Literal["rows", "places"]


def write_mpcdi(session: Session, path: Path, made: str) -> list[str]:
    """Write all profiles into one MPCDI file; return what it cannot hold, in words.

    Raises:
        MixeurError: There are no profiles, or one cannot be projected.
    """
    profiles = _standing(session)
    regions = {name: region_of(profile) for name, profile in profiles.items()}
    write_atomic(path, mpcdi_bytes(regions, _stage_px(session, profiles), made), keep_previous=False)
    return [f"projector {name}: its colours and responses stay here, the format has no place for them"
            for name, each in profiles.items() if each.colour or (each.light and each.light.response)]


def write_pfm(session: Session, folder: Path) -> list[Path]:
    """Write each projector's warp map as `NAME.pfm`; return the files."""
    written = []
    for name, profile in _standing(session).items():
        places = map_of(profile)
        path = folder / f"{name}.pfm"
        write_atomic(path, pfm_bytes(np.dstack([places, np.zeros(places.shape[:2], np.float32)])), keep_previous=False)
        written.append(path)
    return written


def read_mpcdi(path: Path) -> dict[str, Region]:
    """Return the projectors of an MPCDI file by the names of their regions; `MixeurError` names what is wrong."""
    try:
        return regions_of(_bytes(path))
    except MixeurError as error:
        raise MixeurError(f"{path}: {error}") from None


def read_pfms(session: Session, paths: Sequence[Path], names: Mapping[str, str]) -> dict[str, Region]:
    """Return the projectors of warp maps that are called as they are.

    Args:
        names: Of a file's stem, the projector, where they differ.
    """
    sizes = _sizes(session)
    found = {}
    for path in paths:
        values = pfm_of(_bytes(path), str(path))
        if values.ndim != 3:
            raise MixeurError(f"{path}: is grey; a warp map has three values a pixel (PF)")
        own = (int(values.shape[1]), int(values.shape[0]))
        found[path.stem] = Region(sizes.get(names.get(path.stem, path.stem)) or own, values[..., :2])
    return found


def named(pairs: Sequence[str]) -> dict[str, str]:
    """Return the projectors of regions from texts such as `left=projector1`."""
    names = {}
    for pair in pairs:
        region, sign, name = pair.partition("=")
        if not (region and sign and name):
            raise MixeurError(f"import: --name takes REGION=PROJECTOR, not '{pair}'")
        names[region] = name
    return names


def take_in(session: Session, regions: Mapping[str, Region], names: Mapping[str, str], flip: Flip | None,
            made: str) -> tuple[Version, list[str]]:
    """Make what other programs found hold; return the new state and how well each mesh shows its map.

    Args:
        names: Of a region, the projector, where they differ.
        flip: What the other program counts from the bottom.
    Raises:
        MixeurError: A region has no projector, or its map cannot be a mesh; nothing has changed.
    """
    sizes = _sizes(session)
    history = History(session.profile_folder)
    before, after, maps, told = history.profiles(), dict[str, Profile](), dict[Path, bytes](), list[str]()
    for region_name, region in regions.items():
        name = names.get(region_name, region_name)
        _refuse_stranger(region_name, name, sizes, region.size)
        try:
            mesh = mesh_under(_flipped(region.places, flip), region.size)
        except MixeurError as error:
            raise MixeurError(f"import: region {region_name}: {error}") from None
        rows = tuple(tuple((float(x), float(y)) for x, y in row) for row in mesh.points_px)
        own = replace(before.get(name) or Profile(size=region.size), corners=None, mesh=rows, bezier=False, surfaces=(),
                      light=None, made=f"{made}, imported", error_px=None)
        after[name] = _lit(own, before.get(name), region, name, history, maps) if region.alpha is not None else own
        told.append(f"{name}: mesh {len(rows[0])} x {len(rows)}, within {mesh.lost_px:.4f} px of its map")
    return history.keep(IMPORTED, made, after, maps), told


def region_of(profile: Profile) -> Region:
    """Return a projector's warp and its light, as the engine draws them, for other programs."""
    allowed = allowed_light(profile) * covered(outlines_of(profile), profile.size)
    if profile.light is None:
        black = np.array(profile.black_level, np.float32)
        lift = (allowed == 1)[..., None] * black if black.any() else None
        return _shared(profile, allowed, lift)
    gain = allowed * _picture(profile.light.gain, profile.size)
    return _shared(profile, gain, _picture(profile.light.lift, profile.size) if profile.light.lift else None)


def _shared(profile: Profile, gain: Floats, lift: Floats | None) -> Region:
    """Return a region: other programs show `light * alpha * (1 - beta) + beta`, the engine `light * gain + lift`."""
    alpha = gain if lift is None else (gain / (1 - lift.mean(2)).clip(0.5, 1)).clip(0, 1)
    return Region(profile.size, map_of(profile), np.asarray(alpha, np.float32), lift)


def _lit(profile: Profile, before: Profile | None, region: Region, name: str, history: History,
         maps: dict[Path, bytes]) -> Profile:
    """Return a profile with a region's light; masks and ramps are in that light already, responses stay."""
    assert region.alpha is not None
    beta = region.beta if region.beta is not None and region.beta.any() else None
    gain = region.alpha if beta is None else region.alpha * (1 - beta.mean(2))
    paths: dict[str, Path] = {}
    for kind, light in (("gain", gain), ("lift", beta)):
        if light is not None:
            raw = encoded(np.rint(light.clip(0, 1) * TOP).astype(np.uint16))
            paths[kind] = history.map_path(name, kind, raw)
            maps[paths[kind]] = raw
    response = before.light.response if before is not None and before.light is not None else None
    return replace(profile, mask=(), feather_px=0.0,
                   light=Light(gain=paths["gain"], lift=paths.get("lift"), response=response))


def _flipped(places: Floats, flip: Flip | None) -> Floats:
    if flip == "rows":
        return np.ascontiguousarray(places[::-1])
    return places if flip is None else np.stack([places[..., 0], 1 - places[..., 1]], axis=2)


def _refuse_stranger(region: str, name: str, sizes: Mapping[str, tuple[int, int] | None],
                     size: tuple[int, int]) -> None:
    if sizes and name not in sizes:
        raise MixeurError(f"import: region {region}: there is no projector '{name}'{did_you_mean(name, sizes)}; known: "
                          f"{', '.join(sizes)}; say which it is with --name {region}=PROJECTOR")
    wanted = sizes.get(name)
    if wanted is not None and wanted != size:
        raise MixeurError(f"import: region {region}: is for {size[0]} x {size[1]} pixels, projector {name} has "
                          f"{wanted[0]} x {wanted[1]}; export it for the projector's native size")


def _sizes(session: Session) -> dict[str, tuple[int, int] | None]:
    """Return the projectors that a session or a show has, with their sizes where they are known."""
    found: dict[str, tuple[int, int] | None] = {name: each.size for name, each in session.projectors.items()}
    if session.show is not None and not found:
        found = dict.fromkeys(lit(furnish(read_show(session.show))))
    standing = History(session.profile_folder).profiles()
    known = {name: profile.size for name, profile in standing.items()}
    return {**found, **{name: size for name, size in known.items() if not found or name in found}}


def _standing(session: Session) -> dict[str, Profile]:
    profiles = History(session.profile_folder).profiles()
    if not profiles:
        raise MixeurError(f"{session.profile_folder}: holds no profiles; calibrate first")
    return profiles


def _stage_px(session: Session, profiles: Mapping[str, Profile]) -> tuple[int, int]:
    if (session.folder / SOLUTION).exists():
        return read_solution(session).size_px
    return next(iter(profiles.values())).size


def _picture(path: Path, size: tuple[int, int]) -> Floats:
    raw = np.fromfile(path, np.uint8) if path.exists() else np.empty(0, np.uint8)
    picture: Any = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None
    if picture is None or picture.dtype != np.uint16 or picture.shape[1::-1] != size:
        raise MixeurError(f"{path}: is missing or no 16-bit picture of {size[0]} x {size[1]}; blend again")
    light = picture.astype(np.float32) / np.float32(TOP)
    return light if light.ndim == 2 else np.ascontiguousarray(light[..., 2::-1])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MixeurError(f"{path}: {error.strerror}") from None
