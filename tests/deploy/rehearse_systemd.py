"""`make rehearse-systemd`: systemd's own tools judge the unit, and the service runs under its rules.

For Debian, as root, with `systemd` and `strace`. No systemd needs to run: what its filters let pass is
compared with what the service does, call by call. That memory is never both writable and executable, the
kernel enforces.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.deploy.buildah import RehearsalError, run
from tests.deploy.program import DEPLOY, USER, tool
from tests.deploy.rehearsing import SECRET, STOPS_WITHIN, expect, free_port, seen, wait

UNIT = DEPLOY / "systemd" / "afterclick.service"
MOST_EXPOSED = 2.0
"""Of 10, as systemd counts; what is left is the network, which the service is for."""

# From linux/prctl.h, since Linux 6.3: what MemoryDenyWriteExecute stands for.
_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN = 65, 1

_OURS = [tool("afterclick")]
# Nobody in particular, who may read wherever this checkout and its Python lie.
_SOMEBODY = shlex.split(
    f"setpriv --reuid={USER} --regid={USER} --clear-groups "
    "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
)


def main() -> int:
    """Run every step and tell what was seen."""
    for name in ("systemd-analyze", "systemd-sysusers", "strace", "setpriv"):
        if shutil.which(name) is None:
            raise RehearsalError(f"{name} is missing: apt-get install systemd strace")
    with TemporaryDirectory(prefix="afterclick-rehearsal-") as folder:
        check_words(Path(folder))
        check_user(Path(folder))
        check_behaviour(Path(folder))
    seen("all as it should be")
    return 0


def check_words(folder: Path) -> None:
    """Systemd understands every word of the unit and finds little that the service could harm."""
    unit = folder / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/afterclick/bin/afterclick", tool("afterclick")))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    expect(done.returncode == 0 and not told, f"systemd finds a fault in the unit:\n{told}")
    found = re.search(
        r"exposure level for .*: ([\d.]+) ", run(["systemd-analyze", "security", "--offline=true", unit])
    )
    expect(found is not None and float(found[1]) <= MOST_EXPOSED, "the unit leaves the service too much")
    assert found is not None
    seen(f"the unit has no fault; systemd rates its exposure {found[1]} of 10")


def check_user(folder: Path) -> None:
    """Systemd makes the user that the unit names."""
    (folder / "etc").mkdir()
    run(["systemd-sysusers", f"--root={folder}", DEPLOY / "systemd" / "afterclick.conf"])
    made = (folder / "etc" / "passwd").read_text()
    expect(re.search(r"^afterclick:.*:/var/lib/afterclick:.*nologin$", made, re.MULTILINE) is not None, made)
    seen("the user is made")


def check_behaviour(folder: Path) -> None:
    """Serve, take a delivery and stop, and never do what the unit forbids."""
    at, secret = folder / "service", folder / "webhook"
    at.mkdir()
    shutil.chown(at, USER, USER)
    folder.chmod(0o755)
    secret.write_text(SECRET)
    environ = {
        "PATH": os.defpath,
        "WEBHOOK_SECRET": f"file:{secret}",
        # Nobody is there: looking it up and trying is what counts.
        "HUBSPOT_ACCESS_TOKEN": "pat-nobody-is-there",
        "AFTERCLICK_CONNECTIONS__HUBSPOT__BASE_URL": f"http://localhost:{free_port()}",
        "AFTERCLICK_LEADS__STUB_DELAY": "0s",
        "AFTERCLICK_LEDGER__URL": f"sqlite:///{at}/ledger.db",
        "AFTERCLICK_SERVER__PORT": str(free_port()),
        "AFTERCLICK_SERVER__ADMIN_PORT": str(free_port()),
    }
    trace = at / "trace"
    with (at / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_SOMEBODY, "strace", "--daemonize", "--follow-forks", f"--output={trace}", *_OURS, "serve"],
            env=environ,
            cwd=at,
            stderr=log,
            preexec_fn=_confine,  # noqa: PLW1509 - there is one thread
        )
        try:
            runs = partial(_runs, process)
            wait("the service is never ready", lambda: _content(environ, at), runs)
            sent = run(
                [*_OURS, "send", "event", "install.tracked", "-d", "token=t", "-d", "prefix=p"], environ
            )
            log_of = (at / "log").read_text
            wait("no CRM is ever called", lambda: '"lane-paused"' in log_of(), runs)
        finally:
            process.terminate()
            code = process.wait(timeout=STOPS_WITHIN)
    expect(code == 0, f"it ended with {code}: {(at / 'log').read_text()}")
    seen(f"with memory never both writable and executable: {' '.join(sent.split())}")
    check_trace(_whole(trace))


def _runs(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def _content(environ: Mapping[str, str], at: Path) -> bool:
    done = subprocess.run([*_OURS, "health"], env=environ, cwd=at, capture_output=True, check=False)
    return done.returncode == 0


def _whole(trace: Path) -> str:
    """Return the trace once its writer, which outlives the service a little, has ended it."""
    until = time.monotonic() + STOPS_WITHIN
    while not (text := trace.read_text(errors="replace")).rstrip().endswith("+++ exited with 0 +++"):
        expect(time.monotonic() < until, "the trace has no end")
    return text


def check_trace(trace: str) -> None:
    """Compare what was called with what the unit lets pass."""
    called = set(re.findall(r"^\d+ +(\w+)\(", trace, re.MULTILINE))
    expect(
        {"socket", "accept4", "fdatasync"} <= called | {"fsync"}, f"the trace is not of a service: {called}"
    )
    allowed = set(passing())
    expect(called <= allowed, f"the unit's filter would stop {sorted(called - allowed)}")
    families = set(re.findall(r"\bsocket\((AF_\w+)", trace))
    wanted = re.search(r"^RestrictAddressFamilies=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted is not None
    expect(families <= set(wanted[1].split()), f"the unit forbids {sorted(families)}")
    seen(f"{len(called)} kinds of system calls, all let pass; sockets only of {', '.join(sorted(families))}")


def passing() -> Iterator[str]:
    """Yield the system calls that the unit's filter lets pass."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    taken, denied = set[str](), set[str]()
    for line in filters:
        groups = denied if line.startswith("~") else taken
        for name in line.removeprefix("~").split():
            groups.update(members(name))
    yield from taken - denied


def members(group: str) -> set[str]:
    """Return the system calls of a group, with those of the groups in it."""
    lines = [line.strip() for line in run(["systemd-analyze", "syscall-filter", group]).splitlines()[1:]]
    found = {line for line in lines if re.fullmatch(r"\w+", line)}
    return found.union(*(members(line) for line in lines if line.startswith("@")))


def _confine() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        os._exit(125)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RehearsalError as failure:
        sys.exit(f"✗ {failure}")
