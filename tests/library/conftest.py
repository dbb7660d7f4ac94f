"""What tests of the whitelist share: rows, a plan against the chain, and a plain way to carry it out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from stockade import whitelist
from stockade.records import InvestorClass, Scope, Status
from stockade.suite import Suite
from tests.library.books import KEY, book, wallet_number
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
            root = whitelist.evidence_root(row.commitment for row in plan.rows)
            wallets, words = [row.wallet for row in plan.rows], [row.after for row in plan.rows]
            suite.send(keys.registrar, suite.registry.functions.setRecords(wallets, words, root))

    return send
