"""The conformance kit: what every CRM plugin must do, as tests that an author gets by one line.

    from afterclick.testing import Crm, hold

    test_acme = hold(Crm(plugin=plugin, sandbox=lambda clock: AcmeSandbox(clock=clock)))

makes a test of each rule, `test_acme[create-repeated-makes-one-record]`. A rule is left out only with a
reason, which the run repeats: `hold(crm, without={"erase-is-for-good": "Acme keeps every record"})`.

For a plugin's own tests there is what stands in for the world around it: `open_context`, and
`afterclick.testing.answers` for a CRM that says what a test wants to hear.
"""

from afterclick.testing.clock import NOON, StillClock
from afterclick.testing.crm import Crm
from afterclick.testing.holding import RULES
from afterclick.testing.pytest_plugin import hold
from afterclick.testing.rules import Rule
from afterclick.testing.running import try_rule
from afterclick.testing.standins import DictState, Learnt, ListLog, NullPacer, ReadOnlyGate, open_context
from afterclick.testing.verdicts import Broken, DoesNotApply

__all__ = [
    "NOON",
    "RULES",
    "Broken",
    "Crm",
    "DictState",
    "DoesNotApply",
    "Learnt",
    "ListLog",
    "NullPacer",
    "ReadOnlyGate",
    "Rule",
    "StillClock",
    "hold",
    "open_context",
    "try_rule",
]
