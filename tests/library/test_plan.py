"""Suite plans: the example is what it says, and a mistake is named by file, key and remedy."""

from __future__ import annotations

import shutil
import tomllib

import pytest
from stdnum import lei

from stockade.errors import InputError
from stockade.listing import Document
from stockade.plan import read_plan
from stockade.records import Role
from tests.conftest import ACTORS, key_of
from tests.support import EXAMPLES

ADMIN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
REGISTRAR = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
DESK = "0x1CBd3b2770909D4e10f157cABC84C7264073C9Ec"
HASH = "0x" + "12" * 32
DOCUMENT = f'\n[[document]]\nticker = "MSFT"\nname = "terms"\nuri = "https://example.org/t"\nhash = "{HASH}"\n'
NO_ADMIN = "roles.ADMIN names 0 accounts: name one, the multisig that shall hold it."


@pytest.fixture
def plan(tmp_path):
    """Reads the example plan with one text put in place of another: `plan(old, new)`; without them, as it is."""

    def read(old: str = "", new: str = ""):
        text = (EXAMPLES / "suite.toml").read_text()
        assert old in text
        shutil.copy(EXAMPLES / "listings.toml", tmp_path)
        (tmp_path / "suite.toml").write_text(text.replace(old, new, 1))
        return read_plan(tmp_path / "suite.toml")

    return read


def test_read__example__gives_every_role_its_development_account(plan):
    read = plan()

    assert read.roles == {role: (key_of(ACTORS[role.name.lower()]).address,) for role in Role}
    assert read.registrars == {REGISTRAR: 1}
    assert read.registrar_names == {REGISTRAR: "Example Onboarding"}
    assert read.profile.id == "us-tsv"
    assert read.chain_ids == (1337, 31337)


def test_read__example__has_a_sole_key_and_a_quorum_with_valid_synthetic_leis(plan):
    first, second = plan().custodians

    assert (first.threshold, [account for account, _ in first.attestors]) == (1, [key_of(12).address])
    assert (second.threshold, [account for account, _ in second.attestors]) == (
        2,
        [key_of(index).address for index in (13, 14, 15)],
    )
    for custodian in (first, second):
        assert lei.is_valid(custodian.lei)
        assert custodian.lei.startswith("0000SYNTHETIC")
        assert "synthetic" in custodian.name


def test_read__example__lists_three_shares_and_no_documents(plan):
    read = plan()

    assert [share.ticker for share in read.shares] == ["AAPL", "MSFT", "JPM"]
    assert read.documents == ()


def test_read__document__keeps_its_ticker_and_bytes(plan):
    read = plan('# [[document]]\n# ticker = "AAPL"', DOCUMENT)

    assert read.documents == (("MSFT", Document("terms", "https://example.org/t", b"\x12" * 32)),)


def test_read__profile_by_path__is_relative_to_the_plan(plan, tmp_path):
    text = (EXAMPLES.parent / "src/stockade/profiles/open.toml").read_text()
    (tmp_path / "ours.toml").write_text(text.replace('id = "open"', 'id = "ours"'))

    assert plan('profile = "us-tsv"', 'profile = "ours.toml"').profile.id == "ours"


