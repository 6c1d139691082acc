"""What is measured, set up anew for every figure: the service, the CRMs that it writes to, and peers."""

from __future__ import annotations

import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec
from tests.benchmarks.deliveries import SECRET
from tests.benchmarks.processes import PYTHON, Broken, Program, free_port, running

from afterclick.host.discovery import Plugin, discover

SERVICE = (PYTHON, "-m", "afterclick", "serve")
RECEIVING = (PYTHON, "-m", "tests.benchmarks.receiving")
BREAKING = (PYTHON, "-m", "tests.benchmarks.breaking")
BARE = (PYTHON, "-m", "tests.benchmarks.bare")
CRMS = ("hubspot", "salesforce", "pipedrive")
_UNLIMITED = {"unlimited": "true"}


class Watch:
    """Looks into a ledger beside the process that serves from it."""

    def __init__(self, ledger: Path) -> None:
        self._db = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READONLY)
        self._db.set_busy_timeout(10_000)

    def one(self, sql: str) -> Any:
        """Return the first column of the first row."""
        return next(iter(self._db.execute(sql)))[0]

    def due(self) -> int:
        """Return how many syncs are behind."""
        sql = "SELECT count(*) FROM syncs WHERE state = 'active' AND wanted > synced"
        return int(self.one(sql))

    def unfolded(self) -> int:
        """Return how many events wait for the fold."""
        return int(self.one("SELECT count(*) FROM events WHERE state = 'new'"))

    def column(self, sql: str) -> list[Any]:
        """Return the first column of all rows."""
        return [row[0] for row in self._db.execute(sql)]

    def wait_until_synced(self, leads: int, *, crms: int = 1, patience: float) -> float:
        """Return when (`time.monotonic()`) so many leads are in each CRM and nothing is left to do.

        Raises:
            Broken: it takes too long.

        """
        give_up_at = time.monotonic() + patience
        while time.monotonic() < give_up_at:
            at = time.monotonic()
            if self.due() == 0 and self.unfolded() == 0 and self.synced() >= leads * crms:
                return at
            time.sleep(0.05)
        raise Broken(f"after {patience:g} s {self.unfolded()} events and {self.due()} leads still wait")

    def synced(self) -> int:
        """Return how many leads the CRMs have, each counted in every one."""
        return int(self.one("SELECT count(*) FROM syncs WHERE synced > 0"))

    def close(self) -> None:
        """Let the file go."""
        self._db.close()


class Crm(NamedTuple):
    """A CRM's emulator in a process of its own."""

    name: str
    url: str
    program: Program

    def calls(self) -> int:
        """Return how many calls it has had."""
        return int(self._ask("calls")["total"])

    def records(self) -> int:
        """Return how many records it holds."""
        return len(self._ask("records"))

    def trouble(self, order: Mapping[str, Any]) -> None:
        """Let it go wrong from now on, as `order` says (see `core/docs/sandbox.md`)."""
        self._ask("faults", msgspec.json.encode(order))

    def _ask(self, what: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"{self.url}/_sandbox/{what}", body) as answer:
            return msgspec.json.decode(answer.read())


class Stage(NamedTuple):
    """A running service, its CRMs and its ledger."""

    program: Program
    crms: tuple[Crm, ...]
    ledger: Path
    admin: str

    @property
    def crm(self) -> Crm:
        """Return the CRM where there is one."""
        (crm,) = self.crms
        return crm

    def wait_until_at_work(self) -> None:
        """Return once every lane runs: each connection's and the fold's."""
        while self.metric("afterclick_lane_state") < len(self.crms) + 1:
            time.sleep(0.05)

    def metric(self, name: str) -> float:
        """Return a metric of the service, the sum over its labels."""
        with urllib.request.urlopen(f"{self.admin}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        shown = [line.rpartition(" ") for line in lines if line.startswith(name)]
        return sum(float(value) for label, _, value in shown if label.partition("{")[0] == name)


def environment(folder: Path, crms: Mapping[str, str]) -> dict[str, str]:
    """Return the service's settings: the default ones, one source, and connections to CRMs by their URL."""
    plugins = discover().plugins
    connections = {
        f"AFTERCLICK_CONNECTIONS__{crm.upper()}__{name.upper()}": value
        for crm, url in crms.items()
        for name, value in _opening(plugins[crm], url).items()
    }
    return {
        "WEBHOOK_SECRET": SECRET,
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "AFTERCLICK_SERVER__HOST": "127.0.0.1",
        "AFTERCLICK_LOG__FORMAT": "json",
        **connections,
    }


def _opening(plugin: Plugin, url: str) -> dict[str, str]:
    settings: dict[str, str] = plugin.call("sandbox", options=_UNLIMITED).settings()
    return {**settings, "base_url": url}


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a folder on the disk that is measured, and take it away again."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


@contextmanager
def crm_sandbox(folder: Path, name: str) -> Iterator[Crm]:
    """Run a CRM's emulator without limits."""
    port = free_port()
    options = [part for key, value in _UNLIMITED.items() for part in ("-o", f"{key}={value}")]
    command = (PYTHON, "-m", "afterclick", "sandbox", name, "-p", str(port), *options)
    with running(command, folder, port=port, environ={}) as program:
        yield Crm(name, f"http://127.0.0.1:{port}", program)


@contextmanager
def service(folder: Path, *crms: Crm, command: Sequence[str] = SERVICE, **more: str) -> Iterator[Stage]:
    """Give the CRMs their fields and run the service in `folder`, where its ledger is."""
    port, admin = free_port(), free_port()
    environ = environment(folder, {crm.name: crm.url for crm in crms}) | {
        "AFTERCLICK_SERVER__PORT": str(port),
        "AFTERCLICK_SERVER__ADMIN_PORT": str(admin),
        **more,
    }
    for crm in crms:
        _provision(folder, crm.name, environ)
    with running(command, folder, port=port, environ=environ) as program:
        yield Stage(program, crms, folder / "ledger.db", f"http://127.0.0.1:{admin}")


def _provision(folder: Path, crm: str, environ: dict[str, str]) -> None:
    command = (PYTHON, "-m", "afterclick", "provision", crm, "--apply")
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Broken(f"the CRM did not get its fields: {done.stdout}{done.stderr}")


@contextmanager
def staged(folder: Path, *crms: str, command: Sequence[str] = SERVICE, **more: str) -> Iterator[Stage]:
    """Run a new service with an empty ledger, and new CRMs."""
    with ExitStack() as stack:
        place = stack.enter_context(scratch(folder))
        sandboxes = [stack.enter_context(crm_sandbox(place, crm)) for crm in crms]
        yield stack.enter_context(service(place, *sandboxes, command=command, **more))


@contextmanager
def peer(folder: Path, command: Sequence[str]) -> Iterator[Program]:
    """Run another receiver: it listens on PORT, knows WEBHOOK_SECRET and answers `/webhooks/tolinku`."""
    port = free_port()
    with (
        scratch(folder) as place,
        running(command, place, port=port, environ={"WEBHOOK_SECRET": SECRET}) as program,
    ):
        yield program
