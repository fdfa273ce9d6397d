"""The calibration tool: collects, fits and checks projector profiles; it never imports the loop or the scenes."""
