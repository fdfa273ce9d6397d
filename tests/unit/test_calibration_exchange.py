"""Exchange: profiles go out as MPCDI and PFM and come back as they were; what is broken is told in one line."""

import io
import re
import shlex
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.exchange import named, read_mpcdi, read_pfms, region_of, take_in, write_mpcdi, write_pfm
from calibration.history import History
from calibration.mpcdi import Region, mpcdi_bytes, regions_of
from calibration.pfm import pfm_bytes, pfm_of
from calibration.photometric import encoded
from calibration.session import Screen, Session, write_session
from calibration.warp_map import map_of, mesh_under
from engine.cli import main
from engine.problems import MixeurError
from engine.show.profile import Light, Profile, read_profile, write_profile

SIZE = (128, 72)
PAGE = Path(__file__).parents[2] / "docs" / "technician.md"


def bent(columns=17, rows=10, over=0.12, turn=1):
    """Return a curved mesh that reaches beyond the picture; turned by half where `turn` is -1."""
    u, v = np.meshgrid(np.linspace(-over, 1 + over, columns), np.linspace(-over, 1 + over, rows))
    x, y = u + 0.05 * np.sin(2 * u) * v, v + 0.06 * (u - 0.5) ** 2 * np.cos(3 * v)
    if turn < 0:
        x, y = 1 - x, 1 - y
    return tuple(tuple((SIZE[0] * a, SIZE[1] * b) for a, b in zip(*row, strict=True)) for row in
                 zip(x.tolist(), y.tolist(), strict=True))


def session(folder):
    return Session(folder=folder, projectors={name: Screen(size=SIZE) for name in ("left", "right")})


def lit(folder, mesh):
    """Return a profile with a blend and a floor of black, its maps beside it."""
    gain = np.tile(np.linspace(0, 65535, SIZE[0]), (SIZE[1], 1)).astype(np.uint16)
    lift = np.full((*SIZE[::-1], 3), (120, 90, 300), np.uint16)
    paths = {}
    for kind, picture in (("gain", gain), ("lift", lift)):
        paths[kind] = folder / f"{kind}.png"
        paths[kind].parent.mkdir(parents=True, exist_ok=True)
        paths[kind].write_bytes(encoded(picture))
    response = tuple(tuple(np.linspace(0, 1, 5) ** 2) for _ in range(3))
    return Profile(size=SIZE, mesh=mesh, light=Light(gain=paths["gain"], lift=paths["lift"], response=response))


def apart_px(first, second):
    """Return the largest distance between what two profiles show, in projector_px."""
    moved = (map_of(first) - map_of(second)) * SIZE * (1 + 2 * 0.12)
    return float(np.nanmax(np.hypot(*np.moveaxis(moved, 2, 0))))


@pytest.fixture
def room(tmp_path):
    own = session(tmp_path / "room")
    home = own.profile_folder
    write_profile(own.profile("left"), lit(home / "maps", bent()))
    write_profile(own.profile("right"), Profile(size=SIZE, mesh=bent(turn=-1), gamma=2.0, black_level=(0.01,) * 3))
    return own


@pytest.fixture(scope="module")
def whole():
    """Return the bytes of a file with one projector."""
    return mpcdi_bytes({"left": Region(SIZE, map_of(Profile(size=SIZE, mesh=bent())))}, SIZE, "2026-01-01 12:00:00")


def test_mpcdi_gives_back_mesh_blend_and_black_within_a_hundredth_of_a_pixel(room, tmp_path):
    before = History(room.profile_folder).profiles()
    told = write_mpcdi(room, tmp_path / "room.mpcdi", "2026-01-01 12:00:00")
    assert [line.split(":")[0] for line in told] == ["projector left"]  # responses have no place in the format
    other = session(tmp_path / "other")
    version, said = take_in(other, read_mpcdi(tmp_path / "room.mpcdi"), {}, None, "now")
    after = History(other.profile_folder).profiles()
    assert version.step == "import" and len(said) == 2
    for name in ("left", "right"):
        assert apart_px(before[name], after[name]) < 0.01
    first, again = (region_of(each["left"]) for each in (before, after))
    np.testing.assert_allclose(again.alpha, first.alpha, atol=3e-3)  # one is full light and black together
    np.testing.assert_allclose(again.beta, first.beta, atol=1e-5)
    assert region_of(after["right"]).beta[30, 60] == pytest.approx(0.01, abs=1e-4)


