"""A store into which a whole life was followed, copied for each test, with the registrar's holder file beside it."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from stockade.records import to_shares
from stockade.reporter.as_of import Facts, facts_at
from stockade.store import Store, open_store, tables
from tests.reporting.following import Following
from tests.reporting.node import Node

# Blocks, a second apart, after which anvil calls everything before them final.
TO_FINALITY = 70


@dataclass
class Kept:
    """One test's own copy."""

    node: Node
    store: Store
    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.store.file}"

    @property
    def cursor(self) -> int:
        """The last block that is stored: the node's latest, where it may be tampered with."""
        with self.store.read() as connection:
            return connection.execute(select(func.max(tables.block.c.number))).scalar_one()

    def catch_up(self) -> None:
        """Follows what other tests have mined since, for only the latest state can be tampered with."""
        Following(self.store, self.node.suite, f"http://127.0.0.1:{self.node.port}").run()

    def facts(self, block: int | None = None) -> Facts:
        with self.store.read() as connection:
            return facts_at(connection, block)

    def holder_file(self, changes: dict[tuple[str, str], str | None] | None = None) -> Path:
        """The file of a registrar whose book agrees; `changes`: other shares by ISIN and wallet, None for no row."""
        facts = self.facts()
        shares: dict[tuple[str, str], str | None] = {
            (facts.isin(token), wallet): to_shares(balance)
            for token in facts.tokens
            for wallet, balance in facts.state.tokens[token].balances.items()
            if balance and wallet != facts.ledger
        }
        path = self.folder / "holders.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("isin", "wallet", "holder", "name", "address", "shares"))
            for place, ((isin, wallet), amount) in enumerate((shares | (changes or {})).items()):
                if amount is not None:
                    person = f"Zoë Müller {place}", f"{place} Example Street, Springfield"
                    rows.writerow((isin, wallet, f"H-{place}", *person, amount))
        return path

    def tamper(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Changes the file as its owner can: the guards are switched off first."""
        self.store.engine.dispose()
        with sqlite3.connect(self.store.file) as raw:
            triggers = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
            for name in triggers:
                raw.execute(f"DROP TRIGGER {name}")
            for statement, values in statements:
                raw.execute(statement, values)
        raw.close()


def follow_whole(node: Node, file: Path) -> Path:
    """Everything that happened on the node, all of it final."""
    node.rpc("anvil_mine", hex(TO_FINALITY), hex(1))
    store = open_store(f"sqlite:///{file}")
    Following(store, node.suite, node.suite.w3.provider.endpoint_uri).run()
    store.engine.dispose()
    return file


def copy(node: Node, file: Path, folder: Path) -> Kept:
    shutil.copy(file, folder / "store.db")
    return Kept(node, open_store(f"sqlite:///{folder / 'store.db'}"), folder)
