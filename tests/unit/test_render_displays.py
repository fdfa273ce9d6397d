"""Which projector goes to which display, and when one window can span them."""

from hypothesis import given
from hypothesis import strategies as st

from engine.render.displays import Display, Spot, bounding, can_span, find, fit, place, spots
from engine.render.x11 import model_of
from engine.show.model import Projector

LEFT = Display(0, "HDMI-1", "EPSON PJ", (0, 0, 1280, 720))
RIGHT = Display(1, "HDMI-2", "EPSON PJ", (1280, 0, 1280, 720))
TALL = Display(2, "DP-1", "DELL", (2560, 0, 1280, 800))


def projectors(**displays: str | int | None) -> dict[str, Projector]:
    return {name: Projector(name=name, display=display) for name, display in displays.items()}


def test_a_display_is_found_by_index_output_name_or_model_in_any_case() -> None:
    there = (LEFT, RIGHT, TALL)
    assert find(2, there) is TALL and find("hdmi-2", there) is RIGHT and find("Dell", there) is TALL
    assert find("2", there) is None and find(7, there) is None


def test_projectors_get_the_displays_they_name_and_those_without_get_none() -> None:
    placed, problems = place(projectors(a="DP-1", b=0, c=None), (LEFT, RIGHT, TALL))
    assert placed == {"a": TALL, "b": LEFT} and problems == ()


def test_an_unknown_display_is_one_line_with_those_that_are_there_and_the_nearest() -> None:
    placed, problems = place(projectors(a="HDMI-3", b=0), (LEFT, TALL))
    assert placed == {"b": LEFT}
    (text,) = map(str, problems)
    assert text.count("\n") == 0 and "projector.a" in text and "HDMI-3" in text
    assert "0 = HDMI-1 (1280x720)" in text and "2 = DP-1 (1280x800)" in text


def test_one_display_cannot_serve_two_projectors() -> None:
    placed, problems = place(projectors(a=0, b="HDMI-1"), (LEFT, RIGHT))
    assert placed == {"a": LEFT}
    assert "projector.b" in str(problems[0]) and "projector.a" in str(problems[0])


def test_without_any_display_every_projector_is_named() -> None:
    placed, problems = place(projectors(a=0, b=1), ())
    assert placed == {} and [problem.path for problem in problems] == ["projector.a", "projector.b"]


def test_equal_neighbours_can_share_a_window_and_others_cannot() -> None:
    below = Display(3, "DP-2", "", (0, 720, 2560, 720))
    gap = Display(4, "DP-3", "", (1300, 0, 1280, 720))
    slow = Display(5, "DP-4", "", (1280, 0, 1280, 720), refresh_hz=50)
    twin = Display(6, "DP-5", "", LEFT.rect)
    assert can_span((LEFT, RIGHT)) and can_span((LEFT, RIGHT, below))
    for others in ((), (RIGHT, TALL), (gap,), (slow,), (twin,)):
        assert not can_span((LEFT, *others)), others


def test_bounding_holds_all_rectangles_also_left_of_the_origin() -> None:
    assert bounding([(-1920, 100, 1920, 1080), (0, 0, 1280, 720)]) == (-1920, 0, 3200, 1180)


SIDES = st.integers(1, 8000)


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES))
def test_a_picture_fits_inside_and_keeps_its_shape(size: tuple[int, int], room: tuple[int, int]) -> None:
    x, y, width, height = fit(size, (10, 20, *room))
    assert x >= 10 and y >= 20 and x + width <= 10 + room[0] and y + height <= 20 + room[1]
    assert width == room[0] or height == room[1]
    assert abs(width * size[1] - height * size[0]) <= max(size) or min(width, height) == 1


def test_each_projector_gets_a_window_of_its_own_or_neighbours_share_one() -> None:
    assert spots({"a": LEFT, "b": RIGHT}, "auto", None, ()) == [Spot((0, 0, 2560, 720), {"a": LEFT, "b": RIGHT})]
    assert [spot.rect for spot in spots({"a": LEFT, "b": RIGHT}, "each", None, ())] == [LEFT.rect, RIGHT.rect]
    assert [spot.rect for spot in spots({"a": LEFT, "b": TALL}, "auto", None, ())] == [LEFT.rect, TALL.rect]
    assert spots({}, "auto", (0, 0, 2560, 720), ()) == []


def test_a_shared_window_stays_while_it_covers_the_displays_that_are_left_and_no_other() -> None:
    shared = (0, 0, 2560, 720)
    assert spots({"a": LEFT}, "auto", shared, ()) == [Spot(shared, {"a": LEFT})]
    assert spots({"a": LEFT}, "auto", shared, (RIGHT,)) == [Spot(LEFT.rect, {"a": LEFT})]
    assert spots({"a": TALL}, "auto", shared, ()) == [Spot(TALL.rect, {"a": TALL})]
    assert spots({"a": LEFT}, "each", shared, ()) == [Spot(LEFT.rect, {"a": LEFT})]


def test_the_model_is_read_from_what_the_cable_tells() -> None:
    edid = bytearray(128)
    edid[72:90] = b"\0\0\0\xfc\0EPSON PJ\n    "
    assert model_of(bytes(edid)) == "EPSON PJ"
    assert model_of(b"") == model_of(bytes(128)) == ""
