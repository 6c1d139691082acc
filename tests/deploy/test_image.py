"""The Dockerfile says what the program is; `make rehearse-image` builds and runs it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath

from tests.deploy import dockerfile
from tests.deploy.buildah import wanted_base
from tests.deploy.program import DEFAULTS, IMAGE, LEDGER, ROOT, USER, parse

import afterclick
from afterclick.config.load import DEFAULT_FILE, load

TEXT = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def test_base_is_pinned_to_a_python_that_we_support() -> None:
    _, version, _ = wanted_base(TEXT)
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_every_download_is_checked_by_hash() -> None:
    installs = [rest for word, rest in dockerfile.instructions() if word == "RUN" and "pip install" in rest]
    for command in re.findall(r"pip (?:install|wheel) [^;&]*", " ; ".join(installs)):
        assert "--require-hashes" in command or "--no-index" in command, command


def test_version_is_the_programs() -> None:
    assert ("ARG", f"VERSION={afterclick.__version__}") in dockerfile.final()
    assert f"-t {IMAGE} ." in TEXT


def test_user_is_a_number_and_not_root() -> None:
    assert dockerfile.the("USER") == f"{USER}:{USER}"


def test_ledger_is_on_the_volume(tmp_path: Path) -> None:
    file = tmp_path / "afterclick.toml"
    file.touch()
    settings = load(file, dockerfile.environment())

    assert str(PurePosixPath(settings.ledger.path).parent) == dockerfile.the("VOLUME") == LEDGER


def test_configuration_is_read_from_a_folder_that_is_mounted_for_it() -> None:
    assert not DEFAULT_FILE.is_absolute()
    assert dockerfile.the("WORKDIR") == "/etc/afterclick"


def test_ports_are_the_programs() -> None:
    assert dockerfile.the("EXPOSE") == f"{DEFAULTS.port} {DEFAULTS.admin_port}"


def test_entry_point_and_health_check_are_commands_that_there_are() -> None:
    entry = dockerfile.command("ENTRYPOINT")
    health = dockerfile.command("HEALTHCHECK")

    assert entry == health[:1] == ["afterclick"]
    parse(dockerfile.command("CMD"))
    parse(health[1:])


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = [
        rest.split() for word, rest in dockerfile.instructions() if word == "COPY" and "--from" not in rest
    ]
    for *sources, _ in copies:
        for source in sources:
            assert (ROOT / source).exists()
            assert any(line.startswith(f"!{source.rstrip('/')}") for line in allowed), source


def test_tests_and_secrets_do_not_reach_the_build() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert "**" in allowed
    assert allowed.index("plugins/*/tests") > allowed.index("!plugins")
    assert not [line for line in allowed if line.startswith(("!deploy", "!tests", "!.", "!*"))]
