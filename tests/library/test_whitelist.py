"""Reading a registrar's book, and making the chain equal to it."""

from __future__ import annotations

import csv
import importlib.util
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade import whitelist
from stockade.errors import InputError
from stockade.records import Basis, InvestorClass, InvestorRecord, Scope, Status
from stockade.whitelist import DEVELOPMENT_KEY, Answer, RowErrors
from tests.library.books import wallet_number
from tests.support import EXAMPLES, ROOT

NOW = 1_800_000_000  # 2027-01-15, before every expiry of the examples
HEADER = "wallet,investor_ref,country,class,scopes,expires_at,status,evidence"
WALLET = "0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f"
EVIDENCE = "0x" + "ab" * 32
GOOD = {
    "wallet": WALLET,
    "investor_ref": "REF-1",
    "country": "US",
    "class": "retail",
    "scopes": "HOLD|TRANSFER",
    "expires_at": "2029-06-30T00:00:00Z",
    "status": "ACTIVE",
    "evidence": EVIDENCE,
}


@pytest.fixture
def write(tmp_path):
    """Writes a book of rows that differ from a good one as told: `write({"country": "XX"}, {})`."""

    def book(*changes: dict[str, str]) -> Path:
        path = tmp_path / "book.csv"
        rows = [GOOD | change for change in changes]
        path.write_text("\n".join([HEADER, *(",".join(row.values()) for row in rows)]) + "\n", encoding="utf-8")
        return path

    return book


@pytest.fixture
def faults():
    """The faults of a file: (row, field, value, fault)."""

    def found(path: Path) -> list[tuple[int, str, str, str]]:
        with pytest.raises(RowErrors) as raised:
            whitelist.read_book(path, now=NOW)
        return [(error.line, error.field, error.value, error.fault) for error in raised.value.errors]

    return found


# ---------------------------------------------------------------- reading


def test_read__good_row__every_field_read(write):
    (row,) = whitelist.read_book(write({}), now=NOW).rows

    assert row == whitelist.Row(
        line=2,
        wallet=WALLET,
        investor_ref="REF-1",
        country=840,
        investor_class=InvestorClass.RETAIL,
        scopes=Scope.HOLD | Scope.TRANSFER,
        expires_at=1_877_472_000,
        status=Status.ACTIVE,
        evidence=b"\xab" * 32,
    )


def test_read__the_examples__all_good():
    book = whitelist.read_book(EXAMPLES / "investors.csv", now=NOW)

    assert len(book.rows) == 312
    assert book.investors == 250
    assert {row.investor_class for row in book.rows} == set(InvestorClass) - {InvestorClass.POOL}


def test_read__one_row_of_every_fault__all_found_at_once(faults):
    found = faults(EXAMPLES / "investors_bad.csv")

    assert [(line, field, fault) for line, field, _, fault in found] == [
        (3, "wallet", "fails its EIP-55 checksum"),
        (4, "wallet", "is not an address"),
        (5, "wallet", "is not an address"),
        (6, "wallet", "is the zero address, which nobody owns"),
        (7, "country", "is no ISO 3166-1 country"),
        (8, "country", "is empty"),
        (9, "class", "is no investor class"),
        (10, "scopes", "holds no scope 'BORROW'"),
        (11, "scopes", "is empty"),
        (12, "expires_at", "is no RFC 3339 time with a time zone"),
        (13, "expires_at", "is no RFC 3339 time with a time zone"),
        (14, "expires_at", "is past for an ACTIVE wallet"),
        (15, "status", "does not come from a book"),
        (16, "status", "is no status"),
        (17, "evidence", "is no 32-byte hash"),
        (19, "wallet", "stands in row 18 already"),
        (21, "wallet", "belongs to another investor in row 20"),
        (22, "investor_ref", "is empty"),
        (23, "row", "are not 8"),
        (24, "row", "are not 8"),
        (25, "investor_ref", "starts like a spreadsheet formula"),
        (26, "investor_ref", "contains U+200B, which is invisible or not ASCII"),
    ]


