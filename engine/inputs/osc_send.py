"""Sending OSC: the only file that knows python-osc."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from pythonosc.udp_client import SimpleUDPClient

from engine.problems import Problem
from engine.show.model import OscTarget


class OscSender:
    """Sends messages to the peers of the show over UDP; it never waits and never raises.

    Attributes:
        problems: Peers whose name does not resolve.
        sent: Messages handed to the system.
        errors: How many messages could not be sent, by name of the peer.
    """

    def __init__(self, targets: Mapping[str, OscTarget]) -> None:
        self.problems: list[Problem] = []
        self.sent = 0
        self.errors: Counter[str] = Counter()
        self._clients: dict[str, SimpleUDPClient] = {}
        for name, target in targets.items():
            try:
                # python-osc would look the name up again for each message, and wait for it.
                host = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0][4][0]
                self._clients[name] = SimpleUDPClient(str(host), target.port)
            except OSError:
                self.problems.append(Problem(f"send.{name}", 0, f"no host '{target.host}'; set `host` to its address"))

    def send(self, name: str, address: str, *args: Any) -> None:
        """Send one message to a named peer; numbers, text, bytes, booleans, None and lists of them."""
        plain = [arg.item() if isinstance(arg, np.generic) else arg for arg in args]
        try:
            self._clients[name].send_message(address, plain)
            self.sent += 1
        except Exception:  # python-osc raises many kinds; the show goes on without this message
            self.errors[name] += 1

    def close(self) -> None:
        """Close the sockets; what is sent later is counted as an error."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
