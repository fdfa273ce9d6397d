"""The compositor against a reference written plainly in numpy."""

import numpy as np
import pytest

from engine.crew import Crew
from engine.kernel_cache import compilations
from engine.problems import MixeurError
from engine.render import kernels
from engine.render.compositor import Compositor
from engine.render.layer import BLENDS, Group, Layer

SIZE = (61, 37)  # not a multiple of any tile or vector


def premultiplied(seed, size=SIZE):
    rng = np.random.default_rng(seed)
    alpha = rng.choice([0, 1, 127, 128, 254, 255], (size[1], size[0], 1))
    rgb = rng.integers(0, 256, (size[1], size[0], 3)) * alpha // 255
    return np.concatenate([rgb, alpha], axis=2).astype(np.uint8)


def reference(groups, size=SIZE):
    """Sum of weight x group, each composed over black, in floats without any rounding; red, green, blue 0..255."""
    total = np.zeros((size[1], size[0], 3))
    for group in groups:
        below = np.zeros_like(total)
        for layer in group.layers:
            pixels = layer.pixels / 255 * layer.alpha
            rgb, clear = pixels[..., :3], 1 - pixels[..., 3:]
            below = {"over": rgb + below * clear, "add": np.minimum(rgb + below, 1),
                     "multiply": below * (rgb + clear), "screen": rgb + below - rgb * below}[layer.blend]
        total += group.weight * below
    return total * 255


def worst(picture, groups, size=SIZE):
    return np.abs(picture[..., :3] - np.rint(reference(groups, size))).max()


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_each_blend_equals_the_reference_within_one_step(blend, alpha):
    groups = (Group((Layer(premultiplied(1)), Layer(premultiplied(2), blend, alpha))),)
    assert worst(Compositor(SIZE, kernels=kernels).compose(groups), groups) <= 1


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("box", [(0, 0, 0, 0), (3, 5, 20, 30), (0, 0, 61, 1), (60, 36, 61, 37)])
def test_a_layer_that_names_its_box_mixes_as_one_that_does_not(blend, box):
    left, top, right, bottom = box
    pixels = np.zeros_like(premultiplied(2))
    pixels[top:bottom, left:right] = premultiplied(2)[top:bottom, left:right]
    below = Layer(premultiplied(1))
    for layers in ([below, Layer(pixels, blend, 0.7)], [Layer(pixels, blend), below]):
        boxed = [Layer(layer.pixels, layer.blend, layer.alpha, box=box if layer.pixels is pixels else None)
                 for layer in layers]
        plainly, quickly = (Compositor(SIZE, kernels=kernels).compose((Group(tuple(group), 0.6), Group((below,), 0.4)))
                            for group in (layers, boxed))
        np.testing.assert_array_equal(plainly, quickly)


def test_over_with_full_strength_is_exact():
    below, above = premultiplied(1).astype(int), premultiplied(2).astype(int)
    expected = above + (2 * below * (255 - above[..., 3:]) + 255) // 510
    groups = (Group((Layer(below.astype(np.uint8)), Layer(above.astype(np.uint8)))),)
    picture = Compositor(SIZE, kernels=kernels).compose(groups)
    np.testing.assert_array_equal(picture[..., :3], expected[..., :3])


def test_an_opaque_layer_comes_out_as_it_went_in_and_the_picture_is_opaque():
    pixels = premultiplied(3)
    pixels[..., 3] = 255
    np.testing.assert_array_equal(Compositor(SIZE, kernels=kernels).compose((Group((Layer(pixels),)),)), pixels)


@pytest.mark.parametrize("blend", BLENDS)
def test_pixels_that_no_layer_touches_are_exactly_black(blend):
    clear = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    groups = (Group((Layer(clear), Layer(clear, blend, 0.7)), 0.5), Group((Layer(clear, blend),), 0.5))
    assert not Compositor(SIZE, kernels=kernels).compose(groups)[..., :3].any()


@pytest.mark.parametrize("t", [0.0, 0.003, 0.25, 0.5, 0.997, 1.0])
def test_a_cross_fade_is_the_weighed_sum_with_weights_in_255ths(t):
    groups = (Group((Layer(premultiplied(1)), Layer(premultiplied(2), "add", 0.5)), 1 - t),
              Group((Layer(premultiplied(3)), Layer(premultiplied(4), "screen"), Layer(premultiplied(5))), t))
    assert worst(Compositor(SIZE, kernels=kernels).compose(groups), groups) <= 2


def test_a_cross_fade_between_equal_pictures_changes_nothing():
    pixels = premultiplied(6)
    pixels[..., 3] = 255
    compositor = Compositor(SIZE, kernels=kernels)
    for t in np.linspace(0, 1, 23):
        groups = (Group((Layer(pixels),), float(1 - t)), Group((Layer(pixels),), float(t)))
        np.testing.assert_array_equal(compositor.compose(groups), pixels)