def test_read__several_faults_in_one_row__each_found(write, faults):
    assert faults(write({"country": "us", "class": "QIB", "evidence": "0x12"}, {"status": "active"})) == [
        (2, "country", "us", "is no ISO 3166-1 country"),
        (2, "class", "QIB", "is no investor class"),
        (2, "evidence", "0x12", "is no 32-byte hash"),
        (3, "status", "active", "is no status"),
        (3, "wallet", WALLET, "stands in row 2 already"),
    ]


def test_read__fault__one_sentence_with_file_row_field_value_and_remedy(write):
    path = write({"country": "XX"}, {"wallet": wallet_number(1), "status": "FROZEN"})

    with pytest.raises(RowErrors) as raised:
        whitelist.read_book(path, now=NOW)

    assert str(raised.value).splitlines() == [
        f"{path}, row 2, field country: 'XX' is no ISO 3166-1 country: "
        "give its two or three capital letters, like US or USA.",
        f"{path}, row 3, field status: 'FROZEN' does not come from a book: "
        "write ACTIVE or REVOKED; COMPLIANCE freezes a wallet with `ape run compliance freeze`.",
    ]


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("wallet", WALLET.lower(), "fails its EIP-55 checksum"),
        ("wallet", "0X" + WALLET[2:], "is not an address"),
        ("investor_ref", "+1", "starts like a spreadsheet formula"),
        ("investor_ref", "-1", "starts like a spreadsheet formula"),
        ("investor_ref", "@1", "starts like a spreadsheet formula"),
        ("investor_ref", "REF\t1", "contains U+0009, which is invisible or not ASCII"),
        ("investor_ref", "REF\x001", "contains U+0000, which is invisible or not ASCII"),
        ("investor_ref", "RЕF-1", "contains U+0415, which is invisible or not ASCII"),  # noqa: RUF001  Cyrillic
        ("investor_ref", "REF-1 ", "has spaces around it"),
        ("country", "840", "is no ISO 3166-1 country"),
        ("scopes", "HOLD|", "holds an empty scope"),
        ("scopes", "HOLD,TRANSFER", None),
        ("expires_at", "2029-02-30", "is no date or time of the calendar"),
        ("expires_at", "2029-06-30T24:61:00Z", "is no date or time of the calendar"),
        ("expires_at", "2029-06-30 00:00:00Z", "is no RFC 3339 time with a time zone"),
        ("expires_at", "20290630", "is no RFC 3339 time with a time zone"),
        ("evidence", "ab" * 32, "is no 32-byte hash"),
    ],
)
def test_read__bad_value__refused(write, faults, field, value, fault):
    if fault is None:  # An unquoted comma makes one cell two.
        assert faults(write({field: value})) == [(2, "row", "9 cells", "are not 8")]
    else:
        assert faults(write({field: value})) == [(2, field, value, fault)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2029-06-30T00:00:00Z", datetime(2029, 6, 30, tzinfo=UTC)),
        ("2029-06-30T02:00:00+02:00", datetime(2029, 6, 30, tzinfo=UTC)),
        ("2029-06-29T19:00:00.999-05:00", datetime(2029, 6, 30, tzinfo=UTC)),
        ("2029-06-30", datetime(2029, 6, 30, tzinfo=UTC)),  # a date is the start of its day in UTC
    ],
)
def test_read__expiry__in_seconds_utc(write, text, moment):
    (row,) = whitelist.read_book(write({"expires_at": text}), now=NOW).rows

    assert row.expires_at == int(moment.timestamp())


def test_read__expiry__the_second_before_now_and_the_one_after(write, faults):
    at = datetime.fromtimestamp(NOW, UTC).isoformat()
    after = datetime.fromtimestamp(NOW + 1, UTC).isoformat()

    assert faults(write({"expires_at": at})) == [(2, "expires_at", at, "is past for an ACTIVE wallet")]
    assert whitelist.read_book(write({"expires_at": after}), now=NOW).rows[0].expires_at == NOW + 1


