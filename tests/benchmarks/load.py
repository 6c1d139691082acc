"""Sending load: the C program next to this file, compiled when it is needed, and what it tells."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import msgspec
from tests.benchmarks.processes import Broken

SOURCE = Path(__file__).with_name("loadgen.c")


class Load(msgspec.Struct, frozen=True):
    """What came of a run. Times in milliseconds; `cpu` is how much of one core the sender used."""

    answered: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    ok: int
    refused: int
    lost: int
    sent: int
    ran_out: bool
    cpu: float


@cache
def _compiled(folder: Path) -> Path:
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None:
        raise Broken(
            "the load generator is a small C program, and no C compiler was found: install gcc or clang"
        )
    program = folder / "loadgen"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE), "-lm"], check=True)
    return program


def send(
    file: Path,
    port: int,
    *,
    folder: Path,
    connections: int = 64,
    seconds: float | None = None,
    warm_up: float = 0.0,
    rate: float | None = None,
) -> Load:
    """Send a file of requests, to its end or for some seconds after a warm-up, at `rate` a second or freely.

    Raises:
        Broken: the file was too short, or not every request was answered with 2xx.

    """
    command = [str(_compiled(folder)), "-p", str(port), "-c", str(connections), "-w", str(warm_up)]
    if seconds is not None:
        command += ["-s", str(seconds)]
    if rate is not None:
        command += ["-r", str(rate)]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(f"the load generator failed: {done.stderr.strip()}")
    load = msgspec.json.decode(done.stdout, type=Load)
    if load.refused or load.lost:
        raise Broken(f"{load.refused} requests were refused and {load.lost} lost: {load}")
    if seconds is not None and load.ran_out:
        raise Broken(f"the file of requests was used up: {load}")
    return load
