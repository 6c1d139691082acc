"""Finding plugins: entry points → checked and loaded, or skipped with a reason.

One plugin's fault never harms another: whatever it raises at import, misspells or leaves out, it is
skipped and told so in the log, in `afterclick plugins` and in metrics.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, get_type_hints

import msgspec
import pluggy

from afterclick.errors import PluginError
from afterclick.model.fields import FieldSpec
from afterclick.plugin import CONTRACT_VERSION, PROJECT, hookspecs
from afterclick.plugin.findings import FindingKind
from afterclick.plugin.hookspecs import REQUIRED
from afterclick.plugin.types import Limit, PluginInfo

GROUP = "afterclick.crms"
SYNCHRONOUS = frozenset({"describe", "sandbox"})


@dataclass(frozen=True)
class Plugin:
    """A plugin that may be called: its description and its own hook manager."""

    name: str
    info: PluginInfo
    manager: pluggy.PluginManager = field(repr=False)
    version: str = ""

    def has(self, hook: str) -> bool:
        """Tell whether it implements an optional hook."""
        return bool(getattr(self.manager.hook, hook).get_hookimpls())

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook; it may take any subset of the arguments. Asynchronous ones return an awaitable."""
        results: list[Any] = getattr(self.manager.hook, hook)(**arguments)
        # pluggy leaves out a result of None.
        return results[0] if results else None


@dataclass(frozen=True)
class Refused:
    """A plugin that is installed and cannot be used."""

    name: str
    reason: str
    distribution: str = ""


@dataclass(frozen=True)
class Discovery:
    """What is installed."""

    plugins: dict[str, Plugin]
    refused: tuple[Refused, ...] = ()


def discover(found: Iterable[EntryPoint] | None = None) -> Discovery:
    """Load every installed plugin that can be loaded."""
    points = sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name)
    counts = Counter(point.name for point in points)
    plugins: dict[str, Plugin] = {}
    refused: list[Refused] = []
    for point in points:
        distribution = "" if point.dist is None else point.dist.name
        try:
            if counts[point.name] > 1:
                raise PluginError(f"{counts[point.name]} installed plugins are named {point.name!r}")
            plugins[point.name] = _load(point)
        except PluginError as failure:
            refused.append(Refused(point.name, str(failure), distribution))
    return Discovery(plugins, tuple(refused))


def _load(point: EntryPoint) -> Plugin:
    try:
        module = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        raise PluginError(f"its import failed: {_told(failure)}") from failure
    version = "" if point.dist is None else point.dist.version
    try:
        return load(point.name, module, version=version)
    except PluginError:
        raise
    except Exception as failure:
        # Such as an attribute that raises when it is looked at.
        raise PluginError(f"it cannot be checked: {_told(failure)}") from failure


def load(name: str, module: ModuleType | object, *, version: str = "") -> Plugin:
    """Check a module against the contract.

    Raises:
        PluginError: it does not keep it; the message says where.

    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=name)
        manager.check_pending()
    except pluggy.PluginValidationError as failure:
        raise PluginError(f"a hook does not fit the contract: {_told(failure)}") from failure
    plugin = Plugin(name, _NO_INFO, manager, version)
    _check_hooks(plugin, module)
    info = _described(plugin)
    _check_info(name, info)
    return Plugin(name, info, manager, version)


def _check_hooks(plugin: Plugin, module: object) -> None:
    missing = [hook for hook in REQUIRED if not plugin.has(hook)]
    if missing:
        unmarked = [hook for hook in missing if callable(getattr(module, hook, None))]
        hint = f" ({', '.join(unmarked)}: the function is there but lacks @hookimpl)" if unmarked else ""
        raise PluginError(f"the required hooks {', '.join(missing)} are missing{hint}")
    for caller in (getattr(plugin.manager.hook, name) for name in vars(plugin.manager.hook)):
        implementations = caller.get_hookimpls()
        if len(implementations) > 1:
            raise PluginError(f"the hook {caller.name} is there {len(implementations)} times")
        for implementation in implementations:
            _check_function(caller, implementation.function)


def _check_function(caller: pluggy.HookCaller, function: Any) -> None:
    wanted = set(caller.spec.argnames) if caller.spec else set()
    # These escape pluggy's own check, which looks at nothing but plain arguments without a default,
    # and would silently never be given.
    never = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and (parameter.default is not parameter.empty or parameter.kind not in _GIVEN)
    ]
    if never:
        unknown = [name for name in never if name not in wanted]
        why = "which the contract does not have" if unknown else "which is given only as a plain argument"
        raise PluginError(f"the hook {caller.name} takes {', '.join(unknown or never)}, {why}")
    if inspect.iscoroutinefunction(function) == (caller.name in SYNCHRONOUS):
        kind = "a plain function" if caller.name in SYNCHRONOUS else "`async def`"
        raise PluginError(f"the hook {caller.name} has to be {kind}")


def _described(plugin: Plugin) -> PluginInfo:
    try:
        info = plugin.call("describe")
    except (Exception, SystemExit) as failure:
        raise PluginError(f"its describe failed: {_told(failure)}") from failure
    if not isinstance(info, PluginInfo):
        raise PluginError(f"its describe returned {type(info).__name__}, not PluginInfo")
    return info


def _check_info(name: str, info: PluginInfo) -> None:
    if info.contract != CONTRACT_VERSION:
        raise PluginError(
            f"it speaks contract {info.contract!r}, this program speaks {CONTRACT_VERSION}",
            hint="Install a version of the plugin that fits this version of Afterclick.",
        )
    faults = _wrong_types(info) or [
        text
        for text, right in (
            (f"name is {info.name!r}, its entry point {name!r}", info.name == name),
            ("settings is no msgspec Struct", _is_struct(info.settings)),
            (
                "fields holds something that is no FieldSpec",
                all(type(spec) is FieldSpec for spec in info.fields),
            ),
            (
                "findings holds something that is no FindingKind",
                all(type(kind) is FindingKind for kind in info.findings),
            ),
            ("limits holds something that is no Limit", all(type(limit) is Limit for limit in info.limits)),
            (
                "limits holds one of nothing or for no time",
                all(limit.amount > 0 and limit.seconds > 0 for limit in info.limits),
            ),
            ("batch_size is not above 0", info.batch_size > 0),
            ("call_deadline is no time above 0", 0 < info.call_deadline < math.inf),
            ("late_effect is no time", 0 <= info.late_effect < math.inf),
            ("list_lag is no time", 0 <= info.list_lag < math.inf),
        )
        if not right
    ]
    if faults:
        raise PluginError(f"its describe is wrong: {'; '.join(faults)}")


def _wrong_types(info: PluginInfo) -> list[str]:
    """Return the fields of a wrong type: msgspec checks none where a struct is built by hand."""
    faults = []
    for name, kind in _KINDS.items():
        try:
            msgspec.convert(msgspec.to_builtins(getattr(info, name)), type=kind)
        except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as failure:
            faults.append(f"{name} is wrong ({failure})")
    return faults


def _is_struct(settings: Any) -> bool:
    return inspect.isclass(settings) and issubclass(settings, msgspec.Struct)


def _told(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}".strip().replace("\n", " ")[:500]


_NO_INFO: Any = None
_KINDS = {name: kind for name, kind in get_type_hints(PluginInfo).items() if name != "settings"}
_GIVEN = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})
