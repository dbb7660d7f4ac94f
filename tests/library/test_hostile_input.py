"""Input as an attack.

A book: what a spreadsheet, an editor or a forger may put into it is put right by a stated rule or refused with its
place, and none of it reaches the terminal as it stands. A deployment file and a node: nothing is signed for another
chain, or for contracts that are not ours.
"""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.exceptions import ConnectionError
from web3.exceptions import CannotHandleRequest

from stockade import manifest, whitelist
from stockade.ape import SafeConsole, printable
from stockade.chain import ask
from stockade.errors import InputError, NetworkError, Refused
from stockade.suite import CONTRACTS, Deployment, Suite
from stockade.whitelist import COLUMNS, RowErrors
from tests.conftest import key_of
from tests.support import EXAMPLES, ROOT

NOW = 1_800_000_000  # 2027-01-15
HEADER = ",".join(COLUMNS)
GOOD = {
    "wallet": "",  # each row's own
    "investor_ref": "KATO-31",
    "country": "AT",
    "class": "retail",
    "scopes": "HOLD|TRANSFER",
    "expires_at": "2029-06-30T00:00:00Z",
    "status": "ACTIVE",
    "evidence": "0x" + "ab" * 32,
}

CYRILLIC = str.maketrans("ABEHKMOPTaeopxcy", "АВЕНКМОРТаеорхсу")  # noqa: RUF001
GREEK = str.maketrans("ABEHKMOPTaiotv", "ΑΒΕΗΚΜΟΡΤαιοτν")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
ARABIC_DIGITS = {ord("0") + value: 0x0660 + value for value in range(10)}

# Characters that are not seen, or reorder, erase or colour what is.
INVISIBLE = {
    "nul": "\0",
    "bell": "\a",
    "escape": "\x1b",
    "tab": "\t",
    "line feed": "\n",
    "carriage return": "\r",
    "delete": "\x7f",
    "C1 control sequence introducer": "\x9b",
    "no-break space": "\xa0",
    "soft hyphen": "\xad",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "line separator": "\u2028",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "isolate": "\u2066",
    "variation selector": "\ufe0f",
    "byte order mark": "\ufeff",
    "combining accent": "\u0301",
    "tag letter": "\U000e0041",
}


def wallet(index: int) -> str:
    return to_checksum_address(keccak(b"hostile %d" % index)[12:])


