"""The pods of the demo overlay, run out of the image one after another, as a kubelet would."""

from __future__ import annotations

import base64
import re
import shlex
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
from tests.deploy.buildah import ROOT, Box
from tests.deploy.cluster import Pod, config_text, environment, of_kind, pods, service_pod
from tests.deploy.fronts import adapted
from tests.deploy.rehearsing import free_port, seen, serving, wait

OVERLAY = "overlays/demo"
_GUIDE = ROOT / "core" / "docs" / "deploy.md"


def check_demo_pods(box: Box, folder: Path) -> None:
    """The guide's first event becomes a record of each sandbox; only names and ports are others."""
    moved = {name: free_port() for name in _sandboxes()}
    service = service_pod(OVERLAY)
    own = _furnished(box, folder, moved)
    environ = environment(service.containers[-1]) | {
        "AFTERCLICK_SERVER__PORT": str(free_port()),
        "AFTERCLICK_SERVER__ADMIN_PORT": str(free_port()),
    }
    with ExitStack() as running:
        for name, port in moved.items():
            running.enter_context(_sandbox(box, name, port))
        for first in service.spec["initContainers"]:
            own.run(*box.image.command(*first["args"]), **environ)
        with serving(own, box.image.config["Healthcheck"]["Test"][1:], environ):
            own.run(*_first_event(), **environ)
            for name, port in moved.items():
                wait(f"{name} of the demo overlay never has a record", partial(_has, port, 1))
    seen(f"the demo overlay's pods: the guide's first event is a record of {', '.join(moved)}")


def _sandboxes() -> dict[str, Pod]:
    """Return the pods of the sandboxes by the name that the service knows them by."""
    found = {one.owner["metadata"]["name"]: one for one in pods(OVERLAY)}
    return {name: pod for name, pod in found.items() if pod.containers[0]["args"][0] == "sandbox"}


def _port(pod: Pod) -> int:
    ((port,),) = (one["ports"] for one in pod.containers)
    number: int = port["containerPort"]
    return number


def _furnished(box: Box, folder: Path, moved: Mapping[str, int]) -> Box:
    """Give the service's pod the configuration and the secrets of the overlay, and an empty ledger."""
    config, secrets, data = (folder / f"demo-{name}" for name in ("config", "secrets", "data"))
    for place in (config, secrets, data):
        place.mkdir(mode=0o755)
    known = {name: f"http://{name}:{_port(pod)}" for name, pod in _sandboxes().items()}
    changes = [(known[name], f"http://127.0.0.1:{port}") for name, port in moved.items()]
    (config / "afterclick.toml").write_text(adapted(config_text(OVERLAY), changes))
    for secret in of_kind(OVERLAY, "Secret"):
        for name, value in secret["data"].items():
            (secrets / name).write_bytes(base64.b64decode(value))
    box.own(data)
    return replace(box, config=config, secrets=secrets, data=data)


@contextmanager
def _sandbox(box: Box, name: str, port: int) -> Iterator[None]:
    pod = _sandboxes()[name]
    arguments = [str(port) if one == str(_port(pod)) else one for one in pod.containers[0]["args"]]
    process = box.start(box.image.command(*arguments))
    try:
        wait(f"{name} does not listen", partial(_has, port, 0), lambda: process.poll() is None)
        yield
    finally:
        process.kill()
        process.communicate()


def _first_event() -> list[str]:
    (line,) = re.findall(
        r" exec afterclick-0 -- (afterclick send event .*)$", _GUIDE.read_text("utf-8"), re.MULTILINE
    )
    return shlex.split(line)


def _has(port: int, records: int) -> bool:
    """Tell whether the sandbox listens and has so many records."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/records") as answer:
            return len(msgspec.json.decode(answer.read())) == records
    except OSError:
        return False
