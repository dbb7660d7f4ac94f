"""Records that change hands, through the library: offered, taken over by a book, assigned by COMPLIANCE."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade import compliance, whitelist
from stockade.compliance import Order
from stockade.errors import InputError, Refused
from stockade.records import LOST, Basis
from stockade.sending import Settings
from stockade.suite import Suite
from stockade.whitelist import DEVELOPMENT_KEY, ChangeKind, Refusal, RefusedRow, registrars
from tests.support import EXAMPLES

ORDER = Order(Basis.REGULATOR_ORDER, b"\xee" * 32)
FIRST = "registrar 1 (First Example Onboarding)"
NAMES = {"1": "First Example Onboarding"}


@pytest.fixture
def named(suite):
    """The suite with a deployment file that names registrar 1, and not registrar 2."""
    return Suite(suite.w3, replace(suite.deployment, registrars=NAMES))


@pytest.fixture
def offer(named, keys):
    """Prepares and sends an offer of registrar 1, to registrar 2 unless told otherwise."""

    def act(*wallets, to=2, signer=keys.registrar):
        made = whitelist.prepare_offer(named, signer.address, [each.address for each in wallets], to)
        whitelist.send_offer(named, signer, made)
        return made

    return act


@pytest.fixture
def offered(suite):
    return lambda *wallets: [suite.registry.functions.offeredTo(each.address).call() for each in wallets]


# ---------------------------------------------------------------- names


def test_registrar__named_or_not__in_words(named):
    assert named.registrar_names == {1: "First Example Onboarding"}
    assert (named.registrar(1), named.registrar(2)) == (FIRST, "registrar 2")


# ---------------------------------------------------------------- wallets from a person


def test_read_wallets__addresses_or_a_file__in_order(keys, tmp_path):
    wanted = [keys.alice.address, keys.bob.address]
    file = tmp_path / "leaving.txt"
    file.write_text(f"# leaving on Friday\n{wanted[0]}\n\n  {wanted[1]}  # his second\r\n", encoding="utf-8-sig")

    assert whitelist.read_wallets(wanted) == whitelist.read_wallets([str(file)]) == wanted


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "leaving.txt names no wallet: write one address on each line."),
        (b"# none\n", "leaving.txt names no wallet: write one"),
        (b"\xff\xfe0\0", "leaving.txt is not UTF-8: save it as plain text"),
        (b"\n0x12\n", "leaving.txt, line 2: '0x12' is not an address"),
        (b"0x" + b"f" * 10_000_000, "leaving.txt, line 1: '0xffff"),
        (b"\x1b[2J", "leaving.txt, line 1: "),
    ],
)
def test_read_wallets__unfit_file__names_the_line(tmp_path, content, sentence):
    file = tmp_path / "leaving.txt"
    file.write_bytes(content)

    with pytest.raises(InputError) as raised:
        whitelist.read_wallets([str(file)])
    assert sentence in str(raised.value)
    assert len(str(raised.value)) < len(str(tmp_path)) + 300


def test_read_wallets__twice__refused(keys, tmp_path):
    alice = keys.alice.address
    file = tmp_path / "leaving.txt"
    file.write_text(f"{alice}\n{alice}\n")

    with pytest.raises(InputError, match=rf"leaving\.txt, line 2: {alice} is named twice: remove one"):
        whitelist.read_wallets([str(file)])
    with pytest.raises(InputError, match=f"^{alice} is named twice"):
        whitelist.read_wallets([alice, alice])


def test_read_wallets__neither_wallet_nor_file__said(tmp_path):
    with pytest.raises(InputError, match=r"nowhere is no wallet \(0x and 40 hex digits\), and no file"):
        whitelist.read_wallets([str(tmp_path / "nowhere")])


# ---------------------------------------------------------------- offered


def test_offer__own_records__sent_and_again_nothing_to_do(suite, keys, admit, offer, offered):
    admit(keys.alice, keys.bob)

    first = offer(keys.alice, keys.bob)
    again = offer(keys.alice, keys.bob)

    assert (first.registrar, first.to, len(first.wallets), first.unchanged, len(first.calls)) == (1, 2, 2, 0, 1)
    assert (again.wallets, again.unchanged, again.calls) == ((), 2, ())
    assert offered(keys.alice, keys.bob) == [2, 2]


def test_offer__withdrawn_of_one__the_other_stands(keys, admit, offer, offered):
    admit(keys.alice, keys.bob)
    offer(keys.alice, keys.bob)

    assert offer(keys.alice, to=0).wallets == (keys.alice.address,)

    assert offered(keys.alice, keys.bob) == [0, 2]


def test_offer__more_than_a_batch__several_transactions(keys, admit, offer, offered, monkeypatch):
    monkeypatch.setattr(registrars, "PER_CALL", 2)
    wallets = (keys.alice, keys.bob, keys.carol)
    admit(*wallets)

    assert [len(call.arguments[0]) for call in offer(*wallets).calls] == [2, 1]
    assert offered(*wallets) == [2, 2, 2]


@pytest.mark.parametrize("to", [1, LOST, 2**16, -1])
def test_prepare_offer__to_no_other_registrar__refused(named, keys, admit, to):
    admit(keys.alice)

    with pytest.raises(InputError, match=rf"^Records of {FIRST} cannot".replace("(", r"\(").replace(")", r"\)")):
        whitelist.prepare_offer(named, keys.registrar.address, [keys.alice.address], to)


def test_prepare_offer__wallets_that_are_not_its_own__named_and_nothing_sent(named, suite, keys, record, admit):
    admit(keys.alice, keys.bob, keys.treasury, investor_id=7)
    suite.send(keys.compliance, suite.registry.functions.recover(keys.bob.address, keys.treasury.address, 1, bytes(32)))
    row = record(registrar=2).pack()
    suite.send(keys.second_registrar, suite.registry.functions.setRecords([keys.carol.address], [row], b"\x11" * 32))
    wallets = [each.address for each in (keys.alice, keys.bob, keys.carol, keys.outsider, keys.stranger)]

    with pytest.raises(InputError) as raised:
        whitelist.prepare_offer(named, keys.registrar.address, wallets, 2)

    assert str(raised.value) == (
        f"{keys.bob.address} was declared lost, {keys.carol.address} belongs to registrar 2, "
        f"{keys.outsider.address} has no record, and so on, 4 in all: {FIRST} can offer its own records alone."
    )


def test_prepare_offer__account_without_a_number__refused(suite, keys):
    with pytest.raises(InputError, match="writes for no registrar"):
        whitelist.prepare_offer(suite, keys.stranger.address, [], 2)


# ---------------------------------------------------------------- taken over by a book


@pytest.fixture
def book():
    """The first rows of the example book."""
    whole = whitelist.read_book(EXAMPLES / "investors.csv", now=1_800_000_000)
    return lambda rows: replace(whole, rows=whole.rows[:rows])


@pytest.fixture
def of_the_first(suite, keys, record, book):
    """A book of two rows, whose wallets have records of registrar 1."""
    wallets = [row.wallet for row in book(2).rows]
    call = suite.registry.functions.setRecords(wallets, [record().pack()] * 2, b"\x11" * 32)
    suite.send(keys.registrar, call)
    return book(2)


@pytest.fixture
def second(named):
    """What the second registrar's book would change."""

    def plan(book):
        return whitelist.make_plan(named, whitelist.read_whitelist(named), book, DEVELOPMENT_KEY, 2)

    return plan


