"""A class that lies about itself.

Reason: ValueError: no
"""
from engine import Scene


class Meta(type):
    def __getattribute__(cls, name):
        raise ValueError("no")  # bad


class A(Scene, metaclass=Meta):
    pass
