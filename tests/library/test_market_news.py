"""Documents of news: the exchange's codes, what documents say together, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stockade.errors import InputError
from stockade.market import news, sources
from stockade.market.news import CODES, VENUE_CODES, News, Picture, meaning
from stockade.market.sources import DocumentFile
from stockade.records import Interruption
from tests.library.telling import at, line
from tests.support import EXAMPLES

HALTED, VENUE, NONE = Interruption.ASSET_HALTED, Interruption.VENUE_HALTED, Interruption.NONE
HALTS = (
    "T1",
    "T2",
    "T3",
    "T5",
    "T6",
    "T8",
    "T12",
    "H4",
    "H9",
    "H10",
    "H11",
    "O1",
    "IPO1",
    "M1",
    "M2",
    "LUDP",
    "LUDS",
    "D",
)
SCHEMA = Path(news.__file__).parent / "news.schema.json"


@pytest.fixture
def read(tmp_path):
    """The picture in some documents."""

    def picture(*lines: str | bytes) -> Picture:
        path = tmp_path / "news.jsonl"
        path.write_bytes(b"".join(each if isinstance(each, bytes) else each.encode() for each in lines))
        return DocumentFile(path).read()

    return picture


# ---------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("code", "interruption"),
    [
        *((code, HALTED) for code in HALTS),
        *((code, VENUE) for code in ("MWC0", "MWC1", "MWC2", "MWC3")),
        *((code, NONE) for code in ("MWCQ", "R4", "R9", "C3", "C4", "C9", "C11")),
        ("LIMIT", Interruption.PRICE_CONSTRAINED),
        ("T99", HALTED),
        ("", HALTED),
    ],
)
def test_meaning__every_code__what_it_interrupts_and_an_unknown_one_halts(code, interruption):
    assert meaning(code).interruption is interruption


def test_codes__all__fit_on_chain():
    assert all(news.code_for_chain(code) == code for code in CODES)
    assert {"MWC0", "MWC1", "MWC2", "MWC3", "MWCQ"} == VENUE_CODES


# ---------------------------------------------------------------- documents


def test_schema__as_published__is_the_one_of_the_code():
    published = json.loads(SCHEMA.read_text())

    assert published == news.schema(), "write it anew from stockade.market.news.schema()"


def test_documents__the_example__a_picture_of_every_share_and_market():
    assert DocumentFile(EXAMPLES / "news.jsonl").read() == Picture(
        as_of={"XNAS": at("17:16:00"), "XNYS": at("17:16:00")},
        shares={
            ("XNAS", "AAPL"): News(NONE, "", at("15:40:00")),
            ("XNYS", "KO"): News(NONE, "", at("15:15:00")),
            ("XNYS", "BRK.B"): News(NONE, "", at("16:00:15")),
        },
        venues={"XNAS": News(NONE, "", at("17:15:00")), "XNYS": News(NONE, "", at("17:15:00"))},
    )


def test_documents__interruptions__by_their_codes(read):
    picture = read(
        line(7, "interrupt", "15:00:00", symbol="AAPL", code="T1"),
        line(8, "interrupt", "15:00:01", symbol="MSFT", code="LIMIT"),
        line(9, "interrupt", "15:00:02", symbol="NVDA", code="ZZ9"),
        line(10, "interrupt", "15:00:03", code="MWC2"),
        line(11, "interrupt", "15:00:04", market="XNYS", code="ZZ9"),
    )

    assert picture.shares == {
        ("XNAS", "AAPL"): News(HALTED, "T1", at("15:00:00")),
        ("XNAS", "MSFT"): News(Interruption.PRICE_CONSTRAINED, "LIMIT", at("15:00:01")),
        ("XNAS", "NVDA"): News(HALTED, "ZZ9", at("15:00:02")),
    }
    assert picture.venues == {
        "XNAS": News(VENUE, "MWC2", at("15:00:03")),
        "XNYS": News(VENUE, "ZZ9", at("15:00:04")),
    }
    assert picture.as_of == {"XNAS": at("15:00:03"), "XNYS": at("15:00:04")}


def test_documents__reordered_and_told_twice__the_same(read):
    lines = [
        line(1, "interrupt", "15:00:00", symbol="AAPL", code="T1"),
        line(2, "resume", "15:05:00", symbol="AAPL"),
        line(3, "interrupt", "15:06:00", symbol="AAPL", code="LUDP"),
    ]

    expected = read(*lines)

    assert expected.shares == {("XNAS", "AAPL"): News(HALTED, "LUDP", at("15:06:00"))}
    assert read(lines[2], lines[0], lines[1], lines[0], "\n", lines[2]) == expected


@pytest.mark.parametrize("rest", ["", '{"sequence": 2, "mark', line(2)[:-1]])
def test_documents__last_line_still_being_written__left_out(read, rest):
    assert read(line(1), rest) == Picture({"XNAS": at("15:00:00")})


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_documents__nothing__tells_nothing(read, content):
    assert read(content) == Picture()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([line(1), line(3)], "lacks document 2"),
        ([line(1), line(1, moment="15:00:01")], "two documents of number 1"),
        ([line(1), line(2, moment="14:59:59")], "document 2 is older than the one before it"),
        ([line(1, "resume", symbol="AAPL", code="T1")], "says resume and T1 at once"),
        ([line(1, "interrupt", symbol="AAPL", code="R4")], "says interrupt and R4 at once"),
        ([line(1, "resume", symbol="AAPL", code="Z9")], "resumes by Z9, which no list knows"),
        ([line(1, "interrupt", symbol="AAPL", code="MWC1")], "says MWC1 of AAPL"),
        ([line(1, "interrupt", code="T1")], "says T1 of a market"),
        ([line(0)], "line 1, heartbeat.sequence"),
        ([line(1), line(2, "interrupt", symbol="AAPL")], "line 2, interrupt.code: Field required"),
        ([line(1, symbol="AAPL")], "line 1, heartbeat.symbol: Extra inputs"),
        ([line(1, "halt", symbol="AAPL", code="T1")], "line 1, as a whole"),
        ([line(1, "interrupt", symbol="aapl", code="T1")], "line 1, interrupt.symbol"),
        ([line(1, "interrupt", symbol="A" * 13, code="T1")], "line 1, interrupt.symbol"),
        ([line(1, "interrupt", symbol="AAPL", code="T1\u202e")], "line 1, interrupt.code"),
        ([line(1, "interrupt", symbol="AAPL\n", code="T1")], "line 1, interrupt.symbol"),
        ([line(1, "interrupt", symbol="AAPL", code="TOOLONG99")], "line 1, interrupt.code"),
        ([line(1, moment="25:00:00")], "line 1, heartbeat.at"),
        ([line(1, market="nasdaq")], "line 1, heartbeat.market"),
        (['{"sequence": "1", "market": "XNAS", "at": "2026-11-25T15:00:00Z", "event": "heartbeat"}\n'], "sequence"),
        (['{"sequence": 1, "market": "XNAS", "at": "1969-11-25T15:00:00Z", "event": "heartbeat"}\n'], "heartbeat.at"),
        (["[]\n"], "line 1"),
        (["\x00\n"], "line 1"),
        ([b"\xff\xfe\n"], "line 1"),
        (["[" * 100_000 + "\n"], "line 1"),
        (["<html>Not found</html>\n"], "line 1"),
    ],
)
def test_documents__unreadable_or_contradictory__one_sentence_and_nothing_counts(read, lines, says):
    with pytest.raises(InputError, match=says) as refused:
        read(*lines)

    assert "\n" not in str(refused.value)
    assert str(refused.value).isprintable()


def test_documents__no_file_or_too_large_a_one__one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "news.jsonl"
    with pytest.raises(InputError, match="cannot be read"):
        DocumentFile(path).read()
    monkeypatch.setattr(sources, "MAX_BYTES", 1_000)
    path.write_bytes(b"\n" * 1_000)
    assert DocumentFile(path).read() == Picture()
    path.write_bytes(b"\n" * 1_001)
    with pytest.raises(InputError, match="larger"):
        DocumentFile(path).read()
