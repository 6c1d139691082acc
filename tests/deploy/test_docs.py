"""The commands of core/docs/deploy.md name what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.deploy.cluster import APPLIED, RESTORING, named, rendered
from tests.deploy.program import DEPLOY, IMAGE, REFERENCE, ROOT, parse, tool
from tests.deploy.test_workflow import TARGETS

PAGE = (ROOT / "core" / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^( *)```sh\n(.*?)^\1```", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line.strip() for _, block in BLOCKS for line in block.splitlines()]
INLINE = [
    line for line in re.findall(r"`([^`\n]+)`", PAGE) if line.startswith(("kubectl ", "docker ", "make "))
]
COMMANDS = [shlex.split(line) for line in [*LINES, *INLINE]]


def ours(command: list[str]) -> list[str] | None:
    """Return the arguments that a command hands to `afterclick`, if it does."""
    if Path(command[0]).name == "afterclick":
        return command[1:]
    if command[:2] == ["docker", "run"]:
        return command[command.index(IMAGE) + 1 :] or ["serve"]
    inside: list[str] = []
    if "--" in command:
        inside = command[command.index("--") + 1 :]
    elif "exec" in command and command[0] == "docker":
        inside = command[command.index("afterclick") + 1 :]
    return inside[1:] if inside[:1] == ["afterclick"] else None


def kubectl(command: list[str]) -> tuple[str, list[str]]:
    """Return the verb of a call of kubectl and the options that it is given."""
    words = command[1 : command.index("--")] if "--" in command else command[1:]
    if words[0] == "-n":  # it is every verb's
        words = words[2:]
    depth = {"create": 3, "rollout": 2}.get(words[0], 1)
    options = [word.partition("=")[0] for word in words[depth:] if word.startswith("-")]
    return " ".join(words[:depth]), options


KUBECTL = [kubectl(command) for command in COMMANDS if command[0] == "kubectl"]


def test_the_page_has_commands() -> None:
    assert len(LINES) > 30
    assert sum(ours(command) is not None for command in COMMANDS) > 10


@pytest.mark.parametrize("command", [c for c in COMMANDS if ours(c) is not None], ids=" ".join)
def test_what_is_handed_to_the_program_it_understands(command: list[str]) -> None:
    parse(ours(command) or [])


def test_files_that_commands_name_are_there() -> None:
    words = [word for command in COMMANDS for word in command]
    files = [word for word in words if re.match(r"(\./)?(deploy|core|plugins|requirements)/", word)]

    assert len(files) > 10
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_targets_of_make_are_there() -> None:
    assert {command[1] for command in COMMANDS if command[0] == "make"} <= TARGETS


def test_overlays_that_are_applied_are_those_that_are_tested() -> None:
    folders = [word for command in COMMANDS for word in command if "/kubernetes/" in word]
    overlays = {str(Path(word).relative_to("deploy/kubernetes")) for word in folders}

    assert overlays - {*APPLIED} == {"namespace.yaml", "restore.yaml"}


def test_objects_that_commands_name_are_there() -> None:
    for command in (c for c in COMMANDS if c[0] == "kubectl" and "-n" in c):
        namespace = command[command.index("-n") + 1]
        folder = {"afterclick": "examples/production", "afterclick-demo": "overlays/demo"}[namespace]
        assert {one["metadata"].get("namespace", namespace) for one in rendered(folder)} == {namespace}
        for word in command:
            kind, _, name = word.partition("/")
            if kind in ("statefulset", "service"):
                assert named(folder, {"statefulset": "StatefulSet", "service": "Service"}[kind], name)
        for word in command:
            if re.match(r"(pod/)?afterclick-(\d+|restore)(:|$)", word):
                assert _is_there(folder, word.removeprefix("pod/").partition(":")[0])


def _is_there(folder: str, pod: str) -> bool:
    if pod == RESTORING["metadata"]["name"]:
        return True
    owner, _, number = pod.rpartition("-")
    replicas: int = named(folder, "StatefulSet", owner)["spec"]["replicas"]
    return int(number) < replicas


@pytest.mark.parametrize("verb", sorted({verb for verb, _ in KUBECTL}))
def test_options_of_kubectl_are_those_that_it_has(verb: str) -> None:
    command = [tool("kubectl"), *verb.split(), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^    (?:-(\w), )?--([\w-]+)=", told, re.MULTILINE))
    names = {f"--{long}" for _, long in known} | {f"-{short}" for short, _ in known if short}

    assert known
    assert {option for one, options in KUBECTL if one == verb for option in options} <= names


def test_the_namespace_that_is_made_is_the_restricted_one_of_the_overlays() -> None:
    made = yaml.safe_load((DEPLOY / "kubernetes" / "namespace.yaml").read_text(encoding="utf-8"))
    (demo,) = (one for one in rendered("overlays/demo") if one["kind"] == "Namespace")

    assert (
        made["metadata"]["name"]
        == named("overlays/single", "StatefulSet", "afterclick")["metadata"]["namespace"]
    )
    assert made["metadata"]["labels"] == demo["metadata"]["labels"]
    assert made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_secret_that_the_page_makes_has_the_files_of_the_configuration(tmp_path: Path) -> None:
    line, again = (command for command in COMMANDS if "secret" in command)
    assert again[: len(line)] == line
    for name in ("webhook", "hubspot"):
        (tmp_path / name).write_text("x")
    command = [tool("kubectl"), *line[1:], "--dry-run=client", "--output=yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    made = yaml.safe_load(done.stdout)
    for folder in ("overlays/single", "examples/production"):
        text = (DEPLOY / "kubernetes" / folder / "afterclick.toml").read_text(encoding="utf-8")
        assert {path.rpartition("/")[2] for path in REFERENCE.findall(text)} == set(made["data"])
    (volume,) = (
        one["secret"]
        for one in named("overlays/single", "StatefulSet", "afterclick")["spec"]["template"]["spec"][
            "volumes"
        ]
        if "secret" in one
    )
    assert volume["secretName"] == made["metadata"]["name"]


def test_links_of_the_deploy_folder_lead_somewhere() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DEPLOY / target).exists()


def test_the_deploy_folder_holds_what_its_page_lists() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    names = [
        name
        for line in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", line)
    ]
    # What comes later has its place already.
    places = [name for name in names if name not in ("prometheus/", "grafana/")]

    assert len(places) > 10
    assert [n for n in places if not any((at / n).exists() for at in (DEPLOY, DEPLOY / "kubernetes"))] == []