def test_weights_above_one_are_scaled_down():
    white = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    groups = (Group((Layer(white),), 1.0), Group((Layer(white // 5),), 3.0))
    picture = Compositor(SIZE, kernels=kernels).compose(groups)
    assert abs(int(picture[0, 0, 0]) - round(255 / 4 + 51 * 3 / 4)) <= 1


def test_nothing_to_show_is_opaque_black():
    compositor = Compositor(SIZE, kernels=kernels)
    compositor.compose((Group((Layer(premultiplied(1)),)),))
    faded_out, unseen = Group((Layer(premultiplied(1), alpha=0.0),)), Group((Layer(premultiplied(1)),), 0.0)
    for groups in ((), (Group(()),), (faded_out,), (unseen,)):
        assert (compositor.compose(groups) == (0, 0, 0, 255)).all()


def test_threads_change_nothing():
    size = 401, 307
    groups = (Group(tuple(Layer(premultiplied(i, size), BLENDS[i % 4], 1 - i / 10) for i in range(7)), 0.6),
              Group((Layer(premultiplied(8, size)),), 0.4))
    one, two = Compositor(size, kernels), Compositor(size, kernels, Crew())
    np.testing.assert_array_equal(one.compose(groups), two.compose(groups))


@pytest.mark.parametrize("drawn_by", [None, kernels])
def test_windows_get_the_same_picture_with_red_and_blue_exchanged(drawn_by):
    groups = (Group(tuple(Layer(premultiplied(i), BLENDS[i % 4], 1 - i / 10) for i in range(4)), 0.6),
              Group((Layer(premultiplied(8)),), 0.4))
    compositor, window = Compositor(SIZE, kernels=drawn_by), np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    assert compositor.compose(groups, None, window, "bgra") is window
    np.testing.assert_array_equal(window[..., [2, 1, 0, 3]], compositor.compose(groups))


@pytest.mark.parametrize("blend", BLENDS)
def test_what_is_clear_where_other_layers_are_not_leaves_them(blend):
    pixels = np.zeros_like(premultiplied(2))
    pixels[20] = premultiplied(2)[20]
    groups = (Group((Layer(premultiplied(1)), Layer(pixels, blend, 0.7), Layer(premultiplied(3)))),)
    assert worst(Compositor(SIZE, kernels=kernels).compose(groups), groups) <= 2


def test_pixels_that_are_not_premultiplied_saturate_and_never_spill_into_another_channel():
    glaring = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    glaring[..., 0] = 255
    groups = (Group((Layer(np.full_like(glaring, 200)), Layer(glaring))),)
    assert (Compositor(SIZE, kernels=kernels).compose(groups)[..., :3] == (255, 200, 200)).all()


def test_one_layer_may_be_laid_twice():
    layer = Layer(premultiplied(1))
    groups = (Group((layer, layer, Layer(premultiplied(2), "add"), layer)),)
    assert worst(Compositor(SIZE, kernels=kernels).compose(groups), groups) <= 2


def test_read_only_pixels_are_welcome():
    pixels = premultiplied(1)
    pixels.setflags(write=False)
    Compositor(SIZE, kernels=kernels).compose((Group((Layer(pixels),)),))


def test_plain_opencv_draws_nearly_the_same_until_the_kernels_are_ready():
    groups = (Group(tuple(Layer(premultiplied(i), BLENDS[i % 4], 1 - i / 10) for i in range(6)), 0.7),
              Group((Layer(premultiplied(9)),), 0.3))
    plain, compiled = Compositor(SIZE).compose(groups), Compositor(SIZE, kernels=kernels).compose(groups)
    assert np.abs(plain.astype(int) - compiled).max() <= 2


@pytest.mark.parametrize("pixels", [np.zeros((37, 60, 4), np.uint8), np.zeros((37, 61, 4), np.float32),
                                    np.zeros((61, 37, 4), np.uint8).transpose(1, 0, 2)])
def test_a_layer_of_another_form_is_refused_by_name(pixels):
    with pytest.raises(MixeurError, match="needed is C-contiguous uint8"):
        Compositor(SIZE, kernels=kernels).compose((Group((Layer(pixels),)),))


def test_nothing_is_compiled_while_frames_are_drawn():
    with compilations() as compiled:
        for size in ((64, 36), (80, 45)):
            for blend in BLENDS:
                Compositor(size, kernels).compose((Group((Layer(premultiplied(1, size), blend, 0.5),), 0.5),))
    assert not compiled
