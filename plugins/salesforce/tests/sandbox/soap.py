"""A client of the Metadata API, and documents for it."""

from __future__ import annotations

from xml.etree import ElementTree

from .client import Account

MD = "{http://soap.sforce.com/2006/04/metadata}"
LAYOUT = "Lead-Lead Layout"
KEY = "Lead.Deep_Link_Key__c"
KEY_PARTS = (
    "<caseSensitive>false</caseSensitive><externalId>true</externalId><label>Deep Link Key</label>"
    "<length>64</length><type>Text</type><unique>true</unique>"
)


def component(kind: str, parts: str, name: str = "") -> str:
    named = f"<fullName>{name}</fullName>" if name else ""
    return f'<metadata xsi:type="{kind}">{named}{parts}</metadata>'


def field(name: str, parts: str = KEY_PARTS) -> str:
    return component("CustomField", parts, name)


def parsed(body: str) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314 - the emulator's own answer


class Soap:
    """Calls the Metadata API with the text between the tags of an operation."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.token = account.sandbox.options.admin_token
        self.headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}

    async def raw(self, body: str | bytes) -> tuple[int, str]:
        data = body.encode() if isinstance(body, str) else body
        reply = await self.account.send("POST", "//services/Soap/m/68.0", data, self.headers)
        assert reply.headers["content-type"].startswith("text/xml")
        return reply.status, reply.body

    async def call(self, operation: str, content: str) -> tuple[int, str]:
        return await self.raw(
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
            '<soap:Header><SessionHeader xmlns="http://soap.sforce.com/2006/04/metadata">'
            f"<sessionId>{self.token}</sessionId></SessionHeader></soap:Header>"
            f'<soap:Body><{operation} xmlns="http://soap.sforce.com/2006/04/metadata"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"{content}</{operation}></soap:Body></soap:Envelope>"
        )

    async def results(self, operation: str, content: str) -> list[dict[str, str]]:
        """Return the texts of each result, `code` of its error among them."""
        status, body = await self.call(operation, content)
        assert status == 200, body
        found = []
        for result in parsed(body).iter(f"{MD}result"):
            texts = {part.tag.removeprefix(MD): part.text or "" for part in result.iter()}
            texts.pop("result")
            found.append(texts)
        return found

    async def records(self, kind: str, *names: str) -> list[ElementTree.Element]:
        listed = "".join(f"<fullNames>{name}</fullNames>" for name in names)
        status, body = await self.call("readMetadata", f"<type>{kind}</type>{listed}")
        assert status == 200, body
        return list(parsed(body).iter(f"{MD}records"))


def inner(record: ElementTree.Element, *without: str) -> str:
    """Return what a record holds, as it would be sent back."""
    parts = [part for part in record if part.tag.removeprefix(MD) not in without]
    return "".join(ElementTree.tostring(part, encoding="unicode") for part in parts)
