"""What holders and their platforms do through the library: permits, batches, redemptions, and asking why not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stockade import holder
from stockade.errors import InputError, Refused
from stockade.holder import Permit
from stockade.records import InvestorClass, Kind, RequestStatus, Scope
from tests.support import DAY, SHARE

REFERENCE = b"account 7".ljust(32, b"\0")


@pytest.fixture
def share(suite, token):
    """The token as the library takes it."""
    return suite.token(token.address)


@pytest.fixture
def platform(admit, keys):
    """A licensed platform: class PLATFORM, scope EXECUTE."""
    admit(keys.platform, investor_id=9, investor_class=InvestorClass.PLATFORM, scopes=Scope.EXECUTE)
    return keys.platform


@pytest.fixture
def permit(share, keys, now):
    """Alice's signed allowance of 5 shares to the platform, for a day."""
    return holder.sign_permit(share, keys.alice, keys.platform.address, 5 * SHARE, now() + DAY)


# ---------------------------------------------------------------- permits


def test_permit__signed_written_and_read__lets_the_platform_move(
    suite, token, share, keys, holding, platform, permit, tmp_path, chain
):
    holding(keys.alice, keys.bob)
    permit.write(tmp_path / "permit.json")
    found = Permit.read(tmp_path / "permit.json")
    assert found == permit

    suite.send(platform, holder.permit_call(suite, found))
    moved = suite.send(platform, share.functions.transferFrom(keys.alice.address, keys.bob.address, 5 * SHARE))

    assert chain.provider.get_receipt(moved["transactionHash"].to_0x_hex()).events == [
        token.Transfer(keys.alice.address, keys.bob.address, 5 * SHARE),
        token.Reported(kind=Kind.TRANSFER, operator=platform.address, to=keys.bob.address, amount=5 * SHARE),
    ]
    assert token.allowance(keys.alice.address, platform.address) == 0
    assert token.balanceOf(keys.bob.address) == 105 * SHARE


def test_permit_call__somebody_submitted_it_first__nothing_left_to_do(suite, keys, permit):
    suite.send(keys.stranger, holder.permit_call(suite, permit))

    assert holder.permit_call(suite, permit) is None


def test_permit_call__nonce_used_by_another__asks_for_a_new_one(suite, share, keys, permit, now):
    other = holder.sign_permit(share, keys.alice, keys.platform.address, SHARE, now() + DAY)
    suite.send(keys.relay, holder.permit_call(suite, other))

    with pytest.raises(InputError, match="The permit was used or replaced: ask its owner for a new one"):
        holder.permit_call(suite, permit)


def test_permit_call__other_chain__refused(suite, permit):
    with pytest.raises(InputError, match="The permit is for chain 1, this is chain"):
        holder.permit_call(suite, replace(permit, chain_id=1))


def test_permit__past_its_deadline__refused_by_the_token(suite, keys, permit, travel):
    travel(DAY + 1)

    with pytest.raises(Refused, match="ERC2612ExpiredSignature"):
        suite.send(keys.platform, holder.permit_call(suite, permit))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["message"].__setitem__("value", "1"), "field signature: it is not {alice}'s over this text"),
        (lambda c: c.__setitem__("signature", c["signature"][:-2]), "field signature: 64 bytes instead of 65"),
        (lambda c: c["message"].__setitem__("nonce", None), "field message.nonce: None is not a whole number"),
        (lambda c: c["types"].pop("EIP712Domain"), "field types: not those of an ERC-2612 permit"),
        (lambda c: c.__setitem__("domain", []), "field domain or message is no EIP-712 data"),
        (lambda c: c.pop("signature"), "missing or unknown keys signature; have the owner sign a permit again"),
    ],
)
def test_read_permit__tampered_or_malformed__names_file_and_field(tmp_path, keys, permit, change, sentence):
    path = tmp_path / "permit.json"
    permit.write(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))

    with pytest.raises(InputError) as error:
        Permit.read(path)

    assert str(error.value).startswith(str(path))
    assert sentence.format(alice=keys.alice.address) in str(error.value)


# ---------------------------------------------------------------- batches