def quoted(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def book(path: Path, *rows: dict[str, str]) -> Path:
    """A file of rows that differ from a good one as told; every cell in quotes, as a forger would."""
    whole = [GOOD | {"wallet": wallet(index)} | row for index, row in enumerate(rows)]
    text = "\n".join([HEADER, *(quoted([row[name] for name in COLUMNS]) for row in whole)]) + "\n"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.csv"


@pytest.fixture
def faults():
    """The faults of a file: (row, field, value, fault)."""

    def found(path: Path) -> list[tuple[int, str, str, str]]:
        with pytest.raises(RowErrors) as raised:
            whitelist.read_book(path, now=NOW)
        assert all(error.remedy for error in raised.value.errors)
        return [(error.line, error.field, error.value, error.fault) for error in raised.value.errors]

    return found


@pytest.fixture
def check():
    """`ape run whitelist check FILE`: exit status and what it printed."""
    spec = importlib.util.spec_from_file_location("whitelist_script", ROOT / "scripts" / "whitelist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(path: Path) -> tuple[int, str]:
        done = CliRunner().invoke(module.cli, ["check", str(path)])
        assert "Traceback" not in done.output
        return done.exit_code, done.output

    return run


def harmless(said: str) -> bool:
    """Whether a terminal shows exactly this: our own table is drawn in box characters, all else is ASCII."""
    return all((char.isascii() and char.isprintable()) or char in "\n│┃─━┏┳┓┡╇┩└┴┘" for char in said)


# ---------------------------------------------------------------- every column


def hostile(name: str, good: str) -> list[tuple[str, str]]:
    """What may stand in a cell instead of a good value, and the fault it is refused for."""
    cells = [(start + good, "starts like a spreadsheet formula") for start in "=+-@"]
    for char in INVISIBLE.values():
        said = f"contains U+{ord(char):04X}, which is invisible or not ASCII"
        cells += [(char + good, said), (good[:1] + char + good[1:], said), (good + char, said)]
    for table in (CYRILLIC, GREEK, FULL_WIDTH, ARABIC_DIGITS):
        place = next((at for at, char in enumerate(good) if ord(char) in table), None)
        if place is not None:
            like = good[place].translate(table)
            said = f"contains U+{ord(like):04X}, which is invisible or not ASCII"
            cells.append((good[:place] + like + good[place + 1 :], said))
    cells += [("", "is empty"), (" " + good, "has spaces around it"), (good + " ", "has spaces around it")]
    cells.append(("1.23457E+11", NUMBERS[name]))
    return cells


# How each column refuses a number that a spreadsheet made of something.
NUMBERS = {
    "wallet": "is not an address",
    "investor_ref": "is a number that a spreadsheet cut short",
    "country": "is no ISO 3166-1 country",
    "class": "is no investor class",
    "scopes": "holds no scope '1.23457E+11'",
    "expires_at": "is no RFC 3339 time with a time zone",
    "status": "is no status",
    "evidence": "is no 32-byte hash",
}


def test_read__every_attack_in_every_column__each_refused_at_its_place_and_all_at_once(path, faults, check):
    """One file: a row for each attack on each column, and nothing else wrong in it."""
    rows, wanted = [], []
    line = 2
    for name in COLUMNS:
        for cell, fault in hostile(name, GOOD[name] or wallet(len(rows))):
            rows.append({name: cell})
            wanted.append((line, name, cell, fault))
            line += 1 + cell.count("\n")
    book(path, *rows)

    assert faults(path) == wanted
    assert len(wanted) > 500

    status, said = check(path)
    assert status == 2
    assert f"{len(wanted)} faults. Nothing was sent" in " ".join(said.split())
    assert harmless(said)


def test_harmless__planted__seen():
    """The control: what the test above looks for, it finds."""
    assert harmless("│ row 2 │ 'a\\u200b' ┃")
    assert not any(harmless(f"row{char}2") for char in INVISIBLE.values() if char != "\n")
    assert not harmless("W\u0430llet")


# ---------------------------------------------------------------- values of one column


@pytest.mark.parametrize(
    ("field", "cell", "fault"),
    [
        ("wallet", "vitalik.eth", "is not an address"),
        ("wallet", "XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS", "is not an address"),
        ("wallet", wallet(7)[2:], "is not an address"),
        ("wallet", wallet(7)[:-1], "is not an address"),
        ("wallet", wallet(7) + "0", "is not an address"),
        ("wallet", "0x" + wallet(7)[2:].swapcase(), "fails its EIP-55 checksum"),
        ("wallet", "0x" + wallet(7)[2:].upper(), "fails its EIP-55 checksum"),
        ("wallet", "0x" + "0" * 40, "is the zero address, which nobody owns"),
        ("investor_ref", "5e-324", "is a number that a spreadsheet cut short"),
        ("country", "040", "is no ISO 3166-1 country"),
        ("country", "At", "is no ISO 3166-1 country"),
        ("scopes", "31", "holds no scope '31'"),
        ("scopes", "HOLD| TRANSFER", "holds no scope ' TRANSFER'"),
        ("expires_at", "1877472000", "is no RFC 3339 time with a time zone"),
        ("expires_at", "46203", "is no RFC 3339 time with a time zone"),  # a spreadsheet's day number
        ("expires_at", "06/30/2029", "is no RFC 3339 time with a time zone"),
        ("expires_at", "2029-06-30T23:59:60Z", "is no date or time of the calendar"),
        ("expires_at", "9999-12-31T23:59:59-00:01", "lies after the year 9999 in UTC"),
        ("expires_at", "0001-01-01T00:00:00+14:00", "lies before 1970, where no record reaches"),
        ("status", "2", "is no status"),
        ("evidence", "0x" + "ab" * 31, "is no 32-byte hash"),
        ("evidence", "0x" + "ab" * 33, "is no 32-byte hash"),
        ("evidence", "0X" + "ab" * 32, "is no 32-byte hash"),
    ],
)
def test_read__bad_cell__refused_with_row_column_and_value(path, faults, field, cell, fault):
    assert faults(book(path, {}, {field: cell})) == [(3, field, cell, fault)]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("9999-12-31T22:59:59-01:00", 253_402_300_799),
        ("2029-03-25T02:30:00+01:00", 1_869_096_600),  # an hour that European clocks skip
        ("2029-10-28T02:30:00+02:00", 1_887_841_800),  # and one that they have twice
        ("2029-10-28T02:30:00+01:00", 1_887_845_400),
        ("2029-06-30T05:45:00+05:45", 1_877_472_000),
        ("2029-06-30", 1_877_472_000),
    ],
)
def test_read__expiry__the_same_second_and_the_same_words_in_every_time_zone(
    path, check, monkeypatch, request, cell, seconds
):
    request.addfinalizer(time.tzset)  # after monkeypatch has taken TZ back
    book(path, {"expires_at": cell})
    read, said = [], []

    for zone in ("UTC", "Asia/Kathmandu", "Europe/Vienna", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        read.append(whitelist.read_book(path, now=NOW).rows[0].expires_at)
        said.append(check(path))
    monkeypatch.undo()

    assert read == [seconds] * 4
    assert said == said[:1] * 4
    assert whitelist.in_words(seconds) in said[0][1]


def test_in_words__a_record_that_ends_after_the_year_9999__said_as_a_number(record):
    """The registry takes 40 bits: another registrar's tool may have written `never`."""
    never = 2**40 - 1

    assert whitelist.in_words(never) == "second 1099511627775, after the year 9999"
    assert whitelist.describe(record(expires_at=never), NOW)["eligible until"] == whitelist.in_words(never)


def test_read__reference_with_an_e__is_no_number(path):
    """The adjacent positive: only what a spreadsheet writes is refused."""
    (row,) = whitelist.read_book(book(path, {"investor_ref": "12E4"}), now=NOW).rows

    assert row.investor_ref == "12E4"


# ---------------------------------------------------------------- the file


def plain(index: int, **changes: str) -> str:
    return ",".join((GOOD | {"wallet": wallet(index)} | changes)[name] for name in COLUMNS)


def test_read__carriage_return_outside_quotes__its_row_refused_and_the_others_read(path, faults):
    bad = plain(1, country="A\rT")
    rows = [HEADER, plain(0), bad, plain(2, status="active"), plain(3)]
    path.write_bytes("\n".join(rows).encode())

    assert faults(path) == [
        (3, "row", bad, "holds a carriage return that ends no line"),
        (4, "status", "active", "is no status"),
    ]


def test_read__only_carriage_returns__refused_at_the_header(path):
    path.write_bytes("\r".join([HEADER, plain(0)]).encode())

    with pytest.raises(InputError, match="row 1: the header holds a carriage return that ends no line: write wallet,"):
        whitelist.read_book(path, now=NOW)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n"])
def test_read__lf_or_crlf_and_any_last_line__the_same_book(path, ends, last):
    path.write_bytes((ends.join([HEADER, plain(0), plain(1)]) + last).encode())

    assert [(row.line, row.wallet) for row in whitelist.read_book(path, now=NOW).rows] == [
        (2, wallet(0)),
        (3, wallet(1)),
    ]


@pytest.mark.parametrize("break_", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_read__what_some_editors_take_for_a_line_end__ends_no_row(path, faults, break_):
    path.write_text("\n".join([HEADER, plain(0, status="ACTIVE" + break_), plain(1, country="XX")]), newline="")

    assert [(line, field) for line, field, _, _ in faults(path)] == [(2, "status"), (3, "country")]


def test_read__quotes_across_lines__one_row_and_the_next_keeps_its_number(path, faults):
    swallowed = f"KATO\n{plain(8)}\n{plain(9)}"
    rows = [HEADER, plain(0, investor_ref=f'"{swallowed}"'), plain(1, country="")]
    path.write_bytes("\n".join(rows).encode())

    assert faults(path) == [
        (2, "investor_ref", swallowed, "contains U+000A, which is invisible or not ASCII"),
        (5, "country", "", "is empty"),
    ]


@pytest.mark.parametrize("quote", ["", '"'])
def test_read__huge_cell__its_row_refused_cut_short_and_the_others_read(path, check, faults, quote):
    huge = plain(1, investor_ref=quote + "A" * 200_000 + quote)
    path.write_bytes("\n".join([HEADER, plain(0), huge, plain(2, country="XX")]).encode())

    assert faults(path) == [
        (3, "row", huge, "holds a cell of more than 131,072 characters"),
        (4, "country", "XX", "is no ISO 3166-1 country"),
    ]
    with pytest.raises(RowErrors) as raised:
        whitelist.read_book(path, now=NOW)
    assert len(str(raised.value)) < 1_000
    assert len(check(path)[1]) < 5_000


def test_read__ten_thousand_cells_in_a_row__refused(path, faults):
    path.write_bytes("\n".join([HEADER, plain(0) + "," * 10_000]).encode())

    assert faults(path) == [(2, "row", "10008 cells", "are not 8")]


@pytest.mark.parametrize(
    ("encoding", "fault"),
    [
        ("utf-16", "row 1: not UTF-8"),
        ("utf-16-le", "row 1: holds NUL, so it is UTF-16 or no text"),
        ("utf-16-be", "row 1: holds NUL, so it is UTF-16 or no text"),
        ("utf-32", "row 1: not UTF-8"),
        ("latin-1", "row 3: not UTF-8"),
        ("cp1251", "row 3: not UTF-8"),
        ("shift-jis", "row 3: not UTF-8"),
    ],
)
def test_read__another_encoding__refused_with_the_row_and_the_remedy(path, encoding, fault):
    letter = {"cp1251": "Ж", "shift-jis": "あ", "utf-16-le": "U", "utf-16-be": "U"}.get(encoding, "ü")
    path.write_bytes("\n".join([HEADER, plain(0), plain(1, investor_ref=f"M{letter}LLER")]).encode(encoding))

    with pytest.raises(InputError) as raised:
        whitelist.read_book(path, now=NOW)

    assert str(raised.value) == f"{path}, {fault}: save the file as CSV in UTF-8."


@pytest.mark.parametrize("raw", [b"\xc0\xbd1", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_read__overlong_or_surrogate_bytes__are_no_utf_8(path, raw):
    path.write_bytes(f"{HEADER}\n".encode() + plain(0, investor_ref="CELL").encode().replace(b"CELL", raw))

    with pytest.raises(InputError, match="row 2: not UTF-8: save the file as CSV in UTF-8"):
        whitelist.read_book(path, now=NOW)


def test_read__two_files_put_together__mark_and_second_header_refused(path, faults):
    """A byte order mark is dropped at the beginning of the file and nowhere else."""
    part = f"{HEADER}\n{plain(0)}\n"
    path.write_bytes(("\ufeff" + part + "\ufeff" + part.replace(wallet(0), wallet(1))).encode())

    found = faults(path)

    assert found[0] == (3, "wallet", "\ufeffwallet", "contains U+FEFF, which is invisible or not ASCII")
    assert {(line, field) for line, field, _, _ in found} == {(3, name) for name in COLUMNS if name != "investor_ref"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("w\u0430llet", r"'w\u0430llet'"),
        ("wallet\u200b", r"'wallet\u200b'"),
        ("\ufeffwallet", r"'\ufeffwallet'"),  # the second of two marks
        ("wallet\x1b[2J", r"'wallet\x1b[2J'"),
        (" wallet", "' wallet'"),
        ("Wallet", "'Wallet'"),
    ],
)
def test_read__column_that_looks_like_one__named_with_what_tells_them_apart(path, check, name, shown):
    path.write_text("\ufeff" + HEADER.replace("wallet", name, 1) + "\n" + plain(0), encoding="utf-8")

    with pytest.raises(RowErrors) as raised:
        whitelist.read_book(path, now=NOW)
    status, said = check(path)

    assert [(error.line, error.field, error.shown, error.fault) for error in raised.value.errors] == [
        (1, "header", shown, "is no column"),
        (1, "header", "'wallet'", "is missing"),
    ]
    assert status == 2
    assert harmless(said)


@pytest.mark.parametrize("name", ["[red]\x1b[2J.csv", "[/red].csv", "\u202egnp.csv", "\x9bm.csv"])
def test_check__hostile_file_name__neither_obeyed_nor_taken_for_markup(tmp_path, check, name):
    good, bad, lost = tmp_path / f"good {name}", tmp_path / f"bad {name}", tmp_path / f"lost {name}"
    for file in (good, bad):
        file.parent.mkdir(exist_ok=True)  # a closing tag takes a folder
    book(good, {})
    book(bad, {"country": "XX"})

    for file, status in ((good, 0), (bad, 2), (lost, 2)):
        ended, said = check(file)
        assert ended == status
        assert harmless(said)
        assert printable(name) in said.replace("\n", "")


# ---------------------------------------------------------------- anything at all


EXAMPLE = (EXAMPLES / "investors.csv").read_bytes()[:2_000]


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(lambda text: (HEADER + "\n" + text).encode("utf-8", "surrogatepass")),
        st.tuples(st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=8)).map(
            lambda cut: EXAMPLE[: cut[0]] + cut[2] + EXAMPLE[cut[0] + cut[1] :]
        ),
    )
)
def test_read__any_bytes__a_good_book_or_a_refusal_that_shows_nothing_raw(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)

    rows: tuple[whitelist.Row, ...] = ()
    said = str(path)
    try:
        rows = whitelist.read_book(path, now=NOW).rows
    except InputError as refused:
        said = str(refused)

    assert str(path) in said
    assert harmless(said)
    assert all(whitelist.parse_wallet(row.wallet) for row in rows)
    assert len({row.wallet for row in rows}) == len(rows)


