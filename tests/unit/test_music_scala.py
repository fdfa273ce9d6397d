"""Scala files, with all the format's corners, and the keys they tune."""

from pathlib import Path

import numpy as np
import pytest

from engine import Scale, Tuning
from engine.music.pitch import MusicError
from engine.music.scala import read_kbm, read_scl

MEANTONE = """! meanquar.scl
!
1/4-comma meantone scale. Pietro Aaron's temperament (1523)
 12
!
 76.04900
 193.15686
 310.26471
 5/4
 503.42157
 579.47057
 696.57843
 25/16
 889.73529
 1006.84314
 1082.89214
 2/1
"""
WHITE = """! white.kbm
! Size of map:
12
! First and last note:
0
127
! Middle note:
60
! Reference note and its frequency:
69
442.0
! Octave degree:
7
! Mapping:
0
x
1
x
2
3
x
4
x
5
x
6
"""


@pytest.fixture
def scl(tmp_path: Path):
    def write(text: str | bytes, name: str = "x.scl") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_file_as_the_authors_page_gives_it(scl) -> None:
    description, cents = read_scl(scl(MEANTONE))
    assert description.startswith("1/4-comma meantone")
    assert len(cents) == 12 and cents[3] == pytest.approx(386.3137) and cents[-1] == 1200.0
    tuning = Tuning.read(scl(MEANTONE))
    assert tuning.description == description
    assert tuning["C4"] == 60 and tuning["E4"] == pytest.approx(63.863137) and tuning["C-1"] == 0
    assert np.allclose([tuning[60 + key] for key in range(13)], [Tuning("meantone")[60 + key] for key in range(13)])


@pytest.mark.parametrize(("line", "cents"), [
    ("81/64", 407.8200), ("408.0", 408.0), ("408.", 408.0), (".5", 0.5), ("5", 2786.3137), ("-5.0", -5.0),
    ("10/20", -1200.0), ("100.0 cents", 100.0), ("100.0 C#", 100.0), ("5/4   E\\", 386.3137),
    ("\t 3/2 \t! fifth", 701.9550),
    ("3 / 2", 701.9550), ("2", 1200.0), ("+7.5", 7.5), ("4294967296/2147483647", 1200.0), ("1/1", 0.0), ("0.", 0.0),
])
def test_each_form_of_a_pitch(scl, line: str, cents: float) -> None:
    assert read_scl(scl(f"one\n1\n{line}\n"))[1] == pytest.approx((cents,), abs=1e-4)


@pytest.mark.parametrize(("text", "description", "count"), [
    ("\n1\n2/1\n", "", 1),  # a blank description
    ("! comment\n!\n\n  1  \n! in between\n2/1", "", 1),  # comments anywhere, no end of line at the end
    ("1\n1\n2/1\n", "1", 1),  # a description that is a number
    (" ! no comment: the sign is not first\n1\n2/1\n", "! no comment: the sign is not first", 1),
    ("no notes but 1/1\n0\n", "no notes but 1/1", 0),
    ("dos\r\n2\r\n3/2\r\n2/1\r\n\x1a", "dos", 2),
    ("mac\r2\r3/2\r2/1\r", "mac", 2),
    ("tail\n1\n2/1\n\n\n! the end\n", "tail", 1),
    ("caf\u00e9\n1\n2/1\n", "caf\u00e9", 1),
    ("caf\u00e9\n1\n2/1\n".encode("latin-1"), "caf\u00e9", 1),
    (b"\xef\xbb\xbf! mark\nx\n1\n2/1\n", "x", 1),
    ("x" * 5000 + "\n1\n2/1\n", "x" * 5000, 1),
])
def test_odd_files_that_are_right(scl, text: str | bytes, description: str, count: int) -> None:
    found, cents = read_scl(scl(text))
    assert (found, len(cents)) == (description, count)


