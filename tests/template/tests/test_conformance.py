"""Acme's plugin keeps what every plugin must."""

from afterclick_acme import plugin
from afterclick_acme.sandbox import AcmeSandbox

from afterclick.testing import Crm, hold

ACME = Crm(
    plugin=plugin,
    sandbox=lambda clock: AcmeSandbox(clock=clock),
    edit=AcmeSandbox.edit,
    delete=AcmeSandbox.remove,
    poison=("email", "no address"),
)

test_acme = hold(ACME)
