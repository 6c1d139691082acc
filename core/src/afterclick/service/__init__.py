"""The whole service: every part built, started in order, and stopped so that nothing is lost."""

from afterclick.service.service import Service

__all__ = ["Service"]
