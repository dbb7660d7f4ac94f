"""What tests share: of the whitelist rows, a plan and a plain way to carry it out; of the relay its newsroom."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from stockade import merkle, whitelist
from stockade.records import Control, InvestorClass, Scope, Status
from stockade.suite import Suite
from tests.library.books import KEY, book, wallet_number
from tests.library.telling import Newsroom
from tests.support import YEAR


@pytest.fixture
def book_row(now: Any) -> Any:
    """A good row of the wallet with a number; override any field."""
    until = now() + YEAR

    def make(index: int, **changes: object) -> whitelist.Row:
        good = whitelist.Row(
            line=index + 2,
            wallet=wallet_number(index),
            investor_ref=f"REF-{index}",
            country=840,
            investor_class=InvestorClass.RETAIL,
            scopes=Scope.HOLD | Scope.TRANSFER,
            expires_at=until,
            status=Status.ACTIVE,
            evidence=bytes([index % 255 + 1]) * 32,
        )
        return replace(good, **changes)

    return make


@pytest.fixture
def plan_of(suite: Suite) -> Any:
    """The plan of a book against the latest block, as registrar 1."""

    def make(*rows: whitelist.Row, registrar: int = 1, **options: object) -> whitelist.Plan:
        state = whitelist.read_whitelist(suite)
        return whitelist.make_plan(suite, state, book(*rows), KEY, registrar, **options)

    return make


@pytest.fixture
def write_plan(suite: Suite, keys: SimpleNamespace) -> Any:
    """Writes a plan's rows as one batch, with the root of their commitments."""

    def send(plan: whitelist.Plan) -> None:
        if plan.rows:
            root = merkle.root(row.commitment for row in plan.rows)
            wallets, words = [row.wallet for row in plan.rows], [row.after for row in plan.rows]
            suite.send(keys.registrar, suite.registry.functions.setRecords(wallets, words, root))

    return send


@pytest.fixture
def newsroom(tmp_path, suite, keys, now):
    return Newsroom(tmp_path / "news.jsonl", suite, keys.market_operator, now)


@pytest.fixture
def is_halted(suite, token):
    return lambda: Control.unpack(token.control()).halted


@pytest.fixture
def news_told(suite, token):
    """Sequence, interruption and code of the share's last news."""
    return lambda: tuple(suite.market.functions.stateOf(token.address).call()[:3])
