"""The kinds of two operators, as far as the manifests use them; a field that is not here is refused.

Sources: https://prometheus-operator.dev/docs/api-reference/api/ and
https://external-secrets.io/latest/api/externalsecret/.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Duration = Annotated[str, Meta(pattern=r"^([0-9]+(ms|[smhdwy]))+$")]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A part of an object."""


class Metadata(Strict, frozen=True):
    name: str
    namespace: str
    labels: dict[str, str] = {}


class Selector(Strict, frozen=True):
    match_labels: dict[str, str]


class Endpoint(Strict, frozen=True):
    port: str
    path: str
    interval: Duration


class Monitored(Strict, frozen=True):
    selector: Selector
    endpoints: list[Endpoint]


class ServiceMonitor(Strict, frozen=True):
    api_version: str
    kind: Literal["ServiceMonitor"]
    metadata: Metadata
    spec: Monitored


class AlertRule(Strict, frozen=True):
    alert: str
    expr: str
    for_: Annotated[Duration | None, Meta(description="How long it must hold.")] = msgspec.field(
        default=None, name="for"
    )
    keep_firing_for: Duration | None = msgspec.field(default=None, name="keep_firing_for")
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RecordRule(Strict, frozen=True):
    record: str
    expr: str
    labels: dict[str, str] = {}


class Group(Strict, frozen=True):
    name: str
    rules: list[dict[str, Any]]
    interval: Duration | None = None

    def __post_init__(self) -> None:
        """Check each rule as what it is: both kinds are plain tables, told apart by a key."""
        for rule in self.rules:
            msgspec.convert(rule, AlertRule if "alert" in rule else RecordRule)


class Groups(Strict, frozen=True):
    groups: list[Group]


class PrometheusRule(Strict, frozen=True):
    api_version: str
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: Groups


class Store(Strict, frozen=True):
    kind: Literal["SecretStore", "ClusterSecretStore"]
    name: str


class Target(Strict, frozen=True):
    name: str
    creation_policy: Literal["Owner", "Orphan", "Merge", "None"]


class Remote(Strict, frozen=True):
    key: str
    property: str = ""


class SecretKey(Strict, frozen=True):
    secret_key: str
    remote_ref: Remote


class Fetched(Strict, frozen=True):
    refresh_interval: Duration
    secret_store_ref: Store
    target: Target
    data: list[SecretKey]


class ExternalSecret(Strict, frozen=True):
    api_version: str
    kind: Literal["ExternalSecret"]
    metadata: Metadata
    spec: Fetched


KINDS: dict[str, dict[str, type[Strict]]] = {
    "monitoring.coreos.com/v1": {"ServiceMonitor": ServiceMonitor, "PrometheusRule": PrometheusRule},
    "external-secrets.io/v1": {"ExternalSecret": ExternalSecret},
}
