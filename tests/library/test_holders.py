"""The registrar's holder file: what is good, and every fault with its place and remedy."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.errors import InputError
from stockade.records import SHARE
from stockade.reporter.holders import COLUMNS, Holding, read_holders
from stockade.whitelist import RowErrors
from tests.library.books import wallet_number

APPLE, MICROSOFT = "US0378331005", "US5949181045"
ONE, TWO = wallet_number(1), wallet_number(2)
HEADER = ",".join(COLUMNS)
GOOD = f"{APPLE},{ONE},H-1,Zoë Müller,1 Example Street,12.5"


@pytest.fixture
def faults(tmp_path):
    """The faults of rows beneath the header: (row, field, fault)."""

    def found(*rows: str) -> list[tuple[int, str, str]]:
        (path := tmp_path / "holders.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8", newline="")
        with pytest.raises(RowErrors) as raised:
            read_holders(path)
        return [(error.line, error.field, error.fault) for error in raised.value.errors]

    return found


def test_read_holders__good_rows__exact_shares_and_the_files_hash(tmp_path):
    rows = [GOOD, f"{MICROSOFT},{ONE},H-1,Zoë Müller,1 Example Street,0.000000000000000001", ""]
    content = "\r\n".join([HEADER, *rows, f'{APPLE},{TWO},7,"李, 明",2 Example Street,3']).encode()
    (path := tmp_path / "holders.csv").write_bytes(content)

    found = read_holders(path)

    assert found.rows == (
        Holding(2, APPLE, ONE, "H-1", "Zoë Müller", "1 Example Street", 25 * SHARE // 2),
        Holding(3, MICROSOFT, ONE, "H-1", "Zoë Müller", "1 Example Street", 1),
        Holding(5, APPLE, TWO, "7", "李, 明", "2 Example Street", 3 * SHARE),
    )
    assert found.hash == "0x" + hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("isin", "US0378331006", "is no ISIN"),
        ("isin", "us0378331005", "is no ISIN"),
        ("isin", "US-0378331005", "is no ISIN"),
        ("wallet", ONE.lower(), "fails its EIP-55 checksum"),
        ("wallet", "0x" + "00" * 20, "is the zero address, which nobody owns"),
        ("holder", "", "is empty"),
        ("holder", "H\u20101", "contains U+2010, which is invisible or not ASCII"),
        ("holder", "H" * 65, "has more than 64 characters"),
        ("name", "", "is empty"),
        ("name", "=cmd()", "starts like a spreadsheet formula"),
        ("name", "Zoe\u0308", "is not in Unicode's form NFC"),
        ("name", "Zo\u200be", "contains U+200B, which is invisible"),
        ("name", "a\x1b[2Jb", "contains U+001B, which is invisible"),
        ("name", " Zoe", "has spaces around it"),
        ("name", "Z" * 201, "has more than 200 characters"),
        ("address", "A" * 301, "has more than 300 characters"),
        ("shares", "0", "is zero"),
        ("shares", "0.000", "is zero"),
        ("shares", "-1", "starts like a spreadsheet formula"),
        ("shares", "1e3", "is no number of shares"),
        ("shares", "1_000", "is no number of shares"),
        ("shares", "1.", "is no number of shares"),
        ("shares", "0.0000000000000000001", "is no number of shares"),
        ("shares", "100000000000", "is no number of shares"),
    ],
)
def test_read_holders__one_bad_cell__named(faults, field, value, fault):
    cells = dict(zip(COLUMNS, GOOD.split(","), strict=True)) | {field: value}

    assert faults(",".join(cells.values())) == ([(2, field, fault)])


def test_read_holders__wallets_and_people_that_contradict__each_named(faults):
    assert faults(
        GOOD,
        GOOD,
        f"{MICROSOFT},{ONE},H-2,Ann,2 Example Street,1",
        f"{APPLE},{TWO},H-1,Zoe Müller,1 Example Street,1",
    ) == [
        (3, "wallet", "stands in row 2 already, with the same share"),
        (4, "wallet", "belongs to another holder in row 2"),
        (5, "name", "is another than the same holder's in row 2"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEADER, "has no rows"),
        (HEADER.replace("name,", "") + "\n", "field header: 'name' is missing"),
        (HEADER + ",phone\n", "field header: 'phone' is no column"),
        (HEADER.replace(",", ";") + "\n", "separated by semicolons"),
        (f"{HEADER}\n{GOOD},more\n", "7 cells"),
    ],
)
def test_read_holders__no_such_file_as_a_whole__refused(tmp_path, text, said):
    (path := tmp_path / "holders.csv").write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=said):
        read_holders(path)


@given(st.binary(max_size=200))
def test_read_holders__any_bytes__one_kind_of_error_or_a_good_file(tmp_path_factory, content):
    (path := tmp_path_factory.mktemp("any") / "holders.csv").write_bytes(HEADER.encode() + b"\n" + content)

    with pytest.raises(InputError):
        read_holders(path)
