"""FINAL records compared with the chain's entries, each once: what the gateway then acknowledges as LINKED, or rejects.

A record is compared when its entry is under a proven head. What agrees and what does not is written in the transaction
that acknowledges it, so a process that is killed anywhere says neither twice nor never.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, insert, select

from stockade.chain import Signer
from stockade.errors import StockadeError
from stockade.gateway import tables
from stockade.gateway.acks import Acks, now
from stockade.gateway.chainside import ChainSide, Proven, proven_heads
from stockade.gateway.comparing import Pairs, differing
from stockade.gateway.intake import writing
from stockade.gateway.searching import said
from stockade.store.opening import Store
from stockade.terminal import printable
from stockade.wire.envelope import Finality, Stage

log = logging.getLogger("stockade.gateway")

UNLINKED = "UNLINKED"

# Records of one transaction.
_PAGE = 500

_of = tables.record.c


@dataclass(frozen=True)
class Linked:
    """A record that was compared; `field` is None where it agrees, else a JSON pointer to what does not."""

    reporter_id: str
    seq: int
    record_id: str
    field: str | None


class Linker:
    """Compares what is not compared yet, a page at a time."""

    def __init__(self, store: Store, signer: Signer | None = None, gateway_id: str = "") -> None:
        """Without a signer nothing is acknowledged."""
        self._store, self._signer, self._gateway_id = store, signer, gateway_id
        self._from = 0  # no record up to this id is left to compare

    def link(self) -> int:
        """Compares every FINAL record that can be; how many. Raises StockadeError when the database fails."""
        with self._store.read() as connection:
            heads = proven_heads(connection)
        done, after, waiting = 0, self._from, None
        while True:
            with writing(self._store) as connection:
                rows = _pending(connection, list(heads), after)
                ready = [row for row in rows if _is_ready(row, heads[row.stream])]
                linked = _compare(connection, ready)
                self._acknowledge(connection, linked)
            done += len(linked)
            waiting = min([row.id for row in rows if row not in ready] + [waiting or 1 << 62])
            if len(rows) < _PAGE:
                after = max([after, *(row.id for row in rows)])
                self._from = min(after, waiting - 1)
                return done
            after = rows[-1].id

    def _acknowledge(self, connection: Connection, linked: Sequence[Linked]) -> None:
        if self._signer is None or not linked:
            return
        acks = Acks(connection, self._signer, self._gateway_id)
        for run in _runs(linked):
            last = run[-1]
            if last.field is None:
                acks.write(last.reporter_id, Stage.LINKED, run[0].seq, last.seq, last.record_id)
            else:
                text = "the chain says another"
                acks.write(
                    last.reporter_id, Stage.REJECTED, last.seq, last.seq, last.record_id, UNLINKED, last.field, text
                )


def _pending(connection: Connection, streams: list[str], after: int) -> Sequence[Any]:
    """FINAL records that no one compared yet, with what they should say."""
    of_entry = and_(tables.entry.c.stream == _of.stream, tables.entry.c.seq == _of.stream_seq)
    joined = tables.record.outerjoin(tables.entry, of_entry).outerjoin(tables.link, tables.link.c.record == _of.id)
    columns = (_of.id, _of.reporter_id, _of.seq, _of.record_id, _of.stream, _of.stream_seq, _of.block, _of.body)
    query = select(*columns, tables.entry.c.expected).select_from(joined)
    query = query.where(_of.id > after, _of.finality == Finality.FINAL, _of.code.is_(None), _of.stream.in_(streams))
    query = query.where(tables.link.c.record.is_(None), _of.stream_seq.is_not(None))
    return connection.execute(query.order_by(_of.id).limit(_PAGE)).all()


def _is_ready(row: Any, head: Proven) -> bool:
    """Whether a proven head covers the record's entry, or shows that there is none."""
    return bool(row.stream_seq <= head.sequence or (row.block is not None and row.block <= head.block))


def _compare(connection: Connection, rows: Sequence[Any]) -> list[Linked]:
    found = []
    for reporter in sorted({row.reporter_id for row in rows}):
        some = [row for row in rows if row.reporter_id == reporter]
        pairs = Pairs(connection, reporter)
        pairs.load(text for row in some for text in (row.expected or "", row.body))
        for row in some:
            field = first_difference(row.expected, row.body, pairs)
            pairs.settle(field is None, write=True)
            found.append(Linked(reporter, row.seq, row.record_id, field))
            values = {"record": row.id, "agrees": int(field is None), "field": field, "linked_at": now()}
            connection.execute(insert(tables.link).values(**values))
    return found


def first_difference(expected: str | None, body: str, pairs: Pairs) -> str | None:
    """Where a stored record does not say what the chain's entry says; None when it says the same."""
    record, wanted = said(body), said(expected) if expected is not None else None
    if wanted is None:
        return "/stream/sequence"
    return "" if record is None else differing(wanted, record, pairs)


def _runs(linked: Sequence[Linked]) -> Iterator[list[Linked]]:
    """Records in a row that agree together, each other one by itself."""
    run: list[Linked] = []
    for each in linked:
        follows = run and (run[-1].reporter_id, run[-1].seq + 1) == (each.reporter_id, each.seq)
        if run and not (follows and run[-1].field is None and each.field is None):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


class Linking:
    """The thread of a server that reads the chain and links, every `poll` seconds until it is stopped."""

    def __init__(self, store: Store, chain: ChainSide, linker: Linker, poll: float) -> None:
        self._store, self._chain, self._linker, self._poll = store, chain, linker, poll
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="linking", daemon=True)
        self._read_to: int | None = None
        self._trouble: str | None = None

    def standing(self) -> tuple[int | None, str | None]:
        """The block up to which the chain was read and proven, and why linking waits, where it does."""
        return self._read_to, self._trouble

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends it after the transaction it is in."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        """Two that read into one store would each drop what the other has not proven yet: a second one waits."""
        while not self._stopped.is_set():
            try:
                with self._store.alone("linking"):
                    while not self._stopped.is_set():
                        self._note(self._step())
                        self._stopped.wait(self._poll)
            except StockadeError as error:
                self._note(str(error))
                self._stopped.wait(self._poll)

    def _step(self) -> str | None:
        """Links what can be; why not, where it fails."""
        try:
            self._read_to = self._chain.advance()
            self._linker.link()
        except StockadeError as error:
            return str(error)
        except Exception as error:  # whatever a hostile node makes a library stumble over must not end the thread
            return f"Linking failed ({type(error).__name__}) and is tried again."
        return None

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s", printable(trouble))
        self._trouble = trouble
