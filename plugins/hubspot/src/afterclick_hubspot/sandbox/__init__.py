"""An emulator of HubSpot's contacts API: for tests, demonstrations and load, without an account.

It shares no code with the plugin's client, so that the two cannot share a mistake.

    async with serve(HubSpotSandbox(Options(samples=3))) as running:
        print(running.url, running.settings())
"""

from afterclick_hubspot.sandbox.app import HubSpotSandbox, make
from afterclick_hubspot.sandbox.options import Options

__all__ = ["HubSpotSandbox", "Options", "make"]
