"""Shared memory and leased slots: what one process writes another reads, whole and newest first."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.supervise.memory import Block
from engine.supervise.slots import SLOTS, SlotReader, Slots, SlotWriter, slots_size

PAYLOAD = 4096

WRITER = """
import sys
import numpy as np
from engine.supervise.memory import Block
from engine.supervise.slots import Slots, SlotWriter
writer = SlotWriter(Slots(Block.attach(sys.argv[1]), 4096))
for number in range(20_000):
    data = writer.begin()
    data[:] = number % 251
    writer.publish(4096)
"""


@pytest.fixture
def slots() -> Slots:
    return Slots(Block.private(slots_size(PAYLOAD)), PAYLOAD)


def write(slots: Slots, value: int, length: int = PAYLOAD) -> None:
    writer = SlotWriter(slots)
    writer.begin()[:] = value
    writer.publish(length)


def test_a_reader_sees_nothing_before_the_first_picture(slots: Slots) -> None:
    assert SlotReader(slots, 0).newest() is None


def test_the_newest_picture_wins_and_older_ones_are_skipped(slots: Slots) -> None:
    for value in range(1, 20):
        write(slots, value)
    leased = SlotReader(slots, 0).newest()
    assert leased is not None
    assert leased.number == 19
    assert (leased.data == 19).all()


def test_a_leased_picture_is_read_only_and_never_written_while_it_is_held(slots: Slots) -> None:
    write(slots, 7)
    reader = SlotReader(slots, 0)
    leased = reader.newest()
    assert leased is not None
    for value in range(3 * SLOTS):
        write(slots, 100 + value)
    assert (leased.data == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        leased.data[0] = 1


def test_four_readers_that_hold_on_never_stop_the_writer(slots: Slots) -> None:
    readers = [SlotReader(slots, seat) for seat in range(4)]
    for value, reader in enumerate(readers):
        write(slots, value)
        held = reader.newest()
        assert held is not None and (held.data == value).all()
    for value in range(50):
        write(slots, value)
    assert SlotReader(slots, 0).newest().data[0] == 49  # type: ignore[union-attr]


def test_only_the_length_that_was_published_is_read(slots: Slots) -> None:
    write(slots, 5, length=10)
    assert SlotReader(slots, 0).newest().data.shape == (10,)  # type: ignore[union-attr]


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are inherited on Linux only")
def test_pictures_of_another_process_are_never_torn_and_nothing_is_left_in_dev_shm() -> None:
    before = set(Path("/dev/shm").iterdir())
    block = Block.create(slots_size(PAYLOAD), "test")
    reader = SlotReader(Slots(block, PAYLOAD), 0)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, block.handle], pass_fds=block.descriptors)
    seen: set[int] = set()
    while writer.poll() is None:
        leased = reader.newest()
        if leased is not None:
            first = int(leased.data[0])
            assert (leased.data == first).all()
            seen.add(leased.number)
    assert writer.returncode == 0
    assert reader.newest().number == 20_000  # type: ignore[union-attr]
    assert set(Path("/dev/shm").iterdir()) == before
    block.close()


def test_a_block_is_zeroed_and_seen_by_descriptor() -> None:
    block = Block.create(1 << 16, "test")
    assert not block.array(np.uint8, 1 << 16).any()
    block.array(np.int64, 1)[0] = 42
    if block.descriptors:
        assert Block.attach(f"fd:{os.dup(block.descriptors[0])}:{1 << 16}").array(np.int64, 1)[0] == 42
