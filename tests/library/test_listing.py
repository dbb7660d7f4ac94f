"""Listings: identifiers are checked before they reach a chain, and a share's standing is read back as it is."""

from __future__ import annotations

import pytest

from stockade import listing, profiles
from stockade.errors import InputError, Refused
from stockade.listing import (
    Document,
    amendment_call,
    document_call,
    exemption_call,
    issuer_notice_call,
    list_call,
    list_share,
    notice_call,
    read_listings,
)
from stockade.records import Backing, Basis, ExemptionStatus, Phase, Policy
from tests.support import DAY, EXAMPLES, SHARE

GOOD = """
[[listing]]
ticker = "AAPL"
name = "Apple Inc."
security = "Common Stock"
isin = "US0378331005"
cusip = "037833100"
mic = "XNAS"
token_name = "Apple Inc. Share Token"
token_symbol = "AAPLs"
"""
NOTICE = Document("terms", "https://example.org/terms.pdf", b"\x12" * 32)


@pytest.fixture
def read(tmp_path):
    """Reads the good listing with one text put in place of another: `read(old, new)`."""

    def listings(old: str = "", new: str = ""):
        assert old in GOOD
        (tmp_path / "listings.toml").write_text(GOOD.replace(old, new, 1))
        return read_listings(tmp_path / "listings.toml")

    return listings


@pytest.fixture
def msft():
    return read_listings(EXAMPLES / "listings.toml")["MSFT"]


# ---------------------------------------------------------------- files


def test_read__examples__holds_sixteen_shares_and_a_fund_of_two_exchanges():
    shares = read_listings(EXAMPLES / "listings.toml").values()

    funds = [share.ticker for share in shares if "Fund" in share.security]
    assert len(shares) - len(funds) >= 12
    assert funds == ["SPY"]
    assert {share.mic for share in shares} == {"XNAS", "XNYS", "ARCX"}
    assert len({share.isin for share in shares}) == len(shares)
    # One storage slot each.
    assert all(len(share.token_name) <= 31 and len(share.token_symbol) <= 31 for share in shares)


def test_read__good_entry__packs_as_the_contract_takes_it(read):
    share = read()["AAPL"]

    assert share.instrument() == (b"US0378331005", b"037833100", b"XNAS", 1, b"AAPL" + b"\0" * 8)


def test_read__issuer_native__is_its_backing(read):
    assert read('mic = "XNAS"', 'mic = "XNAS"\nbacking = "ISSUER_NATIVE"')["AAPL"].backing is Backing.ISSUER_NATIVE


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("US0378331005", "US0378331006", "field isin: US0378331006: .*checksum.* Look it up and correct it"),
        ('cusip = "037833100"', 'cusip = "037833101"', "field cusip: 037833101: .*checksum.* Look it up and correct"),
        (
            'cusip = "037833100"',
            'cusip = "594918104"',
            "isin US0378331005 does not contain cusip 594918104: correct one of them",
        ),
        (
            'mic = "XNAS"',
            'mic = "XNAS"\nbacking = "SYNTHETIC"',
            r"field backing: SYNTHETIC cannot be listed \(R9\): use ENTITLEMENT or ISSUER_NATIVE",
        ),
        ('mic = "XNAS"', 'mic = "XNAS"\nbacking = "IOU"', "field backing: 'IOU' is unknown: use ENTITLEMENT or ISSUER"),
        ('mic = "XNAS"', 'mic = "XNASDAQ"', "field mic: 'XNASDAQ' is not a four-character market code: correct it"),
        ('mic = "XNAS"', "", "field mic: None is not a non-empty ASCII text: correct it"),
        ('name = "Apple Inc."', 'name = "Äpple"', "field name: 'Äpple' is not a non-empty ASCII text: correct it"),
        ('ticker = "AAPL"', 'ticker = "AAPLAAPLAAPLA"', "field ticker: 'AAPLAAPLAAPLA' is longer than 12 characters"),
        ('mic = "XNAS"', 'mic = "XNAS"\nprice = 1', "unknown field price: remove it, or correct its spelling"),
        ("[[listing]]", GOOD + "[[listing]]", "field ticker: AAPL is listed twice: remove one"),
        ("[[listing]]", GOOD.replace('"AAPL"', '"APL"') + "[[listing]]", "field isin: US0378331005 is listed twice"),
    ],
)
def test_read__one_mistake__is_named_with_file_entry_field_and_remedy(read, old, new, sentence):
    with pytest.raises(InputError, match=rf"listings\.toml, listing [12].*{sentence}"):
        read(old, new)


