"""Sound: voices, space, and the process that plays them."""
