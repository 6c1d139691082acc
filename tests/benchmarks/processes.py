"""Programs under measurement: started anew for every figure, and ended with certainty."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PYTHON = sys.executable
_START, _STOP = 60.0, 20.0
"""Seconds that a program gets to listen, and to end after SIGTERM."""


class Broken(Exception):  # noqa: N818 - it ends the run with its message
    """A program did not do what it was started for."""


class Program(NamedTuple):
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def memory(self) -> float:
        """Return what it holds of the machine's memory, in MB."""
        return memory_of(self.process.pid)

    def resident(self) -> float:
        """Return the same with all of the pages that other programs share, in MB."""
        return memory_of(self.process.pid, "Rss")

    def cpu(self) -> float:
        """Return the seconds of CPU it has used (Linux only)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int, measure: str = "Pss") -> float:
    """Return the MB of memory a process holds, shared pages by their share or (`Rss`) whole (Linux only)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    (line,) = (line for line in rollup.splitlines() if line.startswith(f"{measure}:"))
    return int(line.split()[1]) / 1024


@contextmanager
def memory_watched(program: Program, *, every: float = 0.1) -> Iterator[list[float]]:
    """Collect what a program holds (MB), every so many seconds while the block runs."""
    seen = [program.memory()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            seen.append(program.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def command_of(text: str) -> list[str]:
    """Split a command line as a shell does."""
    return shlex.split(text)


@contextmanager
def running(
    command: Sequence[str], folder: Path, *, port: int, environ: Mapping[str, str]
) -> Iterator[Program]:
    """Run a server that listens on `port` while the block runs.

    Its own variables come on top of PATH, PYTHONPATH and those of Node; it works in `folder`, where its
    log is.

    Raises:
        Broken: it ended, or did not listen in time.

    """
    log = folder / f"{port}.log"
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "NODE_PATH") if name in os.environ}
    root = str(Path(__file__).parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH"))))
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, "NODE_ENV": "production", **environ, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    program = Program(process, port, log)
    try:
        _wait_for(program, command)
        yield program
    finally:
        _end(process)


def _wait_for(program: Program, command: Sequence[str]) -> None:
    give_up_at = time.monotonic() + _START
    while time.monotonic() < give_up_at:
        if program.process.poll() is not None:
            raise Broken(f"{shlex.join(command)} ended: {program.log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", program.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Broken(f"{shlex.join(command)} does not listen on port {program.port}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
