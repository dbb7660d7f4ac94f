"""A storm: reporter, couriers and gateway at work, killed again and again, over a chain, a node and a line that fail.

    storm = Storm(seed, folder, store)
    with storm.raging():
        storm.rage(kills=50)
        storm.calm()        # nothing fails any more, everything is delivered
    and then tests/storm/aftermath.py says what must be true

Acts, faults and when a process is killed are drawn from the seed; what the processes have done by then is theirs.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from eth_account import Account

from tests.e2e.conftest import free_port
from tests.e2e.faulty import Fault, proxy
from tests.storm.chain import StormChain
from tests.storm.line import Mishap, line
from tests.storm.processes import Process, Trap, run

REPORTER, GATEWAY = "0x" + 32 * "22", "0x" + 32 * "11"
SECRETS = {
    "STOCKADE_REPORTER_KEY": REPORTER,
    "STOCKADE_GATEWAY_KEY": GATEWAY,
    "STOCKADE_PARTY_KEY": "33" * 32,
    "STOCKADE_REPORTER_ID": "STORM",
}

# The share of requests that something happens to, and what may: a node that is silent costs the follower's whole
# patience each time, and has tests of its own.
FAULTY, MISHAPS = 0.05, 0.1
FAULTS = [fault for fault in Fault if fault is not Fault.SILENT]

# Honest answers of the node after each lie: the same lie twice would be an incident, and rightly so.
HONEST = 30

# A process is killed within so many requests after it was started, and so many seconds; if it makes fewer requests
# meanwhile, after so many acts.
REQUESTS, DELAY, ACTS = 25, 0.05, 25


class Storm:
    """`store` is the reporter's database, a URL; the gateway's is a file in `folder`."""

    def __init__(self, seed: int, folder: Path, store: str, workers: int) -> None:
        # One for each thread that draws, so that none disturbs what another draws.
        self.draw, self._node_draw, self._line_draw = (Random(f"{of} {seed}") for of in ("storm", "node", "line"))
        self.folder = folder
        self.store = store
        self.chain = StormChain(seed)
        self.happened: Counter[str] = Counter()
        self.deployment = folder / "deployment.json"
        self.chain.suite.deployment.save(self.deployment)
        self.books = folder / "gateway"
        self.port = free_port()
        self._workers = workers
        self._trap: Trap | None = None
        self._trapped = ""
        self._honest = HONEST
        self._ways = cycle(["lost", "copied", "kept", "restored"])

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def raging(self) -> Iterator[None]:
        """Everything runs; on the way out nothing does."""
        with ExitStack() as stack:
            stack.callback(self.chain.anvil.kill)
            self._node = stack.enter_context(proxy(self.chain.anvil.url))
            self._line = stack.enter_context(line(self.port))
            self._register()
            run(self._report("destination", "add", "regulator", self._line.url, _address(GATEWAY)), SECRETS)
            self.follower = self._process("follower", self._follow(self._node.url), stack)
            self.gateway = self._process("gateway", self._serve(), stack)
            self.couriers = [
                self._process(f"courier-{number}", self._deliver(), stack) for number in range(1, self._workers + 1)
            ]
            self._node.faults, self._node.lie = self._fault, self._lie
            self._line.mishap = self._mishap
            for process in (self.gateway, self.follower, *self.couriers):
                process.start()
            yield

    def rage(self, kills: int) -> None:
        everybody = [self.follower, self.gateway, *self.couriers]
        victims = (everybody * (kills // len(everybody) + 1))[:kills]
        self.draw.shuffle(victims)
        for victim in victims:
            trap = Trap(victim, self.draw.randint(1, REQUESTS), self.draw.uniform(0, DELAY))
            self._trapped, self._trap = victim.name, trap
            for _ in range(ACTS):
                self.chain.play(1)
                if trap.sprung.is_set():
                    break
            self._trap = None
            victim.bury()
            self.happened[f"{victim.name} killed"] += 1
            if victim is self.gateway:
                self._upset_gateway()
            victim.start()

    def calm(self) -> None:
        """The last kills; then what is left is done without any fault."""
        self._node.faults, self._node.lie = lambda number, method: None, None
        self._line.mishap = lambda method: None
        self.chain.settle()
        for process in (self.follower, *self.couriers):
            process.bury()
            self.happened[f"{process.name} killed"] += 1
        run([*self._follow(self._node.url), "--once"], SECRETS)
        run([*self._deliver(), "--once"], SECRETS)

    # ---------------------------------------------------------------- what fails

    def _passed(self, *names: str) -> None:
        if (trap := self._trap) and any(self._trapped.startswith(name) for name in names):
            trap.passed()

    def _fault(self, number: int, method: str) -> Fault | None:
        self._passed("follower")
        fault = self._node_draw.choice(FAULTS) if self._node_draw.random() < FAULTY else None
        if fault:
            self.happened[f"node: {fault.name}"] += 1
        return fault

    def _mishap(self, method: str) -> Mishap | None:
        self._passed("courier", "gateway")
        mishap = self._line_draw.choice(list(Mishap)) if self._line_draw.random() < MISHAPS else None
        if mishap:
            self.happened[f"line: {mishap.name}"] += 1
        return mishap

    def _lie(self, asked: Any, answers: Any) -> Any:
        """Now and then leaves a log out, serves one twice, or turns them round."""
        self._honest -= 1
        pages = [each["result"] for each in answers if isinstance(each.get("result"), list)] if asked else []
        pages = [page for page in pages if page and "logIndex" in page[0]]
        if self._honest > 0 or not pages:
            return answers
        self._honest = HONEST
        page, way = self._node_draw.choice(pages), self._node_draw.choice(["left out", "twice", "turned round"])
        if way == "left out":
            del page[self._node_draw.randrange(len(page))]
        elif way == "twice":
            page.append(self._node_draw.choice(page))
        else:
            page.reverse()
        self.happened[f"logs: {way}"] += 1
        return answers

    def _upset_gateway(self) -> None:
        """By turns the gateway's database is gone, copied, kept, and replaced by the copy."""
        copy = self.folder / "gateway-before"
        way = next(self._ways)
        if way == "copied":
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.books, copy)
        elif way == "lost":
            shutil.rmtree(self.books)
            self._register()
        elif way == "restored":
            shutil.rmtree(self.books)
            shutil.copytree(copy, self.books)
        self.happened[f"gateway's database: {way}"] += 1

    # ---------------------------------------------------------------- commands

    def _process(self, name: str, command: list[str], stack: ExitStack) -> Process:
        process = Process(name, command, SECRETS, self.folder)
        stack.callback(process.stop)
        return process

    def _register(self) -> None:
        run(["stockade-gateway", "reporter", "add", "STORM", _address(REPORTER), *self._books()], SECRETS)

    def _books(self) -> list[str]:
        return ["--store", f"sqlite:///{self.books}/gateway.db"]

    def _serve(self) -> list[str]:
        where = ["--rpc", self.chain.anvil.url, "--deployment", str(self.deployment)]
        return ["stockade-gateway", "serve", *self._books(), "--port", str(self.port), *where, "--poll", "200"]

    def _report(self, *words: str) -> list[str]:
        return ["stockade-report", *words, "--store", self.store, "--deployment", str(self.deployment)]

    def _follow(self, rpc: str) -> list[str]:
        return self._report("follow", "--rpc", rpc, "--poll", "20")

    def _deliver(self) -> list[str]:
        return self._report("deliver", "--to", "regulator")

    def compared(self) -> str:
        """What `stockade-report rebuild --compare` says."""
        return run(self._report("rebuild", "--compare", "--rpc", self.chain.anvil.url), SECRETS)

    def verified(self) -> str:
        """What `stockade verify` says."""
        where = ["--rpc", self.chain.anvil.url, "--deployment", str(self.deployment)]
        return run(["stockade", "verify", "--gateway", self.gateway_url, *where], {})


def _address(key: str) -> str:
    return str(Account.from_key(key).address)
