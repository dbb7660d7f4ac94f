"""What phase, lapse, halt and pauses stop, and what they never stop: the exits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ape.exceptions import ContractLogicError

from stockade.chain import decode_error, revert_data
from stockade.records import Basis, Control, ExemptionStatus, Kind, Pause, Phase, Policy, SentenceKind
from tests.contracts.support import NO_REF, ORDER, Reason, entry, movement, refuses, terms
from tests.support import DAY, SHARE

pytestmark = pytest.mark.usefixtures("setting")

REQUEST = (1).to_bytes(32, "big")
BOTH_FLAGS = Policy.LAPSE_STOPS_TRADING_ONLY | Policy.HALT_STOPS_TRADING_ONLY

OWN = {"own transfer", "own batch"}
TRADING = {"transfer by a platform", "a platform's own transfer"}
FREE = OWN | TRADING
FORCED = {"force", "force of a redemption", "recovery"}
EXITS = {"escrow", "release", "reject", "take back"}
EVERYTHING = FREE | {"mint"} | FORCED | EXITS


@pytest.fixture(scope="module")
def setting(market, house, actors, chain):
    """Alice's request 1 of two shares is past its deadline; carol is lost with five shares, outsider replaces her."""
    token, registry, ledger = house.token, house.registry, house.ledger
    record = (registry.recordOf(actors.alice) & ~(0xFFFFFFFFFFFFFFFF << 104)) | 4 << 104
    registry.setRecords([actors.carol, actors.outsider], [record, record], NO_REF, sender=actors.registrar)
    token.transfer(actors.carol, 5 * SHARE, sender=actors.alice)
    registry.recover(actors.carol, actors.outsider, Basis.LOST_WALLET, ORDER, sender=actors.compliance)
    token.approve(actors.platform, 50 * SHARE, sender=actors.alice)
    ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.alice)
    chain.pending_timestamp = ledger.requestOf(1).deadline
    chain.mine()


@pytest.fixture
def ways(token, ledger, actors, sentence, signed):
    """Each way in which balances move. It takes what to do with the function: call it, or only ask."""

    def attest(do, kind, shares):
        draft = replace(sentence(account=actors.alice.address, shares=shares), kind=kind)
        if kind is not SentenceKind.DEPOSIT:
            draft = replace(draft, ref=REQUEST, shares_held=draft.shares_held - 2 * shares)
        return do(ledger.attest)(draft.as_tuple(), signed(draft), sender=actors.relay)

    alice, bob, platform, compliance = actors.alice, actors.bob, actors.platform, actors.compliance
    return {
        "own transfer": lambda do: do(token.transfer)(bob, SHARE, sender=alice),
        "own batch": lambda do: do(token.batchTransfer)([bob], [SHARE], sender=alice),
        "transfer by a platform": lambda do: do(token.transferFrom)(alice, bob, SHARE, sender=platform),
        "a platform's own transfer": lambda do: do(token.transfer)(bob, SHARE, sender=platform),
        "mint": lambda do: attest(do, SentenceKind.DEPOSIT, SHARE),
        "escrow": lambda do: do(ledger.requestRedemption)(token, 1, SHARE, NO_REF, sender=alice),
        "release": lambda do: attest(do, SentenceKind.RELEASE, 2 * SHARE),
        "reject": lambda do: attest(do, SentenceKind.REJECT, 2 * SHARE),
        "take back": lambda do: do(ledger.takeBack)(1, sender=alice),
        "force": lambda do: do(token.forcedTransfer)(alice, bob, SHARE, sender=compliance),
        "force of a redemption": lambda do: do(ledger.forceRedemption)(1, bob, 1, ORDER, sender=compliance),
        "recovery": lambda do: do(token.recoverBalance)(actors.carol, sender=compliance),
    }


@pytest.fixture
def outcome(ways):
    """What stops each way, in the contract's words; nothing moves."""

    def ask(way):
        try:
            ways[way](lambda function: function.call)
        except ContractLogicError as error:
            return decode_error(revert_data(error.__cause__))
        return None

    return lambda: {way: ask(way) for way in ways}


@pytest.fixture
def amend(listings, actors):
    """Moves the end of the exemption."""

    def until(second):
        _, old = listings.termsOf(1)
        listings.amendExemption(1, terms(old.validFrom, second), sender=actors.issuer)

    return until