def test_read__past_expiry_of_a_revoked_wallet__allowed_since_1970(write, faults):
    (row,) = whitelist.read_book(write({"expires_at": "2020-01-01", "status": "REVOKED"}), now=NOW).rows

    assert row.expires_at == 1_577_836_800
    assert faults(write({"expires_at": "1970-01-01", "status": "REVOKED"})) == [
        (2, "expires_at", "1970-01-01", "lies before 1970, where no record reaches")
    ]


def test_read__country__two_or_three_letters_mean_the_same(write):
    rows = whitelist.read_book(write({"country": "CH"}, {"wallet": wallet_number(1), "country": "CHE"}), now=NOW).rows

    assert [row.country for row in rows] == [756, 756]


def test_read__columns_in_any_order_bom_crlf_quotes_and_blank_lines__same_book(tmp_path):
    columns = list(reversed(GOOD))
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([columns, [], [GOOD[name] for name in columns], []])
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())

    (row,) = whitelist.read_book(path, now=NOW).rows

    assert (row.line, row.wallet, row.investor_ref, row.country) == (3, WALLET, "REF-1", 840)


def test_read__wrong_columns__each_named(tmp_path, faults):
    path = tmp_path / "book.csv"
    path.write_text("wallet,investor_ref,contry,class,scopes,expires_at,status,evidence,status\n")

    assert faults(path) == [
        (1, "header", "contry", "is no column"),
        (1, "header", "status", "is there twice"),
        (1, "header", "country", "is missing"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", f"is empty: its first line must name the columns {HEADER}."),
        (HEADER.encode() + b"\n", "has no rows: add one for each wallet."),
        (HEADER.replace(",", ";").encode(), ", row 1: cells are separated by semicolons: save the file with commas."),
        (HEADER.encode() + b"\nM\xfcller", ", row 2: not UTF-8: save the file as CSV in UTF-8."),
        (HEADER.encode("utf-16"), ", row 1: not UTF-8: save the file as CSV in UTF-8."),
        (b'"wallet\n', ", row 1: the header cannot be read (unexpected end of data): write " + HEADER + "."),
    ],
)
def test_read__no_book_at_all__one_sentence(tmp_path, content, sentence):
    path = tmp_path / "book.csv"
    path.write_bytes(content)

    with pytest.raises(InputError) as raised:
        whitelist.read_book(path, now=NOW)

    assert str(raised.value).replace(str(path), "").strip() == sentence


def test_read__quote_left_open__the_row_where_it_opens(write, faults):
    good = {"wallet": wallet_number(1)}

    assert faults(write(good, {"investor_ref": '"REF-1'}, {"wallet": wallet_number(2)})) == [
        (3, "row", "", "cannot be read (unexpected end of data)")
    ]


