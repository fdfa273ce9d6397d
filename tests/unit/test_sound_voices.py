"""The kinds of voices: in tune, without aliases, on time to the sample, and made by an artist in one line."""

import math
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import Voice
from engine.clock import NS
from engine.kernel_cache import compilations
from engine.sound.block import H_TICKETS, INSTRUMENTS, QUANTUM
from engine.sound.events import Hold, Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.presets import VOICES
from engine.sound.score import Score
from engine.world import Now

RATE = 48_000
OPEN_S = 0.5  # the engine's own fades are over by then
DRY = {"space": 0.0}
Wave = NDArray[np.float64]
KINDS = {
    "partials": Voice.partials((1, 0.8), (2.76, 0.5, 1.0)),
    "fm": Voice.fm((1, 0.8), (1, 2.0), (3, 0.4), (7, 1.5), algorithm=3, feedback=0.4),
    "saw": Voice.saw(1800, 0.5, unison=3),
    "pulse": Voice.pulse(0.3, 2500, 0.4),
    "noise": Voice.noise(900, 0.6),
    "string": Voice.string(decay=3),
}


def play(note: Note, seconds: float = 1.0, at_frame: int = 0) -> Wave:
    """Return what a note sounds like, both speakers added, from the frame at which it was asked for."""
    sound = OfflineSound()
    begin_ns = round(OPEN_S * NS)
    sound.advance(OPEN_S)
    delayed = replace(note, delay_s=at_frame / RATE, controls={**DRY, **note.controls})
    sound.submit([Sounds("a", (delayed,))], begin_ns)
    sound.advance(OPEN_S + seconds)
    return sound.samples[round(OPEN_S * RATE) + QUANTUM :].sum(axis=1).astype(float)


