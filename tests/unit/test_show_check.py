from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.problems import ShowError
from engine.show import forms
from engine.show.files import read_show
from engine.show.model import Cue, ParamLink, Show, Speaker

SCENE = "class A: pass\n"
ROOT = Path(__file__).parents[2]
REFERENCES = ROOT / "tests" / "references"
SAMPLE = (ROOT / "show.toml").read_bytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a show with two scenes, from which problems name plain `show.toml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenes").mkdir()
    for name in ("embers", "verre"):
        (tmp_path / "scenes" / f"{name}.py").write_text(SCENE)
    return tmp_path


def problems(folder: Path, text: str, room: str | None = None) -> list[str]:
    (folder / "show.toml").write_text(text)
    if room is not None:
        (folder / "room.toml").write_text(room)
    try:
        read_show(Path("show.toml"))
    except ShowError as error:
        return [str(problem) for problem in error.problems]
    return []


def show(folder: Path, text: str) -> Show:
    (folder / "show.toml").write_text(HEAD + text)
    (folder / "room.toml").write_text("format = 1\n")
    return read_show(Path("show.toml"))


HEAD = 'format = 1\n[scene.embers]\nfile = "scenes/embers.py"\n'  # three lines; what follows begins in line 4


def test_all_problems_come_at_once_in_the_order_of_lines(folder):
    text = """format = 1
sead = 3
[stage]
size_m = [6.0, "2.6"]
fps = 500
[scene.embers]
file = "scenes/ember.py"
[programme]
cues = [
  { name = "one", scene = "embres", fade_s = -1 },
  { scene = "embers", time = "25:00" },
]
[projector.left]
dispaly = "HDMI-1"
flip = "horizontally"
[projecter.right]
"""
    assert problems(folder, text) == [
        "show.toml:2: sead: unknown key; did you mean 'seed'?",
        'show.toml:4: stage.size_m[2]: must be a number, not "2.6"',
        "show.toml:5: stage.fps: 500 is out of range; must be 1 to 240 Hz",
        "show.toml:7: scene.embers.file: there is no file 'scenes/ember.py'; did you mean 'scenes/embers.py'?",
        "show.toml:10: programme.cues[1].fade_s: -1 is out of range; must be 0 to 3600 s",
        "show.toml:10: programme.cues[1].scene: there is no scene 'embres'; did you mean 'embers'?",
        "show.toml:11: programme.cues[2].time: '25:00' is no time of day; write it as 18:30 or 18:30:05",
        "show.toml:11: programme.cues[2]: 'name' is missing",
        "show.toml:14: projector.left.dispaly: unknown key; did you mean 'display'?",
        'show.toml:15: projector.left.flip: "horizontally" is not known; did you mean \'horizontal\'?',
        "show.toml:16: projecter: unknown section; did you mean 'projector'?",
    ]


FAULTS = [block.strip().split("\n=> ") for block in (REFERENCES / "show_faults.txt").read_text().split("\n\n")[1:]]


@pytest.mark.parametrize(("text", "problem"), FAULTS, ids=[problem for _, problem in FAULTS])
def test_each_fault_is_named_with_its_line_and_remedy(folder, text, problem):
    whole = text if "format" in text or text in HEAD else HEAD + text
    assert problems(folder, whole, room="format = 1") == [problem]


def test_a_number_without_end_and_a_path_that_no_disk_can_hold_are_problems_too(folder):
    text = HEAD + f"[signal.a]\nfrom = 'key:a'\nlow = 0x{'f' * 4000}\n[scene.b]\nfile = '{'b' * 300}.py'"
    assert problems(folder, text) == [
        "show.toml:6: signal.a.low: a number that is too large is out of range",
        f"show.toml:8: scene.b.file: there is no file '{'b' * 300}.py'",
    ]


def test_what_is_right_is_right(folder):
    (folder / "scenes" / "embers.py").write_text("def draw(self, canvas, now):\n    canvas.view('inside').clear()\n")
    right = show(folder, """
hue = 0.5
steps = 3
tint = [1, 0.5, 0]
fade = { start = 3, from = "midi:desk/cc/21", low = 1 }
[stage]
size_m = [6.0, 2.0]
[[programme.cues]]
name = "hands"
scene = "embers"
time = "18:30"
go = "key:left shift"
set = { hue = 0.6, on = true, kind = "slow", steps = 4 }
[camera.room]
source = 0
corners = [[0.1, 0.1], [0.9, 0.1], [1, 1], [0, 1]]
[projector.inside]
view = "inside"
display = 1
[speaker]
left = { output = 1, at_m = [0, 0], trim_db = -2 }
[light.a]
address = "artnet:desk.local/0/1"
[light.b]
address = "artnet:desk.local/0/4"
[midi.desk]
[osc]
bind = "::1"
allow = ["192.168.1.0/24", "10.0.0.7"]
""")
    assert right.scenes["embers"].file == folder / "scenes" / "embers.py"
    assert right.scenes["embers"].line == 2
    link = ParamLink(source="midi:desk/cc/21", start=3, low=1.0)
    assert right.scenes["embers"].params == {"hue": 0.5, "steps": 3, "tint": (1.0, 0.5, 0.0), "fade": link}
    assert type(right.scenes["embers"].params["steps"]) is int
    assert right.programme.cues == (Cue(name="hands", scene="embers", time="18:30", go="key:left shift",
                                        set={"hue": 0.6, "on": True, "kind": "slow", "steps": 4}),)
    assert right.stage.aspect == 3.0
    assert right.cameras["room"].source == "0"
    assert right.projectors["inside"].display == 1
    assert right.speakers == {"left": Speaker(name="left", output=1, at_m=(0.0, 0.0), trim_db=-2.0)}
    assert right.osc.allow == ("192.168.1.0/24", "10.0.0.7")


def test_a_view_in_a_module_beside_the_scene_counts(folder):
    (folder / "scenes" / "beside.py").write_text("def inner(canvas):\n    return canvas.view(\"inside\")\n")
    assert problems(folder, HEAD + "[projector.a]\nview = 'inside'") == []
    assert problems(folder, HEAD + "[projector.a]\nview = 'insid'") == [
        "show.toml:5: projector.a.view: no scene draws a view 'insid'; did you mean 'inside'?"]


@pytest.mark.parametrize(("raw", "problem"), [
    (b"format = 1\nname = Embers\n",
     "show.toml:2: not TOML: invalid value at column 8; text stands in quotes, decimals use a point, "
     "true and false are written small"),
    (b"format = 1\nformat = 1\n",
     "show.toml:2: not TOML: cannot overwrite a value at column 11; the key stands in the file twice"),
    (b"format = 1\nname\n",
     "show.toml:2: not TOML: expected '=' after a key in a key/value pair at column 5; write name = value; "
     "a section's name stands in [brackets]"),
    (b"format = 1\nsize_m = [1\n[stage]\n", "show.toml:3: not TOML: unclosed array at column 1"),
    (b"a = {\n b = 1 }\n",
     "show.toml:1: not TOML: invalid initial character for a key part at column 6; a table in { } stands on one line"),
    (b"format = 1\nname = '\xe9'\n", "show.toml:2: is not UTF-8 text; save it as UTF-8"),
    (b"a = " + b"[" * 3000, "show.toml: is nested too deeply"),
    (b"a = " + b"9" * 5000, "show.toml: not TOML: a number has too many digits"),
])
def test_text_that_is_no_toml_is_one_problem_with_its_line(folder, raw, problem):
    (folder / "show.toml").write_bytes(raw)
    with pytest.raises(ShowError) as caught:
        read_show(Path("show.toml"))
    assert str(caught.value) == problem


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder):
    (folder / "show.toml").write_bytes(b"\xef\xbb\xbf" + (HEAD + "fallback = 'x'").replace("\n", "\r\n").encode())
    with pytest.raises(ShowError, match=r"^show\.toml:4: scene\.embers\.fallback"):
        read_show(Path("show.toml"))


# whatever the file holds, only problems come of it

def only_problems(folder: Path, raw: bytes) -> None:
    (folder / "show.toml").write_bytes(raw)
    try:
        read_show(folder / "show.toml")
    except ShowError as error:
        assert error.problems
        assert all(str(problem).splitlines() == [str(problem)] for problem in error.problems)


ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
NAMES = st.text(max_size=3) | st.sampled_from([
    "format", "name", "seed", "stage", "scene", "programme", "cues", "camera", "touch", "signal", "projector",
    "speaker", "sound", "light", "midi", "osc", "send", "file", "from", "set", "display", "size", "corners",
    "profile", "output", "at_m", "hours", "go", "time", "address", "allow", "a",
])
PLAIN = st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.times()
LEAVES = PLAIN | st.sampled_from([
    "key:a", "midi:a/cc/1", "embers", "scenes/embers.py", ".", "a", "10:00-19:00", "artnet:a/0/1", "0.0.0.0",
])
SHAPES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=10)
TABLES = st.dictionaries(NAMES, st.dictionaries(NAMES, SHAPES, max_size=5) | SHAPES, max_size=4)
SIGNS = st.binary(max_size=4) | st.sampled_from([b"{", b"[", b'"', b"=", b"1"])


@ANY
@given(raw=st.binary())
def test_any_bytes_raise_only_problems(folder, raw):
    only_problems(folder, raw)


@ANY
@given(text=st.text(st.sampled_from('[]{}="\'#.,\n \\ab1é-+:_'), max_size=60))
def test_any_text_of_toml_signs_raises_only_problems(folder, text):
    only_problems(folder, text.encode())


@ANY
@given(data=st.dictionaries(NAMES, TABLES | SHAPES, max_size=5))
def test_any_document_of_any_shape_raises_only_problems(folder, data):
    only_problems(folder, tomlkit.dumps({"format": 1, **data}).encode())


@ANY
@given(at=st.integers(0, len(SAMPLE)), cut=st.integers(0, 30), put=SIGNS)
def test_any_change_of_the_sample_raises_only_problems(folder, at, cut, put):
    only_problems(folder, SAMPLE[:at] + put + SAMPLE[at + cut:])


@pytest.mark.parametrize("text", ["midi:desk/notes", "midi:desk/pitch", "midi:desk/cc/127"])
def test_every_control_that_a_midi_device_sends_can_be_a_source(text):
    assert forms.source(text) == ""


def test_R4_lost_sound_is_silent_or_goes_on_elsewhere_and_nothing_else(folder) -> None:
    found = problems(folder, HEAD + '[sound]\nlost = "simulate"\n')
    assert found == ["show.toml:5: sound.lost: \"simulate\" is not known; must be 'silence' or 'hold'"]
    assert problems(folder, HEAD + '[sound]\nlost = "hold"\n') == []


@pytest.mark.parametrize("word", ["silence", "release"])
def test_r3_what_only_sounds_and_touches_do_when_lost_is_no_choice_for_a_camera(folder, word) -> None:
    found = problems(folder, HEAD + f'[camera.room]\nlost = "{word}"\n')
    assert found == [f"show.toml:5: camera.room.lost: \"{word}\" is not known; must be 'idle', 'hold' or 'simulate'"]
