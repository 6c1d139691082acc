"""What an org tells about itself: its versions, objects, fields and limits.

Source: REST API Developer Guide, "Versions", "Describe Global", "sObject Describe", "Limits".
"""

from __future__ import annotations

from typing import Any

from afterclick.sandbox import Answer, Call
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.access import Sight
from afterclick_salesforce.sandbox.desk import Desk, caller
from afterclick_salesforce.sandbox.limits import Limits

OLDEST, NEWEST = 31, 68
"""The versions that answer; older ones are retired."""
SUPPORTED_SINCE = 41
_SEASONS = ("Spring", "Summer", "Winter")


class Describing:
    """The endpoints that only read, and no records."""

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    def versions(self, call: Call) -> Answer:
        """Return the versions that answer; anybody may ask, and it counts against no limit."""
        return Answer(200, [_version(number) for number in range(OLDEST, NEWEST + 1)])

    def resources(self, call: Call) -> Answer:
        """Return what there is below a version."""
        base = f"/services/data/v{call.params['version']}"
        names = ("sobjects", "query", "queryAll", "composite", "limits", "tooling")
        return Answer(200, {name: f"{base}/{name}" for name in names})

    def limits(self, call: Call) -> Answer:
        """Return what is left; for those who may see Setup."""
        if not caller(call).admin and not self._desk.org.options.view_setup:
            raise problems.refusal("FORBIDDEN", "You do not have access to this resource", 403)
        return Answer(200, self._limits.body())

    def objects(self, call: Call) -> Answer:
        """Return the objects that the caller sees."""
        sights = [self._desk.org.sight(caller(call), name) for name in self._desk.org.tables]
        found = [_summary(sight, call.params["version"]) for sight in sights if sight is not None]
        return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})

    def basic(self, call: Call) -> Answer:
        """Return an object, without its fields."""
        sight = self._desk.sight(call, call.params["type"])
        return Answer(200, {"objectDescribe": _summary(sight, call.params["version"]), "recentItems": []})

    def describe(self, call: Call) -> Answer:
        """Return an object with the fields that the caller sees."""
        sight = self._desk.sight(call, call.params["type"])
        fields = [
            field.describe(createable=name in sight.on_create, updateable=name in sight.on_update)
            for name, field in sight.fields.items()
        ]
        return Answer(200, {**_summary(sight, call.params["version"]), "fields": fields})


def _version(number: int) -> dict[str, str]:
    """Return a version with its release: 66.0 is Spring '26, three follow each year."""
    year, season = divmod(number - 66, 3)
    # A Winter release bears the number of the year that follows.
    year += 26 + (season == 2)
    return {
        "label": f"{_SEASONS[season]} '{year:02d}",
        "url": f"/services/data/v{number}.0",
        "version": f"{number}.0",
    }


def _summary(sight: Sight, version: str) -> dict[str, Any]:
    name = sight.sobject.name
    base = f"/services/data/v{version}/sobjects/{name}"
    return {
        "name": name,
        "label": name,
        "keyPrefix": sight.sobject.prefix,
        "custom": False,
        "queryable": True,
        "createable": "Create" in sight.powers,
        "updateable": "Edit" in sight.powers,
        "deletable": "Delete" in sight.powers,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }
