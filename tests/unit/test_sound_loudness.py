"""S1-S6: weightings, dose, governor, limiter, cap and meters, against numbers that come from elsewhere."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from engine.show import model
from engine.sound import block as b
from engine.sound import ceilings as g
from engine.sound.block import QUANTUM, Memory, address, open_memory
from engine.sound.ceilings import let_measure, set_ceilings
from engine.sound.chain import protect
from engine.sound.dose import book_second
from engine.sound.events import Hold, Sounds
from engine.sound.meters import Meters, read_meters
from engine.sound.offline import OfflineSound
from engine.sound.weighting import HIGH, LOW, MIDDLE, pink_c_db, response, weighting_sections
from engine.supervise.memory import Block

RATE = 48_000
IEC = {31.5: (-39.4, -3.0), 63: (-26.2, -0.8), 125: (-16.1, -0.2), 250: (-8.6, 0.0), 500: (-3.2, 0.0), 1000: (0.0, 0.0),
       2000: (1.2, -0.2), 4000: (1.0, -0.8), 8000: (-1.1, -3.0)}  # 61672-1:2013, table 3: dB(A), dB(C)
Wave = NDArray[np.floating]


class Chain:
    """The safety chain alone, fed with waves."""

    def __init__(self, outputs: int = 1, rate: int = RATE, **sound: float) -> None:
        speakers = [model.Speaker(name=str(i), output=i + 1) for i in range(outputs)]
        self.memory: Memory = open_memory(Block.private(b.SIZE), model.Sound(rate=rate, **sound), speakers)
        self.memory.header[b.H_RUNNING] = 1
        self.memory.levels[[b.L_START, b.L_LIGHT, b.L_ALIVE, b.L_FADE_NOW]] = 1.0
        self.outputs = outputs

    def play(self, wave: Wave) -> NDArray[np.float32]:
        """Return what leaves, in time with the wave. Shape (frames,) for all outputs alike, or (frames, outputs)."""
        quanta = -(-len(wave) // QUANTUM)
        rows = np.zeros(((quanta + 1) * QUANTUM, self.outputs), np.float32)
        rows[: len(wave)] = wave.reshape(len(wave), -1)
        out, where = np.empty_like(rows), address(self.memory)
        for at in range(0, len(rows), QUANTUM):
            self.memory.mixed[: self.outputs] = rows[at : at + QUANTUM].T
            protect(where, 0)
            out[at : at + QUANTUM] = self.memory.ready[:, : self.outputs]
        return out[QUANTUM : QUANTUM + len(wave)]

    @property
    def meters(self) -> Meters:
        return read_meters(self.memory)


def power(level_db: float) -> float:
    return float(10 ** (level_db / 10))


def db(amplitude: float) -> float:
    return 20 * math.log10(max(float(amplitude), 1e-9))


def sine(hz: float, seconds: float, amplitude: float = 1.0, rate: int = RATE, phase: float = 0.0) -> Wave:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate + phase)


def true_peak_db(wave: Wave) -> float:
    """Return the peak at eight times the rate, by a filter of 161 taps: nothing of it is ours."""
    padded = np.pad(wave.astype(np.float64), ((200, 200), (0, 0)))
    return db(np.abs(signal.resample_poly(padded, 8, 1, axis=0, window=("kaiser", 8.0))).max())


def click(wave: Wave) -> float:
    """Return the largest jump that low tones cannot explain: a sixth difference, over the gain it has for a step."""
    return float(np.abs(np.diff(wave.astype(np.float64), 6, axis=0)).max()) / 10


# -- S1, S2: levels -----------------------------------------------------------------------------

@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_S1_weightings_a_and_c_are_those_of_the_standard(rate: int) -> None:
    sections = weighting_sections(rate)
    for hz, (a_db, c_db) in IEC.items():
        assert db(abs(response(sections[[LOW, HIGH, MIDDLE]], hz, rate))) == pytest.approx(a_db, abs=0.2), hz
        assert db(abs(response(sections[[LOW, HIGH]], hz, rate))) == pytest.approx(c_db, abs=0.2), hz


@pytest.mark.parametrize(("rate", "tones_hz"), [(44_100, (31.5, 8000)), (48_000, (31.5, 250, 1000, 8000))])
def test_S1_tones_are_booked_with_their_weight(rate: int, tones_hz: tuple[float, ...]) -> None:
    for hz in tones_hz:
        a_db, c_db = IEC[hz]
        chain = Chain(rate=rate, pink_spl_db=60)
        chain.play(sine(hz, 2.1, 0.1, rate))
        a, c = chain.memory.seconds[1]  # the first one has the onset in it
        unweighted_db = 60 + 20 - pink_c_db() + db(0.1 / math.sqrt(2))
        assert 10 * math.log10(a) - unweighted_db == pytest.approx(a_db, abs=1.0), hz
        assert 10 * math.log10(c) - unweighted_db == pytest.approx(c_db, abs=1.0), hz


def test_pink_noise_at_minus_20_dbfs_has_the_level_that_was_measured() -> None:
    n = 1 << 19
    spectrum = np.zeros(n // 2 + 1, np.complex128)
    hz = np.fft.rfftfreq(n, 1 / RATE)
    heard = (hz >= 20) & (hz <= 20_000)
    phases = np.random.default_rng(3).uniform(0, 2 * np.pi, heard.sum())
    spectrum[heard] = np.exp(1j * phases) / np.sqrt(hz[heard])
    noise = np.fft.irfft(spectrum)
    chain = Chain(pink_spl_db=83, max_laeq8h_db=102, max_laeq15_db=102, max_lceq15_db=118)
    chain.play(0.1 * noise / np.sqrt((noise**2).mean()))
    assert 10 * math.log10(chain.memory.seconds[2:10, 1].mean()) == pytest.approx(83, abs=0.2)


@pytest.mark.parametrize(("course", "wanted"), [([(102.0, 900)], 102.0), ([(105.0, 450), (0.0, 450)], 101.99),
                                                ([(0.0, 100), (95.05, 900)], 95.05)])
def test_S2_laeq15_is_the_mean_energy_of_a_quarter_of_an_hour(course: list[tuple[float, int]], wanted: float) -> None:
    memory = Chain(pink_spl_db=80).memory
    for level_db, seconds in course:
        for _ in range(seconds):
            book_second(memory.guard, memory.seconds, memory.minutes, power(level_db), power(level_db + 3), 0.0, 0.0)
    loudness = read_meters(memory).loudness
    assert loudness.laeq15_db == pytest.approx(wanted, abs=0.1)
    assert loudness.lceq15_db == pytest.approx(wanted + 3, abs=0.1)


def test_S2_80_db_over_8_h_is_the_dose_of_95_05_db_over_15_min() -> None:
    memory = Chain(pink_spl_db=80).memory
    for _ in range(900):
        book_second(memory.guard, memory.seconds, memory.minutes, power(95.05), power(95.05), 0.0, 0.0)
    loudness = read_meters(memory).loudness
    assert loudness.laeq8h_db == pytest.approx(80, abs=0.1)
    assert loudness.dose == pytest.approx(1, abs=0.02)


# -- S3: the governor ---------------------------------------------------------------------------

def governed(asked_db: Wave, outputs: int, **sound: float) -> tuple[Wave, Wave, Memory]:
    """Return second by second what is heard in A and C (energies), and the gain in decibels, of what is asked for."""
    memory = Chain(outputs, **sound).memory
    guard, books = memory.guard, []
    most_a, most_c = guard.item(g.G_MOST_A), guard.item(g.G_MOST_C)
    book_second(guard, memory.seconds, memory.minutes, 0.0, 0.0, 0.0, 0.0)
    for level_db in asked_db.tolist():
        first, last = power(guard.item(g.G_FROM_DB)), power(guard.item(g.G_TO_DB))
        gain = (first + 4 * math.sqrt(first * last) + last) / 6  # of a line in decibels
        a, c = min(power(level_db), most_a), min(power(level_db + 9), most_c)
        books.append((a * gain, c * gain, guard.item(g.G_TO_DB)))
        book_second(guard, memory.seconds, memory.minutes, a * gain, c * gain, a, c)
    table = np.array(books)
    return table[:, :2], table[:, 2], memory


def loudest_db(energies: Wave, seconds: int) -> float:
    """Return the largest equivalent level of any span of some seconds."""
    total = np.concatenate([[0.0], np.cumsum(energies), np.full(seconds, energies.sum())])  # then silence
    return 10 * math.log10((total[seconds:] - total[:-seconds]).max() / seconds)


HOURS_10, HOURS_3 = 36_000, 10_800
COURSES = {
    "full": np.full(HOURS_10, 130.0),
    "steady": np.full(HOURS_3, 92.0),
    "silence_then_all": np.where(np.arange(HOURS_3) < 5000, 30.0, 130.0),
    "bursts": np.where(np.arange(HOURS_10) // 97 % 3 == 0, 112.0, 50.0),
    "noise": np.random.default_rng(1).uniform(40, 115, HOURS_3),
}


@pytest.mark.parametrize("course", COURSES)
def test_S3_no_ceiling_is_ever_passed_and_the_gain_moves_smoothly(course: str) -> None:
    energies, gains_db, memory = governed(COURSES[course], 4, pink_spl_db=83)
    assert loudest_db(energies[:, 0], 900) <= 94
    assert loudest_db(energies[:, 1], 900) <= 104
    assert loudest_db(energies[:, 0], 28_800) <= 80
    assert np.diff(gains_db).min() >= -3.001
    assert np.diff(gains_db).max() <= 0.201
    assert read_meters(memory).loudness.dose <= 1


@pytest.mark.parametrize(("sound", "outputs"), [
    ({"pink_spl_db": 83, "max_laeq15_db": 102, "max_lceq15_db": 118, "max_laeq8h_db": 102}, 2),
    ({"pink_spl_db": 110}, 8),
    ({"pink_spl_db": 95, "max_laeq15_db": 60, "max_lceq15_db": 70, "max_laeq8h_db": 50}, 2),
])
def test_S3_ceilings_hold_in_any_room(sound: dict[str, float], outputs: int) -> None:
    energies, gains_db, _ = governed(np.tile(COURSES["silence_then_all"][4000:6000], 3), outputs, **sound)
    show = model.Sound(**sound)
    assert loudest_db(energies[:, 0], 900) <= show.max_laeq15_db
    assert loudest_db(energies[:, 1], 900) <= show.max_lceq15_db
    assert energies[:, 0].sum() <= power(show.max_laeq8h_db) * 28_800
    assert np.diff(gains_db).min() >= -3.001


def test_S3_what_stays_below_the_ceilings_is_left_alone() -> None:
    _, gains_db, _ = governed(np.full(HOURS_3, 76.0), 2, pink_spl_db=83)
    assert (gains_db == 0).all()
    _, gains_db, _ = governed(np.where(np.arange(3600) < 300, 90.0, 60.0), 2, pink_spl_db=83)  # five loud minutes
    assert gains_db.min() > -0.1


def test_S3_a_technician_cannot_set_more_than_the_law_allows() -> None:
    from engine.show.schema import keys_of

    keys = keys_of(model.Sound)
    assert (keys["max_laeq15_db"].high, keys["max_lceq15_db"].high) == (102, 118)
    sound = model.Sound()
    assert (sound.max_laeq15_db, sound.max_lceq15_db, sound.max_laeq8h_db) == (94, 104, 80)


def test_S3_a_rendered_tone_stays_below_a_low_ceiling_and_falls_smoothly() -> None:
    chain = Chain(2, pink_spl_db=70, max_laeq15_db=70, max_lceq15_db=118, max_laeq8h_db=102)
    wave = chain.play(sine(2500, 14, 2.0))
    sections = weighting_sections(RATE)[[LOW, HIGH, MIDDLE]]
    sos = np.column_stack([sections[:, :3], np.ones(3), sections[:, 3:]])
    energy = (signal.sosfilt(sos, wave.astype(np.float64), axis=0) ** 2).sum() / RATE
    assert 10 * math.log10(energy / 900) + 70 + 20 - pink_c_db() <= 70
    steps_db = [db(half) for half in np.abs(wave.reshape(-1, RATE // 2, 2)).mean(axis=(1, 2))]
    assert min(after - before for before, after in pairwise(steps_db)) > -1.6
    assert steps_db[-1] < steps_db[0] - 10


# -- S4: the limiter ----------------------------------------------------------------------------

def shrill(n: int) -> dict[str, Wave]:
    rng, k = np.random.default_rng(7), np.arange(n)
    return {
        "quarter_rate_between_samples": 1.4 * np.sin(np.pi / 2 * k + np.pi / 4),
        "square": 3.0 * np.sign(np.sin(2 * np.pi * 997 * k / RATE) + 1e-9),
        "sub_bass": 4.0 * np.sin(2 * np.pi * 22 * k / RATE),
        "noise": rng.normal(0, 1.0, n),
        "bursts": rng.normal(0, 3.0, n) * (k // 1500 % 3 == 0),
        "clicks": np.where(rng.random(n) < 0.002, rng.normal(0, 20, n), 0.0),
        "steps": np.repeat(rng.uniform(-3, 3, -(-n // 37)), 37)[:n],
        "chirp": 2.0 * signal.chirp(k / RATE, 20, n / RATE, 20_000),
    }


@pytest.mark.parametrize("name", shrill(1))
def test_S4_no_true_peak_passes_minus_1_db(name: str) -> None:
    chain = Chain(2, pink_spl_db=40)
    wave = shrill(RATE)[name]
    out = chain.play(np.stack([wave, 0.3 * np.roll(wave, 11)], axis=1))
    assert np.abs(out).max() <= 0.8913
    assert true_peak_db(out) <= -1
    assert db(np.abs(out).max()) > -9


def test_S4_a_sound_below_the_ceiling_passes_unchanged_to_the_bit() -> None:
    wave = sine(440, 1.0, 0.8).astype(np.float32)
    assert np.array_equal(Chain(pink_spl_db=40).play(wave)[:, 0], wave)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_S4_a_bad_number_that_reaches_the_chain_is_silence_and_counted(bad: float) -> None:
    chain = Chain(2, pink_spl_db=40)
    wave = np.stack([sine(440, 1.0, 0.5)] * 2, axis=1)
    wave[20_000, 1] = bad
    out = chain.play(wave)
    assert np.isfinite(out).all() and np.abs(out).max() <= 0.8913
    assert np.abs(out[30_000:]).max() == pytest.approx(0.5, abs=0.01)
    assert chain.meters.bad == 1
    assert math.isfinite(chain.meters.loudness.laeq8h_db or 0.0)


# -- S5: ramps ----------------------------------------------------------------------------------

def test_S5_a_start_takes_at_least_20_ms_and_does_not_click() -> None:
    chain = Chain(pink_spl_db=40)
    chain.memory.levels[[b.L_START, b.L_FADE_NOW]] = 0.0
    wave = chain.play(sine(200, 0.5, 0.8, phase=1.5))[:, 0]
    assert click(np.pad(wave, (20, 0))) < 0.01
    assert np.abs(wave[: RATE // 50]).max() < 0.8 * 0.15
    assert np.abs(wave[RATE // 4 :]).max() == pytest.approx(0.8, abs=0.01)


def test_S5_a_change_of_scene_and_a_restarted_process_do_not_click() -> None:
    sound = OfflineSound()
    tones = Hold("x", 57, 0.8, voice="warm"), Hold("y", 64, 0.8, voice="organ")
    scenes = [Sounds(name, (), (tone,)) for name, tone in zip("ab", tones, strict=True)]
    for frame in range(180):
        changed = frame >= 60
        asked = [replace(scenes[0], gain=0.0 if changed else 1.0), replace(scenes[1], gain=1.0 if changed else 0.0)]
        if frame == 120:  # what the keeper does when a new process takes over
            begun = len(sound.samples)
            sound.control.memory.levels[[b.L_START, b.L_FADE_NOW]] = 0.0
        sound.submit(asked[changed:], round(frame * 1e9 / 60))
        sound.advance((frame + 1) / 60)
    wave = sound.samples
    assert np.abs(wave[:begun]).max() > 0.1
    assert click(wave[:begun]) < 0.01
    again = wave[begun + QUANTUM :]
    assert click(np.pad(again, ((20, 0), (0, 0)))) < 0.01
    assert np.abs(again[: RATE // 50]).max() < 0.2 * np.abs(again[RATE // 5 :]).max()


# -- S6: uncalibrated ---------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["noise", "square", "bursts", "sub_bass", "silence_then_full", "chord"])
def test_S6_without_a_measured_number_no_output_has_more_than_minus_20_dbfs_rms(name: str) -> None:
    n = 4 * RATE
    waves = shrill(n) | {
        "silence_then_full": np.where(np.arange(n) < n // 2, 0.0, sine(300, 4)),
        "chord": sum(sine(220 * 2 ** (i / 12), 4, 0.3) for i in range(12)),
    }
    chain = Chain(2)
    out = chain.play(np.stack([waves[name], 0.1 * waves[name]], axis=1)).astype(np.float64)
    squares = np.cumsum(np.pad(out**2, ((RATE, 0), (0, 0))), axis=0)
    rms = np.sqrt((squares[RATE:] - squares[:-RATE]).max() / RATE)
    assert db(rms) <= -20
    assert db(rms) > -28 or name == "bursts"
    loudness = chain.meters.loudness
    assert str(loudness) == "uncalibrated" and loudness.laeq15_db is None
    assert any(words.startswith("CAPPED") for words in loudness.acting)


def test_S6_the_cap_goes_slowly_when_the_room_has_been_measured() -> None:
    chain, wave = Chain(), sine(200, 4.0, 0.8)
    capped = chain.play(wave[:RATE])
    set_ceilings(chain.memory.guard, model.Sound(pink_spl_db=40), 1)
    freed = chain.play(wave[RATE:])[:, 0]
    assert click(freed) < 0.01
    assert np.abs(freed[:2000]).max() < 1.2 * np.abs(capped[-2000:]).max()
    assert np.abs(freed[-2000:]).max() > 2 * np.abs(capped[-2000:]).max()


def test_S6_a_quiet_sound_is_not_touched_by_the_cap() -> None:
    wave = sine(440, 1.0, 0.1).astype(np.float32)
    assert np.array_equal(Chain().play(wave)[:, 0], wave)


def test_noise_for_the_meter_passes_unchanged_before_and_after_a_room_is_measured() -> None:
    noise = np.random.default_rng(4).normal(0, 0.1, RATE).astype(np.float32)
    for chain in (Chain(), Chain(pink_spl_db=100)):
        let_measure(chain.memory.guard)
        assert np.array_equal(chain.play(noise)[:, 0], noise)


# -- meters -------------------------------------------------------------------------------------

def test_momentary_loudness_is_that_of_the_recommendation() -> None:
    chain = Chain(2, pink_spl_db=40)
    chain.play(np.stack([sine(1000, 2.0, power(-23) ** 0.5)] * 2, axis=1))
    meters = chain.meters
    assert meters.momentary_sum_lufs == pytest.approx(-23, abs=0.1)  # EBU Tech 3341, case 1
    assert meters.momentary_lufs[0] == pytest.approx(-26, abs=0.1)
    chain.play(np.zeros((RATE, 2)))
    assert chain.meters.momentary_sum_lufs < -100


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_loudness_agrees_with_pyloudnorm(rate: int, outputs: int) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    rng = np.random.default_rng(outputs)
    wave = signal.lfilter([0.05], [1, -0.95], rng.normal(size=(rate, outputs)), axis=0)
    chain = Chain(outputs, rate, pink_spl_db=40)
    chain.play(wave[: rate * 8 // 10])
    hop = math.ceil(0.1 * rate / QUANTUM) * QUANTUM  # ours are whole quanta
    end = rate * 8 // 10 // hop * hop - QUANTUM  # the newest whole hop, a quantum late
    weighed = wave.T
    for stage in pyloudnorm.Meter(rate)._filters.values():
        weighed = stage.apply_filter(weighed)
    wanted = -0.691 + 10 * math.log10((weighed[:, end - 4 * hop : end] ** 2).mean(axis=1).sum())
    assert chain.meters.momentary_sum_lufs == pytest.approx(wanted, abs=0.1)


def test_meters_of_an_output_are_its_peak_true_peak_and_rms() -> None:
    chain = Chain(2, pink_spl_db=40)
    chain.play(np.stack([0.5 * np.sin(np.pi / 2 * np.arange(RATE * 2) + np.pi / 4), sine(500, 2, 0.1)], axis=1))
    meters = chain.meters
    assert meters.peak_db == pytest.approx((db(0.5) - 3.01, -20), abs=0.1)
    assert meters.true_peak_db == pytest.approx((db(0.5), -20), abs=0.2)
    assert meters.rms_db == pytest.approx((db(0.5) - 3.01, -23.01), abs=0.1)
