"""Who may send to us, and how much: an allow-list of networks and an allowance for each host."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from engine.clock import NS
from engine.problems import MixeurError

MOST_SENDERS = 1024
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def is_loopback(host: str) -> bool:
    """Return whether a numeric address is this machine's own."""
    return any(ip_address(host) in network for network in LOOPBACK)


class Sender:
    """One host; it may save up one second's worth of messages.

    Attributes:
        allowed: Whether it is in one of the networks.
    """

    __slots__ = ("_filled_ns", "_left", "_per_s", "allowed")

    def __init__(self, allowed: bool, per_s: int) -> None:
        self.allowed = allowed
        self._per_s, self._left, self._filled_ns = per_s, float(per_s), 0

    def may_send(self, now_ns: int) -> bool:
        """Return whether it has not yet used up what it may send by now."""
        if self._left < 1:
            self._left = min(self._left + max(0, now_ns - self._filled_ns) * self._per_s / NS, self._per_s)
            self._filled_ns = now_ns
        return self._left >= 1

    def spend(self, messages: float) -> None:
        """Take from its allowance; a debt is paid by later silence."""
        self._left -= messages


class Senders:
    """All hosts that were heard of."""

    def __init__(self, allow: Iterable[str], per_s: int) -> None:
        """Raise `MixeurError` when an entry of `allow` is no network."""
        self._per_s = per_s
        self._networks: list[IPv4Network | IPv6Network] = [*LOOPBACK]
        self._found: dict[bytes, Sender] = {}
        for text in allow:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError:
                raise MixeurError(f"osc.allow: '{text}' is no network; write one such as '192.168.1.0/24'") from None

    def find(self, host: bytes) -> Sender:
        """Return the sender with this address of 4 or 16 bytes."""
        sender = self._found.get(host)
        if sender is None:
            if len(self._found) >= MOST_SENDERS:  # forged addresses must not fill the memory
                self._found.clear()
            sender = self._found[host] = Sender(self._allows(host), self._per_s)
        return sender

    def _allows(self, host: bytes) -> bool:
        address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
