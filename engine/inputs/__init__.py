"""Devices that speak: cameras, OSC, MIDI, touch."""
