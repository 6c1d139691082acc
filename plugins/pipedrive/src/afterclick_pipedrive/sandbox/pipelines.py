"""Pipelines and stages. Their ids are the account's own: nothing says that there is one with the id 1."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

import msgspec

from afterclick.sandbox import Answer, Call
from afterclick_pipedrive.sandbox import bodies, paging
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.times import instant
from afterclick_pipedrive.sandbox.users import FOUNDED


class Pipeline(msgspec.Struct, frozen=True):
    """One pipeline; `visible` tells whether the token's user sees it."""

    id: int
    name: str
    order_nr: int
    visible: bool


class Stage(msgspec.Struct, frozen=True):
    id: int
    name: str
    order_nr: int
    pipeline: Pipeline


class Pipelines:
    """The pipelines of a company, in their order; the first is the default one."""

    def __init__(self, options: Options, rng: Random) -> None:
        self.stages: list[Stage] = []
        self.all: list[Pipeline] = []
        last = rng.randrange(10, 50)
        for order, (name, stages) in enumerate(options.pipelines.items(), 1):
            last += rng.randrange(1, 5)
            pipeline = Pipeline(last, name, order, name not in options.hidden_pipelines)
            self.all.append(pipeline)
            for position, stage in enumerate(stages, 1):
                last += rng.randrange(1, 5)
                self.stages.append(Stage(last, stage, position, pipeline))

    def stage(self, stage_id: int) -> Stage | None:
        """Return a stage that the token's user sees."""
        return next((found for found in self.stages if found.id == stage_id and found.pipeline.visible), None)

    def first_stage(self, pipeline_id: int | None = None) -> Stage | None:
        """Return the first stage of a pipeline, or of the default one, if the user sees it."""
        wanted = self.all[0].id if pipeline_id is None else pipeline_id
        return next((s for s in self.stages if s.pipeline.id == wanted and s.pipeline.visible), None)


_ORDERS: paging.Orders[Pipeline | Stage] = {
    "id": lambda one: one.id,
    "update_time": lambda one: FOUNDED,
    "add_time": lambda one: FOUNDED,
}
_STAGE_ORDERS: paging.Orders[Stage] = {**_ORDERS, "order_nr": lambda stage: stage.order_nr}


class HasPipelines(Protocol):
    """A company, which has other pipelines after a reset."""

    pipelines: Pipelines


class PipelineEndpoints:
    """`/api/v2/pipelines` and `/api/v2/stages`."""

    def __init__(self, holder: HasPipelines) -> None:
        self._holder = holder

    @property
    def _pipelines(self) -> Pipelines:
        return self._holder.pipelines

    def list(self, call: Call) -> Answer:
        """Return the pipelines that the user sees."""
        found = (pipeline for pipeline in self._pipelines.all if pipeline.visible)
        return paging.page(call, found, _ORDERS, _pipeline)

    def read(self, call: Call) -> Answer:
        """Return one pipeline."""
        for pipeline in self._pipelines.all:
            if str(pipeline.id) == call.params["id"] and pipeline.visible:
                return Answer(200, {"success": True, "data": _pipeline(pipeline)})
        return bodies.not_found("Pipeline")

    def list_stages(self, call: Call) -> Answer:
        """Return the stages, all or those of a pipeline."""
        wanted = paging.whole(call, "pipeline_id")
        found = (
            stage
            for stage in self._pipelines.stages
            if stage.pipeline.visible and wanted in (None, stage.pipeline.id)
        )
        return paging.page(call, found, _STAGE_ORDERS, _stage)

    def read_stage(self, call: Call) -> Answer:
        """Return one stage."""
        text = call.params["id"]
        stage = self._pipelines.stage(int(text)) if text.isdecimal() else None
        if stage is None:
            return bodies.not_found("Stage")
        return Answer(200, {"success": True, "data": _stage(stage)})


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "order_nr": pipeline.order_nr,
        "is_deleted": False,
        "is_deal_probability_enabled": False,
        "add_time": instant(FOUNDED),
        "update_time": instant(FOUNDED),
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "id": stage.id,
        "order_nr": stage.order_nr,
        "name": stage.name,
        "is_deleted": False,
        "deal_probability": 100,
        "pipeline_id": stage.pipeline.id,
        "is_deal_rot_enabled": False,
        "days_to_rotten": None,
        "add_time": instant(FOUNDED),
        "update_time": instant(FOUNDED),
    }