def test_read__missing_file__says_so(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read: No such file or directory\. Check the path\.$"):
        whitelist.read_book(tmp_path / "nowhere.csv")


def test_parse_wallet__mistyped__no_checksum_offered():
    with pytest.raises(InputError) as raised:
        whitelist.parse_wallet(WALLET.lower())

    assert whitelist.parse_wallet(WALLET) == WALLET
    assert WALLET not in str(raised.value)


# ---------------------------------------------------------------- from reference to number


def test_key__missing_or_malformed__refused_without_showing_it():
    good = {whitelist.KEY_VARIABLE: "0x" + "cd" * 32}

    assert whitelist.registrar_key(good) == b"\xcd" * 32
    with pytest.raises(InputError, match="STOCKADE_REGISTRAR_KEY is not set"):
        whitelist.registrar_key({})
    with pytest.raises(InputError, match="is not 64 hex digits") as raised:
        whitelist.registrar_key({whitelist.KEY_VARIABLE: "cd" * 31})
    assert "cd" not in str(raised.value)


def test_investor_id__same_reference__same_number_under_one_key_only():
    """The number comes from `printf REF-1 | openssl dgst -sha256 -mac HMAC -macopt hexkey:abab...` (32 bytes)."""
    key = b"\xab" * 32

    assert whitelist.investor_id("REF-1", key) == 0x669F193ED36F669A
    assert whitelist.investor_id("REF-2", key) != 0x669F193ED36F669A
    assert whitelist.investor_id("REF-1", b"\xac" * 32) != 0x669F193ED36F669A


# ---------------------------------------------------------------- properties


ROWS = st.lists(
    st.builds(
        dict,
        investor_ref=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).filter(
            lambda text: text[0] not in "=+-@#"
        ),
        country=st.sampled_from([("US", 840), ("CHE", 756), ("AF", 4), ("ZWE", 716)]),
        investor_class=st.sampled_from(InvestorClass),
        scopes=st.integers(1, 31).map(Scope),
        expires_at=st.integers(1, int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())),
        status=st.sampled_from([Status.ACTIVE, Status.REVOKED]),
        evidence=st.binary(min_size=32, max_size=32).filter(any),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(ROWS)
def test_record__any_book__row_by_row_through_csv_and_word_and_back(tmp_path_factory, rows):
    """What a registrar means is what the packed word says."""
    path = tmp_path_factory.mktemp("books") / "book.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(whitelist.COLUMNS)
        for index, row in enumerate(rows):
            expiry = datetime.fromtimestamp(row["expires_at"], UTC).isoformat().replace("+00:00", "Z")
            writer.writerow(
                [
                    wallet_number(index),
                    row["investor_ref"],
                    row["country"][0],
                    row["investor_class"].name.lower(),
                    "|".join(scope.name for scope in row["scopes"]),
                    expiry,
                    row["status"].name,
                    "0x" + row["evidence"].hex(),
                ]
            )

    book = whitelist.read_book(path, now=0)

    assert [read.wallet for read in book.rows] == [wallet_number(index) for index in range(len(rows))]
    for read, row in zip(book.rows, rows, strict=True):
        assert read.evidence == row["evidence"]
        assert InvestorRecord.unpack(read.record(7, DEVELOPMENT_KEY).pack()) == InvestorRecord(
            investor_id=whitelist.investor_id(row["investor_ref"], DEVELOPMENT_KEY),
            expires_at=row["expires_at"],
            registrar=7,
            country=row["country"][1],
            investor_class=row["investor_class"],
            scopes=row["scopes"],
            status=row["status"],
        )


# ---------------------------------------------------------------- showing


def test_describe__record__every_field_in_words(record):
    words = whitelist.describe(record(expires_at=NOW + 1, investor_id=0xAB, country=756), NOW)

    assert words == {
        "status": "ACTIVE",
        "eligible until": "2027-01-15T08:00:01Z",
        "investor": "0x00000000000000ab",
        "registrar": "1",
        "country": "Switzerland (CH)",
        "class": "retail",
        "scopes": "HOLD|TRANSFER|TRADE",
    }


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW, "status": Status.REVOKED}, "REVOKED"),
        ({"expires_at": NOW + 1, "frozen": True}, "FROZEN by COMPLIANCE (beneath: ACTIVE)"),
        ({"status": Status.NONE, "frozen": True}, "FROZEN by COMPLIANCE; no registrar's record"),
        ({"status": Status.NONE}, "no record"),
    ],
)
def test_describe__status__what_outranks_is_said_first(record, changes, status):
    assert whitelist.describe(record(**changes), NOW)["status"] == status


