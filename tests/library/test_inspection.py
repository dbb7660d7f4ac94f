"""What runs against what was compiled: equal as deployed, and every planted difference is named."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from eth_utils.address import to_canonical_address
from web3 import Web3

from stockade import inspection, manifest, upgrade
from stockade.errors import InputError, StockadeError
from stockade.listing import list_share, read_listings
from stockade.suite import CONTRACTS, Suite
from stockade.upgrade import Identity, Upgrade
from tests.support import DAY, EXAMPLES

WIRED = {"AUTHORITY", "REGISTRY", "LEDGER", "LISTINGS", "MARKET", "FACTORY", "REASON_TEXT", "DEPLOYER", "__self"}


@pytest.fixture
def plant(chain):
    """Puts other code at an address of the embedded chain."""

    def put(address: str, code: bytes) -> None:
        backend = chain.provider.evm_backend.chain
        state = backend.get_vm().state
        state.set_code(to_canonical_address(address), code)
        state.lock_changes()
        state.persist()
        backend.header = backend.header.copy(state_root=state.state_root)
        chain.mine()

    return put


def wrong(w3, deployment):
    return [
        (each.contract, each.what, each.expected, each.found)
        for each in inspection.inspect(w3, deployment)
        if not each.ok
    ]


# ---------------------------------------------------------------- equal


def test_inspect__as_deployed__all_equal_and_nothing_left_out(suite, token):
    checks = inspection.inspect(suite.w3, suite.deployment)

    assert [each for each in checks if not each.ok] == []
    assert {each.contract for each in checks if each.what == "code"} == {*CONTRACTS.values(), "ERC1967Proxy"}
    named = {each.what.removeprefix("immutable ") for each in checks if each.what.startswith("immutable")}
    assert named == {name for kind in CONTRACTS.values() for name in manifest.contract(kind)["immutables"]}
    assert named > WIRED
    assert [each.address for each in checks if (each.contract, each.what) == ("token", "implementation")] == [
        token.address
    ]


# ---------------------------------------------------------------- one thing changed


@pytest.mark.parametrize("name", ["registry", "ledger", "authority", "reason_text", "implementation"])
def test_inspect__one_byte_changed__named_by_its_place(suite, plant, name):
    address = suite.deployment.addresses[name]
    code = bytearray(suite.w3.eth.get_code(address))
    code[100] ^= 0x01
    plant(address, bytes(code))

    expected = f"byte 100 is 0x{code[100]:02x} instead of 0x{code[100] ^ 1:02x}"
    assert wrong(suite.w3, suite.deployment) == [(CONTRACTS[name], "code", "as compiled", expected)]


def test_inspect__hash_of_the_sources_changed__named_unless_it_was_deployed_so(suite, plant):
    address = suite.deployment.addresses["ledger"]
    code = bytearray(suite.w3.eth.get_code(address))
    code[-20] ^= 0x01
    plant(address, bytes(code))
    ((contract, what, _, found),) = wrong(suite.w3, suite.deployment)
    assert (contract, what) == ("CustodyLedger", "code")
    assert found.startswith(f"byte {len(code) - 20:,} is ")

    recorded = suite.deployment.code | {"ledger": Web3.keccak(bytes(code)).to_0x_hex()}
    checks = inspection.inspect(suite.w3, replace(suite.deployment, code=recorded))
    assert [each.note for each in checks if each.note] == ["compiled from other sources"]
    assert all(each.ok for each in checks)


def test_inspect__other_compiler_recorded_by_the_deployer__is_no_excuse(suite, plant):
    """The adjacent negative: behind the hash of the sources stands the compiler's version."""
    address = suite.deployment.addresses["ledger"]
    code = bytearray(suite.w3.eth.get_code(address))
    code[-3] ^= 0x01
    plant(address, bytes(code))
    recorded = suite.deployment.code | {"ledger": Web3.keccak(bytes(code)).to_0x_hex()}

    found = wrong(suite.w3, replace(suite.deployment, code=recorded))

    assert [each[:2] for each in found] == [("CustodyLedger", "code")]


