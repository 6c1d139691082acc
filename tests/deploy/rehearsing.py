"""What the rehearsals share: what to tell, when to stop, and how long to wait."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.deploy.buildah import Box, RehearsalError

SECRET = "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576"
STARTS_WITHIN, STOPS_WITHIN = 60.0, 10.0


def seen(what: str) -> None:
    """Tell a step's result."""
    sys.stdout.write(f"✓ {what}\n")
    sys.stdout.flush()


def expect(right: bool, otherwise: str) -> None:
    """Stop the rehearsal with a reason."""
    if not right:
        raise RehearsalError(otherwise)


def wait(otherwise: str, done: Callable[[], bool], alive: Callable[[], bool] = lambda: True) -> None:
    """Return when something is done; stop the rehearsal if it takes too long, or who should do it ended."""
    until = time.monotonic() + STARTS_WITHIN
    while not done():
        expect(alive(), f"{otherwise}: it ended by itself")
        expect(time.monotonic() < until, otherwise)
        time.sleep(0.1)


@contextmanager
def serving(box: Box, health: list[str], environ: dict[str, str]) -> Iterator[None]:
    """Run the image's own command until its own health check is content, then stop it."""
    process = box.start(box.image.command(), **environ)
    try:
        content = partial(answers, box, health, environ)
        wait("the health check is never content", content, lambda: process.poll() is None)
        yield
        process.terminate()
        code = process.wait(timeout=STOPS_WITHIN)
        expect(code == 0, f"after SIGTERM it ended with {code}")
    finally:
        process.kill()
        told, _ = process.communicate()
        if process.returncode != 0:
            sys.stdout.write(told)


def answers(box: Box, health: list[str], environ: dict[str, str]) -> bool:
    """Tell whether the health check is content."""
    process = box.start(health, **environ)
    process.communicate(timeout=30)
    return process.returncode == 0


def free_port() -> int:
    """Return a port on loopback that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
