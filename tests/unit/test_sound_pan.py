"""Panning against the papers' formulas in plain numpy and against a published package; power, motion, odd layouts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.sound import block as b
from engine.sound.layout import survey
from engine.sound.pan import dbap_gains, vbap_gains

A_6_DB = 6 / (20 * np.log10(2))
RING = [(float(np.cos(t)), float(np.sin(t))) for t in np.arange(8) * np.pi / 4]
GRID = [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)]
ODD = [(0.0, 0.0), (5.5, 0.4), (7.2, 3.1), (2.0, 6.0), (-1.0, 2.5)]
BAD = {"one": [(2.0, 1.0)], "two in one place": [(3.0, 3.0)] * 2, "all in one place": [(0.0, 0.0)] * 5,
       "a line": [(float(x), 2.0) for x in range(6)], "two in one direction": [(1.0, 0.0), (2.0, 0.0), (-1.0, 1.0)],
       "64": [(float(np.cos(t)) * 9, float(np.sin(t)) * 4) for t in np.linspace(0, 6.2, 64)]}


def gains(places: list[tuple[float, float]], source: tuple[float, float], panning: str = "dbap", blur: float = 0.2,
          a: float = A_6_DB, falloff: float = 0.0) -> NDArray[np.float64]:
    """Return the kernels' gains."""
    n, speaker = len(places), np.zeros((b.MAX_SPEAKERS, 8))
    speaker[:n, :2] = places
    stand, field, out = np.zeros((b.MAX_SPEAKERS, 4)), np.zeros(16), np.zeros(b.MAX_SPEAKERS, np.float32)
    wanted = np.array([b.PANNINGS.index(panning), blur, a, falloff, np.nan, np.nan])
    survey(speaker, n, wanted, stand, field)
    (vbap_gains if panning == "vbap" else dbap_gains)(stand, n, field, *source, out)
    assert not out[n:].any()
    return out[:n].astype(float)


def lossius(places: list[tuple[float, float]], source: tuple[float, float], blur: float, a: float,
            norm: str = "ring", falloff: float = 0.0) -> NDArray[np.float64]:
    """Return the gains by the equations of Lossius 2009 and Sundstrom 2021, in their own terms.

    Args:
        norm: What normalises u: `paper`, the momentary one, or `ring`, the one of a ring far away.
    """
    p_i = np.array(places)
    n, centre = len(p_i), np.mean(p_i, axis=0)
    d_c = np.linalg.norm(p_i - centre, axis=1)
    r_s = blur * d_c.mean()
    d = np.sqrt(np.sum((p_i - source) ** 2, axis=1) + r_s**2)
    p = min(1.0, d_c.max() / np.linalg.norm(np.array(source) - centre))
    difference = d - d.max()
    u = (difference / (np.linalg.norm(difference) if norm == "paper" else d_c.max() * np.sqrt(1.5 * n))) ** 2 + blur / n
    bias = (u / np.median(u) * (1 / p - 1)) ** 2 + 1
    k = p**falloff / np.sqrt(np.sum(bias**2 / d ** (2 * a)))
    return k * bias / d**a


def pulkki(places: list[tuple[float, float]], source: tuple[float, float]) -> NDArray[np.float64]:
    """Return the gains by Pulkki's matrices: the one base of two neighbours in which both gains are positive."""
    p_i = np.array(places) - np.mean(places, axis=0)
    p_i /= np.linalg.norm(p_i, axis=1, keepdims=True)
    order = np.argsort(np.arctan2(p_i[:, 1], p_i[:, 0]))
    aim = np.array(source) - np.mean(places, axis=0)
    aim /= np.linalg.norm(aim)
    best = np.zeros(len(places))
    for first, second in zip(order, np.roll(order, -1), strict=True):
        g = np.linalg.solve(np.array([p_i[first], p_i[second]]).T, aim)
        if g.min() > -1e-9:
            best = np.zeros(len(places))
            best[[first, second]] = g / np.linalg.norm(g)
    return best


SOURCES = [(0.3, 0.4), (0.95, 0.1), (-2.0, 5.0), (3.0, -40.0), (0.0, 1.3)]


@pytest.mark.parametrize("places", [RING, GRID, ODD])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("blur", "rolloff_db", "falloff"), [(0.2, 6, 0.0), (0.5, 3, 0.0), (0.1, 12, 2 * A_6_DB)])
def test_dbap_is_the_papers_equations(places, source, blur, rolloff_db, falloff) -> None:
    a = rolloff_db / (20 * np.log10(2))
    wanted = lossius(places, source, blur, a, falloff=falloff)
    assert gains(places, source, blur=blur, a=a, falloff=falloff) == pytest.approx(wanted, rel=2e-4, abs=1e-5)


