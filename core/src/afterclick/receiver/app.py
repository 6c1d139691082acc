"""The public face: who answers which path.

It is no `web.Application`: a dictionary of paths does what its router would, without the 12 µs that
router, match and middlewares cost on every delivery.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from afterclick.config.model import Source
from afterclick.observe.metrics import OTHER, Delivery
from afterclick.receiver.answers import refusal
from afterclick.receiver.intake import Intake
from afterclick.receiver.registrations import ADDRESS, Registrations
from afterclick.receiver.webhook import Webhook

WEBHOOKS = "/webhooks/"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class PublicApp:
    """Finds who answers a request; `further` are handlers of other paths (no slash at their end)."""

    def __init__(
        self, sources: Mapping[str, Source], intake: Intake, further: Mapping[str, Handler] | None = None
    ) -> None:
        self.intake = intake
        self._handlers: dict[str, Handler] = {}
        for name, source in sources.items():
            if source.kind == "tolinku":
                self._add(WEBHOOKS + name, Webhook(name, source, intake).receive)
        apps = {name: source for name, source in sources.items() if source.kind == "app"}
        if apps:
            self._add(ADDRESS, Registrations(apps, intake).receive)
        for path, handler in (further or {}).items():
            self._add(path, handler)
        self._unknown = intake.metrics.deliveries.labels(OTHER, Delivery.UNKNOWN_SOURCE.value)

    def _add(self, path: str, handler: Handler) -> None:
        # Both, and never a redirect: the sender follows none.
        self._handlers[path] = handler
        self._handlers[path + "/"] = handler

    def __call__(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Hand a request on; aiohttp calls it for each one."""
        # `raw_path` first, since `path` makes a URL object.
        handler = self._handlers.get(request.raw_path) or self._handlers.get(request.path)
        return (handler or self._nobody)(request)

    async def _nobody(self, request: web.BaseRequest) -> web.StreamResponse:
        self._unknown.inc()
        self.intake.refusals.note(OTHER, Delivery.UNKNOWN_SOURCE)
        return refusal(Delivery.UNKNOWN_SOURCE)
