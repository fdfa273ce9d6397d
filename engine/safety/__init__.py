"""The guards that stand last before the outputs. Pure."""
