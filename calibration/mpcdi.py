"""MPCDI, VESA's exchange format for projectors: warp and blend maps of a room in one zip, its 2D media profile."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as Xml

import cv2
import numpy as np

from calibration.colour import LUMINANCE
from calibration.pfm import pfm_bytes, pfm_of
from calibration.warp_map import Floats
from engine.problems import MixeurError

INDEX, OLD_INDEX = "mpcdi.xml", "mpacs.xml"
LARGEST_BYTES = 1 << 30  # of a file in the zip, unpacked
TOP = 65535


@dataclass(frozen=True)
class Region:
    """One projector.

    Attributes:
        size: (width, height) of its picture in pixels.
        places: Where on the stage its pixels lie, 0..1, top row first; NaN off the stage. Shape (m, n, 2).
        alpha: Share of its light that each pixel gives. Shape (height, width); None: all.
        beta: Light that is added so that blacks match, red, green, blue. Shape (height, width, 3); None: none.
    """

    size: tuple[int, int]
    places: Floats
    alpha: Floats | None = None
    beta: Floats | None = None


def mpcdi_bytes(regions: Mapping[str, Region], stage_px: tuple[int, int], made: str) -> bytes:
    """Return a file that says how projectors show a stage; each region covers the whole buffer, which is the stage.

    Args:
        regions: By the projector's name.
        stage_px: (width, height) of the stage's picture.
        made: `YYYY-MM-DD hh:mm:ss`.
    Source:
        VESA, "Multiple Projection Common Data Interchange" 2.0, with tags and attributes as the published library
        of the standard's authors writes and reads them.
    """
    has_beta = any(region.beta is not None for region in regions.values())
    root = Xml.Element("MPCDI", profile="2d", level="2" if has_beta else "1", geometry="1",
                       color="2" if has_beta else "1", date=made, version="2.0")
    buffer = Xml.SubElement(Xml.SubElement(root, "display"), "buffer", id="stage", Xresolution=str(stage_px[0]),
                            Yresolution=str(stage_px[1]))
    files = Xml.SubElement(root, "files")
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, (name, region) in enumerate(regions.items()):
            Xml.SubElement(buffer, "region", id=name, Xresolution=str(region.size[0]), Yresolution=str(region.size[1]),
                           x="0.0", y="0.0", xsize="1.0", ysize="1.0")
            for path, content in _files(Xml.SubElement(files, "fileset", region=name), number, region):
                archive.writestr(_entry(path), content)
        Xml.indent(root)
        archive.writestr(_entry(INDEX), Xml.tostring(root, "utf-8", xml_declaration=True))
    return raw.getvalue()


def regions_of(raw: bytes) -> dict[str, Region]:
    """Return the projectors in a file, by the names of their regions.

    Raises:
        MixeurError: It is no such file, is damaged, or is of another profile; with what is wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _regions(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise MixeurError(f"is no whole zip file ({error}); export or copy it again") from None
    except Xml.ParseError as error:
        raise MixeurError(f"{INDEX} is no XML ({error}); export it again") from None


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a file's head in the zip; without a date, so that the same room makes the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _files(fileset: Xml.Element, number: int, region: Region) -> Iterator[tuple[str, bytes]]:
    """Write down a region's files in the index, and yield them."""
    def describe(tag: str, path: str, **texts: object) -> None:
        element = Xml.SubElement(fileset, tag)
        for name, text in {"path": path, **texts}.items():
            Xml.SubElement(element, name).text = str(text)

    warp = f"warp_{number}.pfm"
    describe("geometryWarpFile", warp, geometricUnit="unknown", interpolation="linear", originOf3DData="centerOfMass")
    yield warp, pfm_bytes(np.dstack([region.places, np.zeros(region.places.shape[:2], np.float32)]))
    alpha = np.ones(region.size[::-1], np.float32) if region.alpha is None else region.alpha
    for kind, light in (("alpha", alpha), ("beta", region.beta)):
        path = f"{kind}_{number}.png"
        if light is not None:
            describe(f"{kind}Map", path, componentDepth=1 if light.ndim == 2 else 3, bitDepth=16, gammaEmbedded=1.0)
            picture = np.rint(light.clip(0, 1) * TOP).astype(np.uint16)
            shown = picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1])
            yield path, bytes(cv2.imencode(".png", shown)[1])


