"""The conformance kit: what every CRM plugin must do, as tests that an author gets by one line.

    from afterclick.testing import Crm, hold

    test_acme = hold(Crm(plugin=plugin, sandbox=lambda clock: AcmeSandbox(clock=clock)))

makes a test of each rule, `test_acme[create-repeated-makes-one-record]`. A rule is left out only with a
reason, which the run repeats: `hold(crm, without={"erase-is-for-good": "Acme keeps every record"})`.
"""

from afterclick.testing.crm import Crm
from afterclick.testing.holding import RULES
from afterclick.testing.pytest_plugin import hold
from afterclick.testing.rules import Broken, DoesNotApply, Rule
from afterclick.testing.running import try_rule

__all__ = ["RULES", "Broken", "Crm", "DoesNotApply", "Rule", "hold", "try_rule"]
