"""Light: canvas, layers, compositor, mapping, windows."""
