"""A suite is opened only where it was deployed, and acts that wait are scheduled first."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from eth_utils.crypto import keccak

from stockade.errors import InputError, NetworkError, Refused
from stockade.records import Role
from stockade.suite import CONTRACTS, Deployment, Suite
from tests.support import DAY, SHARE


@pytest.fixture
def file(suite, tmp_path):
    """The stage's deployment file, with some fields changed, or left out when given as None: `file(chain_id=1)`."""

    def write(**changes):
        content = asdict(suite.deployment) | changes
        path = tmp_path / "1337.json"
        path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
        return path

    return write


# ---------------------------------------------------------------- the file


def test_deployment__saved_and_loaded__is_itself(suite, tmp_path):
    path = tmp_path / "deployments" / "1337.json"

    suite.deployment.save(path)

    assert Deployment.load(path) == suite.deployment
    assert [each.name for each in path.parent.iterdir()] == ["1337.json"]


def test_deployment__of_the_stage__records_code_transaction_and_profile(stage, suite):
    deployment = suite.deployment

    assert set(deployment.addresses) == set(deployment.code) == set(deployment.transactions) == set(CONTRACTS)
    assert deployment.code["ledger"] == "0x" + keccak(suite.w3.eth.get_code(suite.ledger.address)).hex()
    receipt = suite.w3.eth.get_transaction_receipt(deployment.transactions["authority"])
    assert (receipt["contractAddress"], receipt["blockNumber"]) == (suite.authority.address, deployment.block)
    assert (deployment.profile, deployment.profile_hash) == (stage.plan.profile.id, stage.plan.profile.hash)


def test_load__no_file__says_how_to_get_one(tmp_path):
    with pytest.raises(InputError, match=r"1\.json does not exist: deploy a suite first \(`ape run deploy suite`\)"):
        Deployment.load(tmp_path / "1.json")


@pytest.mark.parametrize("content", ["{", "\xff", "[]", "null"])
def test_load__no_deployment__names_the_file(tmp_path, content):
    path = tmp_path / "1337.json"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(InputError, match=r"1337\.json"):
        Deployment.load(path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"block": None}, "missing or unknown fields block; let `ape run deploy suite` write the file"),
        ({"surplus": 1}, "missing or unknown fields surplus; let"),
        ({"chain_id": "1337"}, "field chain_id is '1337'; let"),
        ({"earlier": []}, r"field earlier is \[\]; let"),
        ({"addresses": []}, r"field addresses is \[\]; let"),
        ({"addresses": {}}, "field addresses.authority is None, not an address; let"),
        ({"addresses": {"authority": "0x12"}}, "field addresses.authority is '0x12', not an address; let"),
        ({"registrars": {"0": "A"}}, "field registrars.0 is no registrar's number: give 1 to 65534"),
        ({"registrars": {"65535": "A"}}, "field registrars.65535 is no registrar's number: give"),
        ({"registrars": {"one": "A"}}, "field registrars.one is no registrar's number: give"),
        ({"registrars": {"1": ""}}, "field registrars.1 is no name: give the firm's, 1 to 100 characters"),
        ({"registrars": {"1": 1}}, "field registrars.1 is no name: give"),
    ],
)
def test_load__corrupt_file__names_the_field(file, changes, sentence):
    with pytest.raises(InputError, match=rf"1337\.json: {sentence}"):
        Deployment.load(file(**changes))


# ---------------------------------------------------------------- the chain


def test_open__where_it_was_deployed__finds_the_token(suite, file, token):
    assert Suite(suite.w3, Deployment.load(file())).token("AAPLs").address == token.address


def test_open__another_chain__refused(suite):
    with pytest.raises(NetworkError, match="The node is chain 1337, the suite was deployed on chain 1: choose"):
        Suite(suite.w3, replace(suite.deployment, chain_id=1))


def test_open__address_without_code__refused_by_name(suite, keys):
    bare = suite.deployment.addresses | {"ledger": keys.stranger.address}

    with pytest.raises(NetworkError, match=rf"No contract stands at {keys.stranger.address} \(CustodyLedger\)"):
        Suite(suite.w3, replace(suite.deployment, addresses=bare))


