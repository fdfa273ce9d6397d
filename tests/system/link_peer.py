"""A peer of Ableton Link in a process of its own: prints its beat, tempo and peers ten times a second.

`python link_peer.py BPM`; a number on its input is the tempo that it gives the session.
"""

import asyncio
import json
import sys
import threading
import time

import aalink


async def main(bpm: float) -> None:
    link = aalink.Link(bpm)
    link.quantum = 4.0
    await asyncio.sleep(0.5)
    link.enabled = True

    def listen() -> None:
        for line in sys.stdin:
            link.tempo = float(line)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        before = time.monotonic_ns()
        beat, tempo, peers = link.beat, link.tempo, link.num_peers
        after = time.monotonic_ns()
        print(json.dumps([(before + after) // 2, after - before, beat, tempo, peers]), flush=True)
        await asyncio.sleep(0.1)


asyncio.run(main(float(sys.argv[1])))
