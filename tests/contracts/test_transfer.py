"""A holder's own transfer."""

from __future__ import annotations

import ape

from stockade.records import Kind
from tests.support import SHARE


def test_transfer__both_admitted__moves_and_reports_once(stage, token, actors, keys, holding, chain):
    holding(keys.alice, keys.bob)
    head = stage.suite.control(stage.suite.token(token.address))

    receipt = token.transfer(actors.bob, 3 * SHARE, sender=actors.alice)

    assert receipt.events == [
        token.Transfer(actors.alice, actors.bob, 3 * SHARE),
        token.Reported(
            seq=head.sequence + 1,
            kind=Kind.TRANSFER,
            operator=actors.alice,
            **{"from": actors.alice},
            to=actors.bob,
            amount=3 * SHARE,
            ref=b"\0" * 32,
            timestamp=receipt.timestamp,
        ),
    ]
    assert token.balanceOf(actors.alice) == 97 * SHARE
    assert token.balanceOf(actors.bob) == 103 * SHARE


def test_transfer__receiver_unknown__refused_with_its_record(token, actors, keys, holding):
    holding(keys.alice)

    with ape.reverts(token.ShareTokenCannotReceive, code=41, account=actors.outsider, record=0):
        token.transfer(actors.outsider, SHARE, sender=actors.alice)
