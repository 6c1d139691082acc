"""The Grafana dashboard as Grafana reads it. `make docs` writes it; `panels.py` says what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from grafana_foundation_sdk.builders import common as blocks
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as queries
from tests.deploy.panels import ROWS, Look, Panel
from tests.deploy.program import DEPLOY
from tests.deploy.queries import one

TARGET = DEPLOY / "grafana" / "dashboards" / "afterclick.json"

_WIDTH = 24
_HEIGHTS = {Look.VALUE: 5, Look.LINES: 8, Look.AREAS: 8, Look.TABLE: 8}
_PROMETHEUS = "prometheus"
# The one that is chosen at the top, so that the file is imported without an edit.
_SOURCE = models.DataSourceRef(type_val=_PROMETHEUS, uid="${datasource}")

_Builder = stat.Panel | table.Panel | timeseries.Panel


def text() -> str:
    """Return the file."""
    made = (
        dashboard.Dashboard("Afterclick")
        .uid("afterclick")
        .description("From the webhook to the CRM: what comes in, what waits, what fails.")
        .tags(["afterclick"])
        .editable()
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type(_PROMETHEUS))
        .with_variable(_choice("instance", "Instance", "afterclick_info"))
        .with_variable(_choice("connection", "CRM", one("due_syncs")))
    )
    number = count(1)
    for row in ROWS:
        made.with_row(dashboard.Row(row.title).id(next(number)))
        for panel in row.panels:
            made.with_panel(_panel(panel).id(next(number)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _choice(name: str, label: str, selector: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query(f"label_values({selector}, {name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def _panel(panel: Panel) -> _Builder:
    made = _looking(panel).title(panel.title).description(panel.says).datasource(_SOURCE)
    made.unit(panel.unit).height(_HEIGHTS[panel.look]).span(panel.width)
    made.min(0)
    if panel.most is not None:
        made.max(panel.most)
    made.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([*_steps(panel)]))
    for letter, query in zip("ABC", panel.queries, strict=False):
        asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter)
        if panel.look in (Look.VALUE, Look.TABLE):
            asked.instant()
        if panel.look is Look.TABLE:
            asked.format(queries.PromQueryFormat.TABLE)
        made.with_target(asked.datasource(_SOURCE))
    return made


def _looking(panel: Panel) -> _Builder:
    match panel.look:
        case Look.VALUE:
            return (
                stat.Panel()
                .graph_mode(common.BigValueGraphMode.NONE)
                .reduce_options(blocks.ReduceDataOptions().calcs(["lastNotNull"]))
                .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
                .no_value("none")
            )
        case Look.TABLE:
            return table.Panel().no_value("none")
        case Look.LINES:
            return _lines()
        case Look.AREAS:
            stacked = blocks.StackingConfig().mode(common.StackingMode.NORMAL)
            return _lines().fill_opacity(30).stacking(stacked)


def _lines() -> timeseries.Panel:
    legend = (
        blocks.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    every = blocks.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    return timeseries.Panel().legend(legend).tooltip(every).show_points(common.VisibilityMode.NEVER)


def _steps(panel: Panel) -> Iterator[models.Threshold]:
    yield models.Threshold(value=None, color="green")
    if panel.warn is not None:
        yield models.Threshold(value=panel.warn, color="orange")
    if panel.alarm is not None:
        yield models.Threshold(value=panel.alarm, color="red")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