def test_holdings__admitted_and_unknown__the_tokens_own_answers(suite, token, keys, holding):
    holding(keys.alice, shares=5)
    suite.send(
        keys.compliance,
        suite.token(token.address).functions.setFrozenTokensWithOrder(
            keys.alice.address, 2 * 10**18, Basis.COURT_ORDER, b"\x44" * 32
        ),
    )
    yes, symbol = Answer(0), token.symbol()
    unknown = Answer(41, "RECEIVER_UNKNOWN", "The receiver has no investor record.")
    no = Answer(21, "SENDER_UNKNOWN", "The sender has no investor record.")

    assert whitelist.holdings(suite, keys.alice.address) == [
        whitelist.Holding(symbol, token.address, yes, yes, yes, yes, balance="5", frozen="2")
    ]
    assert whitelist.holdings(suite, keys.outsider.address) == [
        whitelist.Holding(symbol, token.address, no, no, unknown, unknown, balance="0", frozen="0")
    ]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, (0, 0, 0, 0)),
        ({"scopes": Scope.HOLD}, (25, 26, 0, 0)),
        ({"scopes": Scope.TRANSFER | Scope.TRADE}, (0, 45, 45, 45)),
        ({"scopes": Scope.HOLD | Scope.TRADE}, (25, 0, 0, 0)),
        ({"status": Status.REVOKED}, (23, 23, 43, 43)),
        ({"expires_at": 1}, (24, 24, 44, 44)),
        ({"investor_class": InvestorClass.POOL, "scopes": Scope(31)}, (0, 0, 0, 49)),
        ({"investor_class": InvestorClass.PLATFORM}, (65, 0, 0, 0)),
    ],
)
def test_holdings__each_kind_of_record__the_codes_of_what_it_may_not(suite, keys, admit, changes, codes):
    admit(keys.alice, **changes)

    (holding,) = whitelist.holdings(suite, keys.alice.address)

    assert tuple(each.code for each in (holding.send, holding.trade, holding.receive, holding.issue)) == codes


def test_holdings__forced_transfers_and_mints_paused__receiving_is_not(suite, token, keys, admit):
    admit(keys.alice)
    suite.send(keys.pauser, suite.token(token.address).functions.pause(2 | 8))

    (admitted,) = whitelist.holdings(suite, keys.alice.address)
    (unknown,) = whitelist.holdings(suite, keys.outsider.address)

    assert (admitted.receive.code, admitted.issue.reason) == (0, "MINT_PAUSED")
    assert not unknown.receive.reason.startswith("SENDER")


def test_differences__new_and_changed__named_field_by_field(record):
    old = record(expires_at=NOW)
    none = InvestorRecord.unpack(0)

    assert whitelist.differences(old, old) == []
    assert whitelist.differences(old, replace(old, status=Status.REVOKED, scopes=Scope.HOLD)) == [
        "scopes HOLD|TRANSFER|TRADE -> HOLD",
        "status ACTIVE -> REVOKED",
    ]
    assert whitelist.differences(none, old) == [
        "new",
        "United States (US)",
        "retail",
        "HOLD|TRANSFER|TRADE",
        "until 2027-01-15T08:00:00Z",
        "ACTIVE",
    ]


# ---------------------------------------------------------------- the script


@pytest.fixture(scope="module")
def script():
    """scripts/whitelist.py, loaded as `ape run` loads it."""
    spec = importlib.util.spec_from_file_location("whitelist_script", ROOT / "scripts" / "whitelist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cli


def test_check__good_book__status_0(script):
    result = CliRunner().invoke(script, ["check", str(EXAMPLES / "investors.csv")])

    assert result.exit_code == 0
    assert "312 wallets of 250 investors: 304 ACTIVE, 8 REVOKED. Every row is good." in result.output


def test_check__bad_book__every_fault_in_a_table_and_status_2(script):
    result = CliRunner().invoke(script, ["check", str(EXAMPLES / "investors_bad.csv")])

    assert result.exit_code == 2
    shown = [line.split("│")[1].strip() for line in result.output.splitlines() if line.startswith("│")]
    assert [row for row in shown if row] == [str(row) for row in [*range(3, 18), 19, 21, *range(22, 27)]]
    assert "'BAD-ZERO-WIDTH\\u200b'" in result.output
    assert "22 faults. Nothing was sent: a book is applied whole or not at all." in result.output


def test_check__missing_file__one_sentence_and_status_2(script, tmp_path):
    result = CliRunner().invoke(script, ["check", str(tmp_path / "nowhere.csv")])

    assert result.exit_code == 2
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output
