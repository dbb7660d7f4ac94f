"""Calls and spans of time, as people write and read them."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.authority.words import parse_call
from stockade.errors import InputError
from stockade.records import Role
from tests.support import DAY


def test_call_function__lists_structs_roles_and_spans__are_read_and_said(suite, keys):
    one, two = keys.alice.address, keys.bob.address
    call = authority.call_function(suite, "CustodyLedger.setAttestors", ("2", f"[{one}]", f"[({two}, KEY)]", "1"))
    assert tuple(call.args) == (2, [one], [(two, 1)], 1)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    assert authority.describe(suite, call.address, data) == (
        f"CustodyLedger.setAttestors: custodian 2, removed [{one}], added [(account {two}, kind KEY)], threshold 1"
    )

    token = suite.tokens()[0].address
    call = authority.call_function(suite, "CustodyLedger.setTerms", ("AAPLs", "(1_000, 5d, 36h)"))
    assert tuple(call.args) == (token, (1000, 5 * DAY, 36 * 3_600))
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    assert authority.describe(suite, call.address, data) == (
        f"CustodyLedger.setTerms: token AAPLs ({token}), terms (depositCap 1000, maxPositionAge 5 days, "
        "redemptionPeriod 36 hours)"
    )

    for word, value in (("no", False), ("YES", True), ("true", True)):
        assert authority.call_function(suite, "CustodyLedger.setCustodianOpen", ("1", word)).args[1] is value
    code = "0x" + "11" * 32
    upgrade = authority.call_function(suite, "SuiteFactory.upgrade", (suite.ledger.address, code, "[]"))
    assert tuple(upgrade.args) == (suite.ledger.address, bytes.fromhex("11" * 32), [])
    document = authority.call_function(
        suite, "ListingRegistry.setDocument", ("AAPLs", "terms", "a, (b", "0x" + "12" * 32)
    )
    assert tuple(document.args) == (token, b"terms".ljust(32, b"\0"), "a, (b", b"\x12" * 32)
    data = bytes.fromhex(document._encode_transaction_data()[2:])
    said = authority.describe(suite, document.address, data)
    assert said.endswith(f"name terms, uri 'a, (b', documentHash 0x{'12' * 32}")
    status = authority.call_function(
        suite, "ListingRegistry.setExemptionStatus", ("1", "REVOKED", "COURT_ORDER", "0x" + "12" * 32)
    )
    assert tuple(status.args) == (1, 3, 1, b"\x12" * 32)
    label = authority.call_function(suite, "SuiteAuthority.labelRole", ("ISSUER", "the issuer"))
    assert tuple(label.args) == (Role.ISSUER, "the issuer")


def test_describe__acts_of_the_authority_and_unknown_calls__are_sentences(suite, keys, token):
    functions, account, unknown = suite.authority.functions, keys.stranger.address, b"\1\2\3\4"
    said = {
        "grant CUSTODY_ADMIN to {a} with a delay of 2 days": functions.grantRole(Role.CUSTODY_ADMIN, account, 2 * DAY),
        "revoke role 77 from {a}": functions.revokeRole(77, account),
        "map {a}.0x01020304 to ISSUER": functions.setTargetFunctionRole(account, [unknown], Role.ISSUER),
        "map InvestorRegistry.0x01020304 to ISSUER": functions.setTargetFunctionRole(
            suite.registry.address, [unknown], Role.ISSUER
        ),
        "SuiteAuthority.labelRole: roleId ISSUER, label 'x'": functions.labelRole(Role.ISSUER, "x"),
    }
    for sentence, call in said.items():
        data = bytes.fromhex(call._encode_transaction_data()[2:])
        assert authority.describe(suite, call.address, data) == sentence.replace("{a}", account)
    assert authority.describe(suite, account, unknown) == f"a call of {account}, which is not of this suite: 0x01020304"
    assert authority.describe(suite, token.address, unknown) == "a call of AAPLs that it does not have: 0x01020304"


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("CustodyLedger.setCustodianOpen", ("1",), r"takes 2 arguments, not 1: custodian \(uint32\), open \(bool\)"),
        ("CustodyLedger.setCustodianOpen", ("1", "shut"), "open: 'shut' is neither yes nor no"),
        ("CustodyLedger.setCustodianOpen", ("-1", "no"), "custodian: '-1' does not fit uint32: write a whole number"),
        ("CustodyLedger.setCustodianOpen", (str(2**32), "no"), "custodian: '4294967296' does not fit uint32"),
        ("CustodyLedger.setCustodianOpen", ("\u0661", "no"), "does not fit uint32"),
        ("CustodyLedger.setTerms", ("MSFTs", "(1, 1d, 1d)"), "token: 'MSFTs' is not an address"),
        (
            "CustodyLedger.setTerms",
            ("AAPLs", "1, 1d, 1d"),
            r"terms: '1, 1d, 1d' is no list: write it between \( and \)",
        ),
        ("CustodyLedger.setTerms", ("AAPLs", "(1, 1d)"), r"has 2 parts: write \(depositCap, maxPositionAge, redempt"),
        ("CustodyLedger.setTerms", ("AAPLs", "(1, soon, 1d)"), "maxPositionAge: 'soon' is no span of time"),
        ("CustodyLedger.setAttestors", ("1", "[]", "[(0x12, KEY)]", "1"), "account: '0x12' is not an address"),
        (
            "CustodyLedger.setAttestors",
            ("1", "[]", "[(0x70997970c51812dc3a010c7d01b50e0d17dc79c8, KEY)]", "1"),
            "fails its EIP-55 checksum",
        ),
        (
            "CustodyLedger.setAttestors",
            ("1", "[]", "[(0x70997970C51812dc3A010C7d01b50e0d17dc79C8, SAFE)]", "1"),
            "kind: 'SAFE' is unknown: write KEY or CONTRACT",
        ),
        (
            "ListingRegistry.removeDocument",
            ("AAPLs", "0x12"),
            "name: '0x12' does not fit: write 32 bytes in hexadecimal",
        ),
        ("ListingRegistry.removeDocument", ("AAPLs", "x" * 33), "does not fit: write 32 bytes in hexadecimal"),
        ("SuiteAuthority.labelRole", ("BOSS", "x"), "roleId: 'BOSS' is no role: the roles are ADMIN, KEY_ADMIN"),
        (
            "SuiteAuthority.grantRole",
            ("ISSUER",),
            "has a command of its own: `ape run authority schedule grant --help`",
        ),
    ],
)
def test_call_function__one_mistake__is_named_with_its_remedy(suite, function, arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.call_function(suite, function, arguments)


def test_parse_call__bytes_of_any_length__are_hexadecimal(suite, keys):
    caller = keys.alice.address
    call = parse_call(suite, "SuiteAuthority.cancel", (caller, "CustodyLedger", "0x0102"))
    assert tuple(call.args) == (caller, suite.ledger.address, b"\1\2")

    with pytest.raises(InputError, match=r"data: 'text' does not fit: write bytes in hexadecimal \(0x\.\.\.\)\."):
        parse_call(suite, "SuiteAuthority.cancel", (caller, "CustodyLedger", "text"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "none"),
        (1, "1 s"),
        (60, "1 minute"),
        (7_200, "2 hours"),
        (DAY, "1 day"),
        (20 * DAY, "20 days"),
        (61, "61 s"),
    ],
)
def test_span__seconds__is_said_in_the_largest_unit_that_divides_it(seconds, words):
    assert authority.span(seconds) == words
