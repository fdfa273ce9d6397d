"""PJLink class 1 (JBMIA 2013): a projector's power, shutter, lamp hours and errors, over TCP."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from engine.problems import MixeurError

PORT = 4352
PATIENCE_S = 4.0
LONGEST = 136
POWERS = {"0": "off", "1": "on", "2": "cooling", "3": "warming up"}
REFUSALS = {"ERR1": "does not know the command", "ERR2": "cannot do that", "ERR3": "cannot do that now; wait a minute",
            "ERR4": "reports a failure; see to its lamp, fan and filter"}  # fmt: skip
PARTS = ("fan", "lamp", "temperature", "cover", "filter", "other")


@dataclass(frozen=True, slots=True)
class State:
    """How a projector is.

    Attributes:
        power: `off`, `on`, `cooling` or `warming up`.
        shut: Whether its light is shut off.
        lamp_h: Hours of each lamp.
        errors: Parts that warn or have failed.
    """

    power: str
    shut: bool
    lamp_h: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()


class PjLink:
    """A connection to one projector; to be used in a thread that may wait.

    Raises:
        MixeurError: It does not answer, refuses the password, or refuses what is asked.
    """

    def __init__(self, host: str, password: str = "", port: int = PORT) -> None:
        self._host = host
        with self._told():
            self._socket = socket.create_connection((host, port), PATIENCE_S)
            self._key = self._greeted(password)

    def power(self, on: bool) -> None:
        """Switch it on or off; it takes up to a minute."""
        self._do("POWR", "1" if on else "0")

    def shut(self, on: bool) -> None:
        """Shut its light off, or let it through."""
        self._do("AVMT", "31" if on else "30")

    def state(self) -> State:
        """Return how it is; a projector that is off may know nothing of its shutter."""
        power = POWERS.get(self._ask("POWR"), "unknown")
        lamps = self._asked("LAMP").split()
        errors = self._asked("ERST")
        return State(power, self._asked("AVMT") in ("11", "31"),
                     tuple(int(hours) for hours in lamps[::2] if hours.isdecimal()),
                     tuple(part for part, sign in zip(PARTS, errors, strict=False) if sign in "12"))

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _greeted(self, password: str) -> str:
        words = self._line().split()
        if words[:2] == ["PJLINK", "0"]:
            return ""
        if words[:2] == ["PJLINK", "1"] and len(words) == 3:
            if not password:
                raise MixeurError(f"{self._host}: the projector wants a password; set pjlink_password")
            return hashlib.md5((words[2] + password).encode(), usedforsecurity=False).hexdigest()
        raise MixeurError(f"{self._host}: what answers is no projector with PJLink")

    def _do(self, command: str, value: str) -> None:
        if (answer := self._say(command, value)) != "OK":
            raise MixeurError(f"{self._host}: the projector {REFUSALS.get(answer, f'answers {answer!r}')}")

    def _ask(self, command: str) -> str:
        if (answer := self._say(command, "?")) in REFUSALS:
            raise MixeurError(f"{self._host}: the projector {REFUSALS[answer]}")
        return answer

    def _asked(self, command: str) -> str:
        with contextlib.suppress(MixeurError):
            return self._ask(command)
        return ""

    def _say(self, command: str, value: str) -> str:
        with self._told():
            self._socket.sendall(f"{self._key}%1{command} {value}\r".encode("ascii"))
            self._key = ""  # it is said once
            line = self._line()
        if line == "PJLINK ERRA":
            raise MixeurError(f"{self._host}: the projector refuses the password; see to pjlink_password")
        head, _, answer = line.partition("=")
        if head != f"%1{command}":
            raise MixeurError(f"{self._host}: the projector answers {line[:40]!r}")
        return answer

    def _line(self) -> str:
        read = b""
        while not read.endswith(b"\r"):
            byte = self._socket.recv(1)
            if not byte or len(read) > LONGEST:
                raise MixeurError(f"{self._host}: the projector broke off in the middle of an answer")
            read += byte
        return read[:-1].decode("ascii", "replace")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = "it takes too long" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise MixeurError(f"{self._host}: no projector answers ({why}); see to its network cable, and that PJLink "
                              "is on in its menu") from error