def test_inspect__other_length_recorded_by_the_deployer__is_no_excuse(suite, plant):
    """Metadata is as long as its last two bytes say, and those are the deployer's to choose."""
    address = suite.deployment.addresses["ledger"]
    code = bytearray(suite.w3.eth.get_code(address))
    length = int.from_bytes(code[-2:], "big")
    longer = bytes(code[:-2]) + b"\0" + (length + 1).to_bytes(2, "big")
    plant(address, longer)
    recorded = suite.deployment.code | {"ledger": Web3.keccak(longer).to_0x_hex()}

    found = wrong(suite.w3, replace(suite.deployment, code=recorded))

    assert [each[:2] for each in found] == [("CustodyLedger", "code")]


def test_inspect__byte_in_an_immutable_changed__that_immutable_is_named(suite, plant):
    address = suite.deployment.addresses["ledger"]
    place = manifest.contract("CustodyLedger")["immutables"]["REGISTRY"][0]["start"]
    code = bytearray(suite.w3.eth.get_code(address))
    code[place + 31] ^= 0x01
    plant(address, bytes(code))

    ((contract, what, expected, found),) = wrong(suite.w3, suite.deployment)
    assert (contract, what, expected) == (
        "CustodyLedger",
        "immutable REGISTRY",
        suite.deployment.addresses["registry"],
    )
    assert found != expected


@pytest.mark.parametrize(("code", "said"), [(b"", "no code"), (b"\x00" * 3, "3 bytes instead of 51")])
def test_inspect__proxy_with_other_code__named(suite, token, plant, code, said):
    compiled = len(manifest.contract("ERC1967Proxy")["deployedBytecode"]) // 2
    plant(token.address, code)

    found = wrong(suite.w3, suite.deployment)

    assert ("ERC1967Proxy", "code", "as compiled", said.replace("51", str(compiled))) in found


def test_inspect__another_deployer_or_chain_recorded__its_immutables_differ(suite, keys):
    other = replace(suite.deployment, deployer=keys.stranger.address)

    assert [each[:2] for each in wrong(suite.w3, other)] == [("SuiteAuthority", "immutable DEPLOYER")]
    elsewhere = replace(suite.deployment, chain_id=1)
    assert [each[:2] for each in wrong(suite.w3, elsewhere)] == [
        ("CustodyLedger", "immutable _cachedChainId"),
        ("CustodyLedger", "immutable _cachedDomainSeparator"),
    ]


def test_inspect__wiring_of_another_suite_recorded__every_contract_that_obeys_it_differs(suite, keys):
    swapped = suite.deployment.addresses | {"factory": suite.deployment.addresses["registry"]}

    found = wrong(suite.w3, replace(suite.deployment, addresses=swapped))

    assert ("SuiteFactory", "code") in {each[:2] for each in found}


def test_masked__every_length__is_kept_and_only_immutables_are_zeroed():
    """Code that ends before or within an immutable is not made longer, or it would look more like the compiled one."""
    size = len(manifest.contract("CustodyLedger")["deployedBytecode"]) // 2
    places = [place for each in manifest.contract("CustodyLedger")["immutables"].values() for place in each]
    zeroed = {at for place in places for at in range(place["start"], place["start"] + place["length"])}
    last = max(zeroed)

    for length in (0, last - 40, last - 5, last, size):
        assert manifest.masked("CustodyLedger", b"\xff" * length) == bytes(
            0 if at in zeroed else 0xFF for at in range(length)
        )


# ---------------------------------------------------------------- upgrades


LAYOUT = {
    "fields": [],
    "namespaces": {
        "erc7201:a": {"slot": "0x01", "fields": ["slot 0 + 0: uint256 one (32 bytes)"]},
        "erc7201:b": {"slot": "0x02", "fields": ["slot 0 + 0: address two (20 bytes)"]},
    },
    "structs": {"struct A.Account": ["slot 0 + 0: BalanceWord word (32 bytes)"]},
}


def changed(act):
    layout = deepcopy(LAYOUT)
    act(layout)
    return layout


