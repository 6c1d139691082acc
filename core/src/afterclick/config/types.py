"""Types that several settings share, with what the decoder has to know of them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

DURATION = {"unit": "duration"}
"""Marks seconds, which are written as a number of them or like `10m`."""

SIZE = {"unit": "size"}
"""Marks bytes, which are written as a number of them or like `256KiB`."""

Duration = Annotated[float, Meta(ge=0, extra=DURATION)]
LongerDuration = Annotated[float, Meta(gt=0, extra=DURATION)]

Count = Annotated[int, Meta(ge=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""What an operator calls a thing: it stands in addresses, metrics and lanes."""

Space = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
