"""The canvas: what verbs paint, where, and what of it stays."""

import re
import tracemalloc

import numpy as np
import pytest

from engine.problems import MixeurError
from engine.render import areas, marks
from engine.render.canvas import Canvas
from engine.render.layer import BLENDS
from engine.world import Matte, Now, StageSize

SIZE = (320, 180)
STAGE = StageSize(16 / 9, None, SIZE)


def drawn(*steps, now: Now | None = None, canvas: Canvas | None = None):
    """Return the layers of one frame in which the steps were drawn."""
    canvas = canvas or Canvas(STAGE)
    canvas.begin(now or Now())
    for step in steps:
        step(canvas)
    return canvas.end()["stage"]


def picture(*steps, **options):
    layers = drawn(*steps, **options)
    assert len(layers) == 1
    return layers[0].pixels


def light(pixels) -> float:
    return float(pixels[..., :3].sum(dtype=np.int64))


def test_nothing_drawn_is_no_layer() -> None:
    assert drawn() == ()


VERBS = (
    lambda c: c.circle(0.5, 0.25, 0.2, soft=1, blend="add"),
    lambda c: c.dots(np.linspace(-0.1, 1.9, 40), np.linspace(-0.1, 1.1, 40), 0.02),
    lambda c: c.line(0.1, 0.9, 1.7, 0.05, width=0.02),
    lambda c: c.path([(0.2, 0.2), (0.8, 0.8), (1.4, 0.2)], closed=True),
    lambda c: c.polygon([(0.2, 0.2), (0.8, 0.8), (1.4, -0.2)]),
    lambda c: c.text("mixeur", 0.9, 0.5, 0.2),
    lambda c: c.image(np.full((9, 16, 3), 200, np.uint8), 0.4, 0.4, h=0.3, angle=20),
    lambda c: c.pixels[::7].fill(90),
    lambda c: c.clear("#204060"),
    lambda c: c.clear(np.full((180, 320, 4), 70, np.uint8)),
)


@pytest.mark.parametrize("ground", [None, "#102030"])
def test_only_what_was_drawn_on_is_cleared_and_nothing_of_it_stays(ground) -> None:
    canvas, last = Canvas(STAGE), ((lambda c: c.circle(1.2, 0.6, 0.05)),)
    for verb in VERBS:
        drawn(verb, canvas=canvas)
        last = (lambda c: c.clear(ground), *last[-1:]) if ground else last
        np.testing.assert_array_equal(picture(*last, canvas=canvas), picture(*last))


