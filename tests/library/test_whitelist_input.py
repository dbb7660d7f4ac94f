"""Books as JSON Lines, the published schema, columns that are passed over, files that are too large or too wrong."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade import whitelist
from stockade.errors import InputError
from stockade.whitelist import COLUMNS, RowErrors
from stockade.whitelist.cells import Fault, parse
from stockade.whitelist.read import MAX_BYTES
from stockade.whitelist.rows import MOST_FAULTS, UNKNOWN_EVIDENCE
from tests.library.books import wallet_number
from tests.library.test_whitelist import EVIDENCE, GOOD, HEADER, NOW, WALLET
from tests.support import EXAMPLES

SCHEMA = json.loads((Path(whitelist.__file__).parent / "book.schema.json").read_text())


def lines(*changes: dict[str, object]) -> str:
    return "".join(json.dumps(GOOD | change) + "\n" for change in changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.jsonl"


@pytest.fixture
def faults(path):
    """The faults of a text as JSON Lines: (row, field, value, fault)."""

    def found(text: str) -> list[tuple[int, str, str, str]]:
        path.write_text(text, encoding="utf-8", newline="")
        with pytest.raises(RowErrors) as raised:
            whitelist.read_book(path, now=NOW)
        return [(error.line, error.field, error.value, error.fault) for error in raised.value.errors]

    return found


# ---------------------------------------------------------------- JSON Lines


def test_read__the_examples_as_json_lines__the_same_rows(path):
    with (EXAMPLES / "investors.csv").open(newline="") as file:
        path.write_text("".join(json.dumps(row) + "\n" for row in csv.DictReader(file)))

    rows = whitelist.read_book(path, now=NOW).rows
    from_csv = whitelist.read_book(EXAMPLES / "investors.csv", now=NOW).rows

    assert [row.line for row in rows] == list(range(1, 313))
    assert [row.record(1, b"k" * 32) for row in rows] == [row.record(1, b"k" * 32) for row in from_csv]
    assert [(row.wallet, row.evidence) for row in rows] == [(row.wallet, row.evidence) for row in from_csv]


def test_read__bom_crlf_and_blank_lines_in_json_lines__the_same_row(path):
    path.write_bytes(b"\xef\xbb\xbf\r\n" + lines({}).replace("\n", "\r\n\r\n").encode())

    (row,) = whitelist.read_book(path, now=NOW).rows

    assert (row.line, row.wallet, row.country) == (2, WALLET, 840)


@pytest.mark.parametrize(
    "text", ["{", "[]", "1", '"wallet"', "null", "NaN", "{}{}", "{'wallet': 1}", "[" * 5_000, "9" * 5_000, "\0"]
)
def test_read__line_that_is_no_object__its_row_refused_and_the_others_read(faults, text):
    found = faults(text + "\n" + lines({"country": "XX"}))

    assert found == [(1, "row", text, "is no JSON object"), (2, "country", "XX", "is no ISO 3166-1 country")]


def test_read__json_fields__missing_twice_unknown_and_no_text_each_named(faults):
    twice = lines({})[:-2] + ', "country": "CH"}\n'

    assert faults(
        '{"wallet": 7, "name": "Jane"}\n' + twice + lines({"expires_at": 1877472000, "scopes": ["HOLD"]})
    ) == [
        (1, "wallet", "7", "is no text"),
        (1, "row", "name", "is no column"),
        *((1, name, "", "is missing") for name in COLUMNS[1:]),
        (2, "country", "CH", "is there twice"),
        (3, "scopes", "['HOLD']", "is no text"),
        (3, "expires_at", "1877472000", "is no text"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("investor_ref", "REF\u200b1", "contains U+200B, which is invisible or not ASCII"),
        ("investor_ref", "=1", "starts like a spreadsheet formula"),
        ("investor_ref", "REF\n1", "contains U+000A, which is invisible or not ASCII"),
        ("investor_ref", "\ud800", "contains U+D800, which is invisible or not ASCII"),
        ("wallet", WALLET.lower(), "fails its EIP-55 checksum"),
        ("status", "FROZEN", "does not come from a book"),
        ("evidence", "0x" + "00" * 32, "is zero, which is the hash of nothing"),
        ("investor_ref", "#0x12", "is no investor's number as an export gives it"),
        ("investor_ref", "#0x" + "00" * 8, "is no investor's number as an export gives it"),
        ("expires_at", "2020-01-01", "is past for an ACTIVE wallet"),
    ],
)
def test_read__bad_value_in_json__the_same_fault_as_in_csv(faults, tmp_path, field, value, fault):
    assert faults(lines({field: value})) == [(1, field, value, fault)]
    out = io.StringIO()
    csv.writer(out).writerows([GOOD.keys(), (GOOD | {field: value}).values()])
    other = tmp_path / "book.csv"
    other.write_bytes(out.getvalue().encode("utf-8", "surrogatepass"))
    if "\ud800" in value:
        return  # no CSV in UTF-8 can say it
    with pytest.raises(RowErrors) as raised:
        whitelist.read_book(other, now=NOW)
    assert [(error.field, error.value, error.fault) for error in raised.value.errors] == [(field, value, fault)]


def test_read__repeated_wallet_in_json__named_with_the_first_row(faults):
    assert faults(lines({}, {"investor_ref": "REF-2"}, {})) == [
        (2, "wallet", WALLET, "belongs to another investor in row 1"),
        (3, "wallet", WALLET, "stands in row 1 already"),
    ]


def test_read__not_utf_8_in_json_lines__its_row(path):
    path.write_bytes(lines({}).encode() + b'{"wallet": "\xff"}\n')

    with pytest.raises(InputError, match=r"book\.jsonl, row 2: not UTF-8: save the file as JSON Lines in UTF-8\.$"):
        whitelist.read_book(path, now=NOW)


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=80).map(lambda text: lines({"investor_ref": text}).encode()))
)
def test_read__any_bytes_as_json_lines__a_good_book_or_a_refusal_in_ascii(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)

    said = ""
    try:
        assert whitelist.read_book(path, now=NOW).rows
    except InputError as refused:
        said = str(refused)

    assert said.isascii()
    assert said.replace("\n", "").isprintable()


# ---------------------------------------------------------------- an export's rows


def test_read__exported_row__number_kept_evidence_unknown_and_past_expiry_allowed(path):
    path.write_text(lines({"investor_ref": "#0x00000000000000ab", "evidence": "unknown", "expires_at": "2020-01-01"}))

    (row,) = whitelist.read_book(path, now=NOW).rows

    assert (row.evidence, row.expires_at) == (UNKNOWN_EVIDENCE, 1_577_836_800)
    assert row.record(1, b"any key").investor_id == 0xAB


# ---------------------------------------------------------------- columns that are passed over


def test_read__unknown_column__refused_unless_it_is_named_and_then_unread(tmp_path, path):
    table, note = tmp_path / "book.csv", "Jane \u200b Doe"
    table.write_text(f"note,{HEADER}\n{note},{','.join(GOOD.values())}\n")
    path.write_text(lines({"note": [note]}))

    for file in (table, path):
        with pytest.raises(RowErrors) as raised:
            whitelist.read_book(file, now=NOW)
        assert [(error.value, error.fault) for error in raised.value.errors] == [("note", "is no column")]
        assert "name it with --ignore-column" in str(raised.value)
        assert len(whitelist.read_book(file, now=NOW, ignore=["note", "other"]).rows) == 1


def test_read__one_of_our_columns_ignored__refused(path):
    path.write_text(lines({}))

    with pytest.raises(InputError, match="Column evidence cannot be ignored"):
        whitelist.read_book(path, now=NOW, ignore=["evidence", "note"])


# ---------------------------------------------------------------- too large, too wrong


@pytest.mark.parametrize("name", ["book.csv", "book.jsonl"])
def test_read__100_mb__refused_before_it_is_looked_at(tmp_path, name):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(100_000_000)

    with pytest.raises(InputError, match=f"is larger than {MAX_BYTES // 1_000_000} MB: check the path, or split it"):
        whitelist.read_book(path, now=NOW)


def test_read__more_faults_than_are_shown__all_counted(tmp_path):
    path = tmp_path / "book.csv"
    bad = (GOOD | {"wallet": wallet_number(index), "country": "XX", "status": "new"} for index in range(MOST_FAULTS))
    path.write_text("\n".join([HEADER, *(",".join(row.values()) for row in bad)]))

    with pytest.raises(RowErrors) as raised:
        whitelist.read_book(path, now=NOW)

    assert (raised.value.count, len(raised.value.errors)) == (2 * MOST_FAULTS, MOST_FAULTS)
    assert str(raised.value).endswith(f"book.csv: {MOST_FAULTS:,} more faults are not shown.")


# ---------------------------------------------------------------- the schema


def valid(row: object) -> bool:
    """What the schema says, by the keywords it uses: a validator of 20 lines is enough for them."""
    if not isinstance(row, dict) or not set(SCHEMA["required"]) <= set(row) <= set(SCHEMA["properties"]):
        return False
    for name, value in row.items():
        rule = SCHEMA["properties"][name]
        assert set(rule) <= {"type", "description", "pattern", "enum"}
        assert rule["type"] == "string"
        if not isinstance(value, str) or value not in rule.get("enum", [value]):
            return False
        # In a schema `$` is the end, in Python the place before a last line feed as well.
        if "pattern" in rule and (value.endswith("\n") or not re.search(rule["pattern"], value)):
            return False
    return True


def accepted(row: dict[str, object], path: Path) -> bool:
    path.write_text(json.dumps(row) + "\n")
    try:
        whitelist.read_book(path, now=0)
    except RowErrors:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"country": "CHE"},
        {"scopes": "HOLD"},
        {"expires_at": "2029-06-30"},
        {"expires_at": "2029-06-30T02:00:00.5+02:00"},
        {"status": "REVOKED"},
        {"evidence": "unknown"},
        {"investor_ref": "#0x00000000000000ab"},
        {"investor_ref": "A B~"},
        {"wallet": "0x" + "00" * 20},
        {"wallet": WALLET[:-1]},
        {"wallet": "0X" + WALLET[2:]},
        {"country": "XX"},
        {"country": "us"},
        {"class": "QIB"},
        {"scopes": ""},
        {"scopes": "HOLD|"},
        {"scopes": "BORROW"},
        {"expires_at": "2029-06-30 00:00:00Z"},
        {"expires_at": "2029-06-30T00:00:00"},
        {"status": "FROZEN"},
        {"evidence": "0x" + "00" * 32},
        {"evidence": EVIDENCE[:-1]},
        {"investor_ref": ""},
        {"investor_ref": " A"},
        {"investor_ref": "A "},
        {"investor_ref": "A\n"},
        {"investor_ref": "-A"},
        {"investor_ref": "#A"},
        {"investor_ref": "1.2E+11"},
        {"investor_ref": "M\u00fcller"},
        {"investor_ref": 7},
        {"name": "Jane"},
    ],
)
def test_schema__good_and_bad_rows__what_the_reader_says(path, change):
    row = GOOD | change

    assert valid(row) is accepted(row, path)


@pytest.mark.parametrize("name", COLUMNS)
def test_schema__column_missing__refused_by_both(path, name):
    row = {key: value for key, value in GOOD.items() if key != name}

    assert not valid(row)
    assert not accepted(row, path)


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(max_codepoint=0x17F), max_size=12))
def test_schema__any_reference__what_the_reader_says(text):
    try:
        parse("investor_ref", text)
    except Fault:
        read = False
    else:
        read = True

    assert valid(GOOD | {"investor_ref": text}) is read


def test_schema__countries_and_columns__those_of_the_reader():
    assert tuple(SCHEMA["properties"]) == tuple(SCHEMA["required"]) == COLUMNS
    assert all(parse("country", code) for code in SCHEMA["properties"]["country"]["enum"])
    assert len(SCHEMA["properties"]["country"]["enum"]) == 2 * 249
