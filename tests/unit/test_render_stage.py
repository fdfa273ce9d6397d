"""The light output: views, several projectors, and thumbnails without people."""

import numpy as np
import pytest

from engine.problems import MixeurError
from engine.render import kernels
from engine.render.layer import Group, Layer, Picture, Still
from engine.render.stage import Beam, LightOutput
from engine.show.profile import Profile
from engine.world import Calm

STAGE = (64, 36)
IDENTITY = Profile.identity(STAGE)


def plain_colour(*rgb):
    return np.full((STAGE[1], STAGE[0], 4), (*rgb, 255), np.uint8)


def of(**views):
    return Picture({name: (Group(layers),) for name, layers in views.items()})


def test_each_projector_shows_its_view_in_the_windows_order_and_a_view_without_layers_is_black():
    output = LightOutput({"wall": Beam(profile=IDENTITY), "inside": Beam(profile=IDENTITY, view="inside"),
                          "roof": Beam(profile=IDENTITY, view="roof")}, STAGE, kernels=kernels)
    shown = output.render(of(stage=(Layer(plain_colour(10, 20, 30)),), inside=(Layer(plain_colour(1, 2, 3)),)))
    assert (shown["wall"] == (30, 20, 10, 255)).all()
    assert (shown["inside"] == (3, 2, 1, 255)).all()
    assert (shown["roof"] == (0, 0, 0, 255)).all()
    assert (output.thumbnail(16, "inside") == (1, 2, 3, 255)).all()
    output.close()


def test_thumbnails_hold_no_layer_with_people():
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    visitor = Layer(plain_colour(255, 0, 0), kind="people")
    output.render(of(stage=(Layer(plain_colour(0, 0, 40)), visitor)))
    assert (output.thumbnail(16)[..., :3] == (0, 0, 40)).all()
    assert output.thumbnail(16).shape == (9, 16, 4)


def test_thumbnails_leave_people_out_also_from_between_two_drawings():
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    half = plain_colour(0, 0, 60)
    half[:, 32:] = 0
    output.render(of(stage=(Layer(plain_colour(0, 40, 0)), Layer(plain_colour(200, 0, 0), kind="people"), Layer(half))))
    small = output.thumbnail(16)
    assert (small[:, :8, :3] == (0, 0, 60)).all()
    assert (small[:, 8:, :3] == (0, 40, 0)).all()


def test_a_bad_profile_leaves_the_projector_as_it_was():
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    crossed = Profile(size=STAGE, corners=((0, 0), (60, 30), (60, 0), (0, 30)))
    with pytest.raises(MixeurError):
        output.place("wall", Beam(profile=crossed))
    assert (output.render(of(stage=(Layer(plain_colour(9, 9, 9)),)))["wall"] == (9, 9, 9, 255)).all()


def test_a_moved_corner_is_in_the_next_frame():
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    picture = of(stage=(Layer(plain_colour(255, 255, 255)),))
    output.render(picture)
    output.place("wall", Beam(profile=Profile(size=STAGE, corners=((20, 0), (64, 0), (64, 36), (0, 36)))))
    assert not output.render(picture)["wall"][1, 4, :3].any()


def test_frames_are_drawn_before_the_kernels_are_ready_and_after():
    output = LightOutput({"wall": Beam(profile=Profile(size=(48, 27)))}, STAGE)
    picture = of(stage=(Layer(plain_colour(100, 150, 200)),))
    before = output.render(picture)["wall"].astype(int).copy()
    output.use(kernels)
    assert np.abs(output.render(picture)["wall"] - before).max() <= 2


def test_without_projectors_there_is_a_thumbnail_all_the_same():
    output = LightOutput({}, STAGE, kernels=kernels)
    assert output.render(of(stage=(Layer(plain_colour(7, 8, 9)),))) == {}
    assert (output.thumbnail(16) == (7, 8, 9, 255)).all()


def window(size=STAGE):
    return np.zeros((size[1], size[0], 4), np.uint8)


@pytest.mark.parametrize("flip", ["none", "both"])
def test_a_picture_is_made_in_the_windows_memory_where_that_is_of_its_size(flip):
    output = LightOutput({"wall": Beam(profile=IDENTITY, flip=flip)}, STAGE, kernels=kernels)
    picture = of(stage=(Layer(plain_colour(10, 20, 30)),))
    memory = window()
    assert output.render(picture, into={"wall": memory})["wall"] is memory
    assert (memory == (30, 20, 10, 255)).all()
    small = window((32, 18))
    assert (output.render(picture, into={"wall": small})["wall"] == (30, 20, 10, 255)).all() and not small.any()


def test_two_projectors_of_one_view_have_pictures_of_their_own():
    """The guard dims each in place."""
    output = LightOutput({"left": Beam(profile=IDENTITY), "right": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    shown = output.render(of(stage=(Layer(plain_colour(10, 20, 30)),)), into={"left": window(), "right": window()})
    assert not np.shares_memory(shown["left"], shown["right"])
    assert all((frame == (30, 20, 10, 255)).all() for frame in shown.values())
    output.close()


@pytest.mark.parametrize("into", [{}, {"wall": window()}])
def test_what_was_shown_fades_out_in_its_own_colours(into):
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    output.render(of(stage=(Layer(plain_colour(200, 100, 0)),)), into=into)
    fading = Picture({"stage": (Group((), 0.5),)}, Still(1, 0.5))
    assert np.abs(output.render(fading, into=into)["wall"][..., :3].astype(int) - (0, 50, 100)).max() <= 1


def test_a_slow_picture_keeps_its_colours_when_a_corner_is_moved():
    output = LightOutput({"wall": Beam(profile=IDENTITY)}, STAGE, kernels=kernels)
    slow = Picture(of(stage=(Layer(plain_colour(200, 100, 0)),)).views, calm=(Calm(0, 1, 0.1),))
    for _ in range(300):
        output.render(slow)
    output.place("wall", Beam(profile=Profile(size=STAGE, corners=((1, 0), (64, 0), (64, 36), (0, 36)))))
    assert np.abs(output.render(slow)["wall"][18, 32, :3].astype(int) - (0, 100, 200)).max() <= 1