def test_an_import_stands_in_the_history_and_is_taken_back(room, tmp_path):
    files = write_pfm(room, tmp_path / "maps")
    old = read_profile(room.profile("left"))
    moved = pfm_of(files[0].read_bytes(), "left")
    moved[..., 0] += 3 / SIZE[0]
    files[0].write_bytes(pfm_bytes(moved))
    version, _ = take_in(room, read_pfms(room, files[:1], {}), {}, None, "now")
    assert re.search(r"left: .*edge moved [2-4]\.\d px", version.words[0])
    assert read_profile(room.profile("left")).light is None  # a blend belongs to the mesh for which it was made
    history = History(room.profile_folder)
    assert history.latest("as found") and history.latest("as found", since="import") is None  # no hand has touched it
    history.undo()
    assert read_profile(room.profile("left")) == old


def test_responses_stay_when_a_blend_is_imported(room, tmp_path):
    write_mpcdi(room, tmp_path / "room.mpcdi", "2026-01-01 12:00:00")
    take_in(room, read_mpcdi(tmp_path / "room.mpcdi"), {}, None, "now")
    assert len(read_profile(room.profile("left")).light.response) == 3


def test_opencv_reads_the_same_warp_map(room, tmp_path):
    file = write_pfm(room, tmp_path)[0]
    peer = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(peer[..., :2], map_of(read_profile(room.profile("left"))))
    cv2.imwrite(str(tmp_path / "peer.pfm"), np.ascontiguousarray(peer[..., ::-1]))
    np.testing.assert_array_equal(pfm_of((tmp_path / "peer.pfm").read_bytes(), "peer"), peer)


def test_a_stage_smaller_than_the_picture_and_a_coarser_map_are_read_too():
    profile = Profile(size=SIZE, mesh=bent(over=-0.1))
    places = map_of(profile)
    assert 0.2 < np.isnan(places[..., 0]).mean() < 0.5
    whole = map_of(Profile(size=SIZE, mesh=bent(65, 37)))
    coarse = cv2.resize(whole, (64, 36), interpolation=cv2.INTER_AREA)
    for values in (places, coarse):
        assert mesh_under(values, SIZE).lost_px < 0.05


def test_a_region_that_covers_a_part_of_the_buffer_lies_there_on_the_stage(whole):
    places = regions_of(whole)["left"].places
    half = changed(whole, "mpcdi.xml", lambda xml: xml.replace(b' x="0.0"', b' x="0.5"')
                   .replace(b'xsize="1.0"', b'xsize="0.5"'))
    np.testing.assert_allclose(regions_of(half)["left"].places[..., 0], 0.5 + 0.5 * places[..., 0], atol=1e-6)


def test_attributes_are_read_in_the_letters_of_other_programs(whole):
    other = changed(whole, "mpcdi.xml", lambda xml: xml.replace(b"Xresolution", b"xResolution")
                    .replace(b"xsize", b"xSize").replace(b"fileset", b"fileSet")
                    .replace(b"<MPCDI ", b'<MPCDI xmlns="urn:x" '))
    assert regions_of(other)["left"].size == SIZE


@pytest.mark.parametrize(("flip", "turned"), [("rows", lambda m: m[::-1]),
                                              ("places", lambda m: np.stack([m[..., 0], 1 - m[..., 1]], axis=2))])
def test_a_map_counted_from_the_bottom_is_refused_and_read_with_the_word_it_asks_for(tmp_path, flip, turned):
    profile = Profile(size=SIZE, mesh=bent())
    regions = {"left": Region(SIZE, np.ascontiguousarray(turned(map_of(profile))))}
    with pytest.raises(MixeurError, match="--flip rows, else --flip places"):
        take_in(session(tmp_path), regions, {}, None, "now")
    take_in(session(tmp_path), regions, {}, flip, "now")
    assert apart_px(profile, read_profile(session(tmp_path).profile("left"))) < 0.01