@pytest.mark.parametrize(("text", "words"), [
    ("", "x.scl: .*number of notes"),
    ("x\ntwelve\n", "x.scl:2: 'twelve' is no number of notes"),
    ("2\n3/2\n2/1\n", "x.scl:2: '3/2' is no number of notes.*whose line may be empty but must be there"),
    ("x\n-1\n", "x.scl:2: '-1' is no number of notes"),
    ("x\n99999999\n", "at most 4096"),
    ("x\n3\n3/2\n2/1\n", "x.scl: has 2 of the 3 notes"),
    ("x\n1\n3/2\n2/1\n", "x.scl:4: '2/1' is one more than the 1 notes"),
    ("x\n1\n-3/2\n", "x.scl:3: -3/2 is no ratio"),
    ("x\n1\n3/-2\n", "no ratio"),
    ("x\n1\n0/1\n", "x.scl:3: 0/1 is no ratio"),
    ("x\n1\n1/0\n", "1/0 is no ratio"),
    ("x\n1\n-2\n", "-2 is no ratio"),
    ("x\n1\n3/2/1\n", "'3/2/1' is no pitch"),
    ("x\n1\n3/2 / 1\n", "is no pitch"),
    ("x\n1\n701,955\n", "write a point, not a comma"),
    ("x\n1\n1.0e3\n", "'1.0e3' is no pitch"),
    ("x\n1\nfifth\n", "a ratio such as 3/2, or cents with a point"),
    ("x\n2\n\n2/1\n", "x.scl:3: an empty line is no pitch"),
    ("x\n1\n.\n", "is no pitch"),
    (b"x\n" * (1 << 20), "larger than any Scala file"),
    ("x\n1\n" + "9" * 5000 + "/2\n", "x.scl:3: "),
])
def test_a_bad_scale_is_one_line_that_names_file_and_line(scl, text: str | bytes, words: str) -> None:
    with pytest.raises(MusicError, match=words) as caught:
        Tuning.read(scl(text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MusicError, match=r"^gone\.scl: cannot be read: No such file"):
        Tuning.read(tmp_path / "gone.scl")


# -- keyboard mappings -------------------------------------------------------------------------


def test_a_mapping_puts_seven_steps_on_the_white_keys(scl) -> None:
    seven = scl("seven equal\n7\n" + "".join(f"{1200 * step / 7:.5f}\n" for step in range(1, 8)))
    tuning = Tuning.read(seven, scl(WHITE, "white.kbm"))
    assert tuning["A4"] == pytest.approx(69 + 12 * np.log2(442 / 440))
    assert tuning["C5"] - tuning["C4"] == pytest.approx(12, abs=1e-6)
    assert tuning["D4"] - tuning["C4"] == pytest.approx(12 / 7, abs=1e-6)
    assert "C4" in tuning and "C#4" not in tuning
    with pytest.raises(MusicError, match="key 61 has no step"):
        _ = tuning["C#4"]
    scale = Scale(tuning=tuning)
    assert len(scale) == 7 and scale[7] == tuning["C5"] and scale[-1] == tuning["B3"]


def test_a_linear_mapping_has_size_0_and_takes_the_last_step_as_its_octave(scl) -> None:
    linear = "0\n0\n127\n60\n69\n440.0\n0\n"
    tuning = Tuning.read(scl("\n3\n5/4\n3/2\n2/1\n"), scl(linear, "linear.kbm"))
    assert tuning[69] == 69 and tuning[72] == 81 and tuning[70] == pytest.approx(69 + 12 * np.log2(5 / 4))


def test_keys_outside_the_mapping_keep_their_usual_pitch(scl) -> None:
    kept = "0\n60\n72\n60\n60\n300.0\n0\n"
    tuning = Tuning.read(scl("\n1\n2/1\n"), scl(kept, "k.kbm"))
    assert tuning[59] == 59 and tuning[73] == 73
    assert tuning[60] == pytest.approx(69 + 12 * np.log2(300 / 440)) and tuning[61] == tuning[60] + 12


def test_entries_left_out_at_the_end_are_silent(scl) -> None:
    mapping = read_kbm(scl("4\n0\n127\n60\n60\n261.6\n2\n0\nX\n", "k.kbm"))
    assert mapping.degrees == (0, None, None, None)


def test_a_scale_of_no_notes_sounds_one_pitch_everywhere(scl) -> None:
    tuning = Tuning.read(scl("\n0\n"))
    assert tuning[60] == tuning[71] == 60 and len(tuning) == 0
    assert Scale(tuning=tuning).nearest(64) == 60


def test_falling_steps_are_taken_as_they_stand(scl) -> None:
    tuning = Tuning.read(scl("\n3\n700.0\n-100.0\n1200.0\n"))
    assert [tuning[60 + key] for key in range(4)] == [60, 67, 59, 72]


@pytest.mark.parametrize(("text", "words"), [
    ("", "k.kbm: ends before its size of map"),
    ("12\n0\n", "ends before its last note"),
    ("many\n", "k.kbm:1: 'many' is no size of map"),
    ("12\n0\n128\n", "k.kbm:3: '128' is no last note; a number from 0 to 127"),
    ("12\n9\n3\n60\n69\n440\n12\n", "first note, 9, is above its last, 3"),
    ("12\n0\n127\n60\n69\n-440\n12\n", "k.kbm:6: '-440' is no frequency"),
    ("12\n0\n127\n60\n69\nnan\n12\n", "'nan' is no frequency"),
    ("2\n0\n127\n60\n60\n440\n12\n0\n1\n2\n", "k.kbm:10: '2' is one more than the map's 2 keys"),
    ("2\n0\n127\n60\n60\n440\n12\n0\ny\n", "k.kbm:9: 'y' is no step"),
    ("2\n0\n127\n60\n61\n440\n12\n0\nx\n", "k.kbm: key 61 has no step"),
])
def test_a_bad_mapping_is_one_line_that_names_file_and_line(scl, text: str, words: str) -> None:
    with pytest.raises(MusicError, match=words) as caught:
        Tuning.read(scl("\n1\n2/1\n"), scl(text, "k.kbm"))
    assert "\n" not in str(caught.value)