def test_read__no_entries__says_so(tmp_path):
    (tmp_path / "empty.toml").write_text("")

    with pytest.raises(InputError, match=r"no \[\[listing\]\] entries: add one per share"):
        read_listings(tmp_path / "empty.toml")


def test_read__a_table_for_a_list__says_so(tmp_path):
    (tmp_path / "wrong.toml").write_text('listing = ["AAPL"]')

    with pytest.raises(InputError, match=r"wrong\.toml, listing 1: 'AAPL' is no table: write"):
        read_listings(tmp_path / "wrong.toml")


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize(
    ("name", "uri", "digest", "sentence"),
    [
        ("", "https://example.org", b"\x12" * 32, "Document name '' is not 1 to 32 ASCII characters"),
        ("x" * 33, "https://example.org", b"\x12" * 32, "is not 1 to 32 ASCII characters: choose another"),
        ("a\0b", "https://example.org", b"\x12" * 32, "is not 1 to 32 ASCII characters: choose another"),
        ("terms", " ", b"\x12" * 32, "Document terms has no uri: say where its text can be had"),
        ("terms", "https://example.org", b"\x12" * 31, "hash of document terms is not 32 bytes"),
        ("terms", "https://example.org", b"\0" * 32, "hash of document terms is not 32 bytes, or is zero"),
    ],
)
def test_document__one_mistake__is_named(name, uri, digest, sentence):
    with pytest.raises(InputError, match=sentence):
        Document.given(name, uri, digest)


def test_document__set_replaced_and_removed__reads_back_as_it_stands(suite, token, keys, now):
    functions = suite.listings.functions
    second = Document.given("terms", "https://example.org/terms-2.pdf", b"\x34" * 32)
    (rights,) = listing.documents(suite, token.address)
    assert rights[0].name == listing.RIGHTS

    suite.send(keys.issuer, document_call(suite, token.address, NOTICE))
    assert listing.documents(suite, token.address) == [rights, (NOTICE, now())]

    suite.send(keys.issuer, document_call(suite, token.address, second))
    assert listing.documents(suite, token.address) == [rights, (second, now())]

    suite.send(keys.issuer, functions.removeDocument(token.address, listing.document_key("terms")))
    assert listing.documents(suite, token.address) == [rights]


# ---------------------------------------------------------------- on chain


def test_list_share__by_issuer__is_pending_without_terms_and_holds_the_identifiers(suite, keys, msft):
    address = list_share(suite, keys.issuer, msft, profiles.load("us-tsv"))

    found = listing.standing(suite, suite.token("MSFTs"))
    assert found.address == address
    assert (found.ticker, found.isin, found.cusip, found.mic) == ("MSFT", "US5949181045", "594918104", "XNAS")
    assert (found.backing, found.exemption, found.has_terms) == (Backing.ENTITLEMENT, 1, False)
    assert (found.control.phase, found.control.halted) == (Phase.PENDING, False)
    assert found.control.policy == Policy.LAPSE_STOPS_TRADING_ONLY | Policy.HALT_STOPS_TRADING_ONLY


def test_list_share__twice__refused_and_named(suite, keys, token):
    share = read_listings(EXAMPLES / "listings.toml")["AAPL"]

    with pytest.raises(Refused, match="this share has a token already") as refused:
        suite.dry_run(keys.issuer.address, list_call(suite, share, profiles.load("us-tsv")))

    assert refused.value.error == "ListingDuplicateIsin"


def test_list_share__by_a_stranger__refused_for_the_role(suite, keys, msft):
    with pytest.raises(Refused, match="does not hold the role that may do this") as refused:
        list_share(suite, keys.stranger, msft, profiles.load("us-tsv"))

    assert refused.value.error == "AccessManagedUnauthorized"


def test_standing__after_a_mint__tells_supply_and_what_is_attested(suite, token, keys, holding, attest, sentence):
    holding(keys.alice, shares=100)
    attest(sentence(shares_held=130 * SHARE))

    found = listing.standing(suite, suite.token(token.address))

    assert (found.supply, found.issued, found.held, found.has_terms) == (100 * SHARE, 100 * SHARE, 130 * SHARE, True)


