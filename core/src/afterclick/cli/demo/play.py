"""The play under way: what was sent, what it showed, and what turned out wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from afterclick.cli.demo.cast import Cast
from afterclick.cli.demo.crms import Crm, Found
from afterclick.cli.demo.figures import Figures
from afterclick.cli.demo.people import PEOPLE, Expected
from afterclick.cli.demo.stage import Requests, Stage
from afterclick.cli.demo.story import Told
from afterclick.cli.sending import Report
from afterclick.model.lead import attributes

Scene = tuple[Sequence[Told], str]
"""What is sent, and what it means."""


class Play:
    """What the acts share. `faults` is why the demo fails, and empty if it does not."""

    def __init__(self, out: Console, set_up: Stage, cast: Cast) -> None:
        self.out = out
        self.stage = set_up
        self.cast = cast
        self.figures = Figures(set_up)
        self.told: Requests = []
        self.faults: list[str] = []
        self.nameless: dict[str, str] = {}
        self._acts = 0

    @property
    def crms(self) -> list[Crm]:
        """Return all CRMs."""
        return list(self.stage.crms.values())

    def crm(self, name: str | None) -> Crm | None:
        """Return who plays a part."""
        return None if name is None else self.stage.crms[name]

    # Telling.

    def act(self, title: str) -> None:
        """Begin an act."""
        self._acts += 1
        self.out.print()
        self.out.print(Rule(Text(f"{self._acts}. {title}", style="bold"), align="left", style="cyan"))

    def say(self, text: str) -> None:
        """Tell something that happens."""
        self.out.print(Text.assemble(("• ", "cyan"), text))

    def show(self, what: RenderableType) -> None:
        """Show something that was read back."""
        self.out.print(Padding(what, (0, 0, 0, 2)))

    def hold(self, right: bool, words: str, wrong: str) -> None:
        """Tell what is so, or why the demo fails."""
        if right:
            self.out.print(Text(f"✓ {words}", style="green"))
        else:
            self.fail(wrong)

    def fail(self, fault: str) -> None:
        """Tell what is wrong, and remember it."""
        self.out.print(Text(f"✗ {fault}", style="red"))
        self.faults.append(fault)

    # Doing.

    async def send(self, scenes: Iterable[Scene]) -> None:
        """Send scenes, and tell how each was answered."""
        for told, words in scenes:
            requests = self.stage.signed(told)
            answers = await self.stage.deliver(requests)
            kind = "registration" if isinstance(requests[0], Report) else "webhook"
            self.say(f"{words}: {len(answers)} {kind}{'s' * (len(answers) > 1)} {counted(answers)}")
            self.told += requests

    async def settled(self, *, without: Crm | None = None) -> float:
        """Wait until the CRMs are at rest; return how long (s) it took."""
        clock = self.stage.service.clock
        since = clock.elapsed()
        await self.figures.settled([crm for crm in self.crms if crm is not without])
        return clock.elapsed() - since

    async def lead(self, who: str) -> int | None:
        """Return the number of a person's lead."""
        rows = await self.stage.service.ledger.leads(limit=1000)
        return next((row.id for row in rows if person(who).has(attributes(row.state))), None)

    async def read(self, crm: Crm) -> list[Found]:
        """Read all records of our people from a CRM."""
        return await crm.read(self.stage.service.ledger)

    async def read_one(self, crm: Crm, who: str) -> Found | None:
        """Read one person's record from a CRM."""
        return next(iter(await crm.read(self.stage.service.ledger, person(who))), None)


def person(who: str) -> Expected:
    """Return one of the people."""
    return next(one for one in PEOPLE if one.who == who)


def counted(answers: Sequence[int]) -> str:
    """Return which answers there were."""
    return f"→ {', '.join(map(str, sorted(set(answers))))}"
