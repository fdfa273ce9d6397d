"""S7: the minute log of loudness, and the dose that no new start forgets."""

import csv
import datetime
import json
import math
from pathlib import Path

import pytest

from engine.atomic import append_line
from engine.control.ears import Ears
from engine.fake.speakers import FakeSpeakers
from engine.show import model
from engine.sound import ceilings as g
from engine.sound.block import H_BACKEND, SIZE, Memory, open_memory
from engine.sound.dose import book_second, choose_gain
from engine.sound.logbook import Logbook, keep_dose, restore_dose, write_minute
from engine.sound.meters import Loudness, read_loudness
from engine.supervise.memory import Block

NOON = datetime.datetime(2014, 6, 21, 12, 0)


def block(**sound: float) -> Memory:
    memory = open_memory(Block.private(SIZE), model.Sound(**sound), [])
    memory.header[H_BACKEND] = 1
    return memory


def hear(memory: Memory, level_db: float, seconds: int) -> None:
    energy = 10 ** (level_db / 10)
    for _ in range(seconds):
        book_second(memory.guard, memory.seconds, memory.minutes, energy, 4 * energy, energy, 4 * energy)


def minute(n: int) -> datetime.datetime:
    return NOON + datetime.timedelta(minutes=n)


def test_S7_every_minute_leaves_a_line_with_time_levels_ceilings_and_gain(tmp_path: Path) -> None:
    memory = block(pink_spl_db=83)
    for n in range(20):
        hear(memory, 75, 60)
        assert write_minute(memory, tmp_path / "log", tmp_path / "dose.json", minute(n)) == ""
    with (tmp_path / "log" / "loudness-2014-06.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["time"] for line in lines] == [f"2014-06-21T12:{n:02d}:00" for n in range(20)]
    assert float(lines[-1]["laeq15_db"]) == pytest.approx(75, abs=0.06)
    assert float(lines[-1]["lceq15_db"]) == pytest.approx(75 + 6.02, abs=0.06)
    assert float(lines[-1]["laeq8h_db"]) == pytest.approx(75 - 10 * math.log10(480 / 20), abs=0.06)
    assert {key: lines[-1][key] for key in ("calibrated", "max_laeq15_db", "max_lceq15_db", "max_laeq8h_db", "gain_db",
                                            "backend")} == {
        "calibrated": "yes", "max_laeq15_db": "94.0", "max_lceq15_db": "104.0", "max_laeq8h_db": "80.0",
        "gain_db": "0.0", "backend": "portaudio"}


def test_S7_an_uncalibrated_room_has_lines_without_levels(tmp_path: Path) -> None:
    write_minute(block(), tmp_path, tmp_path / "dose.json", NOON)
    line = (tmp_path / "loudness-2014-06.csv").read_text().splitlines()[1]
    assert line.startswith("2014-06-21T12:00:00,no,,,,94.0,")


def test_S7_six_months_are_kept(tmp_path: Path) -> None:
    memory = block(pink_spl_db=83)
    for month in range(1, 25):
        wall = datetime.datetime(2014 + (month - 1) // 12, (month - 1) % 12 + 1, 28, 10)
        assert write_minute(memory, tmp_path, tmp_path / "dose.json", wall) == ""
    assert [path.name for path in sorted(tmp_path.glob("*.csv"))] == [
        f"loudness-2015-{month:02d}.csv" for month in range(6, 13)]


def test_S7_a_power_cut_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "loudness-2014-06.csv"
    for n in range(3):
        append_line(path, f"line {n}", "head")
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        append_line(path, "after", "head")
        lines = path.read_text().splitlines()
        assert lines[-1] == "after" and lines[:-1] == ["head", "line 0", "line 1", "line 2"][: len(lines) - 1]
        assert lines[0] == "head"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_S7_a_full_disk_is_told_and_the_log_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    memory, path = block(pink_spl_db=83), tmp_path / "loudness-2014-06.csv"
    path.symlink_to("/dev/full")
    assert "No space left" in write_minute(memory, tmp_path, tmp_path / "dose.json", NOON)
    path.unlink()
    assert write_minute(memory, tmp_path, tmp_path / "dose.json", minute(1)) == ""
    assert len(path.read_text().splitlines()) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in write_minute(block(), tmp_path / "file" / "log", tmp_path / "dose.json", NOON)


def test_the_dose_outlives_the_sound_process() -> None:
    shared = Block.private(SIZE)
    memory = open_memory(shared, model.Sound(pink_spl_db=83), [])
    hear(memory, 80, 600)
    assert read_loudness(open_memory(shared, model.Sound(pink_spl_db=83), [])) == read_loudness(memory)
    assert read_loudness(memory).laeq15_db == pytest.approx(80 - 10 * math.log10(1.5), abs=0.05)


def test_a_new_start_goes_on_with_the_dose(tmp_path: Path) -> None:
    memory, path = block(pink_spl_db=83), tmp_path / "dose.json"
    hear(memory, 83.5, 3 * 3600)
    keep_dose(memory, path, NOON, ended=True)
    before = read_loudness(memory)
    again = block(pink_spl_db=83)
    assert restore_dose(again, path, NOON) == ""
    choose_gain(again.guard, again.seconds, again.minutes)
    after = read_loudness(again)
    assert after.dose == pytest.approx(before.dose, abs=0.001) and after.dose > 0.8
    assert after.laeq15_db == pytest.approx(before.laeq15_db, abs=0.05)
    assert again.guard[g.G_TO_DB] == 0.0  # nobody has been loud yet
    hear(again, 85, 120)
    assert again.guard[g.G_TO_DB] < -5


@pytest.mark.parametrize(("hours", "dose"), [(0, 0.294), (4, 0.294), (6, 0.122), (9, 0.0)])
def test_the_time_between_two_starts_is_silence(tmp_path: Path, hours: int, dose: float) -> None:
    memory, path = block(pink_spl_db=83), tmp_path / "dose.json"
    hear(memory, 76.0, 3600)
    hear(memory, 79.9, 2 * 3600)
    hear(memory, 0.0, 3600)
    keep_dose(memory, path, NOON, ended=True)
    again = block(pink_spl_db=83)
    restore_dose(again, path, NOON + datetime.timedelta(hours=hours))
    choose_gain(again.guard, again.seconds, again.minutes)
    assert read_loudness(again).dose == pytest.approx(dose, abs=0.01)


def test_after_a_crash_the_minute_that_was_not_saved_counts_as_loud_as_the_loudest_of_late(tmp_path: Path) -> None:
    memory, path = block(pink_spl_db=83), tmp_path / "dose.json"
    hear(memory, 80, 600)
    keep_dose(memory, path, NOON)
    doses = []
    for seconds in (0, 60, 600):
        again = block(pink_spl_db=83)
        restore_dose(again, path, NOON + datetime.timedelta(seconds=seconds))
        choose_gain(again.guard, again.seconds, again.minutes)
        doses.append(read_loudness(again).dose * 480)
    assert doses == pytest.approx([10, 11, 11], abs=0.02)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1, "minutes": [[1e400, 0]], "saved": "x"}',
                                  '{"format": 1, "minutes": [[-1, 2]], "saved": "2014-06-21T12:00:00", "ended": true}'])
