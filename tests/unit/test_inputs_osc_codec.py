import itertools
import math
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from engine.inputs.osc_codec import OscError, decode
from engine.inputs.osc_pattern import is_pattern, matches, parse_pattern
from engine.inputs.osc_stream import OscStream

KILLER = b"#bundle\0" + struct.pack(">Qi", 1, -4)


def text(words: str) -> bytes:
    raw = words.encode()
    return raw + b"\0" * (4 - len(raw) % 4)


def message(address: str, tags: str, body: bytes = b"") -> bytes:
    return text(address) + text("," + tags) + body


def bundle(timetag: int, *elements: bytes) -> bytes:
    return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def encode(tag: str, value: object) -> bytes:
    if tag in "sS":
        return text(str(value))
    if tag == "b":
        assert isinstance(value, bytes)
        return struct.pack(">i", len(value)) + value + b"\0" * (-len(value) % 4)
    forms = {"i": ">i", "h": ">q", "f": ">f", "d": ">d", "t": ">Q"}
    return struct.pack(forms[tag], value) if tag in forms else b""


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
arguments = st.one_of(
    st.tuples(st.just("i"), st.integers(-2**31, 2**31 - 1)), st.tuples(st.just("h"), st.integers(-2**63, 2**63 - 1)),
    st.tuples(st.just("f"), st.floats(width=32, allow_nan=False)), st.tuples(st.just("d"), st.floats(allow_nan=False)),
    st.tuples(st.sampled_from("sS"), words), st.tuples(st.just("b"), st.binary(max_size=9)),
    st.tuples(st.just("t"), st.integers(0, 2**64 - 1)),
    st.sampled_from([("T", True), ("F", False), ("N", None), ("I", math.inf)]))


@given(st.lists(arguments, max_size=12))
def test_what_we_encode_comes_back(args):
    packet = message("/a/b", "".join(tag for tag, _ in args), b"".join(encode(tag, value) for tag, value in args))
    assert decode(packet) == [("/a/b", tuple(value for _, value in args), 1)]


@given(st.lists(st.one_of(st.integers(-2**31, 2**31 - 1), st.floats(width=32, allow_nan=False), words,
                          st.binary(min_size=1, max_size=9), st.booleans(), st.none()), max_size=8))
def test_what_python_osc_encodes_comes_back(args):
    builder = OscMessageBuilder("/from/python-osc")
    for arg in args:
        builder.add_arg(arg)
    (found,) = decode(builder.build().dgram)
    assert found.address == "/from/python-osc"
    assert list(found.args) == args


def test_a_bundle_of_python_osc_in_a_bundle_comes_back_in_order():
    inner, outer = OscBundleBuilder(1e9), OscBundleBuilder(IMMEDIATELY)
    for builder, value in ((inner, 2), (outer, 1)):
        one = OscMessageBuilder("/n")
        one.add_arg(value)
        builder.add_content(one.build())
    outer.add_content(inner.build())
    packet = outer.build().dgram
    assert [found.args for found in decode(packet)] == [(1,), (2,)]
    assert decode(packet)[0].timetag == 1
    assert decode(packet)[1].timetag >> 32 == 1_000_000_000 + 2_208_988_800


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_osc_error(raw):
    for packet in (raw, b"#bundle\0" + raw, b"/a\0\0," + raw, bundle(1, raw)):
        try:
            decode(packet)
        except OscError:
            continue


def test_ten_thousand_mutated_packets_raise_nothing_but_osc_error():
    dice = random.Random(1)
    mixed = text("a") + text("b") + b"\0\0\0\1a\0\0\0" + b"\0\0\0a" + bytes(16)
    good = [message("/contact/level", "f", b"\0\0\0\1"), message("/s", "sSbc[ifh]", mixed),
            bundle(1, message("/a", "i", b"\0\0\0\1"), bundle(7, message("/b", "T"))), KILLER]
    refused = 0
    for _ in range(10_000):
        packet = bytearray(dice.choice(good))
        for _ in range(dice.randint(1, 4)):
            packet[dice.randrange(len(packet))] = dice.randrange(256)
        try:
            decode(bytes(packet[: dice.randint(0, len(packet))]))
        except OscError:
            refused += 1
    assert refused > 5_000


@pytest.mark.parametrize("packet", [
    KILLER, b"", b"/", b"/a\0x,\0\0\0", b"a\0\0\0,\0\0\0", b"/a\0\0i\0\0\0", message("/a", "i"),
    message("/a", "ii", bytes(4)), message("/a", "i", bytes(8)), message("/a", "q"), message("/a", "["),
    message("/a", "]["), message("/a", "[" * 9 + "]" * 9),
    message("/a", "b", b"\xff\xff\xff\xff"), message("/a", "b", b"\0\0\0\1aaaa"), message("/a", "c", b"\0\0\xd8\0"),
    b"/\xff\0\0,\0\0\0", message("/a", "s", b"\xff\0\0\0"), b"#bundle\0", bundle(1, b""), bundle(1, b"/a\0\0,\0\0"),
    message("/a", ".")])
