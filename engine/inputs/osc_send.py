"""Sending OSC: the only file that knows python-osc."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from pythonosc.udp_client import SimpleUDPClient

from engine.inputs.senders import is_loopback
from engine.show.model import OscTarget

LOOK_AGAIN_S = 10.0


class OscSender:
    """Sends messages to the peers of the show over UDP; it never waits and never raises.

    Attributes:
        lost: Why a peer cannot be reached, or nothing, by its name; UDP cannot tell whether it listens.
        sent: Messages handed to the system.
        errors: How many messages could not be sent, by name of the peer.
    """

    def __init__(self, targets: Mapping[str, OscTarget]) -> None:
        self.sent = 0
        self.errors: Counter[str] = Counter()
        self.lost = dict.fromkeys(targets, "")
        self._clients: dict[str, SimpleUDPClient] = {}
        self._closing = threading.Event()
        self._is_shut = False
        named = {}
        for name, target in targets.items():
            if _is_address(target.host):
                self._clients[name] = SimpleUDPClient(target.host, target.port)
            else:
                named[name] = target
                self.lost[name] = f"looking for host '{target.host}'"
        if named:  # a name server that is not there lets us wait for seconds
            threading.Thread(target=self._resolve, args=(named,), name="send", daemon=True).start()

    def send(self, name: str, address: str, *args: Any) -> None:
        """Send one message to a named peer; numbers, text, bytes, booleans, None and lists of them."""
        if self._is_shut and (client := self._clients.get(name)) and not is_loopback(str(client._address)):
            return
        plain = [arg.item() if isinstance(arg, np.generic) else arg for arg in args]
        try:
            self._clients[name].send_message(address, plain)
            self.sent += 1
            self.lost[name] = ""
        except BlockingIOError:
            self.errors[name] += 1
        except OSError as error:
            self.errors[name] += 1
            self.lost[name] = f"the network does not take it ({error.strerror}); is the cable in?"
        except Exception:  # python-osc raises many kinds; the show goes on without this message
            self.errors[name] += 1

    def shut(self, on: bool) -> None:
        """Send nothing to other machines, or all again."""
        self._is_shut = on

    def close(self) -> None:
        """Close the sockets; what is sent later is counted as an error."""
        self._closing.set()
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _resolve(self, waiting: dict[str, OscTarget]) -> None:
        """Look names up until each is found: python-osc would do it for each message, and wait for it."""
        while waiting and not self._closing.is_set():
            for name, target in list(waiting.items()):
                try:
                    host = str(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0][4][0])
                except OSError:
                    self.lost[name] = f"no host '{target.host}'; set `host` to its address"
                    continue
                self._clients[name], self.lost[name] = SimpleUDPClient(host, target.port), ""
                del waiting[name]
            self._closing.wait(LOOK_AGAIN_S)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