def test_open__other_code_than_deployed__refused_by_name(suite):
    swapped = suite.deployment.addresses | {"registry": suite.ledger.address}

    with pytest.raises(NetworkError, match=f"code at {suite.ledger.address} is not the InvestorRegistry that was"):
        Suite(suite.w3, replace(suite.deployment, addresses=swapped))


def test_token__unknown_symbol_or_address__refused(suite, keys):
    with pytest.raises(InputError, match="has no token 'MSFTs': its tokens are AAPLs"):
        suite.token("MSFTs")
    with pytest.raises(InputError, match=f"{keys.stranger.address} is not a token of this suite"):
        suite.token(keys.stranger.address)


# ---------------------------------------------------------------- refusals


def test_send__refused_movement__says_code_name_and_text(suite, token, keys, holding):
    holding(keys.alice)
    call = suite.token(token.address).functions.transfer(keys.outsider.address, SHARE)

    with pytest.raises(Refused) as refused:
        suite.send(keys.alice, call)

    assert (refused.value.error, refused.value.code) == ("ShareTokenCannotReceive", 41)
    assert refused.value.reason == suite.reason_text.functions.name(41).call()
    assert str(refused.value).startswith(suite.reason_text.functions.text(41).call())
    assert f"account={keys.outsider.address}" in str(refused.value)


def test_send__without_the_role__says_so(suite, keys):
    with pytest.raises(Refused, match=r"AccessManagedUnauthorized\(caller=0x.*\): this account does not hold the role"):
        suite.send(keys.stranger, suite.registry.functions.setRegistrar(keys.stranger.address, 3))


# ---------------------------------------------------------------- acts that wait


def test_perform__role_without_delay__is_done_at_once(suite, keys):
    done = suite.perform(keys.compliance, suite.registry.functions.setRegistrar(keys.stranger.address, 3))

    assert done["status"] == 1
    assert suite.registry.functions.registrarOf(keys.stranger.address).call() == 3


def test_perform__role_with_delay__schedules_then_waits_then_executes(suite, keys, now, travel):
    call = suite.ledger.functions.setCustodianOpen(1, False)

    due = suite.perform(keys.custody_admin, call)
    assert due == now() + 2 * DAY
    assert suite.ledger.functions.custodianOf(1).call()[3]

    travel(DAY)
    assert suite.perform(keys.custody_admin, call) == due
    assert suite.ledger.functions.custodianOf(1).call()[3]

    travel(DAY)
    assert suite.perform(keys.custody_admin, call)["status"] == 1
    assert not suite.ledger.functions.custodianOf(1).call()[3]


def test_perform__scheduled_too_long_ago__schedules_anew(suite, keys, now, travel):
    call = suite.ledger.functions.setCustodianOpen(1, False)
    suite.perform(keys.custody_admin, call)

    travel(2 * DAY + 7 * DAY)  # OpenZeppelin's operations expire a week after they are due

    assert suite.perform(keys.custody_admin, call) == now() + 2 * DAY
    assert suite.ledger.functions.custodianOf(1).call()[3]


def test_perform__cancelled_by_the_guardian__does_not_happen(suite, keys, now, travel):
    call = suite.ledger.functions.setCustodianOpen(1, False)
    suite.perform(keys.custody_admin, call)

    cancel = suite.authority.functions.cancel(
        keys.custody_admin.address, suite.ledger.address, call._encode_transaction_data()
    )
    suite.send(keys.guardian, cancel)
    travel(2 * DAY)

    assert suite.perform(keys.custody_admin, call) == now() + 2 * DAY
    assert suite.ledger.functions.custodianOf(1).call()[3]


def test_perform__a_key_rotated_by_key_admin__takes_a_day(suite, keys, now, travel):
    call = suite.authority.functions.grantRole(int(Role.ISSUER), keys.stranger.address, 0)

    assert suite.perform(keys.key_admin, call) == now() + DAY
    travel(DAY)
    suite.perform(keys.key_admin, call)

    assert suite.authority.functions.hasRole(int(Role.ISSUER), keys.stranger.address).call() == [True, 0]


def test_perform__without_the_role__refused_and_nothing_is_scheduled(suite, keys):
    with pytest.raises(Refused) as refused:
        suite.perform(keys.stranger, suite.ledger.functions.setCustodianOpen(1, False))

    assert refused.value.error == "AccessManagedUnauthorized"
