"""Simulated visitors, cameras, controllers, lamps and speakers with the interfaces of the real ones."""
