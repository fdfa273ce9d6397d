import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from engine.show.locate import Places, dotted, locate

TEXT = '''# a comment with [brackets] and key = "value"
format = 1

[stage]                      # line 4
size_m = [
  6.0,
  # between
  2.6,                       # line 8
]

[scene."left wall"]
file = "a # b.py"
fade = { start = 3.0, "from" = 'midi:desk/cc/21' }
text = """
[not.a.table]
quote \\""" and two at the end"""""
after = 1979-05-27 07:32:00  # line 17

[[programme.cues]]
name = "one"
[programme.cues.set]
hue = 0.6
[[programme.cues]]
name = "two"                 # line 24
set.hue = 0.7
set . "low er" = [{ a = 1 }, { a = [1,
  2] }]
'''


@pytest.mark.parametrize(("path", "line"), [
    (("format",), 2),
    (("stage",), 4),
    (("stage", "size_m"), 5),
    (("stage", "size_m", 0), 6),
    (("stage", "size_m", 1), 8),
    (("scene",), 11),
    (("scene", "left wall", "file"), 12),
    (("scene", "left wall", "fade", "from"), 13),
    (("scene", "left wall", "text"), 14),
    (("scene", "left wall", "after"), 17),
    (("programme", "cues"), 19),
    (("programme", "cues", 0), 19),
    (("programme", "cues", 0, "set"), 21),
    (("programme", "cues", 0, "set", "hue"), 22),
    (("programme", "cues", 1), 23),
    (("programme", "cues", 1, "name"), 24),
    (("programme", "cues", 1, "set", "hue"), 25),
    (("programme", "cues", 1, "set", "low er", 1, "a", 0), 26),
    (("programme", "cues", 1, "set", "low er", 1, "a", 1), 27),
])
def test_every_path_has_its_line(path, line):
    assert locate(TEXT)[path] == line


def test_lines_that_end_as_in_windows_count_once():
    assert locate(TEXT.replace("\n", "\r\n")) == locate(TEXT)


def paths(value, path=()):
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from paths(each, (*path, key))


def test_all_paths_of_the_text_and_no_others_are_found():
    assert set(locate(TEXT)) == set(paths(tomllib.loads(TEXT)))


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=5))
def test_any_document_is_located_whole(data):
    text = tomlkit.dumps(data)
    assert set(locate(text)) == set(paths(tomllib.loads(text)))


def test_a_path_that_is_not_in_the_file_has_the_line_of_the_table_around_it():
    places = Places("show.toml", {("stage",): ("show.toml", 4)})
    assert str(places.problem(("stage", "fps"), "text")) == "show.toml:4: stage.fps: text"
    assert str(places.problem(("sound",), "text")) == "show.toml: sound: text"


def test_a_room_covers_the_places_of_the_show():
    show = Places("show.toml", {("sound",): ("show.toml", 4), ("sound", "rate"): ("show.toml", 5)})
    room = Places("room.toml", {("format",): ("room.toml", 1), ("sound", "rate"): ("room.toml", 2)})
    both = show.covered_by(room, ["sound"])
    assert both.place(("format",)) == ("show.toml", 0)
    assert both.place(("sound", "rate")) == ("room.toml", 2)
    assert both.place(("sound", "block")) == ("show.toml", 4)


def test_elements_are_shown_counted_from_one():
    assert dotted(("programme", "cues", 0, "set", "hue")) == "programme.cues[1].set.hue"
