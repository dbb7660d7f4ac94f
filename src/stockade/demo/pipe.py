"""Fourth chapter: from event to acknowledged record.

The regulator's gateway, the follower and the worker that delivers are processes of their own, started by the commands
that their operators use. Keys are made for this run and live in its memory and in their environment alone.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eth_account import Account
from sqlalchemy import Connection, func, select

from stockade.authority.marks import acknowledgement, marks_to_set
from stockade.cli import show
from stockade.demo.processes import Processes
from stockade.demo.stage import ALICE, BOB, CAROL, ISSUER, REGULATOR, Row, Stage
from stockade.deploy import DAY
from stockade.errors import StockadeError
from stockade.examine import Examination, Gateway, examine
from stockade.keys import GATEWAY_KEY, REPORTER_KEY
from stockade.records import SHARE
from stockade.reporter import anchors, membership
from stockade.reporter.lateness import judge, ways
from stockade.reporter.parties import KEY as PARTY_KEY
from stockade.store import Store, open_store, tables
from stockade.wire.envelope import Finality
from stockade.wire.envelope import Stage as Acked

REPORTER, DESTINATION = "issuer", "regulator"

# Blocks on top of another until anvil calls it final, and some more.
FINALITY = 70


class Tally(NamedTuple):
    """Counts of stored records. `acked`: valid by the gateway and, where final, compared with the chain; `open`: of
    provisional ones, those that no later record follows.
    """

    records: int
    acked: int
    open: int
    reversed: int


@dataclass(frozen=True)
class Reported:
    """What came of it all."""

    tally: Tally
    examination: Examination

    @property
    def gaps(self) -> int:
        """Entries of the suite's streams that no record at the gateway tells."""
        return sum(each.missing for each in self.examination.streams)


