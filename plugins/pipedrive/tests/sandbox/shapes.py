"""What Pipedrive's OpenAPI documents (18 August 2026) say of records, in a form of our own.

A form is a type's name, a list of one form, or a dictionary of forms. `null` after a bar stands in the
documents; `unset` is a null of which they say nothing, where clients see one in place of what a record
lacks. A key with `?` may be missing. Keys that are no name of the documents are refused.
"""

from __future__ import annotations

from typing import Any

Form = Any

CODE = "^[0-9a-f]{40}$"
"""The key of a custom field."""

CURSOR = {"next_cursor": "string|unset"}
CURSOR_OF_FIELDS = {"next_cursor": "string|null"}
_CONTACTABLE = [{"value": "string", "primary": "boolean", "label": "string"}]
_MONEY = {"amount": "number", "currency": "string"}
_COUNTS = (
    *("notes_count", "activities_count", "files_count", "email_messages_count"),
    *("open_deals_count", "closed_deals_count", "won_deals_count", "lost_deals_count"),
)

PERSON = {
    "id": "integer",
    "name": "string",
    "first_name": "string",
    "last_name": "string|unset",
    "owner_id": "integer",
    "org_id": "integer|unset",
    "add_time": "instant",
    "update_time": "instant",
    "emails": _CONTACTABLE,
    "phones": _CONTACTABLE,
    "is_deleted": "boolean",
    "visible_to": "integer",
    "label_ids": ["integer"],
    "picture_id": "integer|unset",
    "custom_fields": "custom",
    **{f"{name}?": "integer" for name in _COUNTS},
}
DEAL = {
    "id": "integer",
    "title": "string",
    "creator_user_id": "integer",
    "owner_id": "integer",
    "person_id": "integer|unset",
    "org_id": "integer|unset",
    "pipeline_id": "integer",
    "stage_id": "integer",
    "value": "number",
    "currency": "string",
    "add_time": "instant",
    "update_time": "instant",
    "stage_change_time": "instant",
    "archive_time": "instant|unset",
    "is_deleted": "boolean",
    "is_archived": "boolean",
    "status": "string",
    "probability": "number|null",
    "lost_reason": "string|null",
    "visible_to": "integer",
    "close_time": "instant|null",
    "won_time": "instant|unset",
    "lost_time": "instant|unset",
    "expected_close_date": "date|unset",
    "label_ids": ["integer"],
    "origin": "string",
    "origin_id": "string|null",
    "channel": "integer|null",
    "channel_id": "string|null",
    "source_lead_id": "uuid|null",
    "arr": "number|null",
    "mrr": "number|null",
    "acv": "number|null",
    "custom_fields": "custom",
}
FIELD = {
    "field_name": "string",
    "field_code": "string",
    "description": "string|null",
    "field_type": "string",
    "options": {"|null": [{"id": "integer", "label": "string"}]},
    "subfields": "null",
    "is_custom_field": "boolean",
    "is_optional_response_field": "boolean",
    "ui_visibility": "object",
    "important_fields": {"enabled": "boolean", "stage_ids": ["integer"]},
    "required_fields": {"enabled": "boolean"},
}
PIPELINE = {
    "id": "integer",
    "name": "string",
    "order_nr": "integer",
    "is_deleted": "boolean",
    "is_deal_probability_enabled": "boolean",
    "add_time": "instant",
    "update_time": "instant",
}
STAGE = {
    "id": "integer",
    "order_nr": "integer",
    "name": "string",
    "is_deleted": "boolean",
    "deal_probability": "integer",
    "pipeline_id": "integer",
    "is_deal_rot_enabled": "boolean",
    "days_to_rotten": "integer|null",
    "add_time": "instant",
    "update_time": "instant",
}
_NAMED = {"|null": {"id": "integer", "name": "string"}}
HIT = {
    "result_score": "number",
    "item": {
        "id": "integer|string",
        "type": "string",
        "name?": "string",
        "title?": "string",
        "phones?": ["string"],
        "emails?": ["string"],
        "visible_to": "integer",
        "owner": {"id": "integer"},
        "organization": {"|unset": {"id": "integer", "name": "string", "address": "string|null"}},
        "person?": _NAMED,
        "stage?": {"id": "integer", "name": "string"},
        "value?": "number",
        "currency?": "string",
        "status?": "string",
        "is_archived?": "boolean",
        "custom_fields": ["string"],
        "notes": ["string"],
    },
}
LEAD = {
    "id": "uuid",
    "title": "string",
    "owner_id": "integer",
    "creator_id": "integer",
    "label_ids": ["uuid"],
    "person_id": "integer|null",
    "organization_id": "integer|null",
    "source_name": "string",
    "origin": "string",
    "origin_id": "string|null",
    "channel": "integer|null",
    "channel_id": "string|null",
    "source_deal_id": "integer|null",
    "is_archived": "boolean",
    "was_seen": "boolean",
    "value": {"|null": _MONEY},
    "expected_close_date": "date|null",
    "next_activity_id": "integer|null",
    "add_time": "precise",
    "update_time": "precise",
    "visible_to": "string",
    "cc_email": "string",
    CODE: "any",
}
LABEL = {"id": "uuid", "name": "string", "color": "string", "add_time": "precise", "update_time": "precise"}
NOTE = {
    "id": "integer",
    "active_flag": "boolean",
    "add_time": "plain",
    "update_time": "plain",
    "content": "string",
    "person_id": "integer|unset",
    "person": {"|unset": {"name": "string"}},
    "deal_id": "integer|unset",
    "deal": {"|unset": {"title": "string"}},
    "lead_id": "uuid|unset",
    "org_id": "integer|unset",
    "organization": {"|unset": {"name": "string"}},
    "user_id": "integer",
    "last_update_user_id": "integer|unset",
    "user": {"email": "string", "icon_url": "string|unset", "is_you": "boolean", "name": "string"},
    "pinned_to_person_flag": "boolean",
    "pinned_to_deal_flag": "boolean",
    "pinned_to_lead_flag": "boolean",
}
USER = {
    "id": "integer",
    "name": "string",
    "default_currency": "string",
    "locale": "string",
    "lang": "integer",
    "email": "string",
    "phone": "string|null",
    "activated": "boolean",
    "last_login": "plain",
    "created": "plain",
    "modified": "plain|null",
    "has_created_company": "boolean",
    "access": [{"app": "string", "admin": "boolean", "permission_set_id": "uuid"}],
    "active_flag": "boolean",
    "timezone_name": "string",
    "timezone_offset": "string",
    "role_id": "integer",
    "icon_url": "string|null",
    "is_you": "boolean",
    "is_deleted": "boolean",
}
ME = {
    **USER,
    "company_id": "integer",
    "company_name": "string",
    "company_domain": "string",
    "company_country": "string",
    "company_industry": "string",
    "language": {"language_code": "string", "country_code": "string"},
}
MERGED_PERSON = {
    "id": "integer",
    "company_id": "integer",
    "owner_id": "integer",
    "owner_name": "string",
    "org_id": "integer|unset",
    "org_name": "string|null",
    "name": "string",
    "first_name": "string",
    "last_name": "string|null",
    "email": _CONTACTABLE,
    "phone": _CONTACTABLE,
    "first_char": "string",
    "active_flag": "boolean",
    "visible_to": "string",
    "label_ids": ["integer"],
    "add_time": "plain",
    "update_time": "plain",
    "merge_what_id": "integer",
}
MERGED_DEAL = {
    "id": "integer",
    "title": "string",
    "creator_user_id": "integer",
    "user_id": "integer",
    "person_id": "integer|unset",
    "org_id": "integer|unset",
    "stage_id": "integer",
    "pipeline_id": "integer",
    "value": "number",
    "currency": "string",
    "status": "string",
    "add_time": "plain",
    "update_time": "plain",
    "active": "boolean",
    "deleted": "boolean",
    "visible_to": "string",
    "merge_what_id": "integer",
}
CONVERSION = {"lead_id": "uuid", "conversion_id": "uuid", "status": "string", "deal_id?": "integer"}
TOKENS = {
    "access_token": "string",
    "token_type": "string",
    "refresh_token": "string",
    "scope": "string",
    "expires_in": "integer",
    "api_domain": "string",
}
LEAD_PAGINATION = {"start": "integer", "limit": "integer", "more_items_in_collection": "boolean"}
PAGINATION = {**LEAD_PAGINATION, "next_start?": "integer"}
HITS_OF_FIELD = [{"result_score?": "number", "item?": "object", "id?": "integer", CODE: "string"}]
"""`itemSearch/field`: its schema has score and item, its example the bare item."""
