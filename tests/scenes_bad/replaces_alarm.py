"""Takes the alarm away and then never ends.

Reason: update: changed the alarm, which all share; it is put back
"""
from engine import Scene


class ReplacesAlarm(Scene):
    def update(self, now):
        alarm = __import__("signal")
        alarm.signal(alarm.SIGALRM, alarm.SIG_IGN)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
