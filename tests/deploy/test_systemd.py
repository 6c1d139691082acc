"""The unit runs the program as it is; `make rehearse-systemd` has systemd's own tools judge it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path, PurePosixPath

from tests.deploy.program import DEFAULTS, DEPLOY, REFERENCE, configured, parse, unknown_variables

from afterclick.cli import MISCONFIGURED

UNIT = (DEPLOY / "systemd" / "afterclick.service").read_text(encoding="utf-8")


def values(name: str) -> list[str]:
    """Return every value of a directive."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def the(name: str) -> str:
    """Return the only value of a directive."""
    (value,) = values(name)
    return value


def environment() -> dict[str, str]:
    """Return the variables that the unit sets."""
    return dict(value.split("=", 1) for value in values("Environment"))


def test_command_is_one_that_there_is() -> None:
    program, *arguments = shlex.split(the("ExecStart"))

    assert program == "/opt/afterclick/bin/afterclick"
    parse(arguments)


def test_configuration_loads_and_connects(tmp_path: Path) -> None:
    files = [found[1] for value in environment().values() if (found := REFERENCE.fullmatch(value))]
    secrets = dict.fromkeys(files, "unit-3f9c0d51b7a84e62")
    settings, plan = configured("", environment(), secrets, tmp_path)

    assert unknown_variables([*environment()]) == []
    assert [one.name for one in plan.ready] == ["hubspot"]
    assert settings.sources["tolinku"].secrets[0].follows_a_file
    assert str(PurePosixPath(settings.ledger.path).parent) == f"/var/lib/{the('StateDirectory')}"
    assert all(file.startswith(the("WorkingDirectory")) for file in files)


def test_a_wrong_configuration_is_not_tried_again_and_a_stop_has_its_time() -> None:
    assert the("RestartPreventExitStatus") == str(MISCONFIGURED)
    assert float(the("TimeoutStopSec")) >= 2 * DEFAULTS.stop_grace + 5


def test_there_are_files_enough_for_every_connection() -> None:
    # Those of senders, of CRMs, and what the ledger and the program hold open.
    assert int(the("LimitNOFILE")) >= DEFAULTS.max_connections + 1024


def test_user_is_the_one_that_sysusers_makes() -> None:
    sysusers = (DEPLOY / "systemd" / "afterclick.conf").read_text(encoding="utf-8")

    assert re.search(rf"^u {the('User')} ", sysusers, re.MULTILINE)
    assert the("Group") == the("User")
