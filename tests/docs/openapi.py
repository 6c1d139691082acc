"""The OpenAPI document of registrations, made of the very types that the receiver reads and answers with."""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick import __version__
from afterclick.model.registration import Registration
from afterclick.receiver.registrations import ADDRESS, Refusal, Taken
from afterclick.receiver.standard import LONGEST_ID, TOLERANCE

_REF = "#/components/schemas/{name}"
_REFUSALS = {
    "400": "`incomplete`: the body broke off or took too long.",
    "401": "`unverified`: a header is missing or malformed, the clocks are more than five minutes apart, or "
    "no signature matches. The message says which.",
    "405": "`bad_method`: another method than POST.",
    "409": "`conflict`: a registration of another content was stored under this `webhook-id`.",
    "413": "`too_large`: the body is above `server.max_body`.",
    "422": "`invalid`: `faults` lists everything that is wrong with the body.",
    "503": "`unavailable`: it could not be stored. Send it again, under the same `webhook-id`.",
}


def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Afterclick: registrations",
            "version": __version__,
            "description": "Your app's backend tells Afterclick who signed up. Requests are signed as "
            "[Standard Webhooks](https://www.standardwebhooks.com) describes it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "https://{host}", "variables": {"host": {"default": "localhost:8080"}}},
        ],
        "security": [],
        "paths": {ADDRESS: {"post": _post()}},
        "components": {"schemas": _schemas()},
    }


def _post() -> dict[str, Any]:
    return {
        "operationId": "registerPerson",
        "summary": "Report that somebody signed up",
        "parameters": [
            _header(
                "webhook-id",
                "Names this registration; the same again for every retry of it.",
                {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
            ),
            _header(
                "webhook-timestamp",
                f"When it is sent, in seconds since 1970; at most {TOLERANCE} seconds from the time here.",
                {"type": "string", "pattern": "^[0-9]{1,12}$"},
            ),
            _header(
                "webhook-signature",
                "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several, parted by blanks.",
                {"type": "string"},
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF.format(name="Registration")},
                    "example": {
                        "user_id": "u_2002",
                        "email": "ada@example.com",
                        "deep_link_path": "/ref/Q7K2M9XWPA",
                        "properties": {"plan": "pro"},
                    },
                }
            },
        },
        "responses": {
            "200": _answer("Taken", "It is on disk."),
            **{status: _answer("Refusal", text) for status, text in _REFUSALS.items()},
        },
    }


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": description, "schema": schema}


def _answer(name: str, description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=name)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components((Registration, Taken, Refusal), ref_template=_REF)
    # What no type can say: one of two fields is needed.
    schemas["Registration"]["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}} for name in ("user_id", "email")
    ]
    return dict(schemas)


def text() -> str:
    """Return the document as JSON for people."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"
