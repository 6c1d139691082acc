"""An emulator of Pipedrive's API: for tests, demonstrations and load, without an account.

It shares no code with the plugin's client, so that the two cannot share a mistake.

    async with serve(PipedriveSandbox(Options(samples=3))) as running:
        print(running.url, running.settings())
"""

from afterclick_pipedrive.sandbox.app import PipedriveSandbox, make
from afterclick_pipedrive.sandbox.options import Options

__all__ = ["Options", "PipedriveSandbox", "make"]