@pytest.fixture
def expose(token, listings, actors, now, travel, amend):
    """Brings a condition about."""

    def lapse():
        amend(now() + 100)
        travel(100)

    by_order = (Basis.REGULATOR_ORDER, ORDER)
    compliance = actors.compliance
    conditions = {
        "suspended": lambda: listings.suspend(token, *by_order, sender=compliance),
        "wound down": lambda: listings.windDown(token, *by_order, sender=compliance),
        "halted": lambda: listings.setHalt(token, True, *by_order, sender=compliance),
        "lapsed": lapse,
    }
    for status in (ExemptionStatus.SUSPENDED, ExemptionStatus.REVOKED):
        conditions[f"exemption {status.name}"] = lambda status=status: listings.setExemptionStatus(
            1, status, *by_order, sender=compliance
        )
    for pause in Pause:
        conditions[f"{pause.name} paused"] = lambda pause=pause: token.pause(pause, sender=actors.pauser)
    return lambda condition: conditions[condition]()


@pytest.fixture
def follow(token, actors):
    """Sets the policy flags."""

    def flags(policy):
        if (control := Control.unpack(token.control())).policy != policy:
            token.setPolicy(control.allowed_classes, policy, sender=actors.issuer)

    return flags


def stopped(token, code):
    control = Control.unpack(token.control())
    return (
        "ShareTokenStopped",
        {
            "code": Reason[code],
            "phase": control.phase,
            "activeUntil": control.active_until,
            "halted": control.halted,
            "pauses": control.pauses,
        },
    )


# ---------------------------------------------------------------- the table of law 4


