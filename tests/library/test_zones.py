"""The same seconds and the same words on every machine, wherever its clock says it is."""

from __future__ import annotations

import time

import pytest

from stockade.custody import words as custody_words
from stockade.reporting import words as reporting_words
from stockade.whitelist import cells, read_book, show

# Half past six in UTC, while New York's clocks go back an hour.
MOMENT = 1_793_514_600

HEADER = "wallet,investor_ref,country,class,scopes,expires_at,status,evidence"
CELLS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8,REF-1,US,retail,HOLD,{},ACTIVE,0x" + "11" * 32


@pytest.fixture(autouse=True, params=["UTC0", "NPT-5:45", "EST5EDT,M3.2.0,M11.1.0"])
def zone(request, monkeypatch):
    """The machine's time zone; spelt out, since a machine may know no names of zones."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    cells._moment.cache_clear()  # dates that were read in another zone are remembered
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("show_moment", "shown"),
    [
        (custody_words.utc, "2026-11-01T06:30:00Z"),
        (reporting_words.utc, "2026-11-01 06:30:00Z"),
        (show.in_words, "2026-11-01T06:30:00Z"),
    ],
)
def test_show__a_moment__in_utc(show_moment, shown):
    assert show_moment(MOMENT) == shown


@pytest.mark.parametrize("text", ["2026-11-01T06:30:00Z", "2026-11-01T12:15:00+05:45"])
def test_parse_moment__with_its_zone__in_seconds_utc(text):
    assert custody_words.parse_moment(text, "--as-of") == MOMENT


@pytest.mark.parametrize(
    ("text", "seconds"), [("2026-11-01T06:30:00Z", MOMENT), ("2026-11-01", MOMENT - 6 * 3600 - 1800)]
)
def test_read_book__expiry__in_seconds_utc(tmp_path, text, seconds):
    path = tmp_path / "book.csv"
    path.write_text(f"{HEADER}\n{CELLS.format(text)}\n")

    assert read_book(path, now=0).rows[0].expires_at == seconds
