"""Art-Net and sACN as bytes: what the standards say goes out, and only what is whole comes in."""

from __future__ import annotations

import random

import pytest

from engine.light import artnet, sacn

CID = bytes(range(16))
SLOTS = bytes(range(256)) * 2


def test_an_artdmx_packet_is_as_the_standard_says() -> None:
    packet = artnet.dmx(0x1234, 7, SLOTS)
    assert packet[:18] == b"Art-Net\0\x00\x50\x00\x0e\x07\x00\x34\x12\x02\x00"
    assert artnet.read_dmx(packet) == artnet.Dmx(0x1234, 7, SLOTS)
    assert artnet.kind(artnet.sync()) == artnet.SYNC and len(artnet.sync()) == 14


def test_an_artpollreply_has_its_239_bytes_and_our_address() -> None:
    (reply,) = artnet.poll_replies("10.0.0.7", "mixeur in the hall")
    assert len(reply) == 239
    assert reply[10:16] == bytes([10, 0, 0, 7, 0x36, 0x19])
    assert reply[26:43] == b"mixeur in the hall"[:17] and reply[43] == 0
    assert reply[172:174] == b"\0\0" and reply[200] == artnet.STYLE_CONTROLLER


def test_artpollreplies_name_the_universes_that_we_listen_to_four_in_each() -> None:
    pages = artnet.poll_replies("10.0.0.7", "mixeur", [0x1234, 0, 1, 2, 3, 4])
    found = [(page[18], page[19], page[173], list(page[190 : 190 + page[173]]), page[211]) for page in pages]
    assert found == [(0, 0, 4, [0, 1, 2, 3], 1), (0, 0, 1, [4], 2), (0x12, 3, 1, [4], 3)]
    assert all(len(page) == 239 and page[174] == 0x80 and page[200] == artnet.STYLE_NODE for page in pages)
    assert pages[0][20:26] == bytes([0, 0, 0, 0, 0xF0, 0x7F])


def test_a_sacn_packet_is_as_the_standard_says() -> None:
    packet = sacn.dmx(63_999, 9, SLOTS, CID, "mixeur", sync=3)
    assert len(packet) == 638
    assert packet[:16] == b"\x00\x10\x00\x00ASC-E1.17\0\0\0"
    assert (packet[16:18], packet[38:40], packet[115:117]) == (b"\x72\x6e", b"\x72\x58", b"\x72\x0b")
    assert packet[117:126] == b"\x02\xa1\x00\x00\x00\x01\x02\x01\x00"
    assert sacn.read_dmx(packet) == sacn.Dmx(63_999, CID, 100, 9, 3, False, SLOTS)
    last = sacn.read_dmx(sacn.dmx(1, 1, SLOTS, CID, "mixeur", ended=True))
    assert last is not None and last.ended
    assert len(sacn.sync(3, 1, CID)) == 49 and sacn.read_sync(sacn.sync(3, 1, CID)) == 3
    assert sacn.read_sync(packet) == 0 and sacn.read_dmx(sacn.sync(3, 1, CID)) is None
    assert sacn.group(63_999) == "239.255.249.255"


def test_a_source_name_that_is_no_utf8_does_not_matter() -> None:
    packet = bytearray(sacn.dmx(1, 1, SLOTS, CID, "mixeur"))
    packet[44:108] = b"\xff\xfe" * 32
    assert sacn.read_dmx(bytes(packet)) is not None


@pytest.mark.parametrize("at", ["preview", "start code", "alternate data", "length", "universe 0"])
def test_sacn_packets_that_hold_no_dimmer_values_are_refused(at: str) -> None:
    packet = bytearray(sacn.dmx(1, 1, SLOTS, CID, "mixeur"))
    place, value = {"preview": (112, b"\x80"), "start code": (125, b"\xdd"), "alternate data": (118, b"\xa2"),
                    "length": (123, b"\xff\xff"), "universe 0": (113, b"\0\0")}[at]
    packet[place : place + len(value)] = value
    assert sacn.read_dmx(bytes(packet)) is None


@pytest.mark.parametrize("read", [artnet.read_dmx, sacn.read_dmx])
def test_hostile_packets_are_refused_without_a_word(read) -> None:  # type: ignore[no-untyped-def]
    whole = [artnet.dmx(1, 1, SLOTS), sacn.dmx(1, 1, SLOTS, CID, "mixeur")]
    rng = random.Random(1)
    for packet in whole:
        for length in range(len(packet)):
            assert read(packet[:length]) is None
        for _ in range(2000):
            bent = bytearray(packet)
            for _ in range(rng.randrange(1, 6)):
                bent[rng.randrange(len(bent))] = rng.randrange(256)
            found = read(bytes(bent[: rng.randrange(len(bent) + 1)]))
            assert found is None or 1 <= len(found.slots) <= 512
