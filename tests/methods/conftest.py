"""A store of its own for the method ome."""

from sealing import ring

__all__ = ["ring"]
