"""Nothing in here is a scene.

Reason: no class here is a Scene
"""
import engine


class NoScene:
    pass
