"""Secrets: what they show (nothing), what is refused, and how those in files follow their file."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterclick.config.secrets import (
    MASK,
    Secret,
    SecretFault,
    SecretSource,
    conceal,
    mask,
    secret_source,
    single_secret,
    uncover,
    weakness,
)

VALUE = "whsec_3f9c0d51b7a84e62"
OTHER = "whsec_77aa0d51b7a8ffff"


def revealed(source: SecretSource) -> list[str]:
    return [secret.reveal() for secret in source.values]


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, lambda secret: repr([secret])])
def test_secret_never_shows_itself(show: Any) -> None:
    assert VALUE not in show(Secret(VALUE))
    assert VALUE not in show(SecretSource.of(VALUE))


def test_secret_is_encoded_as_a_mask() -> None:
    encoded = msgspec.json.encode({"a": Secret(VALUE), "b": SecretSource.of(VALUE)}, enc_hook=mask)

    assert encoded == b'{"a":"***","b":"***"}'


def test_secret_is_not_encoded_unasked() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret(VALUE))


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_secret_is_not_written(write: Any) -> None:
    with pytest.raises(TypeError, match="not written"):
        write(Secret(VALUE))


def test_mask_leaves_other_types_alone() -> None:
    with pytest.raises(NotImplementedError):
        mask(object())


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_concealed_values_come_back(value: object) -> None:
    assert uncover(conceal(value)) == value


@given(st.text(min_size=4), st.sampled_from(["text", "list", "table"]))
def test_concealed_values_show_no_text(text: str, shape: str) -> None:
    value: Any = {"text": text, "list": [text], "table": {"key": {"inner": text}}}[shape]

    assert repr(conceal(value)) == repr(value).replace(repr(text), MASK)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "whsec_",
        "whsec_xxx",
        "whsec_XXXXXXXXXXXX",
        "whsec_sample_only_never_a_real_secret_0001",
        "whsec_sample123",
        "whsec_...",
        "whsec_your_secret_here",
        "your-webhook-secret",
        "changeme",
        "CHANGE-ME",
        "replace_this",
        "my-secret",
        "pat-na1-xxxxxxxx-xxxx",
        "<your token>",
        "${WEBHOOK_SECRET}",
        "$WEBHOOK_SECRET",
        "{{ secret }}",
        "0000000000",
    ],
)
def test_empty_and_sample_secrets_are_weak(value: str) -> None:
    assert weakness(value) is not None


@pytest.mark.parametrize(
    "value",
    [VALUE, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "pat-na1-8d3f-44aa", "pat-sandbox", "correct horse"],
)
def test_other_secrets_are_taken(value: str) -> None:
    assert weakness(value) is None


def test_blanks_round_a_secret_are_stripped() -> None:
    assert revealed(secret_source(f"  {VALUE}\n", {})) == [VALUE]
    assert revealed(secret_source("env: S ", {"S": f" {VALUE} "})) == [VALUE]


def test_variable_holds_the_secret() -> None:
    source = secret_source("env:S", {"S": VALUE})

    assert revealed(source) == [VALUE]
    assert source.reference == "env:S"


def test_file_holds_one_secret_a_line(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    path.write_text(f"{VALUE}\n\n  {OTHER}  \n", encoding="utf-8")

    assert revealed(secret_source(f"file:{path}", {})) == [VALUE, OTHER]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", "is empty"),
        ("whsec_xxx", "is a sample"),
        ("env:MISSING", "MISSING is not set"),
        ("env:EMPTY", "EMPTY is empty"),
        ("env:SAMPLE", "SAMPLE is a sample"),
    ],
)
def test_unusable_secrets_are_refused(raw: str, problem: str) -> None:
    with pytest.raises(SecretFault) as refused:
        secret_source(raw, {"EMPTY": " ", "SAMPLE": "changeme"})

    assert problem in refused.value.problem
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b" \n\n", "is empty"), (b"changeme\n", "is a sample"), (b"\xff\xfe", "is not text")],
)
def test_unusable_files_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)

    with pytest.raises(SecretFault) as refused:
        secret_source(f"file:{path}", {})

    assert problem in refused.value.problem


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretFault, match="cannot be read"):
        secret_source(f"file:{tmp_path / 'nothing'}", {})


def test_faults_hold_nothing_of_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{VALUE}\nwhsec_your_real_one_5151\n", encoding="utf-8")

    with pytest.raises(SecretFault) as refused:
        secret_source(f"file:{path}", {})

    assert "5151" not in refused.value.problem + refused.value.remedy
    assert VALUE not in refused.value.problem + refused.value.remedy


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"


def test_key_in_a_file_is_one_secret(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(f"\n{PEM}\n")
    assert single_secret(f"file:{file}", {}).reveal() == PEM
    file.write_text(f"first\n{PEM}\nlast\n")
    assert [one.reveal() for one in secret_source(f"file:{file}", {}).values] == ["first", PEM, "last"]


def test_single_secret_refuses_several(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{VALUE}\n{OTHER}\n", encoding="utf-8")

    with pytest.raises(SecretFault, match="several"):
        single_secret(f"file:{path}", {})


# Files that change


def rewrite(path: Path, text: str) -> None:
    """Replace a file as editors and secret mounts do: by another one of its name."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(VALUE, encoding="utf-8")
    return path


def test_unchanged_file_is_noticed_as_such(file: Path) -> None:
    source = SecretSource.of_file(file)

    assert not source.changed()
    assert not source.refresh()


def test_replaced_file_is_noticed_and_read(file: Path) -> None:
    source = SecretSource.of_file(file)
    rewrite(file, OTHER)

    assert source.changed()
    assert revealed(source) == [VALUE]
    assert source.refresh()
    assert revealed(source) == [OTHER]
    assert not source.changed()


def test_edited_file_is_noticed(file: Path) -> None:
    source = SecretSource.of_file(file)
    file.write_text(f"{OTHER}\n{VALUE}", encoding="utf-8")

    assert source.changed()
    assert source.refresh()
    assert revealed(source) == [OTHER, VALUE]


def test_mounted_secret_is_followed_through_its_link(tmp_path: Path) -> None:
    for name, value in (("one", VALUE), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text(value, encoding="utf-8")
    (tmp_path / "current").symlink_to("one")
    source = SecretSource.of_file(tmp_path / "current" / "secret")
    (tmp_path / "next").symlink_to("two")
    os.replace(tmp_path / "next", tmp_path / "current")  # noqa: PTH105 - the swap of a link, as a mount does it

    assert source.changed()
    assert source.refresh()
    assert revealed(source) == [OTHER]


@pytest.mark.parametrize("text", ["", "changeme"])
def test_old_secret_stays_while_its_file_is_unusable(file: Path, text: str) -> None:
    source = SecretSource.of_file(file)
    rewrite(file, text)

    assert not source.refresh()
    assert revealed(source) == [VALUE]
    assert source.problem


def test_old_secret_stays_while_its_file_is_away(file: Path) -> None:
    source = SecretSource.of_file(file)
    file.unlink()

    assert source.changed()
    assert not source.refresh()
    assert revealed(source) == [VALUE]

    file.write_text(OTHER, encoding="utf-8")

    assert source.refresh()
    assert source.problem is None


def test_value_has_no_file_to_follow() -> None:
    source = SecretSource.of(VALUE)

    assert not source.follows_a_file
    assert not source.changed()
    assert not source.refresh()