@pytest.mark.parametrize(
    ("conditions", "policy", "stops"),
    [
        ([], Policy(0), {}),
        (["suspended"], BOTH_FLAGS, {"PHASE_SUSPENDED": FREE | {"mint"}}),
        (["exemption SUSPENDED"], BOTH_FLAGS, {"PHASE_SUSPENDED": FREE | {"mint"}}),
        (["wound down"], BOTH_FLAGS, {"PHASE_WIND_DOWN": FREE | {"mint"}}),
        (["exemption REVOKED"], BOTH_FLAGS, {"PHASE_WIND_DOWN": FREE | {"mint"}}),
        (["lapsed"], Policy(0), {"LAPSED": FREE | {"mint"}}),
        (["lapsed"], Policy.HALT_STOPS_TRADING_ONLY, {"LAPSED": FREE | {"mint"}}),
        (["lapsed"], Policy.LAPSE_STOPS_TRADING_ONLY, {"LAPSED": TRADING | {"mint"}}),
        (["halted"], Policy(0), {"HALTED": FREE}),
        (["halted"], Policy.LAPSE_STOPS_TRADING_ONLY, {"HALTED": FREE}),
        (["halted"], Policy.HALT_STOPS_TRADING_ONLY, {"HALTED": TRADING}),
        (["TRANSFER paused"], BOTH_FLAGS, {"TRANSFER_PAUSED": FREE}),
        (["MINT paused"], BOTH_FLAGS, {"MINT_PAUSED": {"mint"}}),
        (["BURN paused"], BOTH_FLAGS, {"BURN_PAUSED": {"release"}}),
        (["FORCE paused"], BOTH_FLAGS, {"FORCE_PAUSED": FORCED}),
        (
            ["lapsed", "halted", "wound down", "TRANSFER paused", "MINT paused", "BURN paused", "FORCE paused"],
            Policy(0),
            {"PHASE_WIND_DOWN": FREE | {"mint"}, "BURN_PAUSED": {"release"}, "FORCE_PAUSED": FORCED},
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
def test_move__under_a_stop__exactly_what_the_law_names_is_stopped(
    token, expose, follow, outcome, conditions, policy, stops
):
    follow(policy)
    for condition in conditions:
        expose(condition)

    expected = dict.fromkeys(EVERYTHING)
    for code, closed in stops.items():
        expected |= dict.fromkeys(closed, stopped(token, code))
    assert outcome() == expected


def test_move__before_activation__only_force_and_exits(stage, actors, launch):
    """Nothing was ever minted, so nothing but zero can be asked."""
    share = launch("MSFT", activate=False)
    for way in (
        lambda: share.transfer(actors.bob, 0, sender=actors.alice),
        lambda: share.transferFrom(actors.alice, actors.bob, 0, sender=actors.platform),
        lambda: share.batchTransfer([actors.bob], [0], sender=actors.alice),
    ):
        with refuses(
            share.ShareTokenStopped,
            code=Reason.PHASE_PENDING,
            phase=Phase.PENDING,
            activeUntil=0,
            halted=False,
            pauses=0,
        ):
            way()
    assert share.restrictionOf(Kind.MINT, stage.ledger, "0x" + "00" * 20, actors.bob, 1) == Reason.PHASE_PENDING
    for kind in (Kind.ESCROW, Kind.GIVE_BACK, Kind.BURN):
        assert share.restrictionOf(kind, stage.ledger, actors.alice, actors.bob, 0) == 0

    receipt = share.forcedTransfer(actors.alice, actors.bob, 0, sender=actors.compliance)

    assert receipt.events == movement(share, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.bob, 0)


# ---------------------------------------------------------------- a lapse needs no transaction


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("way", ["own transfer", "transfer by a platform", "mint"])
def test_move__around_the_end_of_the_exemption__holds_strictly_before(token, now, at, amend, follow, ways, way, off):
    end = now() + DAY
    follow(Policy(0))
    amend(end)
    at(end + off)

    if off < 0:
        assert ways[way](lambda function: function).timestamp == end + off
    else:
        with refuses(
            token.ShareTokenStopped,
            code=Reason.LAPSED,
            phase=Phase.ACTIVE,
            activeUntil=end,
            halted=False,
            pauses=0,
        ):
            ways[way](lambda function: function)


def test_move__after_an_amended_end__moves_again(token, ways, expose, amend, now, follow):
    follow(Policy(0))
    expose("lapsed")
    amend(now() + DAY)

    ways["own transfer"](lambda function: function)


# ---------------------------------------------------------------- pauses


def settings(token) -> int:
    return token.control() >> 192


def test_pause__one_after_another__adds_up_and_reports_the_settings(token, actors):
    before = settings(token)

    for pauses, held in ((Pause.TRANSFER, 1), (Pause.MINT | Pause.FORCE, 11), (Pause(15), 15)):
        receipt = token.pause(pauses, sender=actors.pauser)

        assert receipt.events == [entry(token, receipt, Kind.CONTROL, actors.pauser, amount=before | held << 4)]
        assert settings(token) == before | held << 4


@pytest.mark.parametrize(
    ("role", "pauses"), [("compliance", 1), ("compliance", 2), ("compliance", 4), ("compliance", 7), ("regulator", 8)]
)
def test_unpause__by_whom_it_belongs__lifts_exactly_these(token, actors, role, pauses):
    before = settings(token)
    token.pause(15, sender=actors.pauser)

    receipt = token.unpause(pauses, sender=getattr(actors, role))

    left = before | (15 & ~pauses) << 4
    assert receipt.events == [entry(token, receipt, Kind.CONTROL, getattr(actors, role), amount=left)]
    assert settings(token) == left


@pytest.mark.parametrize(
    ("caller", "pauses", "role"),
    [
        ("compliance", 8, 9),
        ("compliance", 9, 9),
        ("regulator", 1, 4),
        ("regulator", 9, 4),
        ("regulator", 2, 4),
        ("regulator", 4, 4),
        ("pauser", 1, 4),
        ("pauser", 8, 9),
        ("admin", 15, 9),
    ],
)
def test_unpause__by_another__refused_for_the_missing_role(token, actors, caller, pauses, role):
    token.pause(15, sender=actors.pauser)

    with refuses(token.ShareTokenMissingRole, caller=getattr(actors, caller), role=role):
        token.unpause(pauses, sender=getattr(actors, caller))


@pytest.mark.parametrize("pauses", [16, 17, 255])
def test_pause_or_unpause__unknown_pause__refused(token, actors, pauses):
    for function, sender in ((token.pause, actors.pauser), (token.unpause, actors.compliance)):
        with refuses(token.ShareTokenInvalidPauses, pauses=pauses):
            function(pauses, sender=sender)


def test_pause_or_unpause__nothing_changes__refused(token, actors):
    token.pause(Pause.MINT, sender=actors.pauser)

    for pauses in (0, Pause.MINT):
        with refuses(token.ShareTokenUnchanged):
            token.pause(pauses, sender=actors.pauser)
    for pauses in (0, Pause.TRANSFER):
        with refuses(token.ShareTokenUnchanged):
            token.unpause(pauses, sender=actors.compliance)


def test_pause__set__survives_a_change_of_phase_and_policy(token, listings, actors):
    """Four hands write one word; none may touch another's bits."""
    before = Control.unpack(token.control())
    token.pause(Pause.BURN | Pause.FORCE, sender=actors.pauser)
    listings.setHalt(token, True, Basis.REGULATOR_ORDER, ORDER, sender=actors.compliance)
    token.setPolicy(0x0002, Policy.ANY_EXECUTOR, sender=actors.issuer)
    listings.suspend(token, Basis.REGULATOR_ORDER, ORDER, sender=actors.compliance)

    after = Control.unpack(token.control())
    assert after == replace(
        before,
        phase=Phase.SUSPENDED,
        halted=True,
        pauses=Pause.BURN | Pause.FORCE,
        policy=Policy.ANY_EXECUTOR,
        allowed_classes=2,
        sequence=before.sequence + 4,
        chain=after.chain,
    )
