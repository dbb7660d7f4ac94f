"""Where news comes from: feeds over real HTTP, the exchange's file of halts, and everything hostile about them."""

from __future__ import annotations

import contextlib
import gzip
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stockade.errors import InputError, NetworkError, StockadeError
from stockade.market import sources
from stockade.market.news import News, Picture
from stockade.market.sources import HALT_FILE_MARKETS, Feed, HaltFile
from stockade.records import Interruption
from tests.library.telling import at, line
from tests.support import EXAMPLES

HALTED, VENUE, NONE = Interruption.ASSET_HALTED, Interruption.VENUE_HALTED, Interruption.NONE


# ---------------------------------------------------------------- a feed


class Server(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"
    body = line(1).encode()

    def do_GET(self) -> None:
        getattr(self, f"answer_{self.path.strip('/')}")()

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, body: bytes, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def answer_good(self) -> None:
        self._answer(self.body)

    def answer_packed(self) -> None:
        self._answer(gzip.compress(self.body), Content_Encoding="gzip")

    def answer_chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(self.body), self.body))

    def answer_broken_chunk(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%b" % (len(self.body) + 100, self.body))
        self.close_connection = True

    def answer_missing(self) -> None:
        self._answer(self.body, 404)

    def answer_moved(self) -> None:
        self._answer(b"", 302, Location="/good")

    def answer_bomb(self) -> None:
        self._answer(gzip.compress(b"\n" * 50_000_000), Content_Encoding="gzip")

    def answer_short(self) -> None:
        self._answer(self.body, length=len(self.body) + 1)
        self.close_connection = True

    def answer_garbled(self) -> None:
        self._answer(b"no gzip", Content_Encoding="gzip")

    def answer_nonsense(self) -> None:
        self.wfile.write(b"\x00\x01\x02\r\n\r\n")
        self.close_connection = True

    def answer_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the reader left
            while True:
                self.wfile.write(b"\n")
                self.wfile.flush()
                threading.Event().wait(0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["good", "packed", "chunked"])
def test_feed__good__the_same_as_a_file(server, path):
    assert Feed(f"{server}/{path}").read() == Picture({"XNAS": at("15:00:00")})


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing", "status 404"),
        ("moved", "status 302"),
        ("bomb", "too much or too slowly"),
        ("short", "does not answer"),
        ("broken_chunk", "does not answer"),
        ("garbled", "does not answer"),
        ("nonsense", "does not answer"),
    ],
)
def test_feed__hostile__one_sentence_and_nothing_counts(server, path, says):
    with pytest.raises(NetworkError, match=says) as refused:
        Feed(f"{server}/{path}").read()

    assert "nothing of it counts" in str(refused.value)


def test_feed__drips__left_after_our_patience(server, monkeypatch):
    monkeypatch.setattr(sources, "_PATIENCE", 0.5)

    with pytest.raises(NetworkError, match="too much or too slowly"):
        Feed(f"{server}/drip").read()


def test_feed__nobody_there__one_sentence():
    with pytest.raises(NetworkError, match="does not answer"):
        Feed("http://127.0.0.1:1/news").read()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/news.jsonl",
        "ftp://example.org/news",
        "file:///etc/passwd",
        "https://",
        "https://[",
        "news",
        "https://me:secret@example.org/news",
        "https://example.org/news?key=secret",
        "http://localhost.example.org/news",
    ],
)
def test_feed__address_that_can_be_forged_or_holds_a_key__refused_and_not_repeated(url):
    with pytest.raises(InputError, match="address") as refused:
        Feed(url)

    assert "secret" not in str(refused.value)


def test_feed__https__accepted():
    assert Feed("https://example.org/news.jsonl").name == "the feed at example.org"


# ---------------------------------------------------------------- the exchange's file


HEADER = (EXAMPLES / "halts.txt").read_text().splitlines()[0]
END = "File Creation Time: 1125202612:16|||||||||"


@pytest.fixture
def halts(tmp_path):
    """The picture in the rows of a file of halts."""

    def picture(*rows: str, header: str = HEADER, end: str = END) -> Picture:
        path = tmp_path / "halts.txt"
        path.write_text("\n".join([header, *rows, end, ""]))
        return HaltFile(path).read()

    return picture


def row(
    symbol: str = "AAPL", halted: str = "10:00:00", resumed: str = "", code: str = "T1", date: str = "11/25/2026"
) -> str:
    return f"{date}|{halted}|{symbol}|SYNTHETIC|NASDAQ|{code}||{date if resumed else ''}||{resumed}"


def of_share(picture: Picture, symbol: str = "AAPL", mic: str = "XNAS") -> News:
    return picture.shares[mic, symbol]