# ---------------------------------------------------------------- the terminal


def test_console__control_characters_in_what_is_shown__escaped_and_our_own_styles_kept(capsys):
    out = SafeConsole(force_terminal=True, color_system="standard", highlight=False)

    out.print("[red]symbol \x1b[2J\u202e\x9b\r[/]")

    assert capsys.readouterr().out == "\x1b[31msymbol \\x1b[2J\\u202e\\x9b\x1b[0m\n"


# ---------------------------------------------------------------- another chain, other code


class NeverAsked:
    """A signer that must not be asked."""

    address = key_of(18).address

    def sign_transaction(self, transaction: object) -> bytes:
        raise AssertionError(f"asked to sign {transaction}")


class Asked(NeverAsked):
    """A signer that is asked, and does not sign."""

    def __init__(self) -> None:
        self.chain_ids: list[int] = []

    def sign_transaction(self, transaction: dict[str, int]) -> bytes:
        self.chain_ids.append(transaction["chainId"])
        raise InputError("not signed")


@pytest.fixture
def approve(suite, token, keys):
    """A call that anybody may make."""
    return suite.token(token.address).functions.approve(keys.alice.address, 1)


def test_send__node_that_names_another_chain_once_the_suite_is_open__signs_for_the_deployments(
    suite, approve, monkeypatch
):
    signer = Asked()
    monkeypatch.setattr(type(suite.w3.eth), "chain_id", 1)

    with pytest.raises(InputError, match="not signed"):
        suite.send(signer, approve)

    assert signer.chain_ids == [suite.deployment.chain_id]
    assert suite.deployment.chain_id != 1


