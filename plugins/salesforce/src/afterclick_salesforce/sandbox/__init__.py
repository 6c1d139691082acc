"""An emulator of Salesforce's REST API: for tests, demonstrations and load, without an org.

It shares no code with the plugin's client, so that the two cannot share a mistake.

    async with serve(SalesforceSandbox(Options(samples=3))) as running:
        print(running.url, running.settings())
"""

from afterclick_salesforce.sandbox.app import SalesforceSandbox, make
from afterclick_salesforce.sandbox.options import Options, RowFault

__all__ = ["Options", "RowFault", "SalesforceSandbox", "make"]