def test_require_profile__the_recorded_one__passes_and_another_is_refused(suite):
    listing.require_profile(suite, 1, profiles.load("us-tsv"))

    with pytest.raises(InputError, match=r"Exemption 1 was recorded with the profile of hash 0x.* but open has 0x"):
        listing.require_profile(suite, 1, profiles.load("open"))


def test_exemption_of__recorded__holds_the_profile_and_unknown_is_refused(suite):
    profile = profiles.load("us-tsv")

    (found,) = listing.exemptions(suite)

    assert (found.number, found.status, found.version, found.versions) == (1, ExemptionStatus.ACTIVE, 1, 1)
    assert found.profile == profile.hash
    assert ("0x" + found.terms.document.hex(), *found.terms[2:4]) == (profile.document, *profile.period)
    assert found.terms[5:] == (30 * DAY, 30 * DAY)
    assert found.opens_at == max(found.notice_until, profile.period[0])
    for number in (0, 2):
        with pytest.raises(InputError, match=f"has no exemption {number}: it has 1"):
            listing.exemption_of(suite, number)


# ---------------------------------------------------------------- the exemption's life


def test_exemption__added_then_its_notice_published__pending_until_the_notice_was_public_long_enough(
    suite, keys, now, travel
):
    profile = profiles.load("open")
    suite.send(keys.issuer, exemption_call(suite, profile))
    fresh = listing.exemption_of(suite, 2)
    assert (fresh.status, fresh.opens_at, fresh.notice_until, fresh.notice) == (
        ExemptionStatus.PENDING,
        None,
        None,
        None,
    )

    suite.send(keys.issuer, notice_call(suite, 2, b"\x55" * 32, "https://example.org/notice"))

    until = now() + profile.clocks.notice_seconds
    found = listing.exemption_of(suite, 2)
    assert (found.status, found.notice_until, found.notice) == (ExemptionStatus.PENDING, until, b"\x55" * 32)
    assert found.opens_at == max(until, profile.period[0])
    travel(found.opens_at - now())
    assert listing.exemption_of(suite, 2).status is ExemptionStatus.ACTIVE


def test_notice_call__nowhere_to_be_had__refused(suite):
    with pytest.raises(InputError, match="The Notice has no uri: say where it can be had, for it must be public"):
        notice_call(suite, 1, b"\x55" * 32, " ")


def test_amend__from_a_later_day_on__old_terms_hold_until_then_and_stay_readable(suite, keys, now, travel):
    before, starts = listing.exemption_of(suite, 1), now() + 40 * DAY
    revised = profiles.load("article-2026-05")
    suite.send(keys.issuer, amendment_call(suite, 1, revised, starts))

    waiting = listing.exemption_of(suite, 1)
    assert (waiting.version, waiting.versions, waiting.terms) == (1, 2, before.terms)
    old, new = listing.terms_of(suite, waiting)
    assert (old, new.effective_from, "0x" + new.profile.hex()) == (before.terms, starts, revised.hash)

    travel(starts - now())
    amended = listing.exemption_of(suite, 1)
    assert (amended.version, amended.terms, listing.terms_of(suite, amended)) == (2, new, [old, new])


def test_issuer_notice__recorded__the_standing_says_until_when_it_may_object(suite, keys, msft, now):
    token = list_share(suite, keys.issuer, msft, profiles.load("us-tsv"))
    assert listing.standing(suite, suite.token(token)).objection_until is None

    suite.send(keys.issuer, issuer_notice_call(suite, token, b"\x66" * 32))

    found = listing.standing(suite, suite.token(token))
    assert (found.objection_until, found.objected_at, found.is_barred) == (now() + 30 * DAY, None, False)


def test_standing__halted_by_hand__says_so_and_not_by_the_market(suite, token, keys):
    call = suite.listings.functions.setHalt(token.address, True, Basis.REGULATOR_ORDER, b"\x77" * 32)
    suite.send(keys.compliance, call)

    found = listing.standing(suite, suite.token(token.address))

    assert (found.halted_by_hand, found.halted_by_market, found.control.halted) == (True, False, True)
    assert (found.own_phase, found.suspended_by_regulator) == (Phase.ACTIVE, False)