def test_read__two_accounts_of_one_registrar__share_its_number(plan):
    head = '[[registrar]]\nname = "Example'

    read = plan(head, f'{head} Onboarding"\nnumber = 1\naccount = "{DESK}"\n\n{head}')

    assert read.registrars == {DESK: 1, REGISTRAR: 1}
    assert read.roles[Role.REGISTRAR] == (DESK, REGISTRAR)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f'ADMIN = ["{ADMIN}"]', "", NO_ADMIN),
        (f'ADMIN = ["{ADMIN}"]', "ADMIN = []", NO_ADMIN),
        (
            ADMIN,
            ADMIN.lower(),
            f"key roles.ADMIN 1: {ADMIN.lower()} lacks its EIP-55 checksum: if you trust it, write {ADMIN}.",
        ),
        (ADMIN, "0x" + "0" * 40, "key roles.ADMIN 1: the zero address belongs to nobody: give an account."),
        (ADMIN, "me", "key roles.ADMIN 1: 'me' is no address: give 0x and 40 hex digits."),
        (f'["{ADMIN}"]', f'["{ADMIN}", "{ADMIN}"]', f"roles.ADMIN names {ADMIN} twice: remove one."),
        (
            "PAUSER =",
            "PAUSERS =",
            "roles.PAUSERS is no role: the roles are ADMIN, KEY_ADMIN, UPGRADER, ISSUER, COMPLIANCE, CUSTODY_ADMIN, "
            "MARKET_OPERATOR, PAUSER, REGULATOR, GUARDIAN.",
        ),
        (
            "PAUSER =",
            "REGISTRAR =",
            "roles.REGISTRAR: every [[registrar]] has this role: add an entry there instead.",
        ),
        ("number = 1", "number = 0", "key registrar 1.number: Input should be greater than or equal to 1."),
        ("number = 1", "", "key registrar 1.number is missing: add it."),
        ("number = 1", "number = 65535", "key registrar 1.number: Input should be less than 65535."),
        (
            "[[registrar]]\nname",
            f'[[registrar]]\nname = "Another"\nnumber = 1\naccount = "{DESK}"\n\n[[registrar]]\nname',
            "registrar number 1 is named 'Another' and 'Example Onboarding': keep one.",
        ),
        ("0128", "0129", "key custodian 1.lei: '0000SYNTHETIC0000129' is no LEI, its check digits do not hold: "),
        ("0000SYNTHETIC0000128", "0000synthetic0000128", "key custodian 1.lei: "),
        ("0000SYNTHETIC0000225", "0000SYNTHETIC0000128", "custodian lei 0000SYNTHETIC0000128 is named twice: remove"),
        ("threshold = 2", "threshold = 4", "key custodian 2: threshold 4 is more than its 3 attestors: lower it."),
        ("threshold = 2", "threshold = 0", "key custodian 2.threshold: Input should be greater than or equal to 1."),
        (
            key_of(14).address,
            DESK,
            f"key custodian 2: attestor {DESK} is named twice: each has one vote.",
        ),
        ('kind = "key" }, # account 14', 'kind = "safe" },', "key custodian 2.attestors 2.kind: Input should be 'key'"),
        ('tickers = ["AAPL"', 'tickers = ["APPL"', "has no 'APPL': it has AAPL, MSFT, "),
        ('tickers = ["AAPL"', 'tickers = ["JPM"', "key listings.tickers: JPM is named twice: remove one."),
        ("chain_ids = [1337, 31337]", "chain_ids = []", "key chain_ids: List should have at least 1 item"),
        ("chain_ids =", "chains =", "key chain_ids is missing: add it; "),
        ("[listings]", "[listing]", "unknown key listing: remove it, or correct its spelling."),
        (
            '# [[document]]\n# ticker = "AAPL"',
            DOCUMENT.replace("MSFT", "KO"),
            "key document.ticker: the plan lists no 'KO': add it to listings.tickers.",
        ),
        (
            '# [[document]]\n# ticker = "AAPL"',
            DOCUMENT.replace(HASH, "12"),
            "key document 1.hash: give a hash as 0x and 64 hex digits.",
        ),
        (
            '# [[document]]\n# ticker = "AAPL"',
            DOCUMENT.replace(HASH, HASH[:-2]),
            "The hash of document terms is not 32 bytes, or is zero: take keccak256 of its bytes.",
        ),
    ],
)
def test_read__one_mistake__is_named_with_file_key_and_remedy(plan, tmp_path, old, new, sentence):
    with pytest.raises(InputError) as refused:
        plan(old, new)

    assert str(refused.value).startswith(f"{tmp_path}/suite.toml: ")
    assert sentence in str(refused.value)


def test_read__unknown_profile__names_those_that_ship(plan):
    with pytest.raises(InputError, match="There is no profile 'us'"):
        plan('profile = "us-tsv"', 'profile = "us"')


def test_read__listings_file_missing__names_it(plan, tmp_path):
    with pytest.raises(InputError, match=rf"^{tmp_path}/shares.toml does not exist"):
        plan('file = "listings.toml"', 'file = "shares.toml"')


def test_read__no_file__names_it(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.toml does not exist"):
        read_plan(tmp_path / "nothing.toml")


def test_read__no_toml__names_file_and_line(plan):
    with pytest.raises(InputError, match=r"suite\.toml cannot be read as TOML: .*line"):
        plan("[roles]", "[roles")


def test_example__every_address__is_a_development_account_and_marked_public():
    text = (EXAMPLES / "suite.toml").read_text()
    content = tomllib.loads(text)
    development = {key_of(index).address for index in range(1, 16)}

    named = {account for accounts in content["roles"].values() for account in accounts}
    named |= {each["account"] for each in content["registrar"]}
    named |= {attestor["account"] for each in content["custodian"] for attestor in each["attestors"]}

    assert named == development
    assert "EVERY ADDRESS BELOW BELONGS TO A PUBLIC KEY" in text
    assert content["chain_ids"] == [1337, 31337]
