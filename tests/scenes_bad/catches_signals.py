"""Takes signals away from the engine.

Reason: a scene may not use signal; a scene runs inside the show's loop, keep state in self
"""
import signal  # bad

from engine import Scene

signal.signal(signal.SIGALRM, signal.SIG_IGN)


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
