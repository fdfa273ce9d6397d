"""Pace: a device's frames against the monotonic clock, as a line so smooth that beats keep their distance."""

from __future__ import annotations

SPREAD = 12.0  # frames by which one look at the device is wrong, one standard deviation
DRIFT_PPM = 40.0  # how far a device's clock is from ours before anything is known of it
WANDER_PPM = 0.02  # how far it wanders in a second: the line takes minutes to follow
JUMP_S = 0.004  # what is further off than this, and stays so, is no spread: the device stood still
JUMPS = 3  # looks in a row


class Pace:
    """How many frames the device is ahead of an even count: a Kalman filter of offset and drift.

    Its gain is large at first and falls as more is known, as a delay-locked loop's would have to be turned down by hand
    (F. Adriaensen, Using a DLL to filter time, 2005).

    Args:
        rate: Frames a second of the even count.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._seen_s: float | None = None
        self._far = 0
        self._offset = self._drift = 0.0  # frames, frames a second
        self._a, self._b, self._c = 0.0, 0.0, (DRIFT_PPM * 1e-6 * rate) ** 2  # their covariance

    @property
    def is_known(self) -> bool:
        """Return whether there was a look at the device."""
        return self._seen_s is not None

    def see(self, time_s: float, ahead: float) -> None:
        """Take a look at the device: how many frames it was ahead of the even count."""
        if self._seen_s is None:
            self._begin(time_s, ahead)
            return
        dt = time_s - self._seen_s
        if dt <= 0.0:
            return
        offset = self._offset + self._drift * dt
        a, b, c = self._a + dt * (2 * self._b + dt * self._c), self._b + dt * self._c, self._c
        c += (WANDER_PPM * 1e-6 * self._rate) ** 2 * dt
        off = ahead - offset
        if abs(off) > JUMP_S * self._rate:
            self._far += 1
            if self._far >= JUMPS:
                self._begin(time_s, ahead)
            return
        self._far = 0
        spread = a + SPREAD**2
        self._offset, self._drift = offset + a / spread * off, self._drift + b / spread * off
        self._a, self._b, self._c = a - a * a / spread, b - a * b / spread, c - b * b / spread
        self._seen_s = time_s

    @property
    def drift_ppm(self) -> float:
        """Return by how much the device's clock is faster than ours, in millionths."""
        return self._drift / self._rate * 1e6

    def ahead(self, time_s: float) -> float:
        """Return how many frames the device is ahead at a time."""
        return self._offset + self._drift * (time_s - (self._seen_s or 0.0))

    def _begin(self, time_s: float, ahead: float) -> None:
        """Begin anew at an offset; a drift that is known stays."""
        self._seen_s, self._far, self._offset = time_s, 0, ahead
        self._a, self._b = SPREAD**2, 0.0
