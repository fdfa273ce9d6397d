import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.problems import MixeurError, ShowError
from engine.show.profile import Light, Profile, Ramp, profile_text, read_profile, write_profile

FULL = Profile(
    size=(1280, 720),
    corners=((10.5, 0.0), (1270.0, -3.0), (1280.0, 720.0), (0.0, 719.25)),
    mesh=(((0.0, 0.0), (640.0, 1.0), (1280.0, 0.0)), ((0.0, 720.0), (640.0, 719.0), (1280.0, 720.0))),
    mask=(((0.0, 0.0), (50.0, 0.0), (0.0, 50.0)),),
    ramp=Ramp(left=120.0, bottom=8.0),
    gamma=2.4,
    black_level=(0.01, 0.012, 0.02),
    colour=((1.0, 0.0, 0.1), (0.0, 0.9, 0.0), (0.0, 0.0, 1.0)),
    made='2014-06-21, by "hand"',
    error_px=0.02,
)


@pytest.mark.parametrize("profile", [FULL, Profile(size=(16, 16)), Profile.identity((1920, 1080))])
def test_what_is_written_is_read_again(tmp_path, profile):
    write_profile(tmp_path / "profiles" / "left.toml", profile)
    assert read_profile(tmp_path / "profiles" / "left.toml") == profile


def test_measured_light_is_read_again_with_the_maps_beside_the_profile(tmp_path):
    light = Light(gain=tmp_path / "maps" / "gain.png", lift=tmp_path / "maps" / "lift.png",
                  tint=tmp_path / "maps" / "tint.png", primaries=((0.9, 0.1, 0.0), (0.0, 1.0, 0.0), (0.1, 0.0, 1.0)),
                  response=((0.0, 0.2, 1.0),) * 3)
    write_profile(tmp_path / "left.toml", Profile(size=(800, 600), light=light))
    assert 'gain = "maps/gain.png"' in (tmp_path / "left.toml").read_text()
    assert read_profile(tmp_path / "left.toml").light == light


@pytest.mark.parametrize(("rows", "problem"), [
    ("[[0.0, 1.0]]", "must be three rows"),
    ("[[0.0, 0.9], [0.0, 1.0], [0.0, 1.0]]", "must begin with 0 and end with 1"),
    ("[[0.0, 0.6, 0.5, 1.0], [0.0, 0.1, 0.2, 1.0], [0.0, 0.1, 0.2, 1.0]]", "must nowhere fall"),
])
def test_a_response_that_cannot_be_is_refused(tmp_path, rows, problem):
    file = tmp_path / "left.toml"
    file.write_text(f'format = 1\nsize = [800, 600]\n[light]\ngain = "g.png"\nresponse = {rows}\n')
    with pytest.raises(ShowError, match=problem):
        read_profile(file)


def test_primaries_that_cannot_be_told_apart_are_refused(tmp_path):
    file = tmp_path / "left.toml"
    rows = "[[1, 1, 0], [1, 1, 0], [0, 0, 1]]"
    file.write_text(f'format = 1\nsize = [800, 600]\n[light]\ngain = "g.png"\nprimaries = {rows}\n')
    with pytest.raises(ShowError, match="must tell red, green and blue apart"):
        read_profile(file)


def test_the_identity_covers_the_whole_picture():
    assert Profile.identity((4000, 3000)).corners == ((0, 0), (4000, 0), (4000, 3000), (0, 3000))


COORDINATES = st.floats(-1e6, 1e6)
MESHES = st.integers(2, 5).flatmap(
    lambda columns: st.lists(st.tuples(*[st.tuples(COORDINATES, COORDINATES)] * columns), min_size=2, max_size=4))


@given(mesh=MESHES, made=st.text())
def test_any_mesh_comes_back_to_the_last_bit(tmp_path_factory, mesh, made):
    file = tmp_path_factory.getbasetemp() / "any.toml"
    profile = Profile(size=(800, 600), mesh=tuple(mesh), made=made)
    file.write_text(profile_text(profile), newline="")
    assert read_profile(file) == profile


def test_the_previous_profile_is_kept(tmp_path):
    file = tmp_path / "left.toml"
    write_profile(file, FULL)
    write_profile(file, Profile.identity((1280, 720)))
    assert (tmp_path / "left.toml.bak").read_text() == profile_text(FULL)


def test_a_profile_that_could_not_be_read_again_is_not_written(tmp_path):
    file = tmp_path / "left.toml"
    write_profile(file, FULL)
    with pytest.raises(ShowError, match=r"left\.toml:5: corners\[2\]\[1\]: must be a finite number, not nan"):
        write_profile(file, Profile(size=(1280, 720), corners=((0, 0), (float("nan"), 0), (9, 9), (0, 9))))
    assert read_profile(file) == FULL


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "profiles").write_text("a file")
    with pytest.raises(MixeurError, match=r"left\.toml: cannot be saved: .*; the file is as it was$"):
        write_profile(tmp_path / "profiles" / "left.toml", FULL)


def test_all_faults_of_a_profile_are_named_with_their_lines(tmp_path):
    file = tmp_path / "left.toml"
    file.write_text("""size = [1280]
corners = [[0, 0], [0, 9],
  [9, 9], [9, 0]]
mesh = [
  [[0, 0], [1, 0]],
  [[0, 1]],
]
mask = [[[0, 0], [1, 1]]]
gamma = 22
black_level = [0, 0, 2]
colour = [[1, 0, 0],
  [0, 1]]
[ramp]
lef = 10
top = -1
""")
    with pytest.raises(ShowError) as caught:
        read_profile(file, "left.toml")
    assert str(caught.value).split("\n") == [
        "left.toml:1: 'format' is missing; begin with format = 1",
        "left.toml:1: size: must be a list of 2 whole numbers, not of 1",
        "left.toml:2: corners: must go clockwise from the top left corner, without crossing or dent",
        "left.toml:4: mesh: must have at least 2 rows of 2 points",
        "left.toml:8: mask: must be polygons of at least 3 points",
        "left.toml:9: gamma: 22 is out of range; must be 1 to 4",
        "left.toml:10: black_level[3]: 2 is out of range; must be 0 to 1",
        "left.toml:11: colour: must be a list of 3 numbers, not of 2",
        "left.toml:14: ramp.lef: unknown key; did you mean 'left'?",
        "left.toml:15: ramp.top: -1 is out of range; must be 0 to 16384 px",
    ]
