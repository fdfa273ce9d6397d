"""Cues, Params and the operator's window."""
