"""Sanctions lists, what a hit does to a plan_of, and the request that COMPLIANCE alone carries out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest
from eth_utils.crypto import keccak

from stockade import compliance, whitelist
from stockade.errors import InputError
from stockade.records import Basis, Status, order_ref
from stockade.reporting.entries import FreezeChanged
from stockade.reporting.streams import read_stream, source_of
from stockade.whitelist import FreezeRequest, Refusal
from tests.library.books import wallet_number

TEXT = """# Synthetic list
# version: 2027-4
# date: 2027-01-31

{upper}  # all capitals
{lower}
{exact}
"""

SDN = """<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>01/31/2027</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry><uid>1</uid><lastName>SYNTHETIC</lastName><idList>
    <id><uid>2</uid><idType>Digital Currency Address - ETH</idType><idNumber>{lower}</idNumber></id>
    <id><uid>3</uid><idType>Digital Currency Address - XBT</idType><idNumber>1SYNTHETICxxxxxxxx</idNumber></id>
    <id><uid>4</uid><idType>Digital Currency Address - USDC</idType><idNumber>{exact}</idNumber></id>
    <id><uid>5</uid><idType>Passport</idType><idNumber>{other}</idNumber></id>
  </idList></sdnEntry>
</sdnList>
"""


def filled(text: str) -> str:
    upper = "0x" + wallet_number(2)[2:].upper()
    return text.format(lower=wallet_number(0).lower(), exact=wallet_number(1), upper=upper, other=wallet_number(3))


@pytest.fixture
def read(tmp_path):
    """A list out of its content."""

    def from_text(content: str | bytes, **options: object) -> whitelist.SanctionsList:
        path = tmp_path / "list"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return whitelist.read_sanctions(path, **options)

    return from_text


@pytest.fixture
def listed():
    """A list of the wallets with these numbers."""

    def make(*indices: int) -> whitelist.SanctionsList:
        wallets = frozenset(wallet_number(index) for index in indices)
        return whitelist.SanctionsList("Synthetic 7", date(2027, 1, 31), b"\x0a" * 32, wallets)

    return make


# ---------------------------------------------------------------- lists


def test_read__text__addresses_in_any_case_version_date_and_hash(read):
    found = read(filled(TEXT))

    assert found.wallets == {wallet_number(index) for index in range(3)}
    assert (found.version, found.date) == ("2027-4", date(2027, 1, 31))
    assert found.sha256 == hashlib.sha256(filled(TEXT).encode()).digest()
    assert str(found) == f"2027-4 of 2027-01-31, SHA-256 0x{found.sha256.hex()}"


@pytest.mark.parametrize("mark", ["", "\ufeff", "\n"])
def test_read__sdn_xml__digital_currency_addresses_of_this_kind_and_when_published(read, mark):
    content = filled(SDN) if mark != "\n" else filled(SDN).partition("\n")[2]

    found = read(mark + content)

    assert found.wallets == {wallet_number(0), wallet_number(1)}
    assert (found.version, found.date) == ("SDN 2027-01-31, 2 records", date(2027, 1, 31))


def test_read__version_and_date_given__outrank_the_files(read):
    found = read(filled(TEXT), version="mine", day=date(2027, 2, 1))

    assert (found.version, found.date) == ("mine", date(2027, 2, 1))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><sdnList>&b;</sdnList>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sdnList>&a;</sdnList>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "names no address of this kind of chain"),
        ("# version: 1\n# date: 2027-01-31\n", "names no address of this kind of chain"),
        (wallet_number(0), "does not say its version"),
        ("# version: 1\n" + wallet_number(0), "does not say its date"),
        ("# version: 1\n# date: 31.1.2027\n" + wallet_number(0), "'31.1.2027' is no date like 2027-01-31"),
        ("\n1SYNTHETIC\n", "line 2: '1SYNTHETIC' is no address"),
        (wallet_number(0) + " " + wallet_number(1), "is no address"),
        (wallet_number(0)[:-1] + "é", "is no address"),
        (wallet_number(0)[:2] + wallet_number(0)[2:].swapcase(), "fails its EIP-55 checksum"),
        ("# version: \u202e1\n# date: 2027-01-31\n" + wallet_number(0), "is no short line of printable ASCII"),
        ("<sdnList>", "is no XML as OFAC publishes it"),
        ("<Sanctions/>", "is not the SDN list in its form sdn.xml"),
        (BOMB, "it holds a document type"),
        (OUTSIDE, "it holds a document type"),
        (filled(SDN).replace("01/31/2027", "2027-01-31"), "'2027-01-31' is no date like 01/31/2027"),
    ],
)
def test_read__no_list__one_sentence(read, content, why):
    with pytest.raises(InputError) as raised:
        read(content)

    assert why in str(raised.value)
    assert str(raised.value).isprintable()


# ---------------------------------------------------------------- a hit in a plan


def test_plan__hits__never_added_changed_renewed_or_revoked_and_the_others_planned(
    plan_of, write_plan, book_row, listed
):
    rows = [book_row(index) for index in range(4)]
    write_plan(plan_of(*rows))
    changed, renewed = replace(rows[0], country=756), replace(rows[1], expires_at=rows[1].expires_at + 9)
    revoked, same, added, fine = replace(rows[2], status=Status.REVOKED), rows[3], book_row(4), book_row(5)

    found = plan_of(changed, renewed, revoked, same, added, fine, sanctions=listed(0, 1, 2, 3, 4))

    assert [each.wallet for each in found.rows] == [fine.wallet]
    assert {(each.wallet, each.why) for each in found.refused} == {
        (each.wallet, Refusal.SANCTIONED) for each in (changed, renewed, revoked, same, added)
    }
    assert found.unchanged == 0
    assert found.sanctions == str(listed())


def test_plan__hits_outside_the_book__own_records_only_and_only_while_unfrozen(
    suite,
    keys,
    plan_of,
    write_plan,
    book_row,
    listed,
    record,
):
    write_plan(plan_of(book_row(0), book_row(1), book_row(2, status=Status.REVOKED)))
    words = [record(registrar=2, investor_id=9).pack()]
    suite.send(keys.second_registrar, suite.registry.functions.setRecords([wallet_number(3)], words, b"\x55" * 32))
    suite.send(keys.compliance, suite.registry.functions.freeze(book_row(0).wallet, Basis.SANCTIONS, b"\x44" * 32))

    found = plan_of(book_row(9), sanctions=listed(0, 1, 2, 3, 4))

    assert {(each.line, each.wallet) for each in found.refused} == {(0, wallet_number(1)), (0, wallet_number(2))}


def test_plan__hit_that_is_frozen_and_stands_as_the_row_says__nothing_to_do(
    suite, keys, plan_of, write_plan, book_row, listed
):
    write_plan(plan_of(book_row(0)))
    suite.send(keys.compliance, suite.registry.functions.freeze(book_row(0).wallet, Basis.SANCTIONS, b"\x44" * 32))

    found = plan_of(book_row(0), sanctions=listed(0))

    assert (found.rows, found.refused, found.unchanged) == ((), (), 1)
    assert whitelist.freeze_request(found) is None


# ---------------------------------------------------------------- the request


@pytest.fixture
def request_file(plan_of, book_row, listed, tmp_path):
    """The file that a plan with two hits leaves for COMPLIANCE."""
    path = tmp_path / "freeze-request.json"
    found = whitelist.freeze_request(plan_of(book_row(0), book_row(1), book_row(2), sanctions=listed(0, 1)))
    whitelist.save_request(found, path)
    return path


def test_freeze_list__request__each_wallet_frozen_once_with_ground_and_hash_of_the_request(suite, keys, request_file):
    request = whitelist.read_request(request_file)
    acts = compliance.freeze_list(suite, request)
    compliance.carry_out(suite, keys.compliance, acts[0])

    rest = compliance.freeze_list(suite, request)
    for act in rest:
        compliance.carry_out(suite, keys.compliance, act)

    assert (len(acts), len(rest)) == (2, 1)
    assert compliance.freeze_list(suite, request) == []
    assert all(suite.record(wallet).frozen for wallet in request.wallets)
    block = suite.w3.eth.block_number
    entries = read_stream(suite, source_of(suite, "registry", block), block).entries
    frozen = [entry.content for entry in entries if isinstance(entry.content, FreezeChanged)]
    ref = order_ref(Basis.SANCTIONS, keccak(request_file.read_bytes()))
    assert [(each.wallet, each.ref) for each in frozen] == [(wallet, ref) for wallet in request.wallets]


def test_request__what_it_says__wallets_and_the_lists_version_and_nothing_of_investors(suite, request_file, listed):
    content = json.loads(request_file.read_text())

    assert content == {
        "stockade": "freeze request 1",
        "chain_id": suite.deployment.chain_id,
        "registry": suite.registry.address,
        "registrar": 1,
        "block": suite.w3.eth.block_number,
        "sanctions": str(listed()),
        "wallets": [wallet_number(0), wallet_number(1)],
    }


def test_freeze_list__registrars_key__has_no_right_to_them(suite, keys, request_file):
    (act, _) = compliance.freeze_list(suite, whitelist.read_request(request_file))

    with pytest.raises(InputError, match="It takes the role COMPLIANCE"):
        compliance.rehearse(suite, keys.registrar.address, act)


def test_freeze_list__another_chains_request__refused(suite, request_file):
    request: FreezeRequest = replace(whitelist.read_request(request_file), chain_id=1)

    with pytest.raises(InputError, match="on chain 1, and this is"):
        compliance.freeze_list(suite, request)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: "{}",
        lambda content: json.dumps(content | {"wallets": []}),
        lambda content: json.dumps(content | {"wallets": ["0x12"]}),
        lambda content: json.dumps(content | {"sanctions": ""}),
        lambda content: json.dumps(content | {"more": 1}),
    ],
)
def test_read_request__hostile_file__one_sentence(request_file, change):
    request_file.write_text(change(json.loads(request_file.read_text())))

    with pytest.raises(InputError, match=r"freeze-request\.json is no freeze request \(.*\): plan anew\.$"):
        whitelist.read_request(request_file)
