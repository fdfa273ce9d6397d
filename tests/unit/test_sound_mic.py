"""The microphone: what is heard reaches the scenes, comes back after a loss, and is forgotten."""

import pickle
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns
from engine.fake.mic import InlineMic
from engine.problems import ShowError
from engine.scene.isolated import plain
from engine.show import model
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.sound.block import M_IS_LIVE, M_WRITTEN, MIC_RING, SIZE, Memory, open_memory
from engine.sound.hearing import HOP
from engine.sound.mic import DEAD, STARTING, MicLink, MicWriter
from engine.sound.mic_process import Ear
from engine.sound.mic_stream import choose_input
from engine.sound.pulse import ServerView, Sink
from engine.sound.stream import NoDevice, Output
from engine.supervise.memory import Block
from engine.testing.rehearsal import rehearse
from engine.world import Mic, Now

RATE = 48_000
PULSE = ["pulse", "USB Audio: hw:1,0"]


@pytest.fixture
def memory() -> Memory:
    return open_memory(Block.private(SIZE), model.Sound(), [])


def server(*sources: str, default: str = "") -> ServerView:
    return ServerView({name: Sink(name, 2) for name in sources}, default)


def test_what_a_microphone_hears_reaches_now_and_a_beginning_is_told_once(memory: Memory) -> None:
    writer, link = MicWriter(memory, 1, RATE), MicLink(memory, 1)
    rng, wave = np.random.default_rng(1), np.zeros(60 * HOP, np.float32)
    wave[20 * HOP + 100 :] = 0.2 * rng.standard_normal(40 * HOP - 100)
    told: list[tuple[int, Mic]] = []
    for hop in range(60):
        time_ns = round((hop + 1) * HOP * NS / RATE)
        writer.take(wave[hop * HOP : (hop + 1) * HOP], time_ns)
        told += [(time_ns, link.poll(time_ns))]
    begun = [(time_ns, mic) for time_ns, mic in told if mic.onset]
    assert len(begun) == 1
    assert (begun[0][0] / NS - begun[0][1].since_s) * RATE == pytest.approx(20 * HOP + 100, abs=128)
    assert told[-1][1].level > 0.8
    assert told[-1][1].since_s > 0.3


