"""A rehearsal under stress: start a show, watch it undisturbed, do the faults, let it settle, end it, and judge."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence

from engine.clock import sleep_s
from engine.stress import aftermath, campaign
from engine.stress.faults import Fault
from engine.stress.presence import Presence
from engine.stress.venue import LONGEST_START_S, Told, Venue
from engine.stress.verdict import Verdict, judge
from engine.stress.witness import PICTURE, SOUND, Senses, Witness

BASELINE_S = 4.0
SETTLE_S, LONGEST_SETTLE_S = 6.0, 20.0
STEADY_S = 1.5  # a sense that misses something for longer than this by itself is not judged by it


def rehearse(venue: Venue, faults: Sequence[Fault], seed: int, say: Callable[[str], None]) -> Verdict:
    """Put a show under stress and return what visitors met.

    Args:
        faults: What is to be done, counted from the moment at which the show has run undisturbed for a while.
        seed: For the verdict only.
        say: Where a line for the person goes.

    Raises:
        MixeurError: The show never came to its first frame.
    """
    before, witness = aftermath.files(venue), Witness(venue)
    ended = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the show must not outlive us
    try:
        venue.start()
        venue.wait(lambda: witness.senses.frames.last_s is not None, LONGEST_START_S, "no first frame")
        start_s = venue.now_s()
        venue.wait(lambda: {"engine", "sound"} <= venue.pids().keys(), LONGEST_START_S, "not all processes run")
        _wait_for_the_rest(venue, witness)
        judged = _baseline(venue, witness)
        voices = witness.held_voices()
        for what, how in judged.items():
            say(f"{what}: judged by {how}, seen by {witness.ears if what == SOUND else witness.eyes}")
        done = campaign.run(venue, faults, say)
        wrong = _settle(venue, witness, voices)
        end_s = venue.now_s()
        code = venue.end()
        wrong += aftermath.wrong(venue, witness, code, before)
    finally:
        witness.close()
        venue.clear()
        signal.signal(signal.SIGTERM, ended)
    return judge(seed, end_s, start_s, done, witness, judged, wrong, venue.told, end_s)


def _wait_for_the_rest(venue: Venue, witness: Witness) -> None:
    """Give sound and light the time that they need at the start: a show may have neither."""
    senses = witness.senses
    venue.wait(lambda: senses.rendered.last_s is not None, LONGEST_START_S, "no sound is rendered")
    patience_s = venue.now_s() + BASELINE_S
    while venue.now_s() < patience_s and None in (senses.light.last_s, senses.sound.last_s):
        sleep_s(0.05)


def _baseline(venue: Venue, witness: Witness) -> dict[str, str]:
    """Watch the show undisturbed; what it has by itself all the time is what it is judged by."""
    witness.senses = Senses()
    sleep_s(BASELINE_S)
    steady = {name: _is_steady(getattr(witness.senses, name), venue.now_s())
              for name in ("light", "motion", "sound", "rendered")}  # fmt: skip
    judged = {PICTURE: "frames and light" if steady["light"] else "frames"}
    if steady["motion"]:
        judged["motion"] = "motion"
    if steady["sound"] or steady["rendered"]:
        judged[SOUND] = "sound" if steady["sound"] else "rendered"
    return judged


def _is_steady(sense: Presence, end_s: float) -> bool:
    if sense.last_s is None:
        return False
    gaps = [span.length_s for span in sense.until(end_s)]
    return max(gaps, default=0.0) < STEADY_S


def _settle(venue: Venue, witness: Witness, voices: int) -> list[Told]:
    """Wait until the show runs again undisturbed; return what is stuck."""
    sleep_s(SETTLE_S)
    patience_s = venue.now_s() + LONGEST_SETTLE_S
    while not venue.is_listening() and venue.now_s() < patience_s:
        sleep_s(0.1)
    sleep_s(STEADY_S)
    patience_s = venue.now_s() + SETTLE_S
    while (now := witness.held_voices()) > voices and venue.now_s() < patience_s:
        sleep_s(0.1)
    return [Told(venue.now_s(), f"stuck: {now} voices are held, {voices} were before")] if now > voices else []
