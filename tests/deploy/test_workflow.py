"""The workflow runs what people run: its commands are the Makefile's, its Pythons are those that we name."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from typing import Any

import yaml
from tests.deploy.program import ROOT, parse, tool

FILE = ROOT / ".github" / "workflows" / "ci.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands(job: str) -> list[list[str]]:
    """Return the commands of a job."""
    return [shlex.split(step["run"]) for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def test_file_fits_the_schema_of_workflows() -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_every_python_that_we_name_is_tested() -> None:
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (\d+\.\d+)", " ".join(project["classifiers"]))

    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"] == named


def test_commands_are_targets_of_the_makefile() -> None:
    made = [command for job in WORKFLOW["jobs"] for command in commands(job) if command[0] == "make"]
    others = [command for job in WORKFLOW["jobs"] for command in commands(job) if command[0] != "make"]

    assert {command[1] for command in made} <= TARGETS
    # For these there is no target of ours.
    assert [command[:2] for command in others] == [
        ["apt-get", "update"],
        ["docker", "run"],
        ["docker", "login"],
    ]
    parse(others[1][others[1].index("$IMAGE") + 1 :])


def test_every_rehearsal_runs() -> None:
    run = [command[1] for command in commands("rehearse") if command[0] == "make"]

    assert sorted(run) == sorted(target for target in TARGETS if target.startswith("rehearse-"))


def test_the_checks_are_those_that_run_everywhere() -> None:
    everywhere = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    wanted = re.findall(r"^make (.+)$", everywhere, re.MULTILINE)
    run = [" ".join(command[1:]).removesuffix(" PYTHON=python") for command in commands("test")]

    assert run == wanted


def test_an_image_is_published_for_a_tag_only_and_after_the_checks() -> None:
    job = WORKFLOW["jobs"]["image"]
    (publish,) = (step for step in job["steps"] if step.get("run") == "make publish")

    assert publish["if"] == "github.ref_type == 'tag'"
    assert job["needs"] == ["test", "rehearse"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, one in WORKFLOW["jobs"].items() if "write" in str(one.get("permissions"))] == [
        "image"
    ]