def test_a_dose_file_that_is_none_is_set_aside(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dose.json"
    path.write_text(text)
    assert "set aside" in restore_dose(block(pink_spl_db=83), path, NOON)
    assert (tmp_path / "dose.json.broken").exists() and not path.exists()


def test_the_logbook_keeps_the_dose_when_the_show_ends(tmp_path: Path) -> None:
    memory = block(pink_spl_db=83)
    hear(memory, 80, 60)
    Logbook(memory, tmp_path / "log", tmp_path / "dose.json", lambda: NOON).close()
    kept = json.loads((tmp_path / "dose.json").read_text())
    assert kept["ended"] and kept["minutes"][0][0] == pytest.approx(60 * 1e8, rel=0.001)


def test_the_operator_is_told_once_when_a_guard_begins_to_act() -> None:
    from dataclasses import replace

    said: list[str] = []
    ears, calm = Ears(said.append), FakeSpeakers().meters()
    loud = replace(calm, bad=2, loudness=Loudness(True, 93.8, 99.0, 79.0, 0.8, gain_db=-3.0))
    for second in range(200):
        ears.look(loud if second % 2 else calm, second * 10**9)
    assert said[:2] == [
        "sound: 2 voices silenced: gave what is no number, or is beyond all bounds",
        "sound: the loudness guard takes the level down: LAeq15 93.8 dB(A), LCeq15 99.0 dB(C), 80 % of the 8 h dose"]
    assert len(said) <= 5
    assert loud.loudness.acting == ("LOUDNESS -3.0 dB",)