def test_halt_file__the_example__who_is_halted_when_it_was_made():
    picture = HaltFile(EXAMPLES / "halts.txt").read()

    assert picture.as_of == dict.fromkeys(HALT_FILE_MARKETS, at("17:16:00"))
    assert picture.venues == {}
    found = {symbol: told for (mic, symbol), told in picture.shares.items() if mic == "XNYS"}
    assert found == {
        "NVDA": News(HALTED, "T12", at("16:58:31")),
        "KO": News(NONE, "", at("15:15:00")),
        "AAPL": News(NONE, "", at("15:40:00")),
        "BRK.B": News(HALTED, "LUDS", at("14:45:00")),
    }
    assert len(picture.shares) == 4 * len(HALT_FILE_MARKETS)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(resumed="12:16:00")], News(NONE, "", at("17:16:00"))),
        ([row(resumed="12:16:01")], News(HALTED, "T1", at("15:00:00"))),
        ([row(resumed="12:15:59.2")], News(NONE, "", at("17:16:00"))),
        ([row(halted="10:00:00.9")], News(HALTED, "T1", at("15:00:00"))),
        ([row(halted="10:00:00", resumed="09:59:59")], News(HALTED, "T1", at("15:00:00"))),
        ([row(code="R4", resumed="")], News(HALTED, "R4", at("15:00:00"))),
        ([row(code="R4", resumed="10:30:00")], News(NONE, "", at("15:30:00"))),
        ([row(code="")], News(HALTED, "UNKNOWN", at("15:00:00"))),
        ([row(code="t1; drop")], News(HALTED, "UNKNOWN", at("15:00:00"))),
        ([row(resumed="10:05:00"), row(halted="11:00:00", code="T2")], News(HALTED, "T2", at("16:00:00"))),
        ([row(halted="11:00:00", resumed="11:05:00"), row()], News(NONE, "", at("16:05:00"))),
        ([row(), row(resumed="10:05:00")], News(HALTED, "T1", at("15:00:00"))),
        ([row(resumed="10:05:00"), row()], News(HALTED, "T1", at("15:00:00"))),
    ],
)
def test_halt_file__one_share__its_latest_halt_until_trading_resumed(halts, rows, expected):
    assert of_share(halts(*rows)) == expected


@pytest.mark.parametrize("written", ["BRK.B", "BRK/B", "BRK B"])
def test_halt_file__class_share__however_it_is_written(halts, written):
    assert of_share(halts(row(written)), "BRK.B", "XNYS").interruption is HALTED


def test_halt_file__whole_market__every_market_of_the_file(halts):
    during = halts(row("SPY", code="MWC1"))
    after = halts(row("SPY", code="MWC1", resumed="10:15:00"))

    assert during.venues == dict.fromkeys(HALT_FILE_MARKETS, News(VENUE, "MWC1", at("15:00:00")))
    assert after.venues == dict.fromkeys(HALT_FILE_MARKETS, News(NONE, "", at("15:15:00")))
    assert during.shares == after.shares == {}


def test_halt_file__commas_and_no_time_of_its_own__as_old_as_the_file(tmp_path):
    path = tmp_path / "halts.csv"
    path.write_text(f"{HEADER.replace('|', ',')}\n" + '11/25/2026,10:00:00,AAPL,"Apple, Inc.",NASDAQ,T1,,,,\n')
    os.utime(path, (at("15:30:00"), at("15:30:00")))

    picture = HaltFile(path).read()

    assert set(picture.as_of.values()) == {at("15:30:00")}
    assert of_share(picture) == News(HALTED, "T1", at("15:00:00"))


def test_halt_file__daylight_saving__new_york_s_hours(halts):
    summer = of_share(halts(row(date="07/01/2026"))).at

    assert datetime.fromtimestamp(summer, UTC).hour == 14


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row()[:-1]], "row 2: not the columns of a halt"),
        (["11/25/2026|10:00:00|AAPL"], "row 2: not the columns of a halt"),
        (
            [
                row(""),
            ],
            "row 2: not the columns of a halt",
        ),
        ([row(halted="soon")], "is no time"),
        ([row(date="25/11/2026")], "is no time"),
        ([row(resumed="10:05")], "is no time"),
        ([row(halted="10:00:00.x")], "is no time"),
        ([row(halted="10:00:00.1e9")], "is no time"),
    ],
)
def test_halt_file__not_what_is_published__one_sentence_and_nothing_counts(halts, rows, says):
    with pytest.raises(InputError, match=says) as refused:
        halts(*rows)

    assert "Nothing of it counts." in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"\xff\x00" * 50, b'"' * 200_000, HEADER.encode()[:-1]])
def test_halt_file__another_file__one_sentence(tmp_path, content):
    path = tmp_path / "halts.txt"
    path.write_bytes(content)

    with pytest.raises(StockadeError, match="Nothing of it counts"):
        HaltFile(path).read()
