"""Hand-made records of two streams, valid and chained, for what needs no chain; and a gateway that listens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from eth_account import Account

from stockade.chain import KeySigner
from stockade.gateway.app import create_app
from stockade.gateway.intake import open_gateway, register
from stockade.store.opening import Store
from stockade.wire.canonical import record_id
from stockade.wire.envelope import NO_RECORD, RECORD_SCHEMA, SUBMISSION_SCHEMA
from stockade.wire.signing import ack_digest, sign, signer_of, submission_digest

GATEWAY = KeySigner(Account.from_key("0x" + 32 * "11"))
REPORTER = KeySigner(Account.from_key("0x" + 32 * "22"))
OTHER = KeySigner(Account.from_key("0x" + 32 * "33"))

CHAIN = "eip155:31337"
LISTINGS, TOKEN = "0x" + 20 * "aa", "0x" + 20 * "bb"
INSTRUMENT = {
    "token": f"{CHAIN}/erc20:{TOKEN}",
    "symbol": "AAPL",
    "isin": "US0378331005",
    "cusip": "037833100",
    "mic": "XNAS",
}
ALICE, BOB = "p_" + 32 * "a", "p_" + 32 * "b"


class Maker:
    """Makes one reporter's records, each chained to the one before."""

    def __init__(self, reporter: str = "TEST") -> None:
        self.reporter = reporter
        self.made: list[dict[str, Any]] = []

    def record(self, **said: Any) -> dict[str, Any]:
        """The next record, numbered and chained; what is given stands instead."""
        record = {
            "schema": RECORD_SCHEMA,
            "reporterId": self.reporter,
            "seq": len(self.made) + 1,
            "prevHash": self.made[-1]["recordId"] if self.made else NO_RECORD,
            "eventTime": "2026-07-01T12:00:00Z",
            "recordedTime": "2026-07-01T12:00:01.000Z",
            "finality": "PROVISIONAL",
            "action": "NEW",
            "refRecordId": None,
            "reasonCode": None,
            "instrument": INSTRUMENT,
            "profile": "0x" + 64 * "1",
            "exemptionId": 1,
            "operatorRef": ALICE,
        } | said
        self.made.append(record | {"recordId": record_id(record)})
        return self.made[-1]

    def listing(self, sequence: int = 1, at: int = 10, **said: Any) -> dict[str, Any]:
        body = {"kind": "listings.LISTING", "ticker": "AAPL", "backing": "ENTITLEMENT"}
        body |= {name: INSTRUMENT[name] for name in ("isin", "cusip", "mic")}
        place = placed(LISTINGS, "ListingRegistry", sequence, 2, at)
        return self.record(**{"eventType": "LISTING", "body": body, **place, **said})

    def transfer(self, sequence: int, at: int = 11, raw: int = 10**18, **said: Any) -> dict[str, Any]:
        body = {"kind": "token.TRANSFER", "reason": "OWN", "from": ALICE, "to": BOB, "requestId": None}
        body |= {"shares": "1", "rawQty": str(raw)}
        place = placed(TOKEN, "ShareToken", sequence, 1, at)
        return self.record(**{"eventType": "TRANSFER", "body": body, **place, **said})

    def about(self, record: dict[str, Any], action: str, finality: str, reason: str, **said: Any) -> dict[str, Any]:
        """A record that refers to another, and otherwise says the same."""
        own = ("seq", "prevHash", "recordId")
        same = {name: value for name, value in record.items() if name not in own}
        refers = {"action": action, "finality": finality, "reasonCode": reason, "refRecordId": record["recordId"]}
        return self.record(**{**same, **refers, **said})

    def final(self, record: dict[str, Any]) -> dict[str, Any]:
        return self.about(record, "CORRECT", "FINAL", "FINALIZED")

    def reversed(self, record: dict[str, Any]) -> dict[str, Any]:
        return self.about(record, "CANCEL", "REVERSED", "REORG")

    def submission(self, first: int = 1, last: int | None = None, signer: KeySigner = REPORTER) -> dict[str, Any]:
        """Records `first` to `last`, by default all that were made."""
        return submission(self.made[first - 1 : last], self.reporter, signer)


def submission(records: list[dict[str, Any]], reporter: str = "TEST", signer: KeySigner = REPORTER) -> dict[str, Any]:
    """These records, signed."""
    said = {
        "schema": SUBMISSION_SCHEMA,
        "reporterId": reporter,
        "first": records[0]["seq"],
        "last": records[-1]["seq"],
        "sentTime": "2026-07-01T12:00:02.000Z",
        "records": records,
    }
    return said | {"signature": sign(signer, submission_digest(said))}


def said(answer: Any) -> list[tuple[Any, ...]]:
    """The acknowledgements of an answer, after their signatures were checked."""
    for ack in answer["acks"]:
        assert signer_of(ack_digest(ack), ack["signature"]) == GATEWAY.address
        assert (ack["gatewayId"], ack["reporterId"]) == ("TEST-GATEWAY", "TEST")
    names = ("ackId", "stage", "first", "last", "recordId", "code", "field")
    return [tuple(ack[name] for name in names) for ack in answer["acks"]]


def placed(address: str, contract: str, sequence: int, kind: int, block: int) -> dict[str, Any]:
    chain = f"0x{sequence:040x}"
    stream = {"address": f"{CHAIN}:{address}", "contract": contract, "sequence": sequence, "kind": kind, "chain": chain}
    key = f"{CHAIN}/0x{block:064x}/{sequence}"
    return {"stream": stream, "block": {"number": block, "hash": f"0x{block:064x}"}, "eventKey": key}


@dataclass
class Listening:
    """A gateway over HTTP, in a thread of this process."""

    store: Store
    url: str
    client: httpx.Client

    def post(self, submission: dict[str, Any]) -> httpx.Response:
        return self.client.post("/v1/submissions", json=submission)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/v1/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def listening(url: str, token: str | None = None, **changes: Any) -> Iterator[Listening]:
    """A gateway over the database at `url`, which knows the reporter TEST."""
    store = open_gateway(url)
    register(store, "TEST", REPORTER.address)
    with serving(create_app(store, GATEWAY, "TEST-GATEWAY", token, **changes)) as at:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=at, headers=headers, timeout=30) as client:
            yield Listening(store, at, client)
    store.engine.dispose()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The app on a free port of loopback: its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
    # It listens before the server runs: who asks meanwhile waits in the queue.
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
