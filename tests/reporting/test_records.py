"""Records made of a whole life: each kind as it was written down once, whole by its schema, and nobody named in any."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import records_page

from stockade.reporter import context as contexts
from stockade.reporter.context import Context
from stockade.reporter.derive import Deriver
from stockade.wire.canonical import canonical, record_id
from stockade.wire.envelope import NO_RECORD
from stockade.wire.record import EVENTS, Record
from stockade.wire.schema import published
from tests.conftest import ACTORS, key_of
from tests.reporting.life import BOOK, ORDER, ROOT_OF_EVIDENCE
from tests.reporting.records import facts_of, parties_of, records_in
from tests.support import DAY, ROOT

GOLDEN = Path(__file__).with_name("golden_records.json")


@pytest.fixture(scope="module")
def sources(streams):
    return [stream.source for stream in streams.values()]


@pytest.fixture(scope="module")
def records(recorded) -> list[dict[str, Any]]:
    return records_in(recorded)


# ---------------------------------------------------------------- all of them


def test_records__whole_life__one_for_each_report_in_the_chains_order(records, streams):
    assert len(records) == sum(stream.head.sequence for stream in streams.values())
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    places = [(record["block"]["number"], int(record["eventKey"].rsplit("/", 1)[1])) for record in records]
    assert places == sorted(set(places))
    ids = [NO_RECORD, *(record["recordId"] for record in records)]
    assert [record["prevHash"] for record in records] == ids[:-1]
    assert all(record["recordId"] == record_id(record) for record in records)


def test_records__whole_life__each_kind_as_written_down(records, life, sources):
    said = golden(records, life, sources)
    actual = ROOT / "build" / GOLDEN.name
    actual.parent.mkdir(exist_ok=True)
    actual.write_text(json.dumps(said, indent=1) + "\n")

    assert {record["body"]["kind"] for record in records} == set(EVENTS)
    assert said == json.loads(GOLDEN.read_text()), f"compare {actual} with {GOLDEN}, and copy it if it is right"


def test_records__whole_life__hold_by_model_and_published_schema(records):
    validator = jsonschema_rs.validator_for(json.loads(published("record/1.0")))
    for record in records:
        text = canonical(record)
        assert Record.read_json(text).to_json() == record
        assert validator.is_valid(record), text


def test_records__whole_life__no_account_but_the_suites_contracts_in_clear(records, life, sources):
    own = {address.lower() for address in life.suite.deployment.addresses.values()}
    own |= {source.address.lower() for source in sources}
    own |= {
        body["implementation"].rsplit(":", 1)[1] for record in records if "implementation" in (body := record["body"])
    }
    wallets = [key_of(index).address for index in ACTORS.values()] + BOOK
    assert not own & {wallet.lower() for wallet in wallets}

    for record in records:
        text = canonical(record).lower()
        assert not [wallet for wallet in wallets if wallet[2:].lower() in text]
        said = set(re.findall(r"0x([0-9a-f]{40})(?![0-9a-f])", text.replace(record["stream"]["chain"], "")))
        if record["body"]["kind"] != "authority.ACKNOWLEDGED":
            assert {"0x" + address for address in said} <= own


def test_schemas_and_page__as_the_models_say_now():
    """`python tools/records_page.py` writes them anew."""
    for path, text in records_page.files():
        assert path.read_text("utf-8") == text, path


# ---------------------------------------------------------------- what they say, by hand


def of_kind(records, kind) -> list[dict[str, Any]]:
    return [record for record in records if record["body"]["kind"] == kind]


def test_mint__says_what_the_custodian_attested_in_the_same_transaction(records, life, streams):
    deposits = [
        (r["eventKey"].split("/")[1], r["body"])
        for r in of_kind(records, "ledger.ATTESTATION")
        if r["body"]["sentence"] == "DEPOSIT"
    ]
    mints = [(r["eventKey"].split("/")[1], r["body"]) for r in of_kind(records, "token.MINT")]

    assert [transaction for transaction, _ in mints] == [transaction for transaction, _ in deposits]
    for (_, mint), (_, deposit) in zip(mints, deposits, strict=True):
        shared = ("custodian", "evidence", "shares")
        assert {key: mint[key] for key in shared} == {key: deposit[key] for key in shared}
        assert (mint["to"], mint["attestedShares"]) == (deposit["party"], deposit["sharesHeld"])
        assert mint["issuedRawQty"] == deposit["issuedRawQty"]
    assert [mint["supplyShares"] for _, mint in mints] == ["500", "800", "1000"]


def test_burn__says_whose_redemption_it_was(records):
    (burn,) = of_kind(records, "token.BURN")
    (asked,) = [r for r in of_kind(records, "ledger.REQUEST") if r["body"]["requestId"] == burn["body"]["requestId"]]

    assert (burn["body"]["from"], burn["body"]["rawQty"]) == (asked["body"]["party"], asked["body"]["rawQty"])


def test_redemption__ends__says_what_was_asked(records):
    for record in records:
        body = record["body"]
        if record["eventType"] == "REDEMPTION":
            assert body["shares"]
            assert body["custodianId"]
            assert record["instrument"]["symbol"] == "AAPL"


def test_position__fresh_until__is_where_the_ledger_begins_to_refuse(recorded, records, life):
    """Over the calendar's known days, the one that is closed, and those of which nobody has said."""
    market, token = life.suite.market.functions, life.token.address
    with recorded.read() as connection:
        context = contexts.load(connection, parties_of(life.suite.deployment))
    age = context.custody[token].max_position_age
    closed = 321 * 64 * DAY
    for as_of in (closed - 3 * DAY + 5, closed - 2 * DAY, closed - 1, closed + 7, 340 * 64 * DAY + 11):
        until = context.fresh_until(token, as_of)

        assert market.businessDays(token, as_of, until).call() == age + 1
        assert market.businessDays(token, as_of, until - 1).call() == age
    assert all(record["body"]["freshUntil"] for record in of_kind(records, "ledger.ATTESTATION"))


