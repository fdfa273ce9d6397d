"""Disk full, read-only or gone: one line, and the show goes on."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import atomic
from engine.clock import NS, monotonic_ns, sleep_s
from engine.control.saver import Saver
from engine.disk import Disk, fault_of
from engine.problems import MixeurError
from engine.render.headless import HeadlessWindows
from engine.show.model import Projector
from engine.show.profile import Profile, read_profile, write_profile
from engine.world import StageSize

FRAME = {"a": np.zeros((32, 64, 4), np.uint8)}


@pytest.fixture
def full(tmp_path: Path):
    """Yield a folder on a disk of 64 kB that is full; there is none where we may not mount."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "mixeur-test", tmp_path], capture_output=True) \
        if sys.platform == "linux" and os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip("may not mount")
    try:
        (tmp_path / "left.toml").write_text("format = 1\nsize = [64, 32]\n")
        with (tmp_path / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
            while True:
                filler.write(bytes(4096))
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def wait_for(true) -> None:
    end_ns = monotonic_ns() + 10 * NS
    while not true():
        assert monotonic_ns() < end_ns
        sleep_s(0.01)


def test_r6_on_a_full_disk_a_profile_stays_as_it_was_and_the_operator_is_told(full: Path) -> None:
    before, lines = (full / "left.toml").read_bytes(), []
    saver = Saver(lambda name, profile: write_profile(full / "left.toml", profile), lines.append, lambda: 0)
    saver.keep("left", Profile.identity((64, 32)))
    saver.close()
    assert len(lines) == 1 and "projector.left: " in lines[0] and "No space left" in lines[0]
    assert (full / "left.toml").read_bytes() == before and len(list(full.iterdir())) == 2


def test_off_screen_frames_that_cannot_be_written_are_told_once(full: Path) -> None:
    lines: list[str] = []
    screens = HeadlessWindows({"a": Projector(name="a")}, StageSize(2, None, (64, 32)), full / "out", 0.0, lines.append)
    for _ in range(3):
        screens.present(FRAME)
        wait_for(lambda: screens._writing.done())
    screens.close()
    assert len(lines) == 1 and "off-screen frames cannot be written (No space left on device)" in lines[0]
    assert list((full / "out").iterdir()) == []


def test_a_disk_that_is_full_is_a_loss_with_its_remedy(full: Path) -> None:
    disk = Disk(full, look_s=0.01)
    wait_for(lambda: disk.lost)
    assert disk.lost == f"less than 100 MB are free in {full}; make room, or changes are not saved"
    disk.close()


def test_a_folder_that_is_gone_or_only_read_is_a_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault_of(tmp_path, 1) == ""
    assert "is not there (No such file or directory)" in fault_of(tmp_path / "gone", 1)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written; give the right to write" in fault_of(tmp_path, 1)


def test_what_a_hand_changes_is_written_once_when_it_rests(tmp_path: Path) -> None:
    now, written, path = [0], [], tmp_path / "left.toml"

    def write(name: str, profile: Profile) -> None:
        written.append(name)
        write_profile(path, profile)

    write_profile(path, Profile.identity((64, 32)))
    saver = Saver(write, print, lambda: now[0])
    for width in range(65, 75):
        saver.keep("left", Profile.identity((width, 32)))
        now[0] += NS // 2
        saver.step()
    now[0] += NS
    saver.step()
    saver.close()
    assert written == ["left"] and read_profile(path).size == (74, 32)
    assert read_profile(path.with_name("left.toml.bak")).size == (64, 32), "the one before the hand came"


def test_a_write_that_fails_in_the_middle_leaves_the_file_and_no_rest(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def no_space(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(MixeurError, match="No space left on device"):
        atomic.write_atomic(path, "new")
    assert path.read_text() == "old" and [each.name for each in tmp_path.iterdir()] == ["report.json"]
