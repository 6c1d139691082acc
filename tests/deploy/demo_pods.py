"""The pods of the demo overlay, run out of the image one after another, as a kubelet would."""

from __future__ import annotations

import base64
import re
import shlex
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
from tests.deploy.buildah import ROOT, Box
from tests.deploy.cluster import Pod, config_text, environment, of_kind, pods, service_pod
from tests.deploy.fronts import adapted
from tests.deploy.rehearsing import free_port, seen, serving, wait

OVERLAY = "overlays/demo"
_SANDBOX = "http://sandbox-hubspot:9100"
_GUIDE = ROOT / "core" / "docs" / "deploy.md"


def check_demo_pods(box: Box, folder: Path) -> None:
    """The guide's first event becomes a record of the sandbox; only names and ports are not the cluster's."""
    port = free_port()
    service = service_pod(OVERLAY)
    own = _furnished(box, folder, port)
    environ = environment(service.containers[-1]) | {
        "AFTERCLICK_SERVER__PORT": str(free_port()),
        "AFTERCLICK_SERVER__ADMIN_PORT": str(free_port()),
    }
    with _sandbox(box, port):
        for first in service.spec["initContainers"]:
            own.run(*box.image.command(*first["args"]), **environ)
        with serving(own, box.image.config["Healthcheck"]["Test"][1:], environ):
            own.run(*_first_event(), **environ)
            wait("the sandbox of the demo overlay never has a record", lambda: _records(port) == 1)
    seen("the pods of the demo overlay: the guide's first event is a record of the sandbox")


def _furnished(box: Box, folder: Path, port: int) -> Box:
    """Give the service's pod the configuration and the secrets of the overlay, and an empty ledger."""
    config, secrets, data = (folder / f"demo-{name}" for name in ("config", "secrets", "data"))
    for place in (config, secrets, data):
        place.mkdir(mode=0o755)
    text = adapted(config_text(OVERLAY), [(_SANDBOX, f"http://127.0.0.1:{port}")])
    (config / "afterclick.toml").write_text(text)
    for secret in of_kind(OVERLAY, "Secret"):
        for name, value in secret["data"].items():
            (secrets / name).write_bytes(base64.b64decode(value))
    box.own(data)
    return replace(box, config=config, secrets=secrets, data=data)


@contextmanager
def _sandbox(box: Box, port: int) -> Iterator[None]:
    (pod,) = (one for one in pods(OVERLAY) if one.owner["metadata"]["name"] == "sandbox-hubspot")
    process = box.start(box.image.command(*_moved(pod, port)))
    try:
        wait("the sandbox does not listen", lambda: _records(port) == 0, lambda: process.poll() is None)
        yield
    finally:
        process.kill()
        process.communicate()


def _moved(pod: Pod, port: int) -> list[str]:
    """Return the container's arguments with a port that is free here."""
    (container,) = pod.containers
    (shown,) = container["ports"]
    return [str(port) if one == str(shown["containerPort"]) else one for one in container["args"]]


def _first_event() -> list[str]:
    (line,) = re.findall(
        r" exec afterclick-0 -- (afterclick send event .*)$", _GUIDE.read_text("utf-8"), re.MULTILINE
    )
    return shlex.split(line)


def _records(port: int) -> int | None:
    """Return how many records the sandbox has, or None while it does not listen."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/records") as answer:
            return len(msgspec.json.decode(answer.read()))
    except OSError:
        return None
