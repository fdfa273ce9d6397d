"""Scenes: the base class, Params, loading and reloading."""
