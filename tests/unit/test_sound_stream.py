"""Choosing a device, and folding a room of speakers down to it."""

import numpy as np
import pytest

from engine.show import model
from engine.sound.block import H_CHANNELS, SIZE, open_memory
from engine.sound.pulse import ServerView, Sink
from engine.sound.stream import NoDevice, Output, choose_device, choose_output, route
from engine.supervise.memory import Block

NAMES = ["HDA Intel: ALC (hw:0,0)", "Scarlett 18i20 USB", "pulse", "default"]


def test_the_sound_server_is_preferred_and_a_name_may_be_shortened() -> None:
    assert choose_device(NAMES, None) == "pulse"
    assert choose_device(NAMES[:2], None) == NAMES[0]
    assert choose_device(NAMES, "scarlett") == "Scarlett 18i20 USB"
    assert choose_device(NAMES, "default") == "default"


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NoDevice, match="no sound device 'Scarlet 2i2' among HDA"):
        choose_device(NAMES, "Scarlet 2i2")
    with pytest.raises(NoDevice, match="plug one in"):
        choose_device([], None)


SERVER = ServerView({name: Sink(name, 2) for name in ("hdmi", "usb-scarlett")}, default="hdmi")


def test_an_output_of_the_sound_server_can_be_named_and_the_default_one_is_taken_otherwise() -> None:
    assert choose_output(NAMES, None, SERVER) == Output("pulse", "hdmi")
    assert choose_output(NAMES[2:], "scarlett", SERVER) == Output("pulse", "usb-scarlett")
    assert choose_output(NAMES, "hdmi", SERVER) == Output("pulse", "hdmi")
    assert choose_output(NAMES, "Scarlett", SERVER) == Output("Scarlett 18i20 USB")
    assert choose_output(NAMES, None, None) == Output("pulse")


def test_a_sound_server_without_outputs_is_no_device() -> None:
    with pytest.raises(NoDevice, match="no output; plug"):
        choose_output(NAMES, None, ServerView())
    with pytest.raises(NoDevice, match=r"among pulse, hdmi, usb-scarlett; did you mean 'usb-scarlett'"):
        choose_output(["pulse"], "usb-scarlet2", SERVER)


def test_a_room_folds_down_to_headphones_from_left_to_right_with_its_power_kept() -> None:
    speakers = [model.Speaker(name=str(i), output=i + 1, at_m=(float(i), 0)) for i in range(8)]
    memory = open_memory(Block.private(SIZE), model.Sound(), speakers)
    memory.speaker[:8, 0] = range(8)
    assert np.array_equal(memory.route[:8, :8], np.eye(8))
    route(memory, 2)
    assert memory.header[H_CHANNELS] == 2
    assert np.allclose((memory.route[:8, :2] ** 2).sum(axis=1), 1)
    assert (np.diff(memory.route[:8, 1]) > 0).all()
    route(memory, 8)
    assert np.array_equal(memory.route[:8, :8], np.eye(8))


def test_one_device_or_a_list_of_them_may_be_wanted() -> None:
    assert model.Sound().devices == ()
    assert model.Sound(device="usb").devices == ("usb",)
    assert model.Sound(device=("usb", "hdmi")).devices == ("usb", "hdmi")