@pytest.fixture
def with_code(suite, monkeypatch):
    """The suite as it opens where a contract has other code and its file says so: `with_code(name, code)`."""

    def opened(name: str, code: bytes) -> Suite:
        place = suite.deployment.addresses[name]
        found = suite.w3.eth.get_code
        monkeypatch.setattr(suite.w3.eth, "get_code", lambda at, *rest: code if at == place else found(at, *rest))
        recorded = suite.deployment.code | {name: "0x" + keccak(code).hex()}
        return Suite(suite.w3, replace(suite.deployment, code=recorded))

    return opened


def code_of(suite: Suite, name: str) -> bytearray:
    return bytearray(suite.w3.eth.get_code(suite.deployment.addresses[name]))


@pytest.mark.parametrize("name", CONTRACTS)
def test_send__one_byte_of_a_contract_differs_from_the_manifest__refused_by_name_before_it_is_signed(
    suite, approve, with_code, name
):
    code = code_of(suite, name)
    code[3] ^= 1
    other = with_code(name, bytes(code))

    with pytest.raises(NetworkError) as refused:
        other.send(NeverAsked(), approve)

    assert str(refused.value) == (
        f"The {CONTRACTS[name]} at {suite.deployment.addresses[name]} is not the one that this version of Stockade was "
        "built with, and nothing was signed: use the version that deployed the suite."
    )


