"""`make rehearse-image`: build deploy/Dockerfile for real, and run what comes out as a cluster would.

For Debian, as root; `buildah.py` tells what it needs. It ends with 0 only if every step did as it should.
"""

from __future__ import annotations

import io
import re
import sys
import tomllib
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from tests.deploy.buildah import DATA, DOCKERFILE, ROOT, Box, Builder, Image, RehearsalError
from tests.deploy.demo_pods import check_demo_pods
from tests.deploy.rehearsing import SECRET, answers, expect, free_port, seen, serving

WORK = Path("/var/tmp/afterclick-rehearsal")
PLUGINS = sorted(
    name
    for file in ROOT.glob("plugins/*/pyproject.toml")
    for name in tomllib.loads(file.read_text("utf-8"))["project"]
    .get("entry-points", {})
    .get("afterclick.crms", ())
)


def main() -> int:
    """Run every step and tell what was seen."""
    builder = Builder(WORK)
    with TemporaryDirectory(prefix="afterclick-rehearsal-") as folder:
        seen(f"base: {builder.base()}, Debian's Python with nothing else")
        image = builder.build("afterclick:0.1.0", DOCKERFILE)
        seen(f"built {image.name}, version {image.labels['org.opencontainers.image.version']}")
        box = box_of(image, Path(folder))
        check_confinement(box)
        check_contents(box, PLUGINS)
        seen(box.run(*image.command("demo", "--once")).strip().splitlines()[-1])
        check_service(box)
        check_demo_pods(box, Path(folder))
        check_choice(builder, Path(folder))
        check_added_plugin(builder, Path(folder))
    seen("all as it should be")
    return 0


def box_of(image: Image, folder: Path) -> Box:
    """Give an image a volume that its user owns, a secret that it may only read, and no configuration."""
    data, secrets, config = (
        folder / f"{name}-{image.files.parent.name}" for name in ("data", "secrets", "config")
    )
    for place in (secrets, config):
        place.mkdir(mode=0o755)
    (secrets / "webhook").write_text(SECRET)
    data.mkdir(mode=0o700)
    box = Box(image, data, secrets, config)
    box.own(data)
    return box


def check_confinement(box: Box) -> None:
    """The image's user is nobody, and can write its volume and /tmp only."""
    expect(box.run("id", "-u").strip() == "10001", "the image does not run as 10001")
    expect(list(box.image.config["Volumes"]) == [DATA], f"the image's volume is not {DATA}")
    for place, writable in (
        (DATA, True),
        ("/tmp", True),
        ("/opt/afterclick", False),
        ("/etc/afterclick", False),
    ):
        try:
            box.run("sh", "-c", f"echo x > {place}/x && rm {place}/x")
            wrote = True
        except RehearsalError:
            wrote = False
        expect(wrote is writable, f"{place} is {'not ' if writable else ''}writable")
    seen(f"runs as 10001 with a root that nobody can write; {DATA} and /tmp are its own")


def check_contents(box: Box, plugins: list[str]) -> None:
    """The plugins are those that were asked for, and time zones are known without the system's."""
    found = {one["plugin"] for one in msgspec.json.decode(box.run("afterclick", "plugins", "--json"))}
    expect(found == set(plugins), f"the image has the plugins {sorted(found)}, not {plugins}")
    zone = "from zoneinfo import ZoneInfo; print(ZoneInfo('Europe/Berlin'))"
    expect(box.run("python", "-c", zone).strip() == "Europe/Berlin", "time zones are not known")
    seen(f"plugins: {', '.join(plugins) or 'none'}; time zones known without the system's")


def check_service(box: Box) -> None:
    """It serves, tells its health, takes a delivery, stops when asked, and has kept what it took."""
    environ = {
        "AFTERCLICK_SOURCES__TOLINKU__SECRETS": "file:/run/secrets/afterclick/webhook",
        "AFTERCLICK_SERVER__PORT": str(free_port()),
        "AFTERCLICK_SERVER__ADMIN_PORT": str(free_port()),
    }
    health = box.image.config["Healthcheck"]["Test"][1:]
    expect(not answers(box, health, environ), "the health check is content before anything runs")
    with serving(box, health, environ):
        told = box.run("afterclick", "send", "test", **environ).strip()
        box.run("afterclick", "backup", f"{DATA}/backup.db", **environ)
    with serving(box, health, environ):
        expect(stored(box, environ) == 1, "after a restart the event that was taken is not there")
        box.run("afterclick", "send", "test", **environ)
    seen(f"serves: {' '.join(told.split())}; stopped on SIGTERM; the event was there after a restart")
    box.run("afterclick", "restore", f"{DATA}/backup.db", **environ)
    with serving(box, health, environ):
        expect(stored(box, environ) == 1, "the restored ledger is not what the backup was")
    seen("a backup beside the service, restored: it has what it had then")


def stored(box: Box, environ: dict[str, str]) -> int:
    """Return how many events the ledger has."""
    return len(msgspec.json.decode(box.run("afterclick", "events", "--json", **environ)))


def check_choice(builder: Builder, folder: Path) -> None:
    """PLUGINS leaves plugins out."""
    image = builder.build("afterclick:none", DOCKERFILE, "--build-arg", "PLUGINS=none")
    check_contents(box_of(image, folder), [])


def check_added_plugin(builder: Builder, folder: Path) -> None:
    """The two lines in the docs add somebody else's plugin."""
    page = (ROOT / "core" / "docs" / "deploy.md").read_text(encoding="utf-8")
    lines = re.search(r"^```dockerfile\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    expect(lines is not None and lines[1].count("\n") == 2, "deploy.md has no Dockerfile of two lines")
    assert lines is not None
    context, shelf = folder / "acme", folder / "shelf"
    context.mkdir()
    shelf.mkdir(mode=0o755)
    (context / "Dockerfile").write_text(lines[1])
    (shelf / "afterclick_acme-1.2.0-py3-none-any.whl").write_bytes(acme_wheel())
    # What an index of one's own would offer.
    (shelf / "pip.conf").write_text("[global]\nfind-links = /shelf\n")
    volumes = [f"--volume={shelf}:/shelf:ro", f"--volume={shelf / 'pip.conf'}:/etc/pip.conf:ro"]
    image = builder.build("afterclick:acme", context / "Dockerfile", *volumes, context=context)
    check_contents(box_of(image, folder), [*PLUGINS, "acme"])


def acme_wheel() -> bytes:
    """Return the plugin of core/docs/plugin-authors.md as a wheel."""
    guide = (ROOT / "core" / "docs" / "plugin-authors.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    about = (
        "Metadata-Version: 2.1\nName: afterclick-acme\nVersion: 1.2.0\nRequires-Dist: afterclick>=0.1,<0.2\n"
    )
    info = "afterclick_acme-1.2.0.dist-info"
    files = {
        "afterclick_acme/__init__.py": "",
        "afterclick_acme/plugin.py": code,
        f"{info}/METADATA": about,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[afterclick.crms]\nacme = afterclick_acme.plugin\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RehearsalError as failure:
        sys.exit(f"✗ {failure}")
