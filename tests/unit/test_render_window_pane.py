"""What of a window a point lies in."""

from engine.render.pane import Pane, Port


class Still(Pane):
    """A pane that is never opened: only its arithmetic."""

    def __init__(self, size: tuple[int, int], *ports: Port) -> None:
        self.ports, self._still = ports, size

    @property
    def size(self) -> tuple[int, int]:
        return self._still


def test_a_point_counts_in_the_pixels_of_the_output_it_lies_in() -> None:
    span = Still((2560, 720), Port("a", (640, 360), (0, 0, 1280, 720)), Port("b", (1280, 720), (1280, 0, 1280, 720)))
    assert span.port_at(640, 360) == ("a", 320, 180)
    assert span.port_at(1280, 0) == ("b", 0, 0) and span.port_at(2559, 719) == ("b", 1279, 719)


def test_a_letterboxed_window_reaches_beyond_its_picture() -> None:
    alone = Still((1000, 1000), Port("a", (1000, 500)))
    assert alone.port_at(500, 500) == ("a", 500, 250) and alone.port_at(0, 0) == ("a", 0, -250)


def test_a_resized_window_without_a_fixed_picture_counts_in_its_own_pixels() -> None:
    assert Still((800, 600), Port("/operator")).port_at(799, 1) == ("/operator", 799, 1)
