"""What CRM emulators share. A plugin's emulator imports this package and never the plugin's own client.

An emulator is an `Emulator` with routes whose handlers turn a `Call` into an `Answer`; `serve` runs
it on a socket. Records lie in a `Store`, limits are a `RollingWindow` or a `DailyLimit`, and what is
to go wrong are `Rule`s:

    async with serve(HubSpotSandbox()) as running:
        running.emulator.faults.add(Rule(kind="cut_after", path="/batch/upsert", times=1))
        ...  # call running.url

Everything runs on the caller's event loop and asks its `Clock` for the time, so a test waits for
nothing.
"""

from afterclick.clock import MILLISECONDS_PER_DAY, Clock, SystemClock, from_iso, to_iso
from afterclick.sandbox.emulator import Emulator
from afterclick.sandbox.faults import Faults, Rule
from afterclick.sandbox.limits import DailyLimit, RollingWindow
from afterclick.sandbox.options import parse_options
from afterclick.sandbox.orders import FaultOrder, parse_rule, told
from afterclick.sandbox.people import Person, made_up
from afterclick.sandbox.presets import PRESETS, Preset, preset
from afterclick.sandbox.server import RunningEmulator, serve
from afterclick.sandbox.store import Row, Store, UniqueClash, Write
from afterclick.sandbox.traffic import Answer, Call, CallLog, Handler, LoggedCall, Refused, Route
from afterclick.sandbox.views import Card, Field, RecordView, Step, listed

__all__ = [
    "MILLISECONDS_PER_DAY",
    "PRESETS",
    "Answer",
    "Call",
    "CallLog",
    "Card",
    "Clock",
    "DailyLimit",
    "Emulator",
    "FaultOrder",
    "Faults",
    "Field",
    "Handler",
    "LoggedCall",
    "Person",
    "Preset",
    "RecordView",
    "Refused",
    "RollingWindow",
    "Route",
    "Row",
    "Rule",
    "RunningEmulator",
    "Step",
    "Store",
    "SystemClock",
    "UniqueClash",
    "Write",
    "from_iso",
    "listed",
    "made_up",
    "parse_options",
    "parse_rule",
    "preset",
    "serve",
    "to_iso",
    "told",
]