def test_apply__rows_offered_to_it__taken_over(named, keys, of_the_first, second, tmp_path):
    wallets = [row.wallet for row in of_the_first.rows]
    made = whitelist.prepare_offer(named, keys.registrar.address, wallets, 2)
    whitelist.send_offer(named, keys.registrar, made)

    plan = second(of_the_first)
    whitelist.apply(named, keys.second_registrar, plan, tmp_path / "journal", settings=Settings(pause=0.01))

    assert [row.kind for row in plan.rows] == [ChangeKind.CHANGE, ChangeKind.CHANGE]
    assert [named.record(wallet).registrar for wallet in wallets] == [2, 2]
    assert (second(of_the_first).rows, second(of_the_first).refused) == ((), ())


def test_plan__one_row_is_not_offered__that_one_named_with_its_firm(named, keys, of_the_first, second):
    made = whitelist.prepare_offer(named, keys.registrar.address, [of_the_first.rows[0].wallet], 2)
    whitelist.send_offer(named, keys.registrar, made)

    found = second(of_the_first)

    says = f"belongs to {FIRST}: take the row out, or have them offer it (whitelist offer)"
    assert found.refused == (RefusedRow(3, of_the_first.rows[1].wallet, Refusal.REGISTRAR, says),)
    assert [row.line for row in found.rows] == [2]