@pytest.mark.parametrize("cut", [slice(-1), slice(3)])
def test_send__code_cut_short__refused(suite, approve, with_code, cut):
    other = with_code("ledger", bytes(code_of(suite, "ledger")[cut]))

    with pytest.raises(NetworkError, match="The CustodyLedger at .* is not the one that this version"):
        other.send(NeverAsked(), approve)


def test_send__another_deployments_immutables_and_another_comment__are_the_same_contract(suite, approve, with_code):
    """The adjacent positive: what differs between two deployments, or two states of a comment, is no other code."""
    code = code_of(suite, "registry")
    for places in manifest.contract("InvestorRegistry")["immutables"].values():
        for place in places:
            code[place["start"]] ^= 1
    code[code.index(b"\x64ipfs\x58\x22") + 7] ^= 1
    signer = Asked()

    with pytest.raises(InputError, match="not signed"):
        with_code("registry", bytes(code)).send(signer, approve)

    assert signer.chain_ids == [suite.deployment.chain_id]


def test_send__other_implementation__asked_about_for_all_but_its_upgrade(suite, with_code, keys):
    """Whoever upgrades has the version that knows the next implementation, and not this one."""
    code = code_of(suite, "implementation")
    code[3] ^= 1
    other = with_code("implementation", bytes(code))

    other.require_known_code(upgrading=True)
    with pytest.raises(Refused, match="AccessManagedUnauthorized"):
        other.send(NeverAsked(), other.factory.functions.upgrade(keys.alice.address, bytes(32), []))
    with pytest.raises(NetworkError, match="The ShareToken at"):
        other.send(NeverAsked(), other.registry.functions.setRegistrar(keys.alice.address, 3))


