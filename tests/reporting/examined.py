"""A gateway that holds a whole life, what befalls it, and what `stockade verify` says of it."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner
from sqlalchemy import text
from web3 import HTTPProvider, Web3

from stockade.cli import main
from stockade.gateway.chainside import ChainSide
from stockade.gateway.linking import Linker
from stockade.wire.canonical import record_id
from tests.reporting.made import GATEWAY, Listening, submission
from tests.reporting.told import Told


def post_all(gateway: Listening, records: list[dict[str, Any]]) -> None:
    for start in range(0, len(records), 200):
        assert gateway.post(submission(records[start : start + 200])).status_code == 200


def link(gateway: Listening, told: Told) -> None:
    suite = told.node.suite
    ChainSide(gateway.store, Web3(HTTPProvider(suite.w3.provider.endpoint_uri)), suite.deployment).advance()
    Linker(gateway.store, GATEWAY, "TEST-GATEWAY").link()


def changed(records: list[dict[str, Any]], place: int, change: dict[str, Any]) -> list[dict[str, Any]]:
    """The records as a reporter would have made them that says something else in one of them."""
    found: list[dict[str, Any]] = []
    ids = {record["recordId"]: record["seq"] - 1 for record in records}
    for number, record in enumerate(records):
        made = {**record, **(change if number == place else {})}
        made["prevHash"] = found[-1]["recordId"] if found else made["prevHash"]
        if made["refRecordId"] in ids:
            made["refRecordId"] = found[ids[made["refRecordId"]]]["recordId"]
        found.append(made | {"recordId": record_id(made)})
    return found


def node_of(told: Told) -> str:
    return str(told.node.suite.w3.provider.endpoint_uri)


def verify(gateway: Listening | str, told: Told, *more: str, rpc: str | None = None) -> tuple[int, str]:
    """What the command says of a gateway, or of an address."""
    url = gateway if isinstance(gateway, str) else gateway.url
    arguments = ["verify", "--gateway", url, "--rpc", rpc or node_of(told), "--deployment", str(told.node.deployment)]
    arguments += more
    done = CliRunner().invoke(main, arguments, env={"COLUMNS": "250"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def findings(gateway: Listening | str, told: Told, *more: str) -> list[tuple[Any, ...]]:
    """(record, stream, sequence, field, problem) of everything that `stockade verify` finds."""
    status, said = verify(gateway, told, "--json", *more)
    result = json.loads(said[said.index("{") :])
    assert (status == 0) == result["complete"] == (not result["findings"])
    names = ("record", "stream", "sequence", "field", "problem")
    return [tuple(each[name] for name in names) for each in result["findings"]]


def tamper(gateway: Listening, statement: str, **values: Any) -> None:
    """As somebody does who holds the database: the guards go first."""
    with gateway.store.engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(text(statement), values)


def moved(records: list[dict[str, Any]]) -> int:
    """Where the first transfer is among the records."""
    return next(place for place, record in enumerate(records) if record["body"]["kind"] == "token.TRANSFER")