# ---------------------------------------------------------------- assigned


def test_assign_registrar__known_records__those_it_has_are_left_out(named, keys, admit):
    admit(keys.alice, keys.bob)
    (one,) = compliance.assign_registrar(named, [keys.alice.address], 2, ORDER)
    assert one.says == f"assign {keys.alice.address}, of {FIRST}, to registrar 2: {ORDER}"
    compliance.rehearse(named, keys.compliance.address, one)
    compliance.carry_out(named, keys.compliance, one)

    both = compliance.assign_registrar(named, [keys.alice.address, keys.bob.address], 2, ORDER)
    assert [act.call.arguments[0] for act in both] == [[keys.bob.address]]
    compliance.carry_out(named, keys.compliance, both[0])

    assert [named.record(each.address).registrar for each in (keys.alice, keys.bob)] == [2, 2]
    assert compliance.assign_registrar(named, [keys.alice.address, keys.bob.address], 2, ORDER) == []


def test_assign_registrar__more_than_a_batch__several_acts(suite, keys, admit, monkeypatch):
    monkeypatch.setattr(compliance, "PER_CALL", 2)
    wallets = [each.address for each in (keys.alice, keys.bob, keys.carol)]
    admit(keys.alice, keys.bob, keys.carol)

    acts = compliance.assign_registrar(suite, wallets, 2, ORDER)

    assert [act.call.arguments[0] for act in acts] == [wallets[:2], wallets[2:]]
    what = f"assign 2 records, from {wallets[0]} to {wallets[1]}, of registrar 1, to registrar 2: {ORDER}"
    assert acts[0].says == what


def test_assign_registrar__no_record_or_lost__named(suite, keys, admit):
    admit(keys.alice, keys.bob, keys.treasury, investor_id=7)
    suite.send(keys.compliance, suite.registry.functions.recover(keys.bob.address, keys.treasury.address, 1, bytes(32)))

    wallets = [each.address for each in (keys.alice, keys.bob, keys.stranger)]

    with pytest.raises(InputError) as raised:
        compliance.assign_registrar(suite, wallets, 2, ORDER)

    assert str(raised.value) == (
        f"{keys.bob.address} was declared lost, {keys.stranger.address} has no record: only a registrar's records can "
        "be assigned."
    )


@pytest.mark.parametrize("to", [0, LOST, -1])
def test_assign_registrar__no_registrars_number__refused(suite, to):
    with pytest.raises(InputError, match=f"^{to} is no registrar's number: choose 1 to 65534"):
        compliance.assign_registrar(suite, [], to, ORDER)


def test_assign_registrar__by_another_role__said_before_anything_is_sent(suite, keys, admit):
    admit(keys.alice)
    (act,) = compliance.assign_registrar(suite, [keys.alice.address], 2, ORDER)

    with pytest.raises(InputError, match="It takes the role COMPLIANCE"):
        compliance.rehearse(suite, keys.registrar.address, act)


def test_assign_registrar__meanwhile_assigned__refused_in_words(suite, keys, admit):
    admit(keys.alice)
    (act,) = compliance.assign_registrar(suite, [keys.alice.address], 2, ORDER)
    compliance.carry_out(suite, keys.compliance, act)

    with pytest.raises(Refused, match=r"^The registry says so already"):
        compliance.carry_out(suite, keys.compliance, act)
