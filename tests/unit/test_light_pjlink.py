"""PJLink against a small real projector: a TCP server that keeps to the protocol, with and without a password."""

from __future__ import annotations

import argparse
import hashlib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.commands import projectors
from engine.light import pjlink
from engine.light.pjlink import PjLink, State
from engine.problems import MixeurError

SALT = "498e4a67"


class Projector(socketserver.ThreadingTCPServer):
    """A projector on a free port of this machine."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, password: str = "", greeting: str = "", broken: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.password, self.greeting, self.broken = password, greeting, broken
        self.power, self.mute = "0", "30"

    def answer(self, command: str, value: str) -> str:
        if command == "POWR":
            if value != "?":
                self.power = {"1": "3", "0": "2"}[value]
            return self.power if value == "?" else "OK"
        if command == "AVMT":
            if self.power == "0":
                return "ERR3"
            self.mute = self.mute if value == "?" else value
            return self.mute if value == "?" else "OK"
        return {"LAMP": "1234 1 88 0", "ERST": "010020"}.get(command, "ERR1")


class Talk(socketserver.StreamRequestHandler):
    server: Projector

    def handle(self) -> None:
        asks = self.server.password
        self.say(self.server.greeting or (f"PJLINK 1 {SALT}" if asks else "PJLINK 0"))
        is_known = not asks
        while line := self.line():
            if not is_known:
                digest = hashlib.md5((SALT + asks).encode()).hexdigest()
                if not line.startswith(digest):
                    self.say("PJLINK ERRA")
                    return
                line, is_known = line[32:], True
            command, _, value = line[2:].partition(" ")
            self.say(self.server.broken or f"%1{command}={self.server.answer(command, value)}")

    def line(self) -> str:
        read = b""
        while not read.endswith(b"\r"):
            byte = self.rfile.read(1)
            if not byte:
                return ""
            read += byte
        return read[:-1].decode()

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r")


@contextmanager
def projector(**how: str) -> Iterator[Projector]:
    with Projector(**how) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def link(server: Projector, password: str = "") -> PjLink:
    return PjLink("127.0.0.1", password, server.server_address[1])


@pytest.mark.parametrize("password", ["", "s3cret"])
def test_power_shutter_lamps_and_faults(password: str) -> None:
    with projector(password=password) as server:
        remote = link(server, password)
        assert remote.state() == State("off", False, (1234, 88), ("lamp", "filter"))
        with pytest.raises(MixeurError, match="cannot do that now"):
            remote.shut(True)
        remote.power(True)
        remote.shut(True)
        assert remote.state() == State("warming up", True, (1234, 88), ("lamp", "filter"))
        remote.power(False)
        assert server.power == "2"
        remote.close()


@pytest.mark.parametrize(("how", "password", "said"), [
    ({"password": "s3cret"}, "", "wants a password"), ({"password": "s3cret"}, "other", "refuses the password"),
    ({"greeting": "HTTP/1.1 400"}, "", "no projector with PJLink"), ({"broken": "%1XXXX=1"}, "", "answers '%1XXXX=1'"),
    ({"greeting": "x" * 300}, "", "broke off"), ({"greeting": "PJLINK 1"}, "", "no projector with PJLink"),
])
def test_what_is_wrong_is_one_clear_line(how: dict[str, str], password: str, said: str) -> None:
    with projector(**how) as server, pytest.raises(MixeurError, match=said):
        link(server, password).state()


def test_a_projector_that_is_not_there_is_told() -> None:
    with Projector() as server:
        port = server.server_address[1]
    with pytest.raises(MixeurError, match="no projector answers"):
        PjLink("127.0.0.1", port=port)


def test_the_command_switches_all_projectors_of_a_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("from engine import Scene\n\n\nclass A(Scene):\n    pass\n")
    (tmp_path / "show.toml").write_text('format = 1\n[scene.a]\nfile = "a.py"\n')
    (tmp_path / "room.toml").write_text('format = 1\n[projector.left]\npjlink = "127.0.0.1"\npjlink_password = "p"\n')
    told = argparse.Namespace(show=tmp_path / "show.toml", act="on", only=[])
    with projector(password="p") as server:
        monkeypatch.setattr(pjlink.PjLink.__init__, "__defaults__", ("", server.server_address[1]))
        assert projectors.run(told) == 1, "a fault of the lamp is told"
        assert server.power == "3"
    assert capsys.readouterr().out.startswith("left            warming up, open, 1234 h, 88 h, FAULT of lamp")
    assert projectors.run(told) == 1
    assert "no projector answers" in capsys.readouterr().out
    with pytest.raises(MixeurError, match="no projector 'right'"):
        projectors.run(argparse.Namespace(show=tmp_path / "show.toml", act="on", only=["right"]))