def test_batch__from_a_file__moves_all_rows(suite, token, share, keys, holding, tmp_path):
    holding(keys.alice, keys.bob, keys.carol)
    path = tmp_path / "batch.csv"
    path.write_text(f"wallet,shares\n{keys.bob.address},1.5\n{keys.carol.address},2\n")

    rows = holder.read_batch(path)
    suite.send(keys.alice, holder.batch(share, rows))

    assert [(row.line, row.shares) for row in rows] == [(2, 3 * SHARE // 2), (3, 2 * SHARE)]
    assert token.balanceOf(keys.alice.address) == 100 * SHARE - 7 * SHARE // 2
    assert token.balanceOf(keys.carol.address) == 102 * SHARE


def test_batch__one_receiver_unknown__moves_nothing(suite, token, share, keys, holding):
    holding(keys.alice, keys.bob)
    rows = [holder.Row(2, keys.bob.address, SHARE), holder.Row(3, keys.outsider.address, SHARE)]

    with pytest.raises(Refused, match="The receiver has no investor record") as refused:
        suite.send(keys.alice, holder.batch(share, rows))

    assert refused.value.reason == "RECEIVER_UNKNOWN"
    assert token.balanceOf(keys.alice.address) == 100 * SHARE


def test_read_batch__bad_rows__one_sentence_each(tmp_path, keys):
    path = tmp_path / "batch.csv"
    bob, carol = keys.bob.address, keys.carol.address
    path.write_text(f"wallet,shares\n{bob},1\n{bob.lower()},1\n{carol},0\n{carol},x\n{bob},2\n{carol}\n{carol},1,2\n")

    with pytest.raises(InputError) as error:
        holder.read_batch(path)

    assert str(error.value).splitlines() == [
        f"{path}, line 3, field wallet: {bob.lower()} fails its EIP-55 checksum: copy the address again from its "
        "source, upper and lower case kept.",
        f"{path}, line 4, field shares: it is zero: remove the line.",
        f"{path}, line 5, field shares: 'x' is not a number of shares: write it like 100 or 12.5.",
        f"{path}, line 6: {bob} is in line 2 already: put the two together.",
        f"{path}, line 7: it has not two columns: write wallet,shares.",
        f"{path}, line 8: it has not two columns: write wallet,shares.",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("wallet,amount\n", "the columns must be wallet and shares: correct the first line"),
        ("", "the columns must be wallet and shares: correct the first line"),
        ("wallet,shares\n", "has 0 rows: a batch takes 1 to 400, split the file"),
        ('wallet,shares\n"', "cannot be read as CSV"),
    ],
)
def test_read_batch__not_a_batch__names_the_file(tmp_path, content, sentence):
    (tmp_path / "batch.csv").write_text(content)

    with pytest.raises(InputError, match=rf"batch\.csv.*{sentence}"):
        holder.read_batch(tmp_path / "batch.csv")


# ---------------------------------------------------------------- why not


def test_why__asks_the_token__code_name_and_text(suite, share, keys, holding, platform):
    holding(keys.alice, keys.bob)
    alice, bob, outsider = keys.alice.address, keys.bob.address, keys.outsider.address

    def reason(*question, **more):
        return holder.why(suite, share, *question, **more)

    assert reason(alice, bob, SHARE).code == 0
    assert reason(alice, outsider, SHARE) == holder.Restriction(
        41, "RECEIVER_UNKNOWN", "The receiver has no investor record."
    )
    assert reason(alice, bob, 101 * SHARE).reason == "INSUFFICIENT_BALANCE"
    assert reason(alice, bob, SHARE, spender=platform.address).reason == "INSUFFICIENT_ALLOWANCE"
    assert reason(alice, bob, SHARE, spender=platform.address, permitted=True).code == 0
    assert reason(alice, bob, SHARE, spender=keys.stranger.address, permitted=True).reason == "EXECUTOR_UNKNOWN"


# ---------------------------------------------------------------- redemption


def test_redeem__whole_shares__escrowed_under_a_number(suite, token, share, ledger, keys, holding, now):
    holding(keys.alice)

    number = holder.redeem(suite, keys.alice, share, 1, 40 * SHARE, REFERENCE)

    assert number == 1
    assert suite.ledger.functions.requestOf(number).call() == (
        token.address,
        1,
        now() + 5 * DAY,
        RequestStatus.OPEN,
        keys.alice.address,
        40 * SHARE,
    )
    assert token.balanceOf(ledger.address) == 40 * SHARE


def test_redeem__fraction__refused_where_delivery_is_in_kind(suite, share, keys, holding):
    holding(keys.alice)

    with pytest.raises(Refused, match="Only whole shares are delivered"):
        holder.redeem(suite, keys.alice, share, 1, SHARE // 2, REFERENCE)


def test_take_back__after_the_deadline__returns_the_tokens(suite, token, share, keys, holding, travel):
    holding(keys.alice)
    number = holder.redeem(suite, keys.alice, share, 1, 40 * SHARE, REFERENCE)
    call = suite.ledger.functions.takeBack(number)
    with pytest.raises(Refused, match="The custodian may still answer the request"):
        suite.send(keys.alice, call)

    travel(5 * DAY)
    suite.send(keys.alice, call)

    assert token.balanceOf(keys.alice.address) == 100 * SHARE
