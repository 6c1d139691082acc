"""Images without an engine and without a registry: Debian's buildah, over a base made by debootstrap.

Needs root on a Debian with `buildah` and `debootstrap`, and reaches the archives of Debian and of Python.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
DATA = "/var/lib/afterclick"


class RehearsalError(Exception):
    """Something is missing here, or is not as it should be."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: where its files are, and what its Dockerfile says of how to run it."""

    name: str
    files: Path
    config: Mapping[str, Any]
    labels: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """Return the entry point with these arguments, or with its own."""
        return [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]

    @property
    def environ(self) -> dict[str, str]:
        """Return the variables that the image sets."""
        return dict(pair.split("=", 1) for pair in self.config["Env"])


class Builder:
    """Builds images below `work`, where the base is kept from one run to the next."""

    def __init__(self, work: Path) -> None:
        for tool in ("buildah", "debootstrap", "unshare", "setpriv"):
            if shutil.which(tool) is None:
                raise RehearsalError(f"{tool} is missing: apt-get install buildah debootstrap util-linux")
        if os.geteuid() != 0:
            raise RehearsalError("root is needed, to make file systems and to become another user in them")
        self.work = work
        work.mkdir(parents=True, exist_ok=True)

    def buildah(self, *arguments: str | Path) -> str:
        """Run buildah with a store of its own, and return what it prints."""
        store: list[str | Path] = ["--root", self.work / "storage", "--runroot", self.work / "run"]
        environ = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
        return run(["buildah", *store, *arguments], environ).strip()

    def base(self) -> str:
        """Make what stands for the Python image: Debian of that name, its Python, and nothing else.

        It is poorer than the real one: without time zones, so that ours must do.
        """
        name, version, suite = wanted_base(DOCKERFILE.read_text(encoding="utf-8"))
        if self.buildah("images", "--quiet", "--filter", f"reference={name}"):
            return name
        files = self.work / "base"
        shutil.rmtree(files, ignore_errors=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        run(["debootstrap", "--variant=minbase", packages, suite, files])
        python = files / "usr" / "bin" / f"python{version}"
        if not python.exists():
            raise RehearsalError(f"Debian {suite} has no Python {version}: {name} cannot be stood in for")
        for alias in ("python", "python3"):
            (files / "usr" / "local" / "bin" / alias).symlink_to(f"../../bin/{python.name}")
        shutil.rmtree(files / "usr" / "share" / "zoneinfo")
        # An authority of this machine's own, where one stands between it and the archives.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", files / "etc" / "ssl" / "certs")
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, files, "/")
        self.buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", container)
        self.buildah("commit", "--quiet", "--rm", container, name)
        return name

    def build(self, name: str, dockerfile: Path, *options: str, context: Path = ROOT) -> Image:
        """Build an image and lay out its files."""
        # HEALTHCHECK is not part of the OCI format.
        always = ["--pull-never", "--format", "docker", "--layers=false", "--quiet"]
        self.buildah("build", *always, *options, "--file", dockerfile, "--tag", name, context)
        container = self.buildah("from", "--pull-never", name)
        about = json.loads(self.buildah("inspect", "--type", "image", name))["Docker"]["config"]
        files = Path(self.buildah("mount", container))
        return Image(name, files, about, about["Labels"])


def wanted_base(dockerfile: str) -> tuple[str, str, str]:
    """Return the base image that a Dockerfile names, its version of Python and its Debian."""
    found = re.search(r"^ARG PYTHON_IMAGE=(python:(\d+\.\d+)-slim-(\w+))$", dockerfile, re.MULTILINE)
    if found is None:
        raise RehearsalError("the Dockerfile's PYTHON_IMAGE is not of the form python:X.Y-slim-debian")
    return found[1], found[2], found[3]


_BOX = """
set -eu
root=$1 data=$2 secrets=$3 config=$4 directory=$5 user=${6%:*} group=${6#*:}
shift 6
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir -p "$root/run/secrets/afterclick"
mount --bind "$data" "$root/var/lib/afterclick"
mount --bind "$secrets" "$root/run/secrets/afterclick"
mount --bind "$config" "$root/etc/afterclick"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid="$user" --regid="$group" --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all -- env -C "$directory" "$@"
"""


@dataclass(frozen=True, slots=True)
class Box:
    """Runs an image as a cluster would: its user, no rights, a root that nobody can write, a volume.

    `secrets` and `config` are folders that it may only read.
    """

    image: Image
    data: Path
    secrets: Path
    config: Path

    def own(self, folder: Path) -> None:
        """Give a folder to the image's user."""
        user, group = map(int, self.image.config["User"].split(":"))
        shutil.chown(folder, user, group)

    def start(self, command: Sequence[str], **environ: str) -> subprocess.Popen[str]:
        """Start a command in the image; the process is that command, so signals reach it."""
        places = map(str, (self.image.files, self.data, self.secrets, self.config))
        own = [*places, self.image.config["WorkingDir"], self.image.config["User"]]
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _BOX, "box", *own, *command],
            env={**self.image.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **environ: str) -> str:
        """Run a command to its end and return what it told.

        Raises:
            RehearsalError: it ended with another code than 0.

        """
        process = self.start(command, **environ)
        told, _ = process.communicate(timeout=120)
        if process.returncode != 0:
            raise RehearsalError(f"{' '.join(command)} ended with {process.returncode}:\n{told}")
        return told


def run(command: Sequence[str | Path], environ: Mapping[str, str] | None = None) -> str:
    """Run a tool of this machine and return what it printed on standard output."""
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RehearsalError(
            f"{command[0]} {command[-1]} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    return done.stdout