def test_dbap_inside_is_lossius_and_far_outside_a_ring_sundstrom_to_a_tenth_of_a_decibel() -> None:
    d = np.sqrt(np.sum((np.array(ODD) - (3.0, 2.0)) ** 2, axis=1) + (0.2 * 3.7964) ** 2)  # their mean distance
    assert gains(ODD, (3.0, 2.0), a=1.0) == pytest.approx(1 / d / np.sqrt(np.sum(1 / d**2)), rel=1e-3)
    for source in ((60.0, 80.0), (-99.0, 5.0)):
        wanted = lossius(RING, source, 0.2, A_6_DB, "paper", falloff=2 * A_6_DB)
        found = gains(RING, source, falloff=2 * A_6_DB)
        heard = wanted > 0.1 * wanted.max()
        assert np.abs(20 * np.log10(found / wanted))[heard].max() < 0.1


# spaudiopy 0.2.0, `decoder.vbap(source, hull, norm=2)`, with a zenith and a nadir that take nothing
QUAD = [(0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0)]
FIVE = [(float(np.cos(t)), float(np.sin(t))) for t in np.radians((0, 30, 110, -110, -30))]
PUBLISHED = [
    (QUAD, (5.0, 0.5), (0.058722, 0.998274, 0, 0)), (QUAD, (3.0, -2.0), (0.707107, 0.707107, 0, 0)),
    (QUAD, (0.0, 3.9), (0.025633, 0, 0, 0.999671)), (QUAD, (7.0, 2.5), (0, 0.564684, 0.825307, 0)),
    (FIVE, (3.0, 1.0), (0.778158, 0.628069, 0, 0, 0)), (FIVE, (0.5, 2.0), (0, 0.717422, 0.696639, 0, 0)),
    (FIVE, (-4.0, 1.1), (0, 0, 0.831799, 0.555077, 0)), (FIVE, (0.0, -3.0), (0, 0, 0, 0.831396, 0.55568)),
]


@pytest.mark.parametrize(("places", "source", "wanted"), PUBLISHED)
def test_vbap_is_what_a_published_package_gives(places, source, wanted) -> None:
    assert gains(places, source, "vbap") == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("places", [RING, QUAD, FIVE])
def test_vbap_is_pulkkis_matrices(places) -> None:
    centre = np.mean(places, axis=0)
    for angle in np.linspace(0.013, 6.2, 50):
        source = centre + 9 * np.array([np.cos(angle), np.sin(angle)])
        assert gains(places, tuple(source), "vbap") == pytest.approx(pulkki(places, tuple(source)), abs=2e-6)


@pytest.mark.parametrize(("places", "panning"), [
    (RING, "dbap"), (GRID, "dbap"), (ODD, "dbap"), (RING, "vbap"), (QUAD, "vbap"), (ODD, "vbap")])
def test_power_is_constant_to_a_tenth_of_a_decibel_and_no_gain_jumps_wherever_a_source_goes(
    places, panning
) -> None:
    centre, before = np.mean(places, axis=0), None
    for turn in np.linspace(0, 5, 2500):
        radius = 0.01 + 1.5 * turn
        source = centre + radius * np.array([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])
        found = gains(places, tuple(source), panning)
        assert abs(10 * np.log10(np.sum(found**2))) < 0.1
        assert before is None or np.abs(found - before).max() < 0.06
        before = found


@pytest.mark.parametrize("panning", b.PANNINGS)
@pytest.mark.parametrize("layout", BAD)
def test_odd_layouts_keep_power_everywhere(layout, panning) -> None:
    places = BAD[layout]
    far = [(1e6, -1e6), (3.0, 3.0), (0.0, 0.0), (2.0, 1.0), (-5.0, 2.0)]
    for source in [*far, *places, tuple(np.mean(places, axis=0))]:
        assert np.sum(gains(places, source, panning) ** 2) == pytest.approx(1.0, abs=1e-4)


def test_a_source_at_a_speaker_is_heard_from_there() -> None:
    for i, place in enumerate(ODD):
        assert gains(ODD, place).argmax() == i
        assert gains(ODD, place)[i] ** 2 > 0.75


def test_a_source_that_goes_away_becomes_quieter_only_if_the_show_says_so() -> None:
    loudness_db = [10 * np.log10(np.sum(gains(QUAD, (3.0, y), falloff=1.0) ** 2)) for y in (2.0, 10.0, 18.0, 34.0)]
    reach = np.hypot(3, 2)
    assert loudness_db == pytest.approx([0, *(20 * np.log10(reach / np.array([8.0, 16.0, 32.0])))], abs=0.01)
