"""Latency: a chain of known delay is measured to 5 ms, by light that is no flash; visitors are seen where it falls."""

import datetime
from dataclasses import dataclass

import numpy as np
import pytest

from engine.clock import NS, Tick, VirtualClock
from engine.latency import BRIGHT, DARK, Trace, code_of, latency_of
from engine.latency_probe import HZ, watch
from engine.problems import MixeurError
from engine.safety.flash_guard import FlashGuard
from engine.sense import Room, SenseState, sense
from engine.show.model import Camera, Show
from engine.show.profile import Delay, Profile, read_profile, write_profile
from engine.world import Person, Sighting, Signals

FPS, SECONDS = 60.0, 10.0


@dataclass
class Shot:
    picture: np.ndarray
    captured_ns: int


class Chain:
    """A projector and a camera with known delays, on a virtual clock: half of the picture sees the projection."""

    def __init__(self, clock, seed, fps, delay_s, jitter_s, exposure_s, readout_s=0.012, lost=0.03):
        self.clock, self.rng = clock, np.random.default_rng([seed, 1])
        self.fps, self.jitter_s, self.exposure_s, self.readout_s, self.lost = fps, jitter_s, exposure_s, readout_s, lost
        self.out_s, self.in_s = 0.4 * delay_s, 0.6 * delay_s
        self.light, self.delays, self.waiting, self.taken = [(-1.0, DARK)], [], [], 0
        self.first_s = self.rng.uniform(0, 1 / fps)

    def show(self, level, tick):
        self.light.append((self.clock.now_ns() / NS + self.out_s, level))

    def newest(self):
        now_s = self.clock.now_ns() / NS
        while (middle_s := self.first_s + self.taken / self.fps) + self.in_s < now_s - 0.1:
            self.taken += 1
            late_s = self.rng.exponential(self.jitter_s) if self.jitter_s else 0.0
            if self.rng.random() > self.lost:
                self.waiting.append(Shot(self._picture(middle_s), round((middle_s + self.in_s + late_s) * NS)))
                self.delays.append(1e3 * (self.out_s + self.in_s + late_s))
        return self.waiting.pop(0) if self.waiting else None

    def _picture(self, middle_s):
        rows = middle_s + self.readout_s * (np.arange(45) / 45 - 0.5)
        starts, levels = map(np.array, zip(*self.light[-60:], strict=True))
        ends = np.append(starts[1:], 1e9)
        half = self.exposure_s / 2
        seen = np.clip(np.minimum(ends, rows[:, None] + half) - np.maximum(starts, rows[:, None] - half), 0, None)
        light = 5 + 120 * (seen @ (levels / 255) ** 2.2) / self.exposure_s
        light = np.repeat(light[:, None], 80, 1)
        light[:, 40:] = 30 + 10 * np.sin(middle_s)  # the other half of the picture is a room of its own
        noisy = light + self.rng.normal(0, 1.5, light.shape)
        return np.repeat(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize(("fps", "delay_s", "jitter_s", "exposure_s"), [
    (30, 0.045, 0.0, 0.016), (60, 0.03, 0.008, 0.002), (30, 0.12, 0.006, 0.033), (60, 0.09, 0.004, 0.008),
    (60, 0.25, 0.0, 0.016),
    (25, 0.18, 0.01, 0.002)])
@pytest.mark.parametrize("seed", [1])
def test_a_chain_of_known_delay_is_measured_to_5_ms_in_10_s(seed, fps, delay_s, jitter_s, exposure_s):
    clock = VirtualClock(HZ)
    chain = Chain(clock, seed, fps, delay_s, jitter_s, exposure_s)
    found = latency_of(watch(clock, chain.show, chain.newest, SECONDS - 1, seed))
    assert found.p50_ms == pytest.approx(np.median(chain.delays), abs=5)
    assert found.p99_ms == pytest.approx(np.percentile(chain.delays, 99), abs=12)
    assert found.p99_ms >= found.p50_ms


def test_the_code_is_no_flash_and_reaches_the_wall_as_it_was_meant():
    guard = FlashGuard(rise_s=0)
    for frame, is_bright in enumerate(code_of(3, 3.0, FPS)):
        picture = np.full((36, 64, 4), BRIGHT if is_bright else DARK, np.uint8)
        shown = picture.copy()
        guard.apply(shown, frame / FPS)
        np.testing.assert_array_equal(shown[..., :3], picture[..., :3])


def trace_of(seen):
    code = code_of(1, SECONDS, FPS)
    return Trace(np.arange(len(code)) / FPS, code.astype(float), np.arange(len(seen)) / 30, seen)


def test_a_camera_that_does_not_see_the_light_is_told_so():
    noise = np.random.default_rng(2).normal(0, 1, (300, 40))
    with pytest.raises(MixeurError, match=r"does not follow the light .* it must see the projection"):
        latency_of(trace_of(noise))


def test_a_camera_that_hardly_gives_pictures_is_told_so():
    with pytest.raises(MixeurError, match="only 12 pictures came"):
        latency_of(trace_of(np.zeros((12, 40))))


def test_a_profile_keeps_the_latency(tmp_path):
    file = tmp_path / "left.toml"
    profile = Profile(size=(640, 360), latency=Delay(camera="room", p50_ms=93.5, p99_ms=121.0))
    write_profile(file, profile)
    assert read_profile(file) == profile


def seen_at(latency_s, speed_px, due_s=10.0, captured_s=9.98):
    room = Room.of(Show(folder=None, cameras={"room": Camera(name="room", mirror=False)}), {"room": latency_s})
    person = Person(1, (320.0, 180.0), (300, 100, 40, 80), (speed_px, 0.0), np.zeros((0, 2), np.float32))
    sighting = Sighting("room", "live", 1, round(captured_s * NS), (640, 360), (person,))
    tick = Tick(600, due_s, 1 / 60, round(due_s * NS))
    now, _ = sense(room, SenseState(), Signals(sightings={"room": sighting}), tick, datetime.datetime(2014, 6, 21, 12))
    return now.visitors[0]


def test_a_visitor_is_seen_where_the_light_will_meet_them():
    assert seen_at(0.0, 360).x == pytest.approx(8 / 9, abs=1e-3)
    assert seen_at(0.1, 360).x == pytest.approx(8 / 9 + 0.12, abs=1e-3)  # 1 stage unit a second, 100 + 20 ms
    assert seen_at(0.1, 5).x == pytest.approx(8 / 9, abs=1e-3)  # who stands is left where they are
    assert seen_at(0.9, 360).x == pytest.approx(8 / 9 + 0.3, abs=1e-3)
