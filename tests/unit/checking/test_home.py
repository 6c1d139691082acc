"""What is found on this machine: setup, sources, secrets, disk, milestones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOON
from tests.unit.checking.acme import installed, planned

from afterclick.checking.ledger import LITTLE_ROOM, Room, at_disk, at_milestones, measure, rounded
from afterclick.checking.look import Look
from afterclick.checking.setup import at_setup
from afterclick.checking.sources import at_sources
from afterclick.config.load import load
from afterclick.host.discovery import Discovery, Refused
from afterclick.ledger.rows import Arrival, ConnectionRow
from afterclick.plugin import Finding

SECRET = "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576"


def findings(looks: Iterable[Look]) -> dict[tuple[str, str], Finding]:
    return {(look.connection, found.code): found for look in looks for found in look.findings}


# Plugins and connections


def test_nothing_installed_says_what_to_install() -> None:
    found = findings(at_setup(planned({}), Discovery({})))

    assert set(found) == {("", "no-plugin")}
    assert "pip install" in found["", "no-plugin"].remedy


def test_nothing_connected_names_the_variable() -> None:
    found = findings(at_setup(planned({}), installed()))

    assert set(found) == {("", "no-connection")}
    assert found["", "no-connection"].remedy == "Set ACME_TOKEN."


def test_a_half_set_connection_names_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "afterclick.toml"
    file.write_text("[connections.acme]\ncreates = false\n", "utf-8")
    found = findings(at_setup(planned({}, file), installed()))

    assert ("acme", "connection-half-set") in found
    assert "ACME_TOKEN" in found["acme", "connection-half-set"].remedy


def test_a_refused_plugin_is_an_error_with_its_reason() -> None:
    refused = Discovery({}, (Refused("acme", "its import failed: ImportError: x"),))
    found = findings(at_setup(planned({}), refused))

    assert set(found) == {("", "plugin-refused")}
    assert "ImportError" in found["", "plugin-refused"].message
    assert found["", "plugin-refused"].level == "error"


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("https://crm.example", set()),
        ("http://127.0.0.1:9100", set()),
        ("http://crm.example", {("acme", "plain-http")}),
    ],
)
def test_credentials_without_tls_are_found(url: str, codes: set[Any]) -> None:
    prefix = "AFTERCLICK_CONNECTIONS__ACME__"
    environ = {"ACME_TOKEN": "t0p", f"{prefix}BASE_URL": url, f"{prefix}ALLOW_HTTP": "true"}

    assert set(findings(at_setup(planned(environ), installed()))) == codes


def test_a_connection_that_went_away_is_remembered() -> None:
    rows = [ConnectionRow(name=name, plugin="acme", first_seen_at=NOON) for name in ("acme", "acme-old")]
    found = findings(at_setup(planned({"ACME_TOKEN": "t0p"}), installed(), rows))

    assert set(found) == {("", "connection-away")}
    assert found["", "connection-away"].subject == "acme-old"


# Sources


def test_without_a_source_nobody_may_send() -> None:
    assert [one.code for one in at_sources({}, {}).findings] == ["no-source"]


def test_a_source_that_never_sent_is_a_remark() -> None:
    sources = load(None, {"WEBHOOK_SECRET": SECRET}).sources
    (silent,) = at_sources(sources, {}).findings

    assert (silent.code, silent.level, silent.subject) == ("source-silent", "info", "tolinku")
    assert at_sources(sources, {"tolinku": Arrival(NOON, "test")}).findings == ()


def test_a_secret_file_that_became_unusable_is_found_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET, "utf-8")
    sources = load(None, {"WEBHOOK_SECRET": f"file:{file}"}).sources
    assert at_sources(sources, {"tolinku": Arrival(NOON, "test")}).findings == ()

    file.write_text("changeme", "utf-8")
    sources["tolinku"].secrets[0].refresh()
    (found,) = at_sources(sources, {"tolinku": Arrival(NOON, "test")}).findings
    assert (found.code, found.subject) == ("secret-unusable", "tolinku")
    assert str(file) in found.message
    assert "changeme" not in found.message + found.remedy


# Disk


def test_room_is_measured_without_making_anything(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "ledger.db"
    room = measure(path)

    assert (room.exists, room.size_bytes, room.writable) == (False, 0, True)
    assert room.free_bytes
    assert list(tmp_path.iterdir()) == []


def test_the_write_ahead_log_counts(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"x" * 100)
    (tmp_path / "ledger.db-wal").write_bytes(b"x" * 50)

    assert measure(tmp_path / "ledger.db").size_bytes == 150


def test_a_file_in_the_way_of_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "ledger.db"

    assert [one.code for one in at_disk(path, measure(path)).findings] == ["ledger-folder"]


@pytest.mark.parametrize(
    ("free", "size", "codes"),
    [
        (LITTLE_ROOM, 0, []),
        (LITTLE_ROOM - 1, 0, ["disk-low"]),
        (2 * LITTLE_ROOM, 3 * LITTLE_ROOM, ["disk-low"]),
        (None, 0, []),
    ],
)
def test_a_disk_with_little_room_is_found(free: int | None, size: int, codes: list[str]) -> None:
    room = Room(exists=True, size_bytes=size, free_bytes=free)

    assert [one.code for one in at_disk(Path("ledger.db"), room).findings] == codes


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 KiB"), (5 * 1024**2, "5.0 MiB"), (1536 * 1024**2, "1.5 GiB")]
)
def test_sizes_are_told_as_people_say_them(count: int, text: str) -> None:
    assert rounded(count) == text


# Milestones


@pytest.mark.parametrize("seen", [[], ["completed"], ["completed", "signed_up"]])
def test_milestones_that_are_mapped_are_no_finding(seen: list[str]) -> None:
    assert at_milestones({"*": "customer", "signed_up": "lead"}, seen).findings == ()


def test_milestones_that_nobody_mapped_are_named_with_what_they_do() -> None:
    (found,) = at_milestones({"*": "customer", "paid": "customer"}, ["installed", "paid", "won"]).findings

    assert found.code == "milestone-unmapped"
    assert "`installed`, `won`" in found.message
    assert "customer" in found.message
    assert '`installed = "customer"`' in found.remedy


def test_what_somebody_sends_as_milestones_stays_within_bounds() -> None:
    (found,) = at_milestones({"*": "lead"}, [f"{n}" + "x" * 10_000 for n in range(500)]).findings

    assert len(found.message) < 1000
    assert "490 more" in found.message
