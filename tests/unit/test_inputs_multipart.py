"""Parts of a multipart stream, however the network cuts it up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inputs.multipart import Chunked, Multipart

MARK = b"--frame"
JPEG = st.binary(max_size=40).map(lambda data: b"\xff\xd8" + data.replace(b"--", b"") + b"\xff\xd9")
PICTURES = st.lists(JPEG, max_size=6)
CUTS = st.lists(st.integers(1, 30), min_size=1, max_size=20)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces, number = [], 0
    while stream:
        size = sizes[number % len(sizes)]
        pieces.append(stream[:size])
        stream, number = stream[size:], number + 1
    return pieces


def part(jpeg: bytes, length: int | None) -> bytes:
    told = b"" if length is None else b"content-LENGTH:  %d\r\n" % length
    return MARK + b"\r\nContent-Type: image/jpeg\r\n" + told + b"\r\n" + jpeg + b"\r\n"


@given(PICTURES, CUTS)
def test_parts_with_a_length_come_whole_and_in_order_however_the_stream_is_cut(jpegs, sizes):
    parser = Multipart(MARK)
    stream = b"".join(part(jpeg, len(jpeg)) for jpeg in jpegs)
    assert [found for piece in cut(stream, sizes) for found, _ in parser.feed(piece, 0)] == jpegs


@given(PICTURES)
def test_without_a_length_a_picture_ends_at_its_end_marker_or_at_the_next_part(jpegs):
    one_by_one = Multipart(MARK)
    for jpeg in jpegs:
        assert one_by_one.feed(part(jpeg, None), 7) == [(jpeg + b"\r\n", 7)]
    at_once = Multipart(MARK)
    stream = b"".join(part(jpeg, None) for jpeg in jpegs)
    assert [found.removesuffix(b"\r\n") for found, _ in at_once.feed(stream, 0)] == jpegs


def test_a_part_that_is_shorter_than_it_said_does_not_swallow_the_next():
    parser = Multipart(MARK)
    stream = part(b"\xff\xd8short", 4000) + part(b"\xff\xd8good\xff\xd9", 8)
    assert [found for found, _ in parser.feed(stream, 0)] == [b"\xff\xd8short\r\n", b"\xff\xd8good\xff\xd9"]


def test_a_part_is_stamped_when_its_first_bytes_arrive():
    parser = Multipart(MARK)
    whole = part(b"\xff\xd8good\xff\xd9", 8)
    assert parser.feed(whole[:-6], 100) == []
    assert parser.feed(whole[-6:], 200) == [(b"\xff\xd8good\xff\xd9", 100)]


@pytest.mark.parametrize("stream", [part(b"", 1 << 40), b"no mark at all" * 3_000_000])
def test_what_is_no_camera_is_refused(stream):
    with pytest.raises(ValueError, match="is this address an MJPEG stream"):
        Multipart(MARK).feed(stream, 0)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), CUTS)
def test_chunks_are_joined_however_they_are_cut(contents, sizes):
    chunks = Chunked()
    stream = b"".join(b"%x;note=1\r\n%s\r\n" % (len(content), content) for content in contents) + b"0\r\n\r\n"
    assert b"".join(chunks.feed(piece) for piece in cut(stream, sizes)) == b"".join(contents)


def test_a_stream_that_only_says_it_is_chunked_is_refused():
    with pytest.raises(ValueError):
        Chunked().feed(b"--frame\r\n")
