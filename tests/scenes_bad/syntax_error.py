"""A bracket is left open.

Reason: SyntaxError: '(' was never closed
"""
from engine import Scene

x = (  # bad
