"""The engine: what an artist imports stands here."""
