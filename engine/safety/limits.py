"""What flashes are, as figures: WCAG 2.3.1 and the extended rule of EA IRIS, with a margin for who measures otherwise.

A transition is a change of relative luminance by 0.10 or more whose darker end lies below 0.80, against the direction
of the one before; two of them are a flash. Red flashes are counted beside: changes by 20/320 of what saturated red has
more than green and blue. There is no area exception: a hand's breadth of a wall is enough.
"""

from __future__ import annotations

import numpy as np

LUMINANCE = (np.float32(0.2126), np.float32(0.7152), np.float32(0.0722))
RED = np.float32(0.795)  # its part of all light: from 0.80 on it is saturated
CHANGE = (np.float32(0.093), np.float32(0.058))  # of luminance and of redness: 0.10, 20/320
CAUTION = (np.float32(0.07), np.float32(0.047))  # as much may still stir where no transition is left
DARK = np.float32(0.81)  # a change of luminance that stays above this does not count; of red all count
MOST_FLASHES = 3  # in a second
WINDOW_S = 0.9999  # a transition that is one second old does not count any more
WARNING = 4  # transitions a second that may not go on for long
SLOTS, LONG = 50, 40  # tenths of a second that are remembered, and in how many of them WARNING may stand
KEPT = 2 * MOST_FLASHES + 1
RELEASE_S = (0.1, 0.6)  # in which a small part that was held comes back, and a large one
LARGE = 0.2  # of a picture
WILD = 0.1  # of a picture: where more is held, what lies a cell beside is dimmed too
LIGHT = (1893, 3)  # of a byte s: s * s * (LIGHT[0] + LIGHT[1] * s)
