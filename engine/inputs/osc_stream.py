"""OSC packets out of a byte stream: a length before each (OSC 1.0) or SLIP (OSC 1.1), told apart by the first byte."""

from __future__ import annotations

from engine.inputs.osc_codec import INT, OscError

LONGEST = 65_536
END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"


class OscStream:
    """The receiving half of one TCP connection.

    Attributes:
        waiting: Whether a packet has begun that is not complete.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._slip: bool | None = None

    @property
    def waiting(self) -> bool:
        return bool(self._buffer)

    def feed(self, received: bytes) -> list[bytes]:
        """Return the packets that are complete now, or raise `OscError`: then the stream is lost and must be closed."""
        self._buffer += received
        if self._slip is None and self._buffer:
            if self._buffer[0] not in b"\0\xc0/#":
                raise OscError("the stream begins neither with a length nor with SLIP")
            self._slip = self._buffer[0] != 0
        return self._slip_packets() if self._slip else self._sized_packets()

    def _sized_packets(self) -> list[bytes]:
        packets, at = [], 0
        while len(self._buffer) >= at + 4:
            size = INT.unpack_from(self._buffer, at)[0]
            if not 0 <= size <= LONGEST:
                raise OscError(f"a packet of {size} bytes is announced")
            if len(self._buffer) < at + 4 + size:
                break
            packets.append(bytes(self._buffer[at + 4 : at + 4 + size]))
            at += 4 + size
        del self._buffer[:at]
        return packets

    def _slip_packets(self) -> list[bytes]:
        *frames, rest = self._buffer.split(END)
        self._buffer = rest
        if len(rest) > 2 * LONGEST:
            raise OscError("a SLIP packet without an end")
        return [bytes(frame.replace(ESC_END, END).replace(ESC_ESC, ESC)) for frame in frames if frame]