@pytest.mark.parametrize(
    "act",
    [
        lambda layout: None,
        lambda layout: layout["namespaces"]["erc7201:a"]["fields"].append("slot 1 + 0: uint256 more (32 bytes)"),
        lambda layout: layout["namespaces"].update({"erc7201:c": {"slot": "0x03", "fields": []}}),
        lambda layout: layout["structs"].update({"struct A.New": []}),
    ],
    ids=["same", "field behind", "namespace added", "struct added"],
)
def test_layout_problems__only_more_behind__none(act):
    assert upgrade.layout_problems(LAYOUT, changed(act)) == []


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            lambda layout: layout["namespaces"]["erc7201:a"]["fields"].insert(0, "slot 0 + 0: bool new (1 bytes)"),
            "namespace erc7201:a: slot 0 + 0: uint256 one (32 bytes) is now slot 0 + 0: bool new (1 bytes)",
        ),
        (
            lambda layout: layout["namespaces"]["erc7201:b"]["fields"].clear(),
            "namespace erc7201:b: slot 0 + 0: address two (20 bytes) is gone",
        ),
        (lambda layout: layout["namespaces"].pop("erc7201:b"), "namespace erc7201:b is gone"),
        (lambda layout: layout["namespaces"]["erc7201:b"].update(slot="0x09"), "namespace erc7201:b is gone"),
        (lambda layout: layout["structs"]["struct A.Account"].append("x"), "struct A.Account has changed"),
    ],
)
def test_layout_problems__a_stored_field_moves__named(act, said):
    assert upgrade.layout_problems(LAYOUT, changed(act)) == [said]


@pytest.fixture
def second(stage, suite, keys):
    """Another token of the suite."""
    share = read_listings(EXAMPLES / "listings.toml")["MSFT"]
    return suite.token(list_share(suite, keys.issuer, share, stage.plan.profile)).address


@pytest.fixture
def older(suite, second, plant):
    """The suite as another compiler's code for its tokens was deployed and recorded."""
    address = suite.deployment.addresses["implementation"]
    code = bytearray(suite.w3.eth.get_code(address))
    code[-3] ^= 0x01
    plant(address, bytes(code))
    recorded = suite.deployment.code | {"implementation": Web3.keccak(bytes(code)).to_0x_hex()}
    return Suite(suite.w3, replace(suite.deployment, code=recorded))


@pytest.fixture
def half_done(older, keys, token, execute):
    """An upgrade of the first token alone, executed: the suite as it is recorded then, and the upgrade."""
    planned = upgrade.prepare(older, keys.stranger, upgrade.outdated(older, (token.address,)))
    execute(planned)
    return Suite(older.w3, upgrade.recorded(older, planned)), planned


@pytest.fixture
def execute(older, keys, travel):
    """UPGRADER schedules an upgrade, waits and makes it."""

    def made(planned: Upgrade) -> None:
        older.perform(keys.upgrader, planned.call(older))
        travel(20 * DAY)
        older.perform(keys.upgrader, planned.call(older))

    return made


@pytest.fixture
def old(older):
    """What all tokens run on at first."""
    return older.deployment.addresses["implementation"]


def test_outdated__same_code__nothing_to_upgrade(suite, token):
    with pytest.raises(InputError, match="No token runs on other code than this: there is nothing to upgrade"):
        upgrade.outdated(suite, (token.address,))


def test_prepare__other_code_runs__creates_the_compiled_and_notes_what_must_stay(older, keys, token, second, old):
    tokens = upgrade.outdated(older, (token.address, second))
    assert tokens == (token.address, second)

    planned = upgrade.prepare(older, keys.stranger, tokens)

    assert planned.tokens == {
        token.address: Identity(token.name(), "AAPLs", 18),
        second: Identity(older.token(second).functions.name().call(), "MSFTs", 18),
    }
    assert planned.implementation != old
    upgrade.check_implementation(older, planned)
    assert not upgrade.is_executed(older, planned)


def test_prepare__tokens_left_out_of_a_first_batch__follow_to_the_same_implementation(
    half_done, keys, token, second, execute
):
    suite, first = half_done
    assert upgrade.is_executed(suite, first)
    assert upgrade.outdated(suite, (token.address, second)) == (second,)
    block = suite.w3.eth.block_number

    planned = upgrade.prepare(suite, keys.stranger, (second,))

    assert (planned.implementation, list(planned.tokens)) == (first.implementation, [second])
    assert suite.w3.eth.block_number == block
    assert not upgrade.is_executed(suite, planned)

    execute(planned)
    assert upgrade.is_executed(suite, planned)
    upgrade.check_outcome(suite, planned)
    assert wrong(suite.w3, upgrade.recorded(suite, planned)) == []


