"""What a plugin says before it does anything: its description, its settings, its fields, its findings."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from afterclick.plugin import FindingKind, LaneStop, Plan, Rule
from afterclick.testing.account import Account
from afterclick.testing.opening import make_ready, planned
from afterclick.testing.rules import rule
from afterclick.testing.verdicts import require

NO_VALUE: dict[str, Any] = {"no": "setting has this form"}


@rule(
    "describe says the same every time, has one field for the key, and names only settings that there are.",
    "A secret under a wrong name is shown to everybody; a variable under one sets nothing.",
    bare=True,
)
async def the_description_is_sound(account: Account) -> None:
    info = account.caller.plugin.info
    require(account.caller.plugin.call("describe") == info, "describe does not say the same the second time")
    names = {field.encode_name for field in msgspec.structs.fields(info.settings)}
    require(set(info.secrets) <= names, f"secrets names {sorted(set(info.secrets) - names)}, no settings")
    led = set(info.environment.values()) - names - {"base_url"}
    require(not led, f"environment leads to {sorted(led)}, no settings")
    keys = [spec.name for spec in info.fields if spec.rule is Rule.KEY and spec.attribute == "key"]
    require(len(keys) == 1, f"{len(keys)} fields hold the key; a record is found by one")
    doubled = [name for name, count in Counter(spec.name for spec in info.fields).items() if count > 1]
    require(not doubled, f"fields has {doubled} more than once")
    findings = [kind for kind in info.findings if not (kind.meaning and kind.remedy)]
    require(not findings, f"findings without meaning or remedy: {[kind.code for kind in findings]}")


@rule(
    "All faults of the settings are listed at once, before anything is sent.",
    "Whoever sets up a connection wants to mend it once, and not after every start.",
    bare=True,
)
async def settings_faults_are_all_listed(account: Account) -> None:
    plugin = account.caller.plugin
    fields = msgspec.structs.fields(plugin.info.settings)
    wrong = {field.encode_name: NO_VALUE for field in fields}
    plan = planned(plugin, {**wrong, "base_url": "http://127.0.0.1:9", "zzz_unknown": 1}, {})
    told = " ".join(fault.path for fault in plan.faults)
    for name in (*wrong, "zzz_unknown"):
        require(
            f".{name}" in told,
            f"with every setting wrong, `{name}` is not among the faults: {told or 'none'}",
        )
    required = [field.encode_name for field in fields if field.required]
    plan = planned(plugin, {"base_url": "http://127.0.0.1:9"}, {})
    missing = [name for one in plan.half_set for name in one.missing]
    variables = {setting: name for name, setting in plugin.info.environment.items()}
    for name in required:
        require(
            variables.get(name, name) in missing,
            f"with nothing set, `{name}` is not missed: {missing or 'nothing'}",
        )


@rule(
    "provision without `apply` only reads and tells of every step; with it, every step is done.",
    "The plan is what an administrator says yes to.",
    bare=True,
)
async def provision_plans_first(account: Account) -> None:
    account.needs("provision")
    account.strikes.only_reads = True
    plan = await _provisioned(account, apply=False)
    account.strikes.only_reads = False
    done = await _provisioned(account, apply=True)
    planned_steps = sorted(step.what for step in plan.steps if step.action == "create")
    made = sorted(step.what for step in done.steps if step.action == "create")
    require(planned_steps == made, f"planned was {planned_steps}, made was {made}")
    require(not done.missing, f"not done: {[step.what for step in done.missing]}")


@rule(
    "provision that is run again changes nothing.",
    "It is run after every change of the configuration, and by several people.",
    bare=True,
)
async def provision_twice_changes_nothing(account: Account) -> None:
    account.needs("provision")
    await _provisioned(account, apply=True)
    account.strikes.requests.clear()
    again = await _provisioned(account, apply=True)
    steps = [step.what for step in again.steps if step.action != "keep"]
    require(not steps, f"the second time it has steps left: {steps}")
    writes = [f"{request.method} {request.url}" for request in account.strikes.writes]
    require(not writes, f"the second time it sends writes: {writes[:3]}")


async def _provisioned(account: Account, *, apply: bool) -> Plan:
    try:
        plan = await account.caller.single("provision", apply=apply)
    except LaneStop as stop:
        require(False, f"provision(apply={apply}) raised {type(stop).__name__}: {stop.reason}")
        raise
    require(isinstance(plan, Plan), f"provision returned {type(plan).__name__}, not a Plan")
    found: Plan = plan
    return found


@rule(
    "check only reads, tells what the account lacks, and after provisioning finds no error.",
    "It is what an operator looks at before the first lead, and every hour.",
    bare=True,
)
async def check_tells_what_is_missing(account: Account) -> None:
    account.needs("check")
    lacks = False
    if account.caller.plugin.has("provision"):
        lacks = bool((await _provisioned(account, apply=False)).missing)
    account.strikes.only_reads = True
    before = await _checked(account)
    require(bool(before) or not lacks, "provision has steps to do, and check finds nothing")
    account.strikes.only_reads = False
    await make_ready(account)
    account.strikes.only_reads = True
    errors = [one.code for one in await _checked(account) if one.level == "error"]
    require(not errors, f"after provisioning it finds {errors}")


async def _checked(account: Account) -> list[Any]:
    try:
        found = list(await account.caller.single("check") or [])
    except LaneStop as stop:
        found = [] if stop.finding is None else [stop.finding]
        require(found, f"check raised {type(stop).__name__} without a finding: {stop.reason}")
    declared: dict[str, FindingKind] = {kind.code: kind for kind in account.caller.plugin.info.findings}
    unknown = sorted({one.code for one in found} - declared.keys())
    require(not unknown, f"it finds {unknown}, which `PluginInfo.findings` does not declare")
    return found