def test_new_token__before_its_listing_in_the_same_transaction__names_the_share(records):
    born = [r for r in records if r["stream"]["contract"] == "ShareToken" and r["stream"]["sequence"] == 1]

    assert [r["instrument"]["symbol"] for r in born] == ["AAPL", "MSFT", "AMZN", "NVDA"]
    assert [r["exemptionId"] for r in born] == [1, 1, 2, 1]


def test_profile__of_a_revision__holds_from_its_day_on(records):
    amended = [r for r in of_kind(records, "listings.TERMS") if r["exemptionId"] == 1]
    last = amended[-1]

    assert last["profile"] == last["body"]["profileHash"]
    assert amended[-2]["body"]["effectiveFrom"] > amended[-2]["eventTime"]
    assert amended[-2]["profile"] != amended[-2]["body"]["profileHash"] or len(amended) == 1


# ---------------------------------------------------------------- derived again


def test_load__whole_life__knows_what_was_learnt_on_the_way(recorded, life, sources):
    lived = Context(parties_of(life.suite.deployment))
    for fact in facts_of(life.suite, sources)[0]:
        lived.learn(fact.entry)
        lived.forget(fact.entry.content)
    with recorded.read() as connection:
        loaded = contexts.load(connection, parties_of(life.suite.deployment))

    lived.batch = lived.sentence = None
    lived.parties = loaded.parties
    assert lived == loaded
    assert len(loaded.requests) == 1


def test_derive__again_from_the_store__says_the_same(recorded, life, sources, records):
    facts, _ = facts_of(life.suite, sources)
    deriver = Deriver(parties_of(life.suite.deployment))
    some = {record["body"]["kind"]: record for record in records}
    with recorded.read() as connection:
        for record in some.values():
            fact = facts[record["seq"] - 1]
            deriver.load(connection, fact.entry.place)
            said = deriver.derive(fact)
            assert said == {key: record[key] for key in said}, record["body"]["kind"]


# ---------------------------------------------------------------- as written down


def golden(records: list[dict[str, Any]], life: Any, sources: Any) -> dict[str, Any]:
    """The first record of each kind and type of event, without what differs from one run to the next."""
    known = {"0x" + value.hex() for value in (ORDER, ROOT_OF_EVIDENCE)}
    names = {address.lower(): name for name, address in life.suite.deployment.addresses.items()}
    names |= {source.address.lower(): source.name for source in sources}
    found: dict[str, Any] = {}
    for record in records:
        kept = {key: record[key] for key in ("instrument", "profile", "exemptionId", "operatorRef", "body")}
        found.setdefault(f"{record['eventType']} {record['body']['kind']}", _steady(kept, known, names))
    return dict(sorted(found.items()))


def _steady(value: Any, known: set[str], names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: "<ms>" if key == "latencyMs" else _steady(each, known, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_steady(each, known, names) for each in value]
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"0x[0-9a-f]{64}", value):
        is_known = value in known or any(value[4:] == each[4:] for each in known) or not int(value, 16)
        return value if is_known else "<hash>"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
        return "<time>"
    return re.sub(r"0x[0-9a-f]{40}$", lambda match: f"<{names.get(match[0], 'other')}>", value)