def changed(raw, name, how):
    """Return a zip in which one file is another; left out where `how` gives None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = how(old.read(entry)) if entry.filename == name else old.read(entry)
            if content is not None:
                new.writestr(entry.filename, content)
    return out.getvalue()


@pytest.mark.parametrize(("file", "how", "said"), [
    ("", None, "no whole zip file"),
    ("mpcdi.xml", lambda raw: None, r"holds no mpcdi\.xml"),
    ("mpcdi.xml", lambda raw: raw[:200], "is no XML"),
    ("mpcdi.xml", lambda raw: b"<html/>", "not <MPCDI>"),
    ("mpcdi.xml", lambda raw: raw.replace(b'"2d"', b'"sl"'), "profile 'sl'"),
    ("mpcdi.xml", lambda raw: raw.replace(b'Xresolution="128"', b'Xresolution="wide"'), "'xresolution' is 'wide'"),
    ("mpcdi.xml", lambda raw: raw.replace(b'Xresolution="128"', b""), "has no 'xresolution'"),
    ("mpcdi.xml", lambda raw: raw.replace(b"<fileset region=", b"<fileset other="), "has no 'region'"),
    ("mpcdi.xml", lambda raw: b'<!DOCTYPE x [<!ENTITY a "a">]>' + raw, "entities"),
    ("warp_0.pfm", lambda raw: None, r"region left: warp_0\.pfm: is missing"),
    ("warp_0.pfm", lambda raw: raw[:5000], "is cut short"),
    ("warp_0.pfm", lambda raw: b"P6" + raw[2:], "is no PFM"),
    ("warp_0.pfm", lambda raw: pfm_bytes(np.full((72, 128, 3), np.nan, np.float32)), "shows no part of the stage"),
    ("warp_0.pfm", lambda raw: pfm_bytes(np.random.default_rng(1).random((72, 128, 3))), "no smooth surface"),
    ("alpha_0.png", lambda raw: raw[:100], r"alpha_0\.png: is no PNG"),
])
def test_a_broken_file_is_told_in_one_line_and_changes_nothing(whole, tmp_path, file, how, said):
    broken = tmp_path / "broken.mpcdi"
    broken.write_bytes(changed(whole, file, how) if how else whole[:len(whole) // 2])
    with pytest.raises(MixeurError, match=said) as told:
        take_in(session(tmp_path), read_mpcdi(broken), {}, None, "now")
    assert "\n" not in str(told.value)
    assert not list(session(tmp_path).profile_folder.rglob("*.toml"))


def test_a_stranger_is_named_with_who_it_may_be(room):
    region = region_of(read_profile(room.profile("left")))
    with pytest.raises(MixeurError, match="did you mean 'left'"):
        take_in(room, {"leff": region}, {}, None, "now")
    with pytest.raises(MixeurError, match="is for 96 x 54 pixels, projector left has 128 x 72"):
        take_in(room, {"left": replace(region, size=(96, 54))}, {}, None, "now")
    with pytest.raises(MixeurError, match="REGION=PROJECTOR"):
        named(["left"])
    take_in(room, {"P1": region}, named(["P1=left"]), None, "now")


def test_the_pages_commands_go_both_ways(tmp_path, monkeypatch, capsys):
    part = PAGE.read_text().split("### With other programs")[1].split("\n### ")[0]
    told = [shlex.split(line, comments=True)[1:] for line in re.findall(r"^mixeur .*$", part, re.M)]
    assert [words[1] for words in told] == ["export", "export", "import", "import", "undo"]
    own = replace(session(tmp_path / "room"), room="small_cylinder")
    write_session(own)
    for name in own.projectors:
        write_profile(own.profile(name), Profile(size=SIZE, mesh=bent()))
    monkeypatch.chdir(tmp_path)
    for words in told:
        assert main(words) == 0, capsys.readouterr().err
    assert "left: mesh 17 x 10" in capsys.readouterr().out
    assert main(["calibrate", "export", "room"]) != 0
    assert "to what?" in capsys.readouterr().err


def test_a_show_is_a_place_to_import_to(tmp_path):
    (tmp_path / "a.py").write_text("from engine import Scene\n\n\nclass A(Scene):\n    pass\n")
    (tmp_path / "show.toml").write_text('format = 1\n[scene.a]\nfile = "a.py"\n[projector.left]\n')
    (tmp_path / "left.pfm").write_bytes(pfm_bytes(np.dstack([map_of(Profile(size=SIZE, mesh=bent()))] * 2)[..., :3]))
    assert main(["calibrate", "import", str(tmp_path), "--pfm", str(tmp_path / "left.pfm")]) == 0
    assert read_profile(tmp_path / "profiles" / "left.toml").size == SIZE