def test_a_broken_packet_is_an_osc_error(packet):
    with pytest.raises(OscError):
        decode(packet)


def test_every_type_is_understood():
    body = struct.pack(">iI", 1, 65) + b"\1\2\3\4" + struct.pack(">f", 0.5) + b"\x00\x90\x3c\x7f"
    packet = message("/t", "icr[fN]mI", body)
    assert decode(packet)[0].args == (1, "A", (1, 2, 3, 4), (0.5, None), (0, 0x90, 60, 127), math.inf)


def test_not_a_number_is_handed_on_for_the_event_to_filter():
    assert math.isnan(decode(message("/n", "f", struct.pack(">f", math.nan)))[0].args[0])


def test_a_message_without_type_tags_has_no_arguments():
    assert decode(b"/go\0") == [("/go", (), 1)]


def test_bundles_nest_eight_deep_and_no_deeper():
    packet = message("/a", "")
    for _ in range(8):
        packet = bundle(1, packet)
    assert len(decode(packet)) == 1
    with pytest.raises(OscError, match="deeper"):
        decode(bundle(1, packet))


def test_an_inner_bundle_is_never_earlier_than_its_outer():
    assert decode(bundle(9, bundle(1, message("/a", ""))))[0].timetag == 9


def test_thousands_of_nested_bundles_in_one_packet_are_refused_quickly():
    packet = b""
    while len(packet) < 60_000:
        packet = bundle(1, packet) if packet else bundle(1)
    with pytest.raises(OscError):
        decode(packet)


# -- patterns ---------------------------------------------------------------------------------

@pytest.mark.parametrize(("pattern", "address", "expected"), [
    ("/a/*", "/a/b", True), ("/a/*", "/a/b/c", False), ("/*/c", "/a/c", True), ("/a?c", "/abc", True),
    ("/a?c", "/a/c", False), ("/[a-c]1", "/b1", True), ("/[!a-c]1", "/b1", False), ("/[!a-c]1", "/d1", True),
    ("/{red,green}/x", "/green/x", True), ("/{red,green}/x", "/blue/x", False),
    ("/{a,ab}c", "/abc", True), ("/x*y*", "/xaybz", True), ("/[a-]", "/-", True),
    ("/*", "/", True), ("/a", "/a", True), ("/{,a}b", "/b", True)])
def test_a_pattern_means(pattern, address, expected):
    assert matches(parse_pattern(pattern), address) is expected


@pytest.mark.parametrize("pattern", ["/[a", "/a]", "/{a", "/a}", "/{a,{b}}", "/[[a]]", "/" + "*" * 9, "/*" + "a" * 300])
def test_a_broken_or_excessive_pattern_is_an_osc_error(pattern):
    with pytest.raises(OscError):
        parse_pattern(pattern)


@given(st.text("/ab*?[]{}!-,", max_size=20), st.text("/ab-,", max_size=12))
def test_no_pattern_raises_anything_but_osc_error(pattern, address):
    try:
        matches(parse_pattern(pattern), address)
    except OscError:
        assert is_pattern(pattern)


def test_a_pattern_with_many_stars_visits_each_place_once():
    class Counting(str):
        visits = 0

        def __getitem__(self, at):
            Counting.visits += 1
            return str.__getitem__(self, at)

    address = Counting("/" + "a" * 200)
    assert not matches(parse_pattern("/*a*a*a*a*a*a*a*b"), address)
    assert Counting.visits <= 8 * len(address)


# -- streams ----------------------------------------------------------------------------------

PACKETS = [message("/a", "i", b"\0\0\0\xc0"), message("/b", "b", b"\0\0\0\4\xdb\xc0\xdc\xdd")]


def sized(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet


def slip(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


@pytest.mark.parametrize("frame", [sized, slip, lambda packet: slip(packet)[1:]])
@given(cuts=st.lists(st.integers(0, 60), max_size=5))
def test_packets_come_out_of_a_stream_however_it_is_cut(frame, cuts):
    stream, raw, found = OscStream(), b"".join(frame(packet) for packet in PACKETS), []
    edges = [0, *sorted(cuts), len(raw)]
    for start, stop in itertools.pairwise(edges):
        found += stream.feed(raw[start:stop])
    assert found == PACKETS
    assert not stream.waiting


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1", b"\0\2\0\0", b"\x7f\xff\xff\xff", b"\xc0" + b"/" * 200_000])
def test_a_stream_that_is_no_osc_is_given_up(raw):
    with pytest.raises(OscError):
        OscStream().feed(raw)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_stream_raises_anything_but_osc_error(pieces):
    stream = OscStream()
    try:
        for piece in pieces:
            stream.feed(piece)
    except OscError:
        assert stream.waiting