class Pipe:
    """Reporter and gateway of one run; databases, logs and the deployment file lie in `folder`."""

    def __init__(self, stage: Stage, rpc: str, folder: Path, processes: Processes) -> None:
        self.stage, self.rpc, self.processes = stage, rpc, processes
        self.deployment = folder / "deployment.json"
        self.proof = folder / "proof.json"
        self.database = f"sqlite:///{folder / 'reporter.db'}"
        self.gateway_database = f"sqlite:///{folder / 'gateway.db'}"
        self.gateway = self.signer = ""
        self.store: Store
        self._party_key = secrets.token_hex(32)

    @property
    def where(self) -> list[str]:
        """The options that every command of the reporter takes."""
        return ["--store", self.database, "--deployment", str(self.deployment)]

    def follow(self) -> None:
        """Starts to follow, from where an earlier process was."""
        command = ["stockade-report", "follow", "--rpc", self.rpc, "--reporter", REPORTER, "--poll", "100", *self.where]
        self.processes.start("follow", command, {PARTY_KEY: self._party_key})

    def status(self) -> None:
        """Shows where everything stands, by the reporter's own command."""
        self.processes.run(["stockade-report", "status", *self.where], show=True)

    def tally(self) -> Tally:
        with self.store.read() as connection:
            return _tally(connection)

    def late(self) -> int:
        """How many records came later than the profile allows."""
        deadline = self.stage.profile.reporting.deadline_seconds
        with self.store.read() as connection:
            return len(judge(ways(connection, DESTINATION), deadline, time.time_ns() // 1_000_000).late)

    def catch_up(self) -> None:
        """Waits until everything on the chain is in the store, and every record acknowledged."""
        head = self.stage.w3.eth.block_number

        def look() -> bool | None:
            with self.store.read() as connection:
                read = connection.execute(select(func.max(tables.block.c.number))).scalar()
                if read is None or read < head:
                    return None
                tally = _tally(connection)
                return tally.acked == tally.records or None

        self.processes.until(look, f"Reporting up to block {head}")

    def finalize(self) -> None:
        """Mines past finality, and waits until every report is told by a final record, which is linked."""
        self.catch_up()
        self.stage.mine(FINALITY)
        self.processes.until(lambda: not self.tally().open or None, "Finality")
        self.catch_up()


def _tally(connection: Connection) -> Tally:
    it = tables.record.c
    rows = connection.execute(select(it.seq, it.finality, it.refers_to)).all()
    followed = {row.refers_to for row in rows}
    validated, linked = (_acknowledged(connection, stage) for stage in (Acked.VALIDATED, Acked.LINKED))
    return Tally(
        records=len(rows),
        acked=sum(row.seq in validated and (row.finality != Finality.FINAL or row.seq in linked) for row in rows),
        open=sum(row.finality == Finality.PROVISIONAL and row.seq not in followed for row in rows),
        reversed=sum(row.finality == Finality.REVERSED for row in rows),
    )


def _acknowledged(connection: Connection, stage: Acked) -> set[int]:
    """The numbers of the records that are acknowledged so."""
    it = tables.ack.c
    spans = connection.execute(select(it.first, it.last).where(it.stage == stage.value))
    return {number for first, last in spans for number in range(first, last + 1)}


def report(pipe: Pipe) -> Reported:
    """All acts in order. Raises StockadeError when something is not as the story says."""
    begin(pipe)
    live(pipe)
    replace(pipe)
    anchor(pipe)
    agree(pipe)
    return prove(pipe)


# ---------------------------------------------------------------- acts


def begin(pipe: Pipe) -> None:
    """A gateway, a reporter, and who believes whom; then everything that happened so far."""
    stage, processes = pipe.stage, pipe.processes
    reporter, gateway = Account.create(), Account.create()
    stage.suite.deployment.save(pipe.deployment)
    pipe.signer = gateway.address
    begun = time.monotonic()

    known = ["stockade-gateway", "reporter", "add", REPORTER, reporter.address, "--store", pipe.gateway_database]
    processes.run(known)
    serve = ["stockade-gateway", "serve", "--store", pipe.gateway_database, "--port", "0", "--id", DESTINATION]
    serve += ["--rpc", pipe.rpc, "--deployment", str(pipe.deployment), "--poll", "200"]
    processes.start("gateway", serve, {GATEWAY_KEY: gateway.key.hex()})
    log = processes.log("gateway")
    said = processes.until(lambda: re.search(r"listens on (http://\S+)", log.read_text()), "The gateway's start")
    pipe.gateway = said[1]

    processes.run(["stockade-report", "destination", "add", DESTINATION, pipe.gateway, pipe.signer, *pipe.where])
    pipe.store = open_store(pipe.database)
    pipe.follow()
    deliver = ["stockade-report", "deliver", "--to", DESTINATION, *pipe.where]
    processes.start("deliver", deliver, {REPORTER_KEY: reporter.key.hex()})
    pipe.catch_up()
    rows = [
        ("gateway", f"{pipe.gateway}, with its own database and node, signs as {pipe.signer}"),
        ("reporter", f"follows every block into its store, signs as {reporter.address}"),
        ("privacy", "wallets leave as references under the reporter's secret key"),
        ("backfill", f"{pipe.tally().records} records of everything above, {time.monotonic() - begun:.0f} seconds"),
        ("late", f"{pipe.late()} of them, and counted so: their blocks are older than this reporter"),
    ]
    stage.tell("A pipe to the regulator opens", "Follower, delivery and gateway are processes of their own.", rows)
    pipe.status()


def live(pipe: Pipe) -> None:
    """Shares move, and the regulator has a record of it at once, and a final one when the block is final."""
    stage = pipe.stage
    late = pipe.late()
    functions = stage.tokens[0].functions
    rows = [stage.moved(ALICE, functions.transfer(stage.at(CAROL), SHARE), "alice sends carol a share")]
    pipe.catch_up()
    with pipe.store.read() as connection:
        way = ways(connection, DESTINATION)[-1]
    rows.append(
        ("record", f"{way.event_type}, provisional: acknowledged {(way.received - way.since) / 1000:.1f} seconds later")
    )
    pipe.finalize()
    rows.append(("final", f"{FINALITY} blocks later a FINAL record follows it, which the gateway LINKED to the chain"))
    rows.append(("late", f"{pipe.late() - late} more records"))
    stage.tell("A share moves, and the regulator knows", "Received, valid, linked: each is signed and kept.", rows)


def replace(pipe: Pipe) -> None:
    """The chain replaces a block that was reported already."""
    stage = pipe.stage
    transfer = stage.tokens[0].functions.transfer(stage.at(BOB), 2 * SHARE)
    stage.suite.send(stage.who(ALICE), transfer)
    pipe.catch_up()
    stage.replace_block()
    taken = pipe.processes.until(lambda: pipe.tally().reversed or None, "The reversal")
    rows: list[Row] = [
        ("reported", "alice sends bob two shares"),
        ("replaced", f"another block takes that one's place: {taken} record REVERSED, and nothing was moved"),
        stage.moved(ALICE, transfer, "alice sends them again"),
    ]
    pipe.finalize()
    stage.tell("The chain changes its mind", "What was reported too early is reversed by a record of its own.", rows)


def anchor(pipe: Pipe) -> None:
    """A day later, by the chain's clock: the issuer anchors the root of the day's records, and the regulator says on
    the chain what it received. Nothing is followed meanwhile: by our own clock it still is the day that is anchored.
    """
    stage, suite = pipe.stage, pipe.stage.suite
    pipe.processes.end("follow")
    stage.travel(DAY + 2 * anchors.SETTLING_MS // 1000)
    now = stage.now() * 1000
    with pipe.store.read() as connection:
        days = anchors.waiting(connection, suite, anchors.last_day(now), now)
        for day in days:
            anchors.send(suite, stage.who(ISSUER), day)
        number = days[-1].last_sequence
        proof = membership.make_proof(connection, suite, str(number))
    membership.check_proof(suite, proof)
    membership.save_proof(proof, pipe.proof)
    marks = marks_to_set(suite)
    for mark in marks:
        suite.send(stage.who(REGULATOR), acknowledgement(suite, mark))
    pipe.follow()
    pipe.finalize()
    rows: list[Row] = [("anchored", day.words) for day in days]
    rows.append(("proof", f"record {number} is one of them: {len(proof.path)} hashes lead to the root ({pipe.proof})"))
    rows.append(("marks", f"the regulator acknowledges {len(marks)} streams on the chain, each up to its last record"))
    rows.append(("follower", "was stopped meanwhile, and went on where it was"))
    stage.tell("The day is anchored", "The root of its records proves each of them, for good.", rows)
    pipe.status()


def agree(pipe: Pipe) -> None:
    """Chain, ledger, custodians and stored facts. The commands end with an error where anything differs."""
    words = "Supply, issued, held by custodians, and the stored facts; these against the chain, byte for byte."
    pipe.stage.tell("Everything agrees", words, [])
    for command in (["reconcile"], ["rebuild", "--compare"]):
        pipe.processes.run(["stockade-report", *command, "--rpc", pipe.rpc, *pipe.where], show=True)


def prove(pipe: Pipe) -> Reported:
    """Somebody from outside asks the gateway and a node, and believes neither."""
    stage = pipe.stage
    with Gateway(pipe.gateway) as gateway:
        examination = examine(gateway, stage.w3, stage.suite.deployment, pipe.signer)
    found = Reported(pipe.tally(), examination)
    rows = [
        ("records", f"{found.tally.records}, {found.tally.acked} of them acknowledged; {found.gaps} gaps"),
        ("proof", f"the heads of {len(examination.streams)} streams by eth_getProof, under a final block's hash"),
    ]
    stage.tell("Proven from outside", "`stockade verify` believes neither the gateway nor the node.", rows)
    show(examination)
    if not examination.complete:
        raise StockadeError("What the gateway holds is not complete; what is wrong stands above.")
    return found
