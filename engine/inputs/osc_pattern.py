"""Address patterns of Open Sound Control, matched in bounded time and without regular expressions."""

from __future__ import annotations

from functools import lru_cache

from engine.inputs.osc_codec import OscError

LONGEST_PATTERN = 256
MOST_STARS = 8
WILD = frozenset("*?[]{}")

Token = tuple[str, bool, tuple[str, ...]]


def is_pattern(address: str) -> bool:
    """Return whether an address stands for several (`* ? [a-z] {this,that}`)."""
    return not WILD.isdisjoint(address)


@lru_cache(maxsize=256)
def parse_pattern(pattern: str) -> tuple[Token, ...]:
    """Compile an address pattern for `matches`, or raise `OscError` when it is broken, too long or too wild."""
    if len(pattern) > LONGEST_PATTERN or pattern.count("*") > MOST_STARS:
        raise OscError(f"address pattern longer than {LONGEST_PATTERN} or with more than {MOST_STARS} stars")
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        stop = at
        if char in "[{":
            stop = pattern.find("]" if char == "[" else "}", at)
            if stop < 0 or not WILD.isdisjoint(pattern[at + 1 : stop]):
                raise OscError(f"address pattern {pattern!r}: {char} is never closed")
        elif char in "]}":
            raise OscError(f"address pattern {pattern!r}: {char} was never opened")
        tokens.append(_token(char, pattern[at + 1 : stop]))
        at = stop + 1
    return tuple(tokens)


def _token(char: str, inner: str) -> Token:
    if char == "{":
        return "{", False, tuple(inner.split(","))
    if char == "[":
        none_of = inner.startswith("!")
        ranges, rest = [], inner[none_of:]
        while rest:
            width = 3 if len(rest) > 2 and rest[1] == "-" else 1
            ranges.append(rest[0] + rest[width - 1])
            rest = rest[width:]
        return "[", none_of, tuple(ranges)
    return char if char in "*?" else "=", False, (char,)


def matches(tokens: tuple[Token, ...], address: str) -> bool:
    """Return whether an address fits; wild signs stop at `/`.

    All places that the pattern could have reached are walked together, so that the time grows with the product of the
    two lengths and no faster.
    """
    here = {0}
    for kind, none_of, texts in tokens:
        if kind == "*":
            here = _star(here, address)
        elif kind in "={":
            here = {at + len(text) for text in texts for at in here if address.startswith(text, at)}
        else:
            here = {at + 1 for at in here if at < len(address) and address[at] != "/"
                    and (kind == "?" or none_of != any(span[0] <= address[at] <= span[1] for span in texts))}
        if not here:
            return False
    return len(address) in here


def _star(here: set[int], address: str) -> set[int]:
    reached: set[int] = set()
    for at in sorted(here):
        while at not in reached:
            reached.add(at)
            if at == len(address) or address[at] == "/":
                break
            at += 1
    return reached
