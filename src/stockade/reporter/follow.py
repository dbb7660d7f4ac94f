"""Following the suite's streams into the store: backfill and live are one path, and a step is one transaction.

The cursor is the highest stored block. A step asks whether the chain still has it; if not, it takes back what was never
final, down to the last common block. Else it reads the next blocks, checks every stream against the contracts' storage
at their end, and writes blocks, reports, records and what became final. A process that is killed anywhere goes on from
the last whole step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from stockade.errors import NetworkError
from stockade.reporter import facts as kept
from stockade.reporter import incidents
from stockade.reporter.ahead import Ahead, Question, Taken
from stockade.reporter.facts import Stored
from stockade.reporter.incidents import Incident
from stockade.reporter.node import Away, Header, Node
from stockade.reporter.reading import Contradiction, Reader
from stockade.reporter.recorder import Recorder, never_back
from stockade.reporter.tips import Fact, Tips, go_on
from stockade.store import Store, StoreError
from stockade.suite import Deployment

# How often a different contradiction may come in a row before it is an incident all the same.
_CONTRADICTIONS = 8

# Pauses after a node or a database that is away: at first, and at most (seconds); and how often, with `once`.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_TRIES = 5

_ASK_ANOTHER = "ask another node, or look at what this one serves"


@dataclass(frozen=True)
class Step:
    """What one step did. `block`: the cursor after it; `reports` written, or taken back when `replaced` blocks were;
    `final` the highest final block; `head` the node's latest.
    """

    block: int
    reports: int
    replaced: int
    final: int | None
    head: int


class Follower:
    """Follows one suite into one store. Only the process that holds the store (`run` sees to it) may take steps."""

    def __init__(self, store: Store, node: Node, deployment: Deployment, recorder: Recorder) -> None:
        self._store = store
        self._node = node
        self._deployment = deployment
        self._recorder = recorder
        self._reader = Reader(node, deployment.addresses["listings"])  # type: ignore[arg-type]
        self._ahead = Ahead(self._read)
        self._stored: Stored | None = None
        self._contradictions: list[str] = []

    # ---------------------------------------------------------------- running

    def run(
        self,
        once: bool,
        poll: float,
        say: Callable[[Step], None],
        warn: Callable[[str], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Follows for ever, or with `once` up to the head; asks for news every `poll` seconds. A node or a database
        that is away is told (`warn`, once for the same words) and tried again, with `once` a few times.

        Raises Incident, which is then in the store; StockadeError when another process follows into this store.
        """
        wait, tries, told = _FIRST_PAUSE, 0, ""
        while True:
            try:
                with self._store.alone("follow"):
                    while True:
                        step = self.step()
                        wait, tries, told = _FIRST_PAUSE, 0, ""
                        if step:
                            say(step)
                        elif once:
                            return
                        else:
                            pause(poll)
            except (Away, StoreError) as error:
                tries += 1
                if once and tries == _TRIES:
                    raise
                if (words := str(error)) != told:
                    warn(words)
                    told = words
                pause(wait)
                wait = min(wait * 2, _LONGEST_PAUSE)
            except Incident as incident:
                incidents.keep(self._store, incident)
                raise

    def step(self) -> Step | None:
        """One step; None when there is nothing new. Raises Away, StoreError and Incident, having written nothing."""
        try:
            stored = self._stored or self._load()
            self._stored = None  # read again unless the step ends well
            step, self._stored = self._step(stored)
        except Contradiction as found:
            self._contradictions.append(str(found))
            if str(found) in self._contradictions[:-1] or len(self._contradictions) == _CONTRADICTIONS:
                raise Incident(f"follow/{found.subject}", found.problem, found.block, _ASK_ANOTHER) from None
            return self.step()
        self._contradictions.clear()
        return step

    def _load(self) -> Stored:
        with self._store.read() as connection:
            stored = kept.load(connection, self._deployment)
            self._recorder.load(connection)
        return stored

    # ---------------------------------------------------------------- one step

    def _step(self, stored: Stored) -> tuple[Step | None, Stored | None]:
        chain_id, latest, final = self._node.view()
        if chain_id != self._deployment.chain_id:
            raise NetworkError(
                f"The node is chain {chain_id}, the suite was deployed on chain {self._deployment.chain_id}: give "
                "another --rpc, or the deployment of that chain."
            )
        cursor = stored.cursor
        if cursor:
            if latest.number < cursor.number:
                raise Away(f"The node ends at block {latest.number} and block {cursor.number} is stored: it is behind.")
            if self._node.headers([cursor.number])[0].hash != cursor.hash:
                return self._take_back(stored, cursor, latest), None
        first = cursor.number + 1 if cursor else self._deployment.block
        if first > latest.number:
            return self._finish(stored, final, latest)
        return self._go_on(stored, first, latest, final)

    def _go_on(self, stored: Stored, first: int, latest: Header, final: Header) -> tuple[Step, Stored]:
        is_final = first <= final.number
        by_hash = not is_final or bool(self._contradictions)
        limit = final.number if is_final else latest.number
        reading, facts, tips = self._ahead.read(Question(stored.cursor, first, stored.tips, by_hash), limit)

        last = reading.last
        if last.number < limit and not by_hash:
            self._ahead.begin(Question(last, last.number + 1, tips, False), limit)
        mark = self._mark(stored, final, last, reading.headers)
        above = stored.final if mark is None else mark
        with_reports = {fact.entry.place.block for fact in facts}
        blocks = [
            header
            for number, header in sorted(reading.headers.items())
            if number in with_reports or number == last.number or number >= (-1 if above is None else above)
        ]
        sources = [(it, self._deployment.block) for it in stored.unknown]
        sources += [(it, reading.since[it.address]) for it in reading.found]
        with self._store.write() as connection:
            at = never_back(connection, incidents.now())
            if mark is not None:
                self._recorder.finalized(connection, stored.final, mark, at)
            kept.add(connection, self._deployment, blocks, sources, facts)
            self._recorder.included(connection, facts, reading.headers, above, at)
            if mark is not None:
                kept.make_final(connection, stored.final, mark, at)
            incidents.end(connection, "follow")
        return self._done(last, facts, tips, above, latest)

    def _read(self, question: Question, limit: int) -> Taken:
        parent, first, tips, by_hash = question
        known = {address: tip.sequence for address, tip in tips.items()}
        reading = self._reader.read(parent, first, limit, known, by_hash)
        return Taken(reading, *go_on(tips, reading, self._deployment.chain_id))

    def _done(
        self, last: Header, facts: list[Fact], tips: Tips, final: int | None, latest: Header
    ) -> tuple[Step, Stored]:
        return Step(last.number, len(facts), 0, final, latest.number), Stored(last, final, tips, ())

    def _finish(self, stored: Stored, final: Header, latest: Header) -> tuple[Step | None, Stored]:
        """No new block; what is stored may have become final."""
        cursor = stored.cursor
        mark = self._mark(stored, final, cursor, {}) if cursor else None
        if cursor is None or mark is None:
            return None, stored
        with self._store.write() as connection:
            at = never_back(connection, incidents.now())
            self._recorder.finalized(connection, stored.final, mark, at)
            kept.make_final(connection, stored.final, mark, at)
        after = Stored(cursor, mark, stored.tips, stored.unknown)
        return Step(cursor.number, 0, 0, mark, latest.number), after

    def _mark(self, stored: Stored, final: Header, last: Header, read: dict[int, Header]) -> int | None:
        """The block up to which everything is final from now on; None when that is no higher than before. Finality
        never falls, and a block that the node calls final must be the one that is stored, or is about to be.
        """
        mark = min(final.number, last.number)
        if mark <= (-1 if stored.final is None else stored.final) or mark < self._deployment.block:
            return None
        if mark == final.number:
            own = read.get(mark) or self._stored_header(mark)
            if own is None or own.hash != final.hash:
                problem = f"the node calls 0x{final.hash.hex()} final, which is not the block {mark} it served"
                raise Contradiction("blocks", problem, mark)
        return mark

    def _stored_header(self, number: int) -> Header | None:
        with self._store.read() as connection:
            found = kept.headers(connection, since=number)
        return found[-1] if found and found[-1].number == number else None

    def _take_back(self, stored: Stored, cursor: Header, latest: Header) -> Step:
        """The chain replaced blocks: back to the last one that it still has."""
        with self._store.read() as connection:
            own = kept.headers(connection, since=stored.final or 0)
        theirs = self._node.headers([header.number for header in own])
        common = [mine for mine, their in zip(own, theirs, strict=True) if mine.hash == their.hash]
        if not common and stored.final is not None:
            raise Contradiction("final blocks", f"block {stored.final} was final and is another now", stored.final)
        ancestor = common[0].number if common else self._deployment.block - 1
        with self._store.write() as connection:
            self._recorder.reversed(connection, ancestor, never_back(connection, incidents.now()))
            gone = kept.take_back(connection, ancestor)
        return Step(ancestor, gone, cursor.number - ancestor, stored.final, latest.number)