def test_a_trail_fades_the_same_where_all_is_looked_at() -> None:
    sparse, whole = Canvas(STAGE), Canvas(STAGE)
    for frame in range(50):
        steps = [lambda c: c.trail(0.2), *(VERBS[frame // 2 : frame // 2 + 1] if frame < 14 else [])]
        moment = Now(time=frame / 60)
        looked = [lambda c: c.trail(0.2), lambda c: c.pixels, *steps[1:]]
        np.testing.assert_array_equal(picture(*steps, now=moment, canvas=sparse),
                                      picture(*looked, now=moment, canvas=whole))
    assert not sparse._pool[0].touched.any(), "what is gone is not looked at any more"


def test_circles_are_round_and_stand_where_they_are_put() -> None:
    pixels = picture(lambda c: c.circle(0.5, 0.25, 0.2, (1.0, 0.5, 0.0)))
    ys, xs = np.nonzero(pixels[..., 3])
    assert abs(xs.mean() + 0.5 - 0.5 * 180) < 0.1 and abs(ys.mean() + 0.5 - 0.25 * 180) < 0.1
    assert abs((pixels[..., 3] / 255).sum() - np.pi * 36**2) < 5
    assert pixels[45, 90].tolist() == [255, 128, 0, 255]


def test_a_ring_covers_its_line_alone_even_where_its_halves_are_near() -> None:
    for radius, width in ((0.3, 0.1), (0.02, 0.012), (0.03, 0.004)):
        pixels = picture(lambda c, r=radius, w=width: c.ring(0.8, 0.5, r, (1, 1, 1, 0.5), width=w))
        area = (pixels[..., 3] / 127.5).sum()
        assert area == pytest.approx(2 * np.pi * radius * width * 180**2, rel=0.04)
        assert pixels[..., 3].max() <= 128  # nothing is drawn twice


def test_translucent_discs_draw_every_pixel_once_at_every_edge_of_the_stage() -> None:
    for x, y in ((0, 0), (STAGE.aspect, 1), (0.5, 0.999), (STAGE.aspect, 0.0), (0.7, 0.4)):
        for radius in (0.004, 0.03, 0.4):
            pixels = picture(lambda c, x=x, y=y, r=radius: c.circle(x, y, r, (1, 1, 1, 0.5)))
            assert 0 < pixels[..., 3].max() <= 128


def test_a_dot_smaller_than_a_pixel_is_dimmer_not_gone() -> None:
    small = light(picture(lambda c: c.circle(0.5, 0.5, 0.5 / 180 / 2)))
    whole = light(picture(lambda c: c.circle(0.5, 0.5, 0.5 / 180)))
    assert 0.15 < small / whole < 0.35


def test_a_negative_radius_or_width_draws_nothing() -> None:
    def draw(c) -> None:
        c.circle(0.5, 0.5, -0.2)
        c.ring(0.5, 0.5, -0.2)
        c.dots([0.5, 0.6], 0.5, [-0.2, -0.001])
        c.line(0.1, 0.1, 0.9, 0.9, width=-0.1)

    assert picture(draw).max() == 0


def test_soft_light_fades_from_the_middle() -> None:
    row = picture(lambda c: c.circle(0.8, 0.5, 0.4, soft=1))[90, 144:216, 3].astype(int)
    assert row[0] > 250 and row[-1] < 5 and (np.diff(row) <= 0).all()


def test_many_dots_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    x, y, r = rng.uniform(0, 1.7, 50), rng.uniform(0, 1, 50), rng.uniform(0.001, 0.05, 50)
    colours = rng.uniform(0, 1, (50, 4))
    together = picture(lambda c: c.dots(x, y, r, colours)).copy()

    def singly(c) -> None:
        for i in range(50):
            c.circle(float(x[i]), float(y[i]), float(r[i]), tuple(map(float, colours[i])))

    assert (together == picture(singly)).all()


def test_no_dots_are_no_dots() -> None:
    assert picture(lambda c: c.dots([], []), lambda c: c.dots([], [], [], np.zeros((0, 4)), alpha=[])).max() == 0


def test_a_line_is_as_wide_as_asked_and_arrays_draw_many() -> None:
    pixels = picture(lambda c: c.line(0.2, 0.5, 1.2, 0.5, width=0.1))
    assert (pixels[:, 120, 3] / 255).sum() == pytest.approx(18, abs=0.1)
    many = picture(lambda c: c.line([0.1, 0.1], [0.2, 0.8], [1, 1], [0.2, 0.8], [(1, 0, 0), (0, 1, 0)], width=0.02))
    assert many[36, 90].tolist() == [255, 0, 0, 255] and many[144, 90].tolist() == [0, 255, 0, 255]


def test_the_joints_of_a_translucent_path_are_not_drawn_twice() -> None:
    pixels = picture(lambda c: c.path([(0.2, 0.2), (0.8, 0.8), (1.4, 0.2), (0.2, 0.2)], (1, 1, 1, 0.5), width=0.08))
    assert pixels[..., 3].max() == 128


def test_a_polygon_covers_its_exact_area_and_is_clipped_at_the_edge() -> None:
    triangle = [(0.203, 0.207), (1.001, 0.411), (0.504, 0.903)]
    (ax, ay), (bx, by), (cx, cy) = triangle
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2 * 180**2
    assert (picture(lambda c: c.polygon(triangle))[..., 3] / 255).sum() == pytest.approx(area, rel=1e-3)
    over_the_edge = picture(lambda c: c.polygon([(-5, -5), (0.5, -5), (0.5, 9), (-5, 9)]))
    assert (over_the_edge[:, :90, 3] == 255).all() and (over_the_edge[:, 90:, 3] == 0).all()


@pytest.mark.parametrize("blend", ["over", "add", "multiply", "screen"])
def test_a_polygon_is_the_same_as_its_coverage_poured(blend) -> None:
    corners = np.array([(5.3, 3.1), (300.7, 40.2), (250.0, 170.9), (120.5, 90.0), (20.0, 178.0)], np.float32)
    flooded = np.random.default_rng(1).integers(0, 2**32, (180, 320), np.uint32) | np.uint32(0xFF000000)
    poured, area, cover = flooded.copy(), np.zeros((180, 322), np.float32), np.zeros((180, 320), np.uint8)
    mode, paint, touched = BLENDS.index(blend), np.uint32(0xC0604020), np.zeros((23, 5), np.bool_)
    edges = np.zeros((180, areas.blocks_of(320)), np.bool_)
    for colour in (paint, paint | np.uint32(0xFF000000)):
        areas.fill(area, edges, corners)
        areas.settle(area, edges, cover)
        areas.pour(poured, touched, cover, 0, 0, colour, mode)
        areas.fill(area, edges, corners)
        areas.flood(flooded, touched, area, edges, 0, 0, colour, mode)
        np.testing.assert_array_equal(flooded, poured)
        assert not area.any() and not edges.any()


@pytest.mark.parametrize("number", [1, 10**20, 0.5, np.float64(2), True])
def test_what_a_verb_is_given_becomes_floats_whatever_kind_of_number_it_is(number: float) -> None:
    for values in marks.numbers("dots", x=np.zeros(3), y=number):
        assert values.dtype == np.float64 and values.shape == (3,)


def test_rect_is_placed_by_its_middle() -> None:
    pixels = picture(lambda c: c.rect(0.5, 0.5, 0.2, 0.4, "#ff0000"))
    assert np.argwhere(pixels[..., 3] == 255)[[0, -1]].tolist() == [[54, 72], [125, 107]]


@pytest.mark.parametrize("far", [1e3, 1e30, -1e30])
def test_shapes_far_off_the_stage_cost_nothing_and_draw_nothing(far: float) -> None:
    layers = drawn(
        lambda c: c.circle(far, 0.5, 0.1),
        lambda c: c.ring(far, far, 0.1),
        lambda c: c.dots([far], [far]),
        lambda c: c.line(far, far, far, 0.1),
        lambda c: c.text("away", far, far),
        lambda c: c.polygon([(far, 0), (far, 1), (far, 2)]),
        lambda c: c.rect(far, far, 1, 1),
    )
    assert all(light(layer.pixels) == 0 for layer in layers)


@pytest.mark.parametrize("blend", BLENDS)
def test_every_blend_keeps_colours_at_most_their_alpha(blend) -> None:
    rng = np.random.default_rng(2)

    def scribble(c) -> None:
        for _ in range(60):
            x, y, r = map(float, rng.uniform(0, 1, 3))
            c.circle(x * 1.7, y, r * 0.4, tuple(map(float, rng.uniform(0, 1, 4))), soft=float(r), blend=blend)
            c.polygon(rng.uniform(0, 1.7, (3, 2)), tuple(map(float, rng.uniform(0, 1, 4))), blend=blend)

    pixels = picture(lambda c: c.clear((0.2, 0.1, 0.4), alpha=0.5), scribble, lambda c: c.glow(0.05, 1.5))
    assert (pixels[..., :3] <= pixels[..., 3:]).all()


def test_blends_mix_as_they_are_called() -> None:
    def over_half_grey(blend: str) -> list[int]:
        return picture(
            lambda c: c.clear((0.5, 0.5, 0.5)), lambda c: c.rect(0.8, 0.5, 3, 3, (1.0, 0.5, 0.0), blend=blend)
        )[90, 160].tolist()

    assert over_half_grey("over") == [255, 128, 0, 255]
    assert over_half_grey("add") == [255, 255, 128, 255]
    assert over_half_grey("multiply") == [128, 64, 0, 255]
    assert over_half_grey("screen") == [255, 192, 128, 255]


def test_added_black_hides_nothing_of_the_layers_below() -> None:
    assert drawn(lambda c: c.circle(0.5, 0.5, 0.2, (0, 0, 0), blend="add"))[0].pixels.max() == 0


def test_what_is_not_drawn_in_this_frame_is_not_there() -> None:
    canvas = Canvas(STAGE)
    drawn(lambda c: c.circle(0.5, 0.5, 0.3), canvas=canvas)
    assert light(picture(lambda c: c.circle(1.5, 0.9, 0.01), canvas=canvas)) < 1e5
    assert drawn(canvas=canvas) == ()


def trails(fps: int, seconds: float = 2.0, until: float = 1.0):
    """Return the canvas's picture `until` seconds after one circle was drawn."""
    canvas = Canvas(STAGE)
    for frame in range(round(until * fps) + 1):
        layers = drawn(
            lambda c: c.trail(seconds),
            *([lambda c: c.circle(0.5, 0.5, 0.3, (1, 0.5, 0.1))] if not frame else []),
            now=Now(time=frame / fps, frame=frame),
            canvas=canvas,
        )
    return layers[0].pixels


def test_trails_fade_at_one_pace_whatever_the_frame_rate() -> None:
    slow, fast = trails(20), trails(120)
    assert light(slow) > 0
    assert np.abs(slow.astype(int) - fast).max() <= 1


def test_trails_end_in_exact_black_when_they_are_said_to() -> None:
    assert trails(60, seconds=1.0, until=0.9).max() > 0
    assert trails(60, seconds=1.0, until=1.02).max() == 0


def test_a_trail_does_not_feed_on_its_own_glow() -> None:
    canvas, seen = Canvas(STAGE), []
    for frame in range(60):
        steps = [lambda c: c.trail(4), lambda c: c.rect(0.5, 0.5, 0.2, 0.2, (0.3, 0.2, 0.1))]
        steps += [lambda c: c.glow(0.1, 1.0), lambda c: c.glow(0.02, 0.5)]
        seen.append(drawn(*steps, now=Now(time=frame / 60), canvas=canvas)[0].pixels.astype(int))
    assert (seen[0] == seen[-1]).all()


def test_trail_after_drawing_is_refused() -> None:
    with pytest.raises(MixeurError, match="call trail first"):
        drawn(lambda c: c.circle(0.5, 0.5, 0.1), lambda c: c.trail(1))


def test_layers_stand_in_the_order_of_drawing_with_their_blend_and_alpha() -> None:
    def draw(c) -> None:
        c.circle(0.2, 0.5, 0.1)
        with c.layer(blend="add", alpha=0.5):
            c.circle(0.5, 0.5, 0.1)
            with c.layer(alpha=0.5):
                c.circle(0.6, 0.5, 0.1)
        c.circle(0.9, 0.5, 0.1)

    layers = drawn(draw)
    assert [(layer.blend, layer.alpha) for layer in layers] == [
        ("over", 1.0),
        ("add", 0.5),
        ("over", 0.25),
        ("over", 1.0),
    ]
    assert len({id(layer.pixels) for layer in layers}) == 4


def test_views_are_canvases_of_their_own() -> None:
    canvas = Canvas(STAGE)
    canvas.begin(Now())
    canvas.circle(0.5, 0.5, 0.1)
    canvas.view("inside").clear((0, 0, 1))
    assert canvas.view("stage") is canvas
    views = canvas.end()
    assert views["inside"][0].pixels[0, 0].tolist() == [0, 0, 255, 255]
    canvas.begin(Now(time=1))
    assert canvas.end() == {"stage": (), "inside": ()}


def matte(height: int = 90, width: int = 160) -> Matte:
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, : width // 4] = (200, 100, 50, 255)  # a person at the camera's left
    return Matte(pixels, 0, 1)


def test_people_are_a_layer_of_their_own_between_drawings_and_mirrored() -> None:
    layers = drawn(
        lambda c: c.clear((0, 0, 0.2)),
        lambda c: c.people("room", alpha=0.5, tint=(1, 0.5, 0)),
        lambda c: c.circle(0.5, 0.5, 0.1),
        now=Now(mattes={"room": matte()}),
    )
    assert [layer.kind for layer in layers] == ["drawing", "people", "drawing"]
    people = layers[1]
    assert people.alpha == 0.5 and people.pixels.shape == (180, 320, 4)
    assert people.pixels[90, 310].tolist() == [200, 50, 0, 255] and people.pixels[90, 10].max() == 0


def test_people_without_a_matte_are_nothing() -> None:
    assert drawn(lambda c: c.people("room"), now=Now(mattes={})) == ()
    assert drawn(lambda c: c.people("cellar"), now=Now(mattes={"room": matte()})) == ()


def test_a_mask_keeps_what_is_where_people_are_or_are_not() -> None:
    seen = np.zeros((90, 160), np.uint8)
    seen[:, :80] = 255
    now = Now(masks={"room": seen})
    kept = picture(lambda c: c.clear((1, 1, 1)), lambda c: c.mask(), now=now)
    assert kept[90, 10].min() == 255 and kept[90, 310].max() == 0
    left = picture(lambda c: c.clear((1, 1, 1)), lambda c: c.mask(invert=True), now=now)
    assert left[90, 10].max() == 0 and left[90, 310].min() == 255
    assert light(picture(lambda c: c.clear((1, 1, 1)), lambda c: c.mask())) == 0


def test_a_mask_may_be_a_shape_with_a_soft_edge() -> None:
    square = [(0.4, 0.2), (1.2, 0.2), (1.2, 0.8), (0.4, 0.8)]
    kept = picture(lambda c: c.clear((1, 1, 1)), lambda c: c.mask(square, soft=0.1))
    assert kept[90, 144].min() >= 250 and kept[90, 5].max() == 0
    assert 60 < kept[90, 72, 0] < 200


def test_softness_and_glow_reach_one_stage_height_at_most_so_that_no_number_hangs_a_frame() -> None:
    square = [(0.4, 0.2), (1.2, 0.2), (1.2, 0.8)]
    soft, softest = (
        picture(lambda c: c.clear((1, 1, 1)), lambda c, far=far: c.mask(square, soft=far)).copy() for far in (1, 1e9)
    )
    assert (soft == softest).all() and light(soft) > 0
    wide, widest = (
        picture(lambda c: c.circle(0.8, 0.5, 0.1), lambda c, far=far: c.glow(far, 1)).copy() for far in (1, 1e9)
    )
    assert (wide == widest).all()
    assert picture(lambda c: c.circle(0.1, 0.5, 0.01), lambda c: c.glow(0.02, 1e300))[90, 300].max() == 0


@pytest.mark.parametrize("soft", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("alpha", [0.003, 0.02, 0.1, 1.0])
def test_a_faint_shape_is_left_out_only_where_it_rounds_to_nothing(soft, alpha) -> None:
    disc = picture(lambda c: c.circle(0.5, 0.5, 0.2, soft=soft, alpha=alpha))[..., 3]
    line = picture(lambda c: c.line(0.3, 0.5, 1.2, 0.5, width=0.4, soft=soft, alpha=alpha))[..., 3]
    y, x = (np.mgrid[:180, :320] + 0.5).astype(float)
    band = max(soft * 36, 1.0)
    for drawn_alpha, apart in ((disc, np.hypot(x - 90, y - 90)), (line, np.hypot(x - x.clip(54, 216), y - 90))):
        share = np.clip((36 - apart + 0.5) / band, 0, 1)
        if band > 1:
            share = share**2 * (3 - 2 * share)
        expected = np.rint(share * 255) * round(alpha * 255) / 255
        assert np.abs(expected - drawn_alpha).max() <= 0.5 + 2 * alpha


def test_what_is_too_faint_to_be_seen_touches_nothing() -> None:
    (layer,) = drawn(lambda c: c.circle(0.5, 0.5, 0.2, alpha=0.001), lambda c: c.line(0, 0, 1, 1, alpha=0.001))
    assert layer.box == (0, 0, 0, 0)


def test_rings_take_one_width_each() -> None:
    rings = picture(lambda c: c.ring(0.8, 0.5, 0.2, width=np.array((0.01, 0.1))))
    alone = picture(lambda c: c.ring(0.8, 0.5, 0.2, width=0.01), lambda c: c.ring(0.8, 0.5, 0.2, width=0.1))
    assert (rings == alone).all()


def test_glow_adds_light_around_and_takes_none_away() -> None:
    plain = picture(lambda c: c.circle(0.8, 0.5, 0.1, (0.2, 0.4, 0.8))).copy()
    shining = picture(lambda c: c.circle(0.8, 0.5, 0.1, (0.2, 0.4, 0.8)), lambda c: c.glow(0.1, 1))
    assert (shining >= plain).all()
    assert shining[90, 144 + 24, 2] > 10 and plain[90, 144 + 24, 2] == 0


def test_pixels_and_surface_are_the_picture_itself() -> None:
    def draw(c) -> None:
        c.pixels[10, 20] = (1, 2, 3, 4)
        c.surface.set_at((21, 10), (5, 6, 7, 8))
        c.surface.fill((9, 8, 7, 255), (100, 100, 5, 5))

    pixels = picture(draw)
    assert pixels[10, 20:22].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert pixels[102, 102].tolist() == [9, 8, 7, 255]


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("circle", lambda c: c.circle(float("nan"), 0.5, 0.1)),
        ("circle", lambda c: c.circle(0.5, 0.5, 0.1, (1, float("inf"), 0))),
        ("circle", lambda c: c.circle(0.5, 0.5, "wide")),
        ("circle", lambda c: c.circle(0.5, None, 0.1)),
        ("rect", lambda c: c.rect(0, 0, 1, 10**400)),
        ("dots", lambda c: c.dots([0, 1], [0, 1, 2])),
        ("dots", lambda c: c.dots(np.zeros((2, 2)), 0.5)),
        ("dots", lambda c: c.dots([0, 1], 0.5, colour=np.zeros((3, 4)))),
        ("dots", lambda c: c.dots([0.1, np.nan], [0, 1])),
        ("ring", lambda c: c.ring(0.5, 0.5, 0.1, "orange")),
        ("line", lambda c: c.line(0, 0, 1, np.inf)),
        ("path", lambda c: c.path([(0, 0, 0)])),
        ("path", lambda c: c.path([(0, 0), (1,)])),
        ("polygon", lambda c: c.polygon(np.full((3, 2), np.nan))),
        ("rect", lambda c: c.rect(0, 0, 1, float("nan"))),
        ("text", lambda c: c.text("x", 0.5, 0.5, np.nan)),
        ("text", lambda c: c.text("x", 0.5, 0.5, align="middle")),
        ("image", lambda c: c.image(np.zeros((2, 2, 7)))),
        ("image", lambda c: c.image(np.full((2, 2), np.nan))),
        ("image", lambda c: c.image("nothing.png")),
        ("video", lambda c: c.video("nothing.mp4")),
        ("circle", lambda c: c.circle(0.5, 0.5, 0.1, blend="ad")),
        ("layer", lambda c: c.layer(blend="glow").__enter__()),
        ("people", lambda c: c.people(alpha=np.nan)),
        ("glow", lambda c: c.glow(np.nan)),
        ("mask", lambda c: c.mask([(0, 0), (1, np.nan), (1, 1)])),
        ("trail", lambda c: c.trail("long")),
    ],
)
def test_what_cannot_be_drawn_is_one_line_that_names_the_verb(verb, call) -> None:
    with pytest.raises(MixeurError) as raised:
        drawn(call)
    assert re.match(rf"canvas\.{verb}: [^\n]+$", str(raised.value))


def test_a_wrong_blend_names_the_near_one() -> None:
    with pytest.raises(MixeurError) as raised:
        drawn(lambda c: c.circle(0.5, 0.5, 0.1, blend="ad"))
    assert str(raised.value).endswith("; did you mean 'add'?")


def test_a_running_canvas_allocates_no_whole_picture() -> None:
    canvas = Canvas(STAGE)
    now = Now(mattes={"room": matte(180, 320)}, masks={"room": np.zeros((180, 320), np.uint8)})

    def frame(time: float) -> None:
        canvas.begin(now)
        canvas.trail(1)
        canvas.circle(0.5, 0.5, 0.3, soft=1)
        canvas.polygon([(0, 0), (1, 0), (1, 1)], alpha=0.5)
        canvas.path([(0, 0), (1, 0), (1, 1)])
        canvas.people()
        canvas.text("still", 0.5, 0.5)
        canvas.mask()
        canvas.end()

    frame(0)
    tracemalloc.start()
    try:
        frame(0.1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SIZE[0] * SIZE[1] * 4 / 2