def test_the_sound_stays_for_some_seconds_and_then_is_overwritten(memory: Memory) -> None:
    writer = MicWriter(memory, 0, RATE)
    for hop in range(MIC_RING // HOP + 3):
        writer.take(np.full(HOP, 0.5 if hop < 3 else 0.25, np.float32), 0)
    assert MIC_RING / RATE < 6
    assert memory.mic[0].max() == 0.25


def test_nothing_is_left_of_what_was_heard_when_a_microphone_stops(memory: Memory) -> None:
    heard: list[bool] = []

    def should_stop() -> bool:
        heard.append(bool(memory.mic.any()))
        return len(heard) > 40

    assert Ear(model.Microphone(name="room", device="simulated"), memory, 0, should_stop).run() == 0
    assert heard[-1]
    assert memory.mic_state[0, M_WRITTEN] > 0
    assert not memory.mic.any()
    assert not memory.mic_heard.any()
    assert not memory.mic_state[0, M_IS_LIVE]


def test_bad_numbers_of_a_driver_are_silence(memory: Memory) -> None:
    writer, link = MicWriter(memory, 0, RATE), MicLink(memory, 0)
    writer.take(np.full(HOP, np.nan, np.float32), 0)
    writer.take(np.full(HOP, np.inf, np.float32), 0)
    assert link.poll(0).level in (0.0, 1.0)
    assert np.isfinite(memory.mic[0]).all()


def test_a_microphone_says_why_it_is_lost(memory: Memory) -> None:
    writer, link = MicWriter(memory, 0, RATE), MicLink(memory, 0)
    now_ns = monotonic_ns()
    link.poll(now_ns)
    assert link.lost == STARTING
    writer.beat(now_ns)
    writer.say("no microphone; plug one in")
    assert link.poll(now_ns) == Mic()
    assert link.lost == "no microphone; plug one in"
    writer.say("")
    link.poll(now_ns)
    assert link.lost == ""
    link.poll(now_ns + 2 * NS)
    assert link.lost == DEAD


def test_the_wanted_microphone_is_found_by_a_part_of_its_name() -> None:
    assert choose_input(PULSE, "usb audio", None, "") == Output("USB Audio: hw:1,0")
    there = server("alsa_input.usb-Rode", "speakers.monitor", default="alsa_input.usb-Rode")
    assert choose_input(PULSE, "rode", there, "") == Output("pulse", "alsa_input.usb-Rode")
    assert choose_input(PULSE, None, there, "speakers") == Output("pulse", "alsa_input.usb-Rode")
    with pytest.raises(NoDevice, match=r"no microphone 'Rude' among pulse, .*did you mean"):
        choose_input(["pulse", "Rode"], "Rude", None, "")


def test_what_the_show_plays_itself_is_no_microphone_unless_it_is_asked_for() -> None:
    alone = server("speakers.monitor", default="speakers.monitor")
    with pytest.raises(NoDevice, match="no microphone; plug one in"):
        choose_input(PULSE, None, alone, "speakers")
    assert choose_input(PULSE, "speakers.monitor", alone, "speakers") == Output("pulse", "speakers.monitor")
    both = server("speakers.monitor", "headset", default="speakers.monitor")
    assert choose_input(PULSE, None, both, "speakers") == Output("pulse", "headset")


def test_a_microphone_of_virtual_time_hears_the_same_whenever_it_is_asked(memory: Memory) -> None:
    other = open_memory(Block.private(SIZE), model.Sound(), [])
    often, seldom = InlineMic(memory, 0, 7), InlineMic(other, 0, 7)
    for frame in range(180):
        last = often.poll(round(frame * NS / 60))
    assert seldom.poll(round(179 * NS / 60)).level == last.level > 0
    assert np.array_equal(memory.mic, other.mic)


SCENE = """from engine import Scene


class Mine(Scene):
    def setup(self, stage):
        self.heard = 0.0

    def update(self, now):
        self.heard = max(self.heard, now.mic.level)
        if now.mic.onset:
            print("began", round(now.mic.onset, 2), round(now.mic.pitch_hz), len(now.mic.bands))
"""


def test_a_scene_that_listens_hears_a_simulated_voice_at_home_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCENE)
    first, second = (rehearse(tmp_path / "mine.py", 2.0, seed=2).play() for _ in range(2))
    assert not first.problems
    assert len(first.printed) > 1
    assert first.printed == second.printed


def test_a_room_without_a_microphone_is_told_once_and_one_is_not_added_to_it(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCENE)
    (tmp_path / "show.toml").write_text('format = 1\n[scene.mine]\nfile = "mine.py"\n')
    assert list(furnish(read_show(tmp_path)).mics) == ["room"]
    (tmp_path / "room.toml").write_text("format = 1\n")
    assert not furnish(read_show(tmp_path)).mics
    (tmp_path / "mine.py").write_text("from engine import Scene\n\n\nclass Mine(Scene):\n    pass\n")
    (tmp_path / "room.toml").unlink()
    assert not furnish(read_show(tmp_path)).mics


def test_a_room_file_names_its_microphones_and_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCENE)
    (tmp_path / "show.toml").write_text('format = 1\n[scene.mine]\nfile = "mine.py"\n')
    (tmp_path / "room.toml").write_text('format = 1\n[mic.door]\ndevice = "Rode"\nchannel = 2\nlost = "simulate"\n')
    assert read_show(tmp_path).mics["door"] == model.Microphone(name="door", device="Rode", channel=2, lost="simulate")
    assert read_show(tmp_path, simulate=True).mics["door"].device == "simulated"
    (tmp_path / "room.toml").write_text(
        "format = 1\n[mic.door]\nchanel = 2\ngain_db = 90\n" + "".join(f"[mic.m{i}]\n" for i in range(4)))
    with pytest.raises(ShowError) as error:
        read_show(tmp_path)
    told = "\n".join(map(str, error.value.problems))
    assert "mic.door.chanel: unknown key; did you mean 'channel'?" in told
    assert "mic.door.gain_db" in told
    assert "mic.m3: at most 4 microphones are listened to; take one out" in told


def test_what_is_heard_can_be_sent_to_a_scene_in_its_own_process() -> None:
    heard = Now(mics=MappingProxyType({"room": Mic(0.5, 0.2, 220.0)}))
    assert pickle.loads(pickle.dumps(plain(heard))) == heard
    assert pickle.loads(pickle.dumps(plain(Now()))) == Now()