def _regions(archive: zipfile.ZipFile) -> dict[str, Region]:
    root = Xml.fromstring(_index(archive))
    if _local(root) != "mpcdi":
        raise MixeurError(f"{INDEX} holds <{root.tag}>, not <MPCDI>")
    kind = _attribute(root, "profile").lower()
    if kind != "2d":
        raise MixeurError(f"is of the profile '{kind}', which needs a model of the room; export its 2D media profile")
    filesets = {_attribute(each, "region"): each for each in root.iter() if _local(each) == "fileset"}
    found = {}
    for element in (each for each in root.iter() if _local(each) == "region"):
        name = _attribute(element, "id")
        if name not in filesets:
            raise MixeurError(f"region {name}: has no <fileset>")
        try:
            found[name] = _region(archive, element, filesets[name])
        except MixeurError as error:
            raise MixeurError(f"region {name}: {error}") from None
    if not found:
        raise MixeurError("names no region")
    return found


def _region(archive: zipfile.ZipFile, element: Xml.Element, fileset: Xml.Element) -> Region:
    width, height = (int(_number(element, f"{axis}resolution")) for axis in "xy")
    if not 16 <= min(width, height) <= max(width, height) <= 16_384:
        raise MixeurError(f"{width} x {height} pixels are no projector")
    warp = _child(fileset, "geometryWarpFile")
    if warp is None:
        raise MixeurError("has no <geometryWarpFile>")
    path = _path(warp)
    values = pfm_of(_read(archive, path), path)
    if values.ndim != 3:
        raise MixeurError(f"{path}: is grey; a warp map has three values a pixel (PF)")
    at = np.array([_number(element, "x"), _number(element, "y")], np.float32)
    span = np.array([_number(element, "xsize"), _number(element, "ysize")], np.float32)
    size = (width, height)
    unknown = ~(values[..., :2] != 0).any(2)
    places = at + values[..., :2] * span
    places[unknown] = np.nan
    alpha, beta = (_light(archive, fileset, tag, size) for tag in ("alphaMap", "betaMap"))
    if alpha is not None and alpha.ndim == 3:
        alpha = (alpha @ LUMINANCE).astype(np.float32)
    if beta is not None and beta.ndim == 2:
        beta = np.dstack([beta] * 3)
    return Region(size, places.astype(np.float32), alpha, beta)


def _light(archive: zipfile.ZipFile, fileset: Xml.Element, tag: str, size: tuple[int, int]) -> Floats | None:
    """Return a map of light, 0..1, as large as the projector's picture; None where there is none."""
    element = _child(fileset, tag)
    if element is None:
        return None
    path = _path(element)
    raw = np.frombuffer(_read(archive, path), np.uint8)
    picture: Any = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        raise MixeurError(f"{path}: is no PNG, or cut short; export it again")
    light = picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)
    gamma = _child(element, "gammaEmbedded")
    light = light ** np.float32(_float(gamma.text, "gammaEmbedded") if gamma is not None else 1.0)
    if light.shape[1::-1] != size:
        light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return light if light.ndim == 2 else np.ascontiguousarray(light[..., 2::-1])


def _index(archive: zipfile.ZipFile) -> bytes:
    names = {PurePosixPath(name).name.lower(): name for name in archive.namelist()}
    for name in (INDEX, OLD_INDEX):
        if name in names:
            raw = _read(archive, names[name])
            if b"<!ENTITY" in raw:
                raise MixeurError(f"{name} defines entities; no exporter does")
            return raw
    raise MixeurError(f"holds no {INDEX}; a warp map alone is imported with --pfm")


def _read(archive: zipfile.ZipFile, path: str) -> bytes:
    try:
        entry = archive.getinfo(path)
    except KeyError:
        raise MixeurError(f"{path}: is missing in the zip; export it again") from None
    if entry.file_size > LARGEST_BYTES:
        raise MixeurError(f"{path}: is {entry.file_size} bytes long; no map is")
    return archive.read(entry)


def _path(element: Xml.Element) -> str:
    path = _child(element, "path")
    if path is None or not (path.text or "").strip():
        raise MixeurError(f"<{element.tag}> has no <path>")
    return str(path.text).strip()


def _local(element: Xml.Element) -> str:
    """Return a tag without its name space, in small letters: programs write it in many ways."""
    return str(element.tag).rpartition("}")[2].lower()


def _child(element: Xml.Element, tag: str) -> Xml.Element | None:
    return next((each for each in element if _local(each) == tag.lower()), None)


def _attribute(element: Xml.Element, name: str) -> str:
    for key, value in element.attrib.items():
        if key.lower() == name:
            return value
    raise MixeurError(f"<{element.tag}> has no '{name}'")


def _number(element: Xml.Element, name: str) -> float:
    return _float(_attribute(element, name), name)


def _float(text: str | None, name: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise MixeurError(f"'{name}' is '{text}', not a number") from None
    if not abs(value) < 1e6:
        raise MixeurError(f"'{name}' is {text}")
    return value

