"""A real MIDI peer over python-rtmidi in a process of its own: sends a clock, or listens and writes down what comes.

`python midi_peer.py send PORT BPM SECONDS` or `python midi_peer.py hear NAME SECONDS`; MIDO_BACKEND chooses JACK.
"""

import json
import sys
import time

import mido


def send(name: str, bpm: float, seconds: float) -> None:
    """Open a port of ours, wait to be joined, then start and tick."""
    with mido.open_output(name, virtual=True) as port:
        print("open", flush=True)
        sys.stdin.readline()
        port.send(mido.Message("start"))
        begin = time.monotonic()
        for tick in range(round(seconds * bpm * 24 / 60)):
            time.sleep(max(begin + tick * 60 / bpm / 24 - time.monotonic(), 0))
            port.send(mido.Message("clock"))
        port.send(mido.Message("stop"))
        sys.stdin.readline()


def hear(name: str, seconds: float) -> None:
    """Open a port of ours and print each message's kind and time."""
    heard = []
    with mido.open_input(name, virtual=True, callback=lambda m: heard.append((m.type, time.monotonic()))) as port:
        port._rt.ignore_types(sysex=True, timing=False, active_sense=True)
        print("open", flush=True)
        time.sleep(seconds)
    print(json.dumps(heard))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
    else:
        hear(sys.argv[2], float(sys.argv[3]))
