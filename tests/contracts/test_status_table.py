"""What each status of a wallet may do: the table of the architecture, every cell by the real function.

Carol holds ten shares and has an open request of two, past its deadline, so that it may be answered or taken back.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.records import Basis, SentenceKind, Status
from tests.contracts.support import NO_REF, ORDER, Reason, poke_record, refuses
from tests.support import SHARE

REQUEST = (1).to_bytes(32, "big")

STATUSES = {
    "ACTIVE": {},
    "EXPIRED": {"expires_at": 1},
    "REVOKED": {"status": Status.REVOKED},
    "FROZEN": {"frozen": True},
    "NONE": None,
    "NONE, FROZEN": None,
}

# Actions by the column of the table, with what they change in carol's balance.
COLUMNS = {
    "receive": {
        "a transfer": SHARE,
        "from a platform": SHARE,
        "a mint": SHARE,
        "by force": SHARE,
        "a redemption by force": 2 * SHARE,
    },
    "send": {"a transfer": -SHARE, "a batch": -SHARE, "by a platform": -SHARE},
    "request redemption": {"of a share": -SHARE},
    "be released": {"by the custodian": 0},
    "take back, be rejected": {"take back": 2 * SHARE, "be rejected": 2 * SHARE},
    "be forced": {"a balance": -SHARE, "a redemption": 0},
}

SUPPLY = {("receive", "a mint"): SHARE, ("be released", "by the custodian"): -2 * SHARE}

# The table: which columns are closed, and on which side carol stands in the refusal.
CLOSED = {
    "ACTIVE": {},
    "EXPIRED": {"receive": "RECEIVER_EXPIRED", "send": "SENDER_EXPIRED"},
    "REVOKED": {"receive": "RECEIVER_REVOKED", "send": "SENDER_REVOKED"},
    "FROZEN": {
        "receive": "RECEIVER_FROZEN",
        "send": "SENDER_FROZEN",
        "request redemption": "SENDER_FROZEN",
        "be released": "SENDER_FROZEN",
        "take back, be rejected": "RECEIVER_FROZEN",
    },
    "NONE": {"receive": "RECEIVER_UNKNOWN", "send": "SENDER_UNKNOWN"},
}
CLOSED["NONE, FROZEN"] = CLOSED["FROZEN"]


@pytest.fixture(scope="module")
def request_of_carol(market, house, actors, chain):
    """Carol's request 1 of two shares, past its deadline."""
    token, ledger = house.token, house.ledger
    record = (house.registry.recordOf(actors.alice) & ~(0xFFFFFFFFFFFFFFFF << 104)) | 4 << 104
    house.registry.setRecords([actors.carol], [record], NO_REF, sender=actors.registrar)
    token.transfer(actors.carol, 12 * SHARE, sender=actors.alice)
    ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.carol)
    for wallet in (actors.alice, actors.carol):
        token.approve(actors.platform, SHARE, sender=wallet)
    chain.pending_timestamp = ledger.requestOf(1).deadline
    chain.mine()


@pytest.fixture
def perform(token, ledger, actors, sentence, signed):
    """Does what the cell says, to or by carol."""

    def attest(kind, shares):
        draft = replace(sentence(account=actors.carol.address, shares=shares), kind=kind)
        if kind is not SentenceKind.DEPOSIT:
            draft = replace(draft, ref=REQUEST, shares_held=draft.shares_held - 2 * shares)
        ledger.attest(draft.as_tuple(), signed(draft), sender=actors.relay)

    def force_redemption(to):
        ledger.forceRedemption(1, to, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    def take_bobs_redemption_for_carol():
        ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.bob)
        ledger.forceRedemption(2, actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    alice, bob, carol, platform, compliance = (
        getattr(actors, name) for name in ("alice", "bob", "carol", "platform", "compliance")
    )
    actions = {
        ("receive", "a transfer"): lambda: token.transfer(carol, SHARE, sender=alice),
        ("receive", "from a platform"): lambda: token.transferFrom(alice, carol, SHARE, sender=platform),
        ("receive", "a mint"): lambda: attest(SentenceKind.DEPOSIT, SHARE),
        ("receive", "by force"): lambda: token.forcedTransfer(bob, carol, SHARE, sender=compliance),
        ("receive", "a redemption by force"): take_bobs_redemption_for_carol,
        ("send", "a transfer"): lambda: token.transfer(bob, SHARE, sender=carol),
        ("send", "a batch"): lambda: token.batchTransfer([bob], [SHARE], sender=carol),
        ("send", "by a platform"): lambda: token.transferFrom(carol, bob, SHARE, sender=platform),
        ("request redemption", "of a share"): lambda: ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=carol),
        ("be released", "by the custodian"): lambda: attest(SentenceKind.RELEASE, 2 * SHARE),
        ("take back, be rejected", "take back"): lambda: ledger.takeBack(1, sender=carol),
        ("take back, be rejected", "be rejected"): lambda: attest(SentenceKind.REJECT, 2 * SHARE),
        ("be forced", "a balance"): lambda: token.forcedTransfer(carol, bob, SHARE, sender=compliance),
        ("be forced", "a redemption"): lambda: force_redemption(bob),
    }
    return lambda column, action: actions[column, action]()


@pytest.mark.usefixtures("request_of_carol")
@pytest.mark.parametrize(
    ("column", "action"), [(column, action) for column, actions in COLUMNS.items() for action in actions]
)
@pytest.mark.parametrize("status", STATUSES)
def test_act__by_status__as_the_table_says(registry, token, actors, given, chain, perform, status, column, action):
    if (changes := STATUSES[status]) is not None:
        given(actors.carol, **changes)
    else:
        poke_record(chain, registry, actors.carol, 0x80 if "FROZEN" in status else 0)
    record = registry.recordOf(actors.carol)

    if code := CLOSED[status].get(column):
        error = token.ShareTokenCannotSend if code.startswith("SENDER") else token.ShareTokenCannotReceive
        with refuses(error, code=Reason[code], account=actors.carol, record=record):
            perform(column, action)
        assert token.balanceOf(actors.carol) == 10 * SHARE
    else:
        perform(column, action)
        assert token.balanceOf(actors.carol) == 10 * SHARE + COLUMNS[column][action]
        assert token.totalSupply() == 300 * SHARE + SUPPLY.get((column, action), 0)
