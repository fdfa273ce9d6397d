"""What speakers must be to each other: crossovers that leave something over, a ring that goes all round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine.show.model import Show, Speaker
from engine.show.table import Reader

WIDEST_DEG = 179.0


def check_speakers(show: Show, data: Mapping[str, Any], reader: Reader) -> None:
    """Report crossovers that let nothing pass, a layout that its panning cannot serve, a response that is not there.

    Args:
        show: Blank fields stand for values that are reported already.
        data: The tables as they stand in the file.
        reader: Takes the problems.
    """
    for speaker in show.speakers.values():
        if speaker.highpass_hz and speaker.lowpass_hz and speaker.lowpass_hz <= speaker.highpass_hz:
            reader.report(("speaker", speaker.name, "lowpass_hz"), "must be above highpass_hz, or nothing is left")
    wrong = gap(tuple(show.speakers.values()), show.sound.centre_m) if show.sound.panning == "vbap" else ""
    if wrong:
        reader.report(("sound", "panning"), f'"vbap" needs a ring: {wrong}; move or add speakers, or write "dbap"')
    response = show.reverb.response
    if response and not show.simulated and not response.is_file():
        reader.report(("reverb", "response"), f"there is no file {data['reverb']['response']!r}")


def gap(speakers: Sequence[Speaker], centre_m: tuple[float, float] | None) -> str:
    """Return why speakers are no ring round a place (their middle if None), or an empty text."""
    if len(speakers) < 3:
        return f"{len(speakers)} speakers cannot stand all round"
    x, y = centre_m or (sum(each.at_m[axis] for each in speakers) / len(speakers) for axis in (0, 1))
    at_centre = next((each for each in speakers if math.dist(each.at_m, (x, y)) < 0.01), None)
    if at_centre:
        return f"'{at_centre.name}' stands in the middle"
    turns = sorted((math.degrees(math.atan2(each.at_m[1] - y, each.at_m[0] - x)), each.name) for each in speakers)
    pairs = zip(turns, (*turns[1:], (turns[0][0] + 360.0, turns[0][1])), strict=True)
    widest, first, second = max((after - before, one, other) for (before, one), (after, other) in pairs)
    if widest <= WIDEST_DEG:
        return ""
    return f"between '{first}' and '{second}' is a gap of {widest:.0f} degrees, seen from ({x:.2f}, {y:.2f}) m"
