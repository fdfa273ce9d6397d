"""The bank of sound files: it holds for years whatever is saved, and gives nothing up that sounds."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.clock import sleep_s
from engine.problems import Problem
from engine.show import model
from engine.sound import block as b
from engine.sound import samples
from engine.sound.bank import MARGIN, OCTAVES, gap, half_band, lengths, place_size
from engine.sound.block import SIZE, Memory, open_memory
from engine.sound.control import SoundControl
from engine.sound.samples import MISSING, SampleBank, sound_files
from engine.supervise.memory import Block

RATE = 48_000
SMALL = 400_000  # frames: a bank that is soon full


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    monkeypatch.setattr(samples.b, "BANK", SMALL)
    return open_memory(Block.private(SIZE), model.Sound(), [])


@pytest.fixture
def problems() -> list[Problem]:
    return []


@pytest.fixture
def bank(memory: Memory, problems: list[Problem]) -> SampleBank:
    return SampleBank(memory, problems.append, at_once=True)


def save(path: Path, value: float = 0.1, frames: int = 40_000, channels: int = 1, rate: int = RATE) -> str:
    soundfile.write(path, np.full((frames, channels), value, np.float32), rate, subtype="FLOAT")
    return str(path)


def held(memory: Memory, slot: int) -> np.ndarray:
    entry = memory.sample[slot]
    begin = entry[b.B_START] + MARGIN
    return memory.bank[begin : begin + entry[b.B_LENGTH]]


def places(memory: Memory) -> Iterator[tuple[int, int]]:
    for entry in memory.sample[memory.sample[:, b.B_KEY] != 0]:
        yield int(entry[b.B_START]), int(entry[b.B_SIZE])


def test_a_file_that_is_saved_anew_each_day_never_fills_the_bank(
        tmp_path: Path, memory: Memory, bank: SampleBank, problems: list[Problem]) -> None:
    path = tmp_path / "today.wav"
    for day in range(150):
        save(path, 0.001 * day, 4000 + 7 * (day % 50))
        bank.renew({path.resolve()})
        slot = bank.find(str(path))
        assert slot is not None
        assert held(memory, slot)[100] == pytest.approx(0.001 * day)
    assert not problems
    taken = sorted(places(memory))
    assert all(start + size <= after for (start, size), (after, _) in itertools.pairwise(taken))


def test_more_files_than_fit_take_turns_and_the_least_needed_goes_first(
        tmp_path: Path, memory: Memory, bank: SampleBank, problems: list[Problem]) -> None:
    files = [save(tmp_path / f"{i}.wav", 0.01 * i) for i in range(12)]
    for turn in range(3):
        for i, file in enumerate(files):
            slot, favourite = bank.find(file), bank.find(files[0])
            assert slot is not None
            assert favourite is not None
            assert held(memory, slot)[9] == pytest.approx(0.01 * i), turn
            assert held(memory, favourite)[9] == 0.0
    assert not problems


def test_what_sounds_or_is_on_its_way_is_never_given_up(
        tmp_path: Path, memory: Memory, bank: SampleBank, problems: list[Problem]) -> None:
    files = [save(tmp_path / f"{i}.wav", 0.1 + 0.01 * i) for i in range(12)]
    sounding, pending, sent = (bank.find(file) for file in files[:3])
    memory.voice[7, b.V_STATE], memory.voice[7, b.V_SAMPLE] = b.RELEASED, sounding
    memory.header[b.H_PENDING], memory.pending[0, b.R_SAMPLE] = 1, pending
    memory.cursor[1, b.WRITTEN], memory.ring[1, 0, b.R_SAMPLE] = 1, sent + b.LOOP_FLAG
    for file in files[3:]:
        bank.find(file)
    assert [held(memory, slot)[5] for slot in (sounding, pending, sent)] == pytest.approx([0.1, 0.11, 0.12])
    used = np.flatnonzero(memory.sample[:, b.B_KEY])
    memory.voice[: len(used), b.V_STATE], memory.voice[: len(used), b.V_SAMPLE] = b.ON, used
    assert bank.find(save(tmp_path / "long.wav", frames=150_000)) == MISSING
    assert "what sounds now fills the memory" in problems[-1].text


def test_files_are_found_again_after_the_engine_has_died_and_half_read_ones_are_dropped(
        tmp_path: Path, memory: Memory, bank: SampleBank) -> None:
    file = save(tmp_path / "a.wav")
    slot = bank.find(file)
    memory.sample[9] = (77, 300_000, 1000, 0, RATE, 2000, 0, 0)
    again = SampleBank(memory, pytest.fail, at_once=True)
    assert again.find(file) == slot
    assert not memory.sample[9].any()


def test_a_channel_can_be_picked_and_all_of_them_are_mixed(
        tmp_path: Path, memory: Memory, bank: SampleBank, problems: list[Problem]) -> None:
    path = tmp_path / "wide.wav"
    soundfile.write(path, np.tile(np.array([[0.1, 0.3]], np.float32), (9000, 1)), 44_100, subtype="FLOAT")
    heard = []
    for channel in (0, 1, 2):
        slot = bank.find(str(path), channel)
        assert slot is not None
        heard.append(held(memory, slot)[4000])
        assert memory.sample[slot, b.B_RATE] == 44_100
    assert heard == pytest.approx([0.2, 0.1, 0.3])
    assert bank.find(str(path), 3) == MISSING
    assert "it has 2 channels, and channel 3 is asked for" in problems[0].text


@pytest.mark.parametrize(("name", "text"), [("empty.wav", "empty"), ("bad.wav", "bad numbers"), ("long.wav", "cut it")])
def test_what_cannot_be_played_is_one_problem_and_takes_no_room(
        name: str, text: str, tmp_path: Path, memory: Memory, bank: SampleBank, problems: list[Problem]) -> None:
    value, frames = (np.nan if name == "bad.wav" else 0.1), {"empty.wav": 0, "long.wav": SMALL}.get(name, 9000)
    assert bank.find(save(tmp_path / name, value, frames)) == MISSING
    assert bank.find(str(tmp_path / name)) == MISSING
    assert len(problems) == 1
    assert text in problems[0].text
    assert not list(places(memory))


def test_copies_at_lower_rates_keep_low_tones_and_lose_what_would_fold_back(
        tmp_path: Path, memory: Memory, bank: SampleBank) -> None:
    t = np.arange(30_001) / RATE
    low, high = np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 15_000 * t)
    for wave, kept in ((low, 1.0), (high, 0.0)):
        soundfile.write(tmp_path / f"{kept}.wav", 0.5 * wave, RATE, subtype="FLOAT")
        slot = bank.find(str(tmp_path / f"{kept}.wav"))
        assert slot is not None
        start = int(memory.sample[slot, b.B_START]) + MARGIN
        half = memory.bank[start + len(t) + MARGIN :][: lengths(len(t))[1]]
        assert np.abs(half[200:-200] - 0.5 * kept * wave[::2][200:-200]).max() < 1e-4
    kernel = half_band()
    assert kernel.sum() == pytest.approx(1)
    assert place_size(30_001) == MARGIN * (OCTAVES + 2) + sum(lengths(30_001))


def test_the_first_gap_that_is_wide_enough_is_taken() -> None:
    assert gap([], 10, 10) == 0
    assert gap([(0, 5), (9, 5)], 4, 20) == 5
    assert gap([(9, 5), (0, 5)], 5, 20) == 14
    assert gap([(0, 5), (9, 5)], 7, 20) is None


def test_a_file_of_minutes_is_read_while_the_loop_goes_on(tmp_path: Path, problems: list[Problem]) -> None:
    memory = open_memory(Block.private(SIZE), model.Sound(), [])
    bank = SampleBank(memory, problems.append)
    file = save(tmp_path / "long.wav", 0.2, 3 * 60 * 8000, rate=8000)
    assert bank.find(file) is None
    for _ in range(6000):
        slot = bank.find(file)
        if slot is not None:
            break
        sleep_s(0.01)
    assert slot is not None
    assert len(held(memory, slot)) == 3 * 60 * 8000
    assert [thread.name for thread in threading.enumerate()].count("samples") >= 1
    assert not problems


def test_the_sound_files_of_a_show_are_read_before_a_scene_asks_for_them(tmp_path: Path) -> None:
    (tmp_path / "assets" / "deep").mkdir(parents=True)
    (tmp_path / "assets" / "poem.txt").touch()
    files = [save(tmp_path / "assets" / "deep" / "drop.flac.WAV"), save(tmp_path / "bell.wav")]
    assert sorted(map(str, sound_files(tmp_path, ("*.WAV", "bell.*", "poem.txt")))) == sorted(files)
    assert sound_files(tmp_path / "nothing", ("*.wav",)) == sound_files(tmp_path, ("poem.txt",)) == []
    control = SoundControl(Block.private(SIZE), model.Sound(), {}, model.Stage(), samples_at_once=True)
    control.prepare(sound_files(tmp_path, ("*.WAV", "*.wav")))
    assert np.count_nonzero(control.memory.sample[:, b.B_READY]) == 2