def test_open__code_not_recorded__refused(suite):
    """An empty list of code hashes is no way around them."""
    with pytest.raises(NetworkError, match="is not the SuiteAuthority that was deployed: check the network"):
        Suite(suite.w3, replace(suite.deployment, code={}))


@pytest.mark.parametrize("code", [None, 1, "0x12", "0x" + "AB" * 32])
def test_load__code_that_is_no_hash__names_the_field(suite, tmp_path, code):
    file = tmp_path / "1337.json"
    hashes = {name: value for name, value in (suite.deployment.code | {"ledger": code}).items() if value is not None}
    file.write_text(json.dumps(asdict(suite.deployment) | {"code": hashes}))

    with pytest.raises(InputError) as refused:
        Deployment.load(file)

    assert str(refused.value) == (
        f"{file}: field code.ledger is {code!r}, not a hash; let `ape run deploy suite` write the file."
    )


# ---------------------------------------------------------------- a node that stops answering


@pytest.mark.parametrize("error", [ConnectionError("http://node/v3/SECRET"), CannotHandleRequest("params: SECRET")])
def test_ask__connection_broken__one_sentence_without_the_nodes_address(error):
    def question() -> None:
        raise error

    with pytest.raises(NetworkError) as raised:
        ask(question)

    assert str(raised.value) == (
        "The node does not answer any more: see whether the last act was done before you repeat it."
    )
