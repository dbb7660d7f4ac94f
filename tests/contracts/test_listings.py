"""Listings: their tokens, phases, halts and documents."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS, Backing, Basis, Control, ExemptionStatus, Kind, Phase
from tests.conftest import instance
from tests.contracts.support import (
    ALL_CLASSES,
    NO_REF,
    PROFILE,
    RIGHTS,
    SANCTIONS,
    TEXT,
    entry,
    refuses,
    report,
)

LISTING, PHASE, HALT, DOCUMENT = 2, 3, 4, 5
LISTING_DATA = ["address", "(bytes12,bytes9,bytes4,uint8,bytes12)", "uint32"]
PHASE_DATA = ["address", "uint8", "bytes32"]
HALT_DATA = ["address", "bool", "bytes32"]
DOCUMENT_DATA = ["address", "bytes32", "string", "bytes32"]

NAME = b"prospectus".ljust(32, b"\0")

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
def share(shares):
    return shares["MSFT"]


@pytest.fixture
def put(listings, actors, share):
    """Lists MSFT, PENDING, under an exemption; fields may be overridden."""

    def create(number=1, instrument=None, classes=ALL_CLASSES, policy=0, sender=None):
        return listings.list(
            number,
            instrument or share.instrument(),
            share.token_name,
            share.token_symbol,
            classes,
            policy,
            sender=sender or actors.issuer,
        )

    return create


def control(token) -> Control:
    return Control.unpack(token.control())


# ---------------------------------------------------------------- listing


def test_list__good__creates_a_pending_token_and_reports(listings, stage, actors, share, put):
    receipt = put(classes=0x06, policy=9)

    token = instance("ShareToken", listings.tokens()[-1])
    settings = 0x06 << 16 | 9 << 8
    code = stage.factory.implementation()
    created = {"operator": stage.factory, "from": ZERO_ADDRESS, "ref": NO_REF, "timestamp": receipt.timestamp}
    assert receipt.events == [
        token.Upgraded(code),
        token.Reported(seq=1, kind=Kind.CONTROL, to=ZERO_ADDRESS, amount=settings, **created),
        token.Reported(seq=2, kind=Kind.UPGRADE, to=code, amount=0, **created),
        token.Initialized(1),
        report(
            listings,
            receipt,
            LISTING,
            actors.issuer,
            LISTING_DATA,
            [token, share.instrument(), 1],
        ),
    ]
    assert token.control() >> 192 == settings
    assert (token.name(), token.symbol(), token.decimals()) == (share.token_name, share.token_symbol, 18)
    assert token.totalSupply() == 0
    assert listings.tokens() == [stage.token, token]
    assert listings.isListed(token)
    listing = listings.listingOf(token)
    assert tuple(listing.instrument) == share.instrument()
    assert tuple(listing)[1:] == (1, Phase.PENDING, False, False, False, 0, 0)
    assert listings.micOf(token) == share.mic.encode()


def test_list__exemption_revoked_or_unknown__refused(listings, comply, put):
    for number in (0, 2):
        with refuses(listings.ListingUnknownExemption, exemption=number):
            put(number)
    comply("setExemptionStatus", 1, ExemptionStatus.REVOKED)
    with refuses(listings.ListingExemptionRevoked, exemption=1):
        put(1)


def test_list__new_token__starts_its_report_chain_from_chain_and_address(listings, stage, chain, put):
    """So that no stream can be passed off as another token's, or another chain's."""
    receipt = put(classes=2)

    token = instance("ShareToken", listings.tokens()[-1])
    start = keccak(encode(["uint256", "address"], [chain.provider.web3.eth.chain_id, token.address]))[12:]
    types = ["uint160", "uint32", "uint8", "address", "address", "address", "uint256", "bytes32", "uint40"]
    factory, code = stage.factory.address, stage.factory.implementation()
    link = start
    for values in (
        [1, Kind.CONTROL, factory, ZERO_ADDRESS, ZERO_ADDRESS, 2 << 16, NO_REF, receipt.timestamp],
        [2, Kind.UPGRADE, factory, ZERO_ADDRESS, code, 0, NO_REF, receipt.timestamp],
    ):
        link = keccak(encode(types, [int.from_bytes(link, "big"), *values]))[12:]
    assert (control(token).sequence, control(token).chain) == (2, int.from_bytes(link, "big"))


@pytest.mark.parametrize("backing", [Backing.UNSTATED, Backing.SYNTHETIC])
def test_list__backing_that_is_none__refused(listings, share, put, backing):
    fields = list(share.instrument())
    fields[3] = backing

    with refuses(listings.ListingBackingRefused, backing=backing):
        put(instrument=tuple(fields))


def test_list__issuer_native__listed(listings, share, put):
    fields = list(share.instrument())
    fields[3] = Backing.ISSUER_NATIVE

    put(instrument=tuple(fields))

    assert listings.listingOf(listings.tokens()[-1]).instrument.backing == Backing.ISSUER_NATIVE


@pytest.mark.parametrize(("place", "width"), [(0, 12), (1, 9), (2, 4), (4, 12)], ids=["isin", "cusip", "mic", "ticker"])
def test_list__instrument_incomplete__refused(listings, share, put, place, width):
    fields = list(share.instrument())
    fields[place] = bytes(width)

    with refuses(listings.ListingInvalidInstrument, instrument=tuple(fields)):
        put(instrument=tuple(fields))


def test_list__isin_listed_already__refused(listings, share, put):
    put()

    with refuses(listings.ListingDuplicateIsin, isin=share.isin.encode(), token=listings.tokens()[-1]):
        put()


def test_list__unknown_class_or_flag__refused(token, listings, put):
    for classes, policy in ((1, 0), (0x0800, 0), (0, 16)):
        with refuses(token.ShareTokenInvalidPolicy, allowedClasses=classes, policy=policy):
            put(classes=classes, policy=policy)
    assert len(listings.tokens()) == 1


# ---------------------------------------------------------------- phases


@pytest.fixture
def pending(launch):
    return launch("MSFT", activate=False)


def test_activate__exemption_in_force__reported_and_pushed(listings, actors, pending):
    receipt = listings.activate(pending, sender=actors.issuer)

    until = listings.termsOf(1)[1].validUntil
    assert receipt.events == [
        report(listings, receipt, PHASE, actors.issuer, PHASE_DATA, [pending, Phase.ACTIVE, NO_REF]),
        entry(pending, receipt, Kind.CONTROL, listings, amount=until << 32 | ALL_CLASSES << 16 | Phase.ACTIVE),
    ]
    assert listings.phaseOf(pending) == Phase.ACTIVE


STEPS = {
    "activate": (Phase.PENDING, Phase.ACTIVE),
    "suspend": (Phase.ACTIVE, Phase.SUSPENDED),
    "resume": (Phase.SUSPENDED, Phase.ACTIVE),
}


@pytest.mark.parametrize("step", [*STEPS, "windDown"])
@pytest.mark.parametrize("start", Phase)
def test_step__from_each_phase__only_along_the_arrows(listings, actors, pending, comply, step, start):
    if start is not Phase.PENDING:
        listings.activate(pending, sender=actors.issuer)
    if start is Phase.SUSPENDED:
        comply("suspend", pending)
    if start is Phase.WIND_DOWN:
        comply("windDown", pending)

    def go():
        if step == "activate":
            return listings.activate(pending, sender=actors.issuer)
        return comply(step, pending)

    allowed, end = STEPS.get(step, (start if start is not Phase.WIND_DOWN else None, Phase.WIND_DOWN))
    if start is not allowed:
        with refuses(listings.ListingWrongPhase, token=pending, phase=start):
            go()
        return

    receipt = go()

    operator, ref = (actors.issuer, NO_REF) if step == "activate" else (actors.compliance, SANCTIONS)
    assert receipt.events == [
        report(listings, receipt, PHASE, operator, PHASE_DATA, [pending, end, ref]),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192),
    ]
    assert control(pending).phase == end


@pytest.mark.parametrize("function", ["suspend", "resume", "windDown"])
def test_step__basis_unstated_or_token_unknown__refused(listings, token, actors, comply, function):
    with refuses(listings.ListingBasisUnstated):
        comply(function, token, basis=Basis.UNSTATED)
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        comply(function, actors.stranger)


def test_wind_down__exemption_revoked_already__reported_here_and_not_again_by_the_token(
    listings, token, actors, comply
):
    comply("setExemptionStatus", 1, ExemptionStatus.REVOKED)
    before = token.control()

    receipt = comply("windDown", token)

    values = [token, Phase.WIND_DOWN, SANCTIONS]
    assert receipt.events == [report(listings, receipt, PHASE, actors.compliance, PHASE_DATA, values)]
    assert token.control() == before


def test_activate__token_unknown__refused(listings, actors):
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        listings.activate(actors.stranger, sender=actors.issuer)


# ---------------------------------------------------------------- halts


def test_set_halt__on_and_off__reported_and_pushed(listings, token, actors, comply):
    before = token.control() >> 192
    for halted in (True, False):
        receipt = comply("setHalt", token, halted)

        settings = before | (8 if halted else 0)
        assert receipt.events == [
            report(listings, receipt, HALT, actors.compliance, HALT_DATA, [token, halted, SANCTIONS]),
            entry(token, receipt, Kind.CONTROL, listings, amount=settings),
        ]
        assert token.control() >> 192 == settings
        assert listings.listingOf(token).haltedByHand is halted


def test_set_halt__nothing_changes_or_unstated_or_unknown__refused(listings, token, actors, comply):
    with refuses(listings.ListingUnchanged, token=token):
        comply("setHalt", token, False)
    with refuses(listings.ListingBasisUnstated):
        comply("setHalt", token, True, basis=Basis.UNSTATED)
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        comply("setHalt", actors.stranger, True)


# ---------------------------------------------------------------- documents (ERC-1643)


def test_set_document__new_and_replaced__recorded_and_reported(listings, token, actors):
    for uri, digest in (("ipfs://first", TEXT), ("ipfs://second", PROFILE)):
        receipt = listings.setDocument(token, NAME, uri, digest, sender=actors.issuer)

        assert receipt.events == [
            report(listings, receipt, DOCUMENT, actors.issuer, DOCUMENT_DATA, [token, NAME, uri, digest])
        ]
        assert tuple(listings.getDocument(token, NAME)) == (uri, digest, receipt.timestamp)
        assert listings.getAllDocuments(token) == [RIGHTS, NAME]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_remove_document__one_of_several__the_others_stay(listings, token, actors, gone):
    names = [bytes([number]) * 32 for number in (1, 2, 3)]
    for name in names:
        listings.setDocument(token, name, "ipfs://x", TEXT, sender=actors.issuer)

    receipt = listings.removeDocument(token, names[gone], sender=actors.issuer)

    assert receipt.events == [
        report(listings, receipt, DOCUMENT, actors.issuer, DOCUMENT_DATA, [token, names[gone], "", NO_REF])
    ]
    assert tuple(listings.getDocument(token, names[gone])) == ("", NO_REF, 0)
    assert sorted(listings.getAllDocuments(token)) == [*(name for name in names if name != names[gone]), RIGHTS]
    with refuses(listings.ListingUnknownDocument, token=token, name=names[gone]):
        listings.removeDocument(token, names[gone], sender=actors.issuer)


def test_set_document__of_an_unknown_token__refused(listings, actors):
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        listings.setDocument(actors.stranger, NAME, "ipfs://x", TEXT, sender=actors.issuer)


@pytest.mark.parametrize(("name", "uri", "digest"), [(NO_REF, "x", TEXT), (NAME, "", TEXT), (NAME, "x", NO_REF)])
def test_set_document__empty__refused(listings, token, actors, name, uri, digest):
    with refuses(listings.ListingEmptyDocument, name=name):
        listings.setDocument(token, name, uri, digest, sender=actors.issuer)
