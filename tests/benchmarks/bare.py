"""The ceiling: aiohttp on uvloop that reads the body and answers, on the port in PORT."""

from __future__ import annotations

import asyncio
import os

import uvloop
from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    """Take the body and say so."""
    await request.read()
    return web.Response(text="ok")


async def main() -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_post("/webhooks/tolinku", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