def test_is_executed__factory_back_on_another_implementation__no(half_done, execute, old):
    """The tokens' implementation alone does not say what the next token is created on."""
    suite, planned = half_done
    execute(Upgrade(old, {}))

    assert not upgrade.is_executed(suite, planned)


def test_recorded__after_an_upgrade__the_one_before_is_kept_as_earlier(half_done, old):
    suite, planned = half_done

    assert suite.deployment.addresses["implementation"] == planned.implementation
    assert suite.deployment.earlier == {old: Web3.keccak(suite.w3.eth.get_code(old)).to_0x_hex()}
    assert upgrade.recorded(suite, planned) == suite.deployment


def test_check_outcome__name_and_reports_as_before__passes_though_supply_and_settings_moved(half_done, keys, holding):
    suite, planned = half_done
    holding(keys.alice)

    upgrade.check_outcome(suite, planned)


def test_check_outcome__another_symbol_than_noted__named(half_done, token):
    suite, planned = half_done
    noted = replace(planned, tokens={token.address: Identity("Apple", "AAPL", 18)})

    with pytest.raises(StockadeError, match=r"Upgraded, but .*name='Apple', symbol='AAPL', .* Pause and look"):
        upgrade.check_outcome(suite, noted)


def test_check_outcome__reports_that_do_not_rebuild_the_state__refused(half_done):
    """Read from too late a block, they begin with a gap."""
    suite, planned = half_done
    late = Suite(suite.w3, replace(suite.deployment, block=suite.w3.eth.block_number))

    with pytest.raises(StockadeError, match="Upgraded, but the reports no longer rebuild the state"):
        upgrade.check_outcome(late, planned)


def test_inspect__upgrade_half_done__the_token_left_behind_is_named(half_done, second, old):
    suite, planned = half_done

    assert wrong(suite.w3, suite.deployment) == [
        (
            "token",
            "implementation",
            planned.implementation,
            f"{old}, an earlier implementation: the upgrade is half done",
        )
    ]


def test_inspect__earlier_implementation_with_other_code_than_recorded__is_no_half_done_upgrade(half_done, old, plant):
    suite, planned = half_done
    plant(old, bytes(suite.w3.eth.get_code(old)) + b"\0")

    assert wrong(suite.w3, suite.deployment) == [
        ("token", "implementation", planned.implementation, f"{old}, which the deployment does not record")
    ]


def test_check_implementation__another_contract__refused(suite, token):
    planned = Upgrade(suite.ledger.address, {token.address: Identity("Apple", "AAPLs", 18)})

    with pytest.raises(StockadeError, match=r"is not what contracts/ says: code is [\d,]+ bytes instead of"):
        upgrade.check_implementation(suite, planned)


def test_upgrade_file__read_back__is_what_was_written(suite, token, tmp_path):
    planned = Upgrade(suite.ledger.address, {token.address: Identity("Äpfel \u202e", "AAPLs", 18)})
    planned.save(path := tmp_path / "1337.upgrade.json")

    assert Upgrade.load(path) == planned


AT = "0x" + "11" * 20


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"implementation": "0x12", "tokens": {}}',
        '{"tokens": {}}',
        f'{{"implementation": "{AT}", "tokens": ["{AT}"]}}',
        f'{{"implementation": "{AT}", "tokens": {{"{AT}": ["Apple", "AAPLs"]}}}}',
        f'{{"implementation": "{AT}", "tokens": {{}}}}',
    ],
    ids=["no json", "no object", "no address", "no implementation", "no identities", "no decimals", "no token"],
)
def test_upgrade_file__damaged__refused_with_the_remedy(tmp_path, content):
    (path := tmp_path / "1337.upgrade.json").write_text(content)

    with pytest.raises(InputError, match=r"1337\.upgrade\.json cannot be read as an upgrade .* prepare again"):
        Upgrade.load(path)
