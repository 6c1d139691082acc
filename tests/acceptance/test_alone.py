"""The core and one plugin, alone in an environment of their own: all that they need is what they declare."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import sysconfig
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import trustme
from packaging.requirements import Requirement
from tests.acceptance.running import inherited
from tests.acceptance.salesforce import org, variables

from afterclick.sandbox import serve
from afterclick_pipedrive.sandbox import Options, PipedriveSandbox
from afterclick_salesforce.sandbox import Options as SalesforceOptions
from afterclick_salesforce.sandbox import SalesforceSandbox


def declared(required: Requirement, seen: set[str]) -> set[str]:
    """Return a distribution and all that it asks for, and those in turn, with the extras asked for."""
    place = f"{required.name.lower()}[{','.join(sorted(required.extras))}]"
    try:
        needed = [Requirement(text) for text in distribution(required.name).requires or []]
    except PackageNotFoundError:  # for another system
        return seen
    if place in seen:
        return seen
    seen.add(place)
    for one in needed:
        if one.marker is None or any(
            one.marker.evaluate({"extra": extra}) for extra in ("", *required.extras)
        ):
            declared(one, seen)
    return seen


def installed(folder: Path, *names: str) -> Path:
    """Make an environment that holds these distributions and what they declare; return its program.

    Files are linked, not fetched: what is not declared is not there.
    """
    venv.EnvBuilder(symlinks=True).create(folder)
    places = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", vars=places))
    needed: set[str] = set()
    for name in names:
        declared(Requirement(name), needed)
    for name in {place.partition("[")[0] for place in needed}:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            link = site / top
            if not link.exists():
                link.symlink_to(str(found.locate_file(top)))
    return folder / "bin" / "python"


def run(python: Path, folder: Path, environ: dict[str, str], *words: str) -> str:
    """Run a command of the program and return what it prints."""
    done = subprocess.run(
        [python, "-m", "afterclick", *words],
        cwd=folder,
        env={**{k: v for k, v in inherited().items() if k != "PYTHONPATH"}, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("plugin", ["hubspot", "pipedrive", "salesforce"])
def test_one_plugin_alone_is_loaded_without_the_others(tmp_path: Path, plugin: str) -> None:
    python = installed(tmp_path / "venv", "afterclick", f"afterclick-{plugin}")
    said = run(python, tmp_path, {"COLUMNS": "200"}, "plugins")

    assert re.findall(r"^ (hubspot|pipedrive|salesforce) ", said, re.MULTILINE) == [plugin]
    assert "refused" not in said


async def test_pipedrive_alone_makes_an_account_ready(tmp_path: Path) -> None:
    python = installed(tmp_path / "venv", "afterclick", "afterclick-pipedrive")
    async with serve(PipedriveSandbox(Options(unlimited=True))) as crm:
        settings = crm.settings()
        environ = {
            "PIPEDRIVE_API_TOKEN": settings["api_token"],
            "AFTERCLICK_CONNECTIONS__PIPEDRIVE__BASE_URL": settings["base_url"],
            "AFTERCLICK_CONNECTIONS__PIPEDRIVE__DEALS": "deal",
            "WEBHOOK_SECRET": "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576",
        }
        made = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "pipedrive", "--apply")
        again = await asyncio.to_thread(run, python, tmp_path, environ, "provision")

    assert made.count("created") == 12
    assert again.count("keep") >= 12, "the only connection need not be named"


async def test_salesforce_alone_makes_an_org_ready(tmp_path: Path) -> None:
    python = installed(tmp_path / "venv", "afterclick", "afterclick-salesforce")
    emulator = org()
    async with serve(emulator) as crm:
        environ = variables(tmp_path, crm.url)
        made = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "salesforce", "--apply")
        again = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "salesforce")
        assert made.count("created") >= 26
        assert again.count("keep") >= 26
        assert not _may_delete(emulator)

        environ["AFTERCLICK_LEADS__EXPIRE_STUBS"] = "90d"
        more = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "salesforce", "--apply")
        assert more.count("created") == 1
        assert _may_delete(emulator)


async def test_salesforce_alone_signs_in_with_a_key_over_tls(tmp_path: Path) -> None:
    authority, listening = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(listening)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    python = installed(tmp_path / "venv", "afterclick", "afterclick-salesforce")
    async with serve(SalesforceSandbox(SalesforceOptions(flow="jwt")), tls=listening) as crm:
        settings = crm.settings()
        (tmp_path / "key.pem").write_text(settings["private_key"])
        environ = {
            "SF_INSTANCE_URL": settings["base_url"],
            "SF_CLIENT_ID": settings["client_id"],
            "SF_USERNAME": settings["username"],
            "SF_PRIVATE_KEY": f"file:{tmp_path / 'key.pem'}",
            "SF_PROVISIONING_TOKEN": settings["provisioning_token"],
            "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
            "WEBHOOK_SECRET": "whsec_3f9c0d51b7a84e62a0c4d8e1f2b39576",
            "COLUMNS": "200",
        }
        made = await asyncio.to_thread(run, python, tmp_path, environ, "provision", "salesforce", "--apply")

    # Whom the permission set is for is known from the login alone, which this org grants to a signature only.
    assert re.search(r"created +permission set Deep_Link_Sync for the integration user", made)


def _may_delete(emulator: SalesforceSandbox) -> bool:
    rights = [row.values for row in emulator.org.tables["ObjectPermissions"]]
    return any(one["SobjectType"] == "Lead" and one.get("PermissionsDelete") for one in rights)
