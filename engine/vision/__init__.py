"""Seeing: keying, people, tracks. Pure."""
