"""The cases: each takes a World, runs programs on both sides of it, and compares what arrived."""
from . import web, echoes, stores, services, shells
from .registry import ALL

__all__ = ["ALL", "web", "echoes", "stores", "services", "shells"]
