"""From a book to the chain and back, without HTTP: the library on the embedded chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade import whitelist
from stockade.errors import InputError
from stockade.records import InvestorClass, Scope, Status
from stockade.sending import Settings
from stockade.whitelist.batches import places, spans
from tests.library.test_whitelist import wallet_number
from tests.support import YEAR

KEY = whitelist.DEVELOPMENT_KEY


@pytest.fixture
def carry_out(suite, keys, tmp_path):
    """Plans a book as registrar 1 and applies the plan, with a journal of its own."""

    def run(book: whitelist.Book, **options: object) -> whitelist.Result:
        plan = whitelist.make_plan(suite, whitelist.read_whitelist(suite), book, KEY, 1)
        journal = tmp_path / plan.digest.hex()
        return whitelist.apply(suite, keys.registrar, plan, journal, settings=Settings(pause=0), **options)

    return run


@pytest.fixture
def small_book(tmp_path, now):
    """A good book of four wallets, of an investor each."""
    rows = tuple(
        whitelist.Row(
            line=index + 2,
            wallet=wallet_number(index),
            investor_ref=f"REF-{index}",
            country=840,
            investor_class=InvestorClass.RETAIL,
            scopes=Scope.HOLD | Scope.TRANSFER,
            expires_at=now() + YEAR,
            status=Status.ACTIVE,
            evidence=bytes([index + 1]) * 32,
        )
        for index in range(4)
    )
    return whitelist.Book(tmp_path / "book.csv", rows, bytes(32))


def test_apply__book_then_changed_book__chain_is_each_books_in_turn(suite, carry_out, small_book):
    first = carry_out(small_book, most_rows=3)
    revoked = replace(small_book.rows[2], status=Status.REVOKED)
    changed = replace(small_book, rows=(*small_book.rows[:2], revoked))

    second = carry_out(changed)

    assert (first.written, first.transactions, second.written) == (4, 2, 1)
    state = whitelist.read_whitelist(suite)
    assert whitelist.verify(state, changed, KEY, 1) == []
    assert state.records[small_book.rows[3].wallet].status is Status.ACTIVE


def test_apply__expiry__valid_until_the_second_before(suite, token, carry_out, small_book, now, chain):
    row = replace(small_book.rows[0], expires_at=now() + 1_000)
    carry_out(replace(small_book, rows=(row,)))

    def answer_at(second: int) -> bool:
        chain.pending_timestamp = second
        chain.mine()
        assert now() == second
        return bool(token.canReceive(row.wallet))

    assert answer_at(row.expires_at - 1)
    assert not answer_at(row.expires_at)


@pytest.mark.parametrize(("some", "text"), [([0], "0"), ([0, 1, 2, 4], "0-2,4"), ([7, 9, 10], "7,9-10")])
def test_spans__places__read_back(some, text):
    assert spans(some) == text
    assert places(text) == some


def test_apply__plan_for_another_account__refused(suite, keys, small_book, tmp_path):
    plan = whitelist.make_plan(suite, whitelist.read_whitelist(suite), small_book, KEY, 1)

    with pytest.raises(InputError, match="^The plan is for registrar 1, and account .* writes for registrar 2"):
        whitelist.apply(suite, keys.second_registrar, plan, tmp_path / "journal")
