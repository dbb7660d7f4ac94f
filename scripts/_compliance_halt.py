"""Halts by hand: commands of `ape run compliance`, and of `ape run market` under the names `halt` and `resume`."""

from __future__ import annotations

import click

from scripts._compliance_shared import act_by_order
from stockade import compliance
from stockade.compliance import Act, Order
from stockade.suite import Suite


@act_by_order
@click.argument("token")
def halt(suite: Suite, token: str, order: Order) -> list[Act]:
    """Halt a token by hand; whether that stops trading or all transfers is its policy.

    \b
      ape run compliance halt AAPLs --basis REGULATOR_ORDER --order halt.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.halt(suite, suite.token(token), order)]


@act_by_order
@click.argument("token")
def lift(suite: Suite, token: str, order: Order) -> list[Act]:
    """Lift a token's halt.

    \b
      ape run compliance lift AAPLs --basis REGULATOR_ORDER --order resumption.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.lift(suite, suite.token(token), order)]