def hold(
    voice: str | Voice, seconds: float, controls: Callable[[float], dict] = lambda t: {}, pitch: float = 60
) -> Wave:
    """Return what a hold sounds like whose controls change in time."""
    sound = OfflineSound()
    for frame in range(round(seconds * 60)):
        asked = Hold("x", pitch, 0.6, voice=voice, controls={**DRY, **controls(frame / 60)})
        sound.submit([Sounds("a", (), (asked,))], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    return sound.samples.sum(axis=1).astype(float)


def power_db(wave: Wave, n: int = 32_768) -> tuple[Wave, Wave]:
    """Return the spectrum of the last `n` frames in decibels under its highest line, and its frequencies."""
    power = np.abs(np.fft.rfft(wave[-n:] * np.kaiser(n, 24.0))) ** 2
    return 10 * np.log10(power / power.max() + 1e-18), np.fft.rfftfreq(n, 1 / RATE)


def pitch_of(hz: float) -> float:
    return 69 + 12 * math.log2(hz / 440)


@pytest.mark.parametrize("hz", [997.3, 5000.0])
@pytest.mark.parametrize("voice", [Voice.saw(None), Voice.pulse(0.31, None), Voice.saw(12_000, 0.6)], ids=str)
def test_a_saw_has_no_line_above_minus_80_db_that_is_not_its_own(voice: Voice, hz: float) -> None:
    power, hz_of = power_db(play(Note(pitch_of(hz), voice=voice, length_s=9)))
    own = hz_of < 40
    for n in range(1, int(24_000 / hz) + 1):
        own |= np.abs(hz_of - n * hz) < 14 * RATE / 32_768
    assert power[~own].max() < -80
    assert power[np.abs(hz_of - 3 * hz).argmin()] > -35 or 3 * hz > 20_000


@pytest.mark.parametrize("pitch", [36, 53.4, 71.7, 84, 96])
def test_a_string_is_in_tune_within_2_cents_over_5_octaves(pitch: float) -> None:
    hz = 440 * 2 ** ((pitch - 69) / 12)
    wave = play(Note(pitch, voice=Voice.string(8, damping=0.3), length_s=9), 2.0)[RATE // 4 :]
    turned = wave * np.exp(-2j * np.pi * hz * np.arange(len(wave)) / RATE)
    n = 4800
    phases = np.unwrap([np.angle((turned[i : i + n] * np.hanning(n)).sum()) for i in range(0, len(turned) - n, n)])
    off_hz = np.polyfit(np.arange(len(phases)), phases, 1)[0] / (2 * np.pi * n / RATE)
    assert abs(1200 * math.log2((hz + off_hz) / hz)) < 2


@pytest.mark.parametrize("voice", KINDS.values(), ids=str)
def test_a_note_is_the_same_at_whatever_frame_it_begins(voice: Voice) -> None:
    first = play(Note(57, voice=voice, length_s=0.1))
    assert np.abs(first[:2000]).max() > 0.01
    for frame in (1, 100):
        later = play(Note(57, voice=voice, length_s=0.1), at_frame=frame)
        assert np.abs(later[:frame]).max() < 1e-7
        apart = np.abs(later[frame : frame + 20_000] - first[:20_000]).max()
        assert apart < 0.02 * np.abs(first).max()


def test_an_envelope_is_exact_to_the_sample() -> None:
    voice = Voice.partials(1.0, attack=0.005, release=0.03)
    wave = play(Note(pitch_of(4000), 0.6, voice=voice, length_s=0.05), at_frame=29)[29:]
    envelope = np.abs(wave + 1j * np.roll(wave, -3))  # 3 frames: a quarter of a turn
    x = (np.arange(2400) / 240).clip(0, 1)
    rise = x * x * (3 - 2 * x)
    assert np.abs(envelope[:2400] / envelope[1000:2300].mean() - rise).max() < 0.03
    end = 2400 + round(0.03 * RATE * 4 / 3)  # -80 dB
    assert np.abs(wave[2400:2420]).max() > 0.9 * np.abs(wave[1000:2000]).max()
    assert np.abs(wave[end - 150 : end - 100]).max() > 1e-6
    assert np.abs(np.diff(wave[end + 1 : end + 2000])).max() < 1e-6  # what the filter against direct current lets ring


ROUTES = {1: "43 32 21", 2: "42 32 21", 3: "41 32 21", 4: "43 31 21", 5: "43 21", 6: "43 42 41", 7: "43", 8: ""}


@pytest.mark.parametrize("algorithm", ROUTES)
def test_fm_operators_bend_along_the_routing_that_was_chosen(algorithm: int) -> None:
    ratios, amounts, turn = (1, 3, 5, 7), (0.5, 1.2, 0.4, 0.9), 2 * np.pi * 250 * np.arange(RATE) / RATE
    bent_by = {i: [int(way[0]) for way in ROUTES[algorithm].split() if int(way[1]) == i] for i in range(1, 5)}

    def operator(i: int) -> Wave:
        return amounts[i - 1] * np.sin(ratios[i - 1] * turn + sum(map(operator, bent_by[i])))

    wanted = sum(operator(i) for i in range(1, 5) if not any(i in others for others in bent_by.values()))
    voice = Voice.fm(*zip(ratios, amounts, strict=True), algorithm=algorithm)
    got = play(Note(pitch_of(250), voice=voice, length_s=9), 1.5)
    lines = [power_db(wave)[0][[round(n * 250 * 32_768 / RATE) for n in range(1, 30)]] for wave in (wanted, got)]
    assert np.abs(np.maximum(lines[0], -60) - np.maximum(lines[1], -60)).max() < 0.5


def test_feedback_makes_a_sine_a_saw() -> None:
    def overtone(feedback: float) -> float:
        power, hz = power_db(play(Note(pitch_of(300), voice=Voice.fm((1, 1), feedback=feedback), length_s=9)))
        return float(power[np.abs(hz - 900).argmin()])

    assert overtone(0.0) < -100 < -40 < overtone(0.4) < overtone(0.9) < 0


def test_fm_does_not_fold_back_however_high_it_is() -> None:
    power, hz = power_db(play(Note(pitch_of(3100), voice=Voice.fm((1, 1), (1, 8.0)), length_s=9)))
    own = hz < 40
    for n in range(1, 8):
        own |= np.abs(hz - n * 3100) < 14 * RATE / 32_768
    assert power[~own].max() < -45


@pytest.mark.parametrize(("shape", "low", "middle", "high"), [("low", 1, 1, 0), ("band", 0, 1, 0), ("high", 0, 1, 1)])
def test_a_filter_passes_what_its_name_says(shape: str, low: int, middle: int, high: int) -> None:
    power, hz = power_db(hold(Voice.noise(1500, 0.5, filter=shape), 2.0), 65_536)

    def level(from_hz: float, to_hz: float) -> float:
        return float(10 * np.log10((10 ** (power[(hz > from_hz) & (hz < to_hz)] / 10)).mean()))

    loud = level(1200, 1800)
    for passes, of_band in ((low, level(100, 200)), (middle, loud), (high, level(11_000, 15_000))):
        assert (of_band > loud - 15) == bool(passes)


def test_noise_is_as_loud_at_any_cutoff_and_resonance_and_repeats_in_each_run() -> None:
    voices = [Voice.noise(hz, resonance) for hz in (300, 6000) for resonance in (0.0, 0.9)]
    loud = [float(hold(voice, 1.0)[RATE // 2 :].std()) for voice in voices]
    assert max(loud) / min(loud) < 1.6
    assert np.array_equal(hold(voices[0], 0.3), hold(voices[0], 0.3))


def test_two_notes_of_noise_are_not_the_same_noise() -> None:
    sound = OfflineSound()
    note = Note(60, voice=Voice.noise(8000), length_s=0.2, controls=DRY)
    sound.submit([Sounds("a", (note,))], NS)
    sound.submit([Sounds("a", (note,))], 2 * NS)
    sound.advance(3.0)
    first, second = (sound.samples[begin : begin + 9000, 0] for begin in (RATE, 2 * RATE))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_a_cutoff_moves_while_it_sounds_without_a_click() -> None:
    wave = hold(Voice.saw(300, 0.3), 2.0, lambda t: {"cutoff_hz": 300.0 if t < 1 else 4000.0}, pitch=36)
    parts = (wave[begin : begin + RATE // 2] * np.hanning(RATE // 2) for begin in (RATE // 2, 3 * RATE // 2))
    power = [np.abs(np.fft.rfft(part))[1000:2000].sum() for part in parts]
    assert power[1] > 10 * power[0]
    jumps = np.abs(np.diff(wave, 4))
    assert jumps[round(0.99 * RATE) : round(1.1 * RATE)].max() < 1.5 * jumps[round(1.5 * RATE) :].max()


def test_a_filter_stays_stable_however_it_is_shaken() -> None:
    rng = np.random.default_rng(3)
    for voice in (Voice.saw(500, 1.0), Voice.noise(500, 1.0, filter="high"), Voice.pulse(0.5, 500, 1.0, filter="band")):
        wave = hold(voice, 1.5, lambda t: {"cutoff_hz": float(np.exp(rng.uniform(2.4, 9.9))),
                                           "resonance": float(rng.uniform())}, pitch=30)
        assert np.isfinite(wave).all()
        assert 0.01 < np.abs(wave[RATE // 2 :]).max() < 2.0


def test_the_width_of_a_pulse_moves_its_even_partials() -> None:
    square, narrow = (hold(Voice.pulse(0.5, None), 1.5, lambda t, w=w: {"width": w}, pitch_of(500)) for w in (0.5, 0.2))
    for wave, is_even in ((square, False), (narrow, True)):
        power, hz = power_db(wave)
        assert (power[np.abs(hz - 1000).argmin()] > -30) == is_even


def test_a_held_string_is_bowed_and_a_plucked_one_dies() -> None:
    voice = Voice.string(decay=0.5)
    held, plucked = hold(voice, 4.0), play(Note(60, 0.6, voice=voice, length_s=30), 4.0)
    assert held[3 * RATE :].std() > 0.5 * held[RATE : 2 * RATE].std()
    assert plucked[3 * RATE :].std() < 0.02 * plucked[: RATE // 2].std()


def test_a_new_instrument_compiles_nothing_and_travels_between_processes() -> None:
    sound = OfflineSound()
    with compilations() as compiled:
        sound.submit([Sounds("a", tuple(Note(voice=voice) for voice in KINDS.values()))], 0)
        sound.advance(0.5)
    assert compiled == [] and sound.control.meters().voices == len(KINDS)
    for voice in KINDS.values():
        assert pickle.loads(pickle.dumps(voice)) == voice and hash(voice) == hash(pickle.loads(pickle.dumps(voice)))


def test_more_instruments_than_there_is_room_for_take_the_places_of_the_oldest() -> None:
    sound = OfflineSound()
    for n in range(2 * INSTRUMENTS):
        voice = Voice.partials((1, 1), (2 + n / 1000, 0.5), release=0.02)
        sound.submit([Sounds("a", (Note(60, 0.3, voice=voice, length_s=0.01),))], round(n * NS / 60))
        sound.advance((n + 1) / 60)
    meters = sound.control.meters()
    assert (meters.dropped, meters.bad) == (0, 0)
    assert np.abs(sound.samples[-800:]).max() > 0.001


def test_a_note_that_comes_for_an_instrument_that_is_gone_is_lost_and_counted() -> None:
    sound = OfflineSound()
    sound.submit([Sounds("a", (Note(60, voice=Voice.noise(700), delay_s=1.0),))], 0)
    for n in range(INSTRUMENTS):
        sound.control._instruments.find(Voice.noise(1000 + n))
    sound.advance(2.0)
    assert sound.control.meters().dropped == 1 and np.abs(sound.samples).max() == 0.0
    assert sound._memory.header[H_TICKETS] == INSTRUMENTS + 1


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Voice.partials(), ("partials", "1 to 16", "multiple, level, decay")),
    (lambda: Voice.partials(*range(1, 18)), ("partials", "17")),
    (lambda: Voice.partials((1, 2)), ("partials", "level is 2", "0 to 1")),
    (lambda: Voice.partials("C4"), ("partials", "multiple is 'C4'")),
    (lambda: Voice.partials((1, 1, 1, 1)), ("partials", "(1, 1, 1, 1)")),
    (lambda: Voice.fm((1, 1), algorithm=9), ("fm", "algorithm is 9", "1 to 8")),
    (lambda: Voice.fm(1), ("fm", "multiple, amount")),
    (lambda: Voice.fm((1, 1), feedback=math.nan), ("fm", "feedback is nan")),
    (lambda: Voice.saw(5), ("saw", "cutoff_hz is 5", "10 to 20000")),
    (lambda: Voice.saw(unison=9), ("saw", "unison is 9")),
    (lambda: Voice.saw(swep=1), ("saw", "swep", "did you mean 'sweep'")),
    (lambda: Voice.pulse(1.5), ("pulse", "width is 1.5")),
    (lambda: Voice.noise(filter="notch"), ("noise", "filter is 'notch'", "low, band, high")),
    (lambda: Voice.noise(attack=-1), ("noise", "attack is -1")),
    (lambda: Voice.noise(resonance=True), ("noise", "resonance is True")),
    (lambda: Voice.string(decay=0), ("string", "decay is 0")),
])
def test_a_wrong_value_is_one_line_that_names_it(make: Callable[[], Voice], words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"^Voice\.") as caught:
        make()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_control_that_a_voice_does_not_have_is_named_with_those_that_have_it() -> None:
    score = Score("scene", np.random.default_rng(1))
    score.begin(Now())
    score.hold("mist", voice=Voice.noise(), cutoff_hz=500, resonance=0.2)
    score.hold("air", voice="breath", cutoff_hz=500)
    owners = r"cutoff_hz is a control of Voice\.saw and Voice\.pulse and Voice\.noise, not of warm"
    with pytest.raises(ValueError, match=owners):
        score.hold("glow", voice="warm", cutoff_hz=500)
    with pytest.raises(ValueError, match=r"width is a control of Voice\.pulse, not of Voice\.saw"):
        score.note(voice=Voice.saw(), width=0.2)
    assert {hold.key for hold in score.end().holds} == {"mist", "air"}


def test_all_instruments_of_the_engine_are_about_as_loud() -> None:
    loud = {}
    for voice in VOICES:
        loud[voice] = float(hold(voice, 0.9)[RATE // 2 :].std())
    assert max(loud.values()) / min(loud.values()) < 3, loud
