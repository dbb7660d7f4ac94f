"""An upgrade rehearsed as an issuer makes it, and the checks that tell what runs, on a chain of their own.

The new code is a copy of the project in which the token has one more function.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from sandbox import Sandbox
from web3 import Web3

from stockade.chain import KeySigner, connect, send
from stockade.deploy import DAY
from stockade.errors import Refused
from stockade.records import Attestation, Basis, InvestorClass, InvestorRecord, Pause, Role, Scope, SentenceKind, Status
from stockade.suite import Deployment, Suite
from stockade.upgrade import Upgrade
from tests.conftest import key_of
from tests.e2e.conftest import STARTED, discard, end, free_port, read_until, start
from tests.support import SHARE, YEAR

TOKEN = "contracts/token/ShareToken.sol"
MARK = "    /// @notice The contracts this token obeys or asks.\n"
RELEASE = '    function release() external pure returns (string memory) {\n        return "second";\n    }\n\n'
FUNCTION = [{"name": "release", "type": "function", "inputs": [], "outputs": [{"type": "string", "name": ""}]}]


class Scene:
    """A devnet, its suite with some life in it, and the copy of the project that holds the new code."""

    def __init__(self, port: int, deployment: Path, box: Sandbox) -> None:
        self.port, self.deployment, self.box = port, deployment, box
        self.w3 = connect(f"http://127.0.0.1:{port}")
        self.token = self.suite.tokens()[0]

    @property
    def suite(self) -> Suite:
        return Suite(self.w3, Deployment.load(self.deployment))

    def run(self, *arguments: str, status: int = 0) -> str:
        """`ape run ...` in the copy."""
        where = ["--network", "ethereum:devnet", "--deployment", str(self.deployment)]
        environment = {"STOCKADE_DEVNET_PORT": str(self.port), "COLUMNS": "260"}
        done = self.box.run(["ape", "run", *arguments, *where], 600, env=environment)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def travel(self, seconds: int) -> None:
        self.w3.provider.make_request("evm_increaseTime", [seconds])
        self.w3.provider.make_request("evm_mine", [])

    def live(self) -> None:
        """Two holders, a partial freeze, an allowance, a redemption."""
        suite, token, alice, bob = self.suite, self.token, *(KeySigner(key_of(index)) for index in (20, 21))
        now = self.w3.eth.get_block("latest")["timestamp"]
        rows = [
            InvestorRecord(
                number, now + YEAR, 1, 840, InvestorClass.RETAIL, Scope.HOLD | Scope.TRANSFER, Status.ACTIVE
            ).pack()
            for number in (1, 2)
        ]
        wallets = [alice.address, bob.address]
        suite.send(KeySigner(key_of(6)), suite.registry.functions.setRecords(wallets, rows, bytes(32)))
        deposit = Attestation(
            token=token.address,
            custodian=1,
            kind=SentenceKind.DEPOSIT,
            sequence=1,
            shares_held=100 * SHARE,
            shares=100 * SHARE,
            account=alice.address,
            ref=b"\x01" * 32,
            evidence=b"\x02" * 32,
            as_of=now,
            valid_until=now + DAY,
        )
        desk = KeySigner(key_of(12))
        vote = (desk.address, desk.sign_message(deposit.message(self.w3.eth.chain_id, suite.ledger.address)))
        suite.send(alice, suite.ledger.functions.attest(deposit.as_tuple(), [vote]))
        suite.send(alice, token.functions.transfer(bob.address, 30 * SHARE))
        suite.send(alice, token.functions.approve(bob.address, 5))
        freeze = token.functions.setFrozenTokensWithOrder(bob.address, 7, Basis.COURT_ORDER, b"\x03" * 32)
        suite.send(KeySigner(key_of(5)), freeze)
        suite.send(alice, suite.ledger.functions.requestRedemption(token.address, 1, 4 * SHARE, bytes(32)))

    def state(self) -> list[object]:
        """What an upgrade must leave as it is; the report head moves on by one."""
        functions, people = self.token.functions, [key_of(index).address for index in (20, 21)]
        return [
            *(functions.balanceOf(each).call() for each in [*people, self.suite.ledger.address]),
            *(functions.getFrozenTokens(each).call() for each in people),
            functions.allowance(*people).call(),
            functions.totalSupply().call(),
            functions.name().call(),
            functions.symbol().call(),
            functions.control().call() >> 192,
            functions.eip712Domain().call(),
            functions.nonces(people[0]).call(),
        ]

    def behind(self) -> str:
        return str(self.token.functions.implementation().call())


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """A devnet and the copy, for all tests here."""
    port, deployment = free_port(), tmp_path_factory.mktemp("upgrade") / "31337.json"
    process = start(port, deployment)
    try:
        read_until(process, STARTED)
        with Sandbox.make("upgrade") as box:
            yield Scene(port, deployment, box)
        end(process, signal.SIGTERM)
    finally:
        discard(process)


@pytest.fixture
def scene(stand):
    """The chain, the deployment file and the copy as they were before the test."""
    recorded = stand.deployment.read_bytes()
    snapshot = stand.w3.provider.make_request("evm_snapshot", [])["result"]
    yield stand
    stand.w3.provider.make_request("evm_revert", [snapshot])
    stand.deployment.write_bytes(recorded)
    stand.box.reset()


def test_upgrade__rehearsed__moves_the_tokens_when_due_and_changes_nothing_else(scene, tmp_path):
    """Prepared by anyone, scheduled by UPGRADER, cancelled, scheduled again, too early, executed, verified."""
    scene.box.write(TOKEN, scene.box.read(TOKEN).replace(MARK, RELEASE + MARK))
    assert "ShareToken" in scene.box.build()
    scene.live()
    before, old = scene.state(), scene.behind()
    journal = scene.deployment.with_suffix(".upgrade.json")
    upgrader, guardian = ("--account", "TEST::3"), KeySigner(key_of(11))

    said = scene.run("deploy", "upgrade", "--account", "TEST::20", "--yes")
    assert "is no UPGRADER: it has to send these two calls" in said
    planned = Upgrade.load(journal)
    assert planned.call(scene.suite)._encode_transaction_data() in said

    assert "Scheduled: run it again from" in scene.run("deploy", "upgrade", *upgrader, "--yes")
    call = planned.call(scene.suite)
    cancel = scene.suite.authority.functions.cancel
    scene.suite.send(guardian, cancel(key_of(3).address, call.address, call._encode_transaction_data()))
    scene.travel(20 * DAY)
    with pytest.raises(Refused, match="AccessManagerNotScheduled"):
        scene.suite.send(KeySigner(key_of(3)), planned.call(scene.suite))

    scene.run("deploy", "upgrade", *upgrader, "--yes")
    scene.travel(20 * DAY - 60)
    with pytest.raises(Refused, match="AccessManagerNotReady"):
        scene.suite.send(KeySigner(key_of(3)), planned.call(scene.suite))
    assert (scene.behind(), scene.state()) == (old, before)

    scene.travel(60)
    assert "Upgraded 3 of 3 tokens" in scene.run("deploy", "upgrade", *upgrader, "--yes")

    assert scene.state() == before
    assert {token.functions.implementation().call() for token in scene.suite.tokens()} == {planned.implementation}
    assert scene.suite.deployment.addresses["implementation"] == planned.implementation
    assert not journal.exists()
    release = scene.w3.eth.contract(address=scene.token.address, abi=FUNCTION)
    assert release.functions.release().call() == "second"
    assert "Equal: " in scene.run("deploy", "verify")


def test_upgrade__first_batch_executed_by_a_multisig__recorded_when_run_again_and_the_rest_would_follow(scene):
    """UPGRADER's key plays the multisig: it sends the two calls that were printed, and knows nothing of the tool."""
    scene.box.write(TOKEN, scene.box.read(TOKEN).replace(MARK, RELEASE + MARK))
    scene.box.build()
    scene.live()
    old, deployed = scene.behind(), scene.suite.deployment
    first, *others = scene.suite.tokens()
    journal = scene.deployment.with_suffix(".upgrade.json")
    anyone, multisig = ("--account", "TEST::20", "--yes"), KeySigner(key_of(3))

    said = scene.run("deploy", "upgrade", "--token", first.functions.symbol().call(), *anyone)
    assert "1 of 1 tokens would move" in said
    assert "Run this again when both are done" in said
    schedule, execute = ({"to": to, "data": data} for to, data in re.findall(r"to (0x\w+) data (0x\w+)", said))
    planned = Upgrade.load(journal)
    assert list(planned.tokens) == [first.address]

    send(scene.w3, multisig, schedule)
    scene.suite.send(KeySigner(key_of(9)), first.functions.pause(int(Pause.MINT)))
    scene.travel(20 * DAY)
    send(scene.w3, multisig, execute)
    assert scene.behind() == planned.implementation

    # Recorded only by the tool, and its file goes only when all was found right.
    said = scene.run("deploy", "upgrade", *anyone, "--dry-run")
    assert "Dry run: it is executed already; nothing was recorded." in said
    assert scene.suite.deployment == deployed
    noted = journal.read_text()
    journal.write_text(noted.replace("AAPLs", "AAPL"))
    assert "Upgraded, but" in scene.run("deploy", "upgrade", *anyone, status=1)
    journal.write_text(noted)
    assert "Upgraded 1 of 3 tokens" in scene.run("deploy", "upgrade", *anyone)
    assert not journal.exists()
    assert scene.suite.deployment.addresses["implementation"] == planned.implementation
    assert scene.suite.deployment.earlier == {old: deployed.code["implementation"]}

    said = scene.run("deploy", "verify", status=1)
    assert "2 differences" in said
    for token in others:
        assert f"token {token.address}: implementation" in said
    assert said.count(f"{old}, an earlier implementation: the upgrade is half done") == 2

    said = scene.run("deploy", "upgrade", *anyone, "--dry-run")
    assert "2 of 3 tokens would move" in said
    assert f"{first.address}: runs this code already, left out" in said


def test_upgrade__code_that_would_misread_what_is_stored__refused_before_anything_is_sent(scene):
    source = "contracts/token/PackedBalances.sol"
    text = scene.box.read(source)
    struct = re.search(r"    struct PackedBalancesStorage \{\n", text)
    assert struct is not None
    scene.box.write(source, text.replace(struct[0], struct[0] + "        uint256 first;\n"))
    scene.box.build()
    block = scene.w3.eth.block_number

    said = scene.run("deploy", "upgrade", "--account", "TEST::3", "--yes", status=2)

    assert "The new code would misread what tokens store: namespace stockade.storage.PackedBalances" in said
    assert "uint256 first (32 bytes)" in said
    assert scene.w3.eth.block_number == block


def test_verify_and_check__one_role_and_one_byte_changed__both_are_named(scene):
    assert "roles.md and examples/suite.toml" in scene.run("deploy", "verify", "--plan", "examples/suite.toml")

    suite, w3 = scene.suite, scene.w3
    stranger, key_admin = key_of(40).address, KeySigner(key_of(2))
    freeze = Web3.keccak(text="freeze(address,uint8,bytes32)")[:4]
    map_freeze = suite.authority.functions.setTargetFunctionRole(suite.registry.address, [freeze], Role.PAUSER)
    grant = suite.authority.functions.grantRole(Role.PAUSER, stranger, 0)
    suite.perform(key_admin, grant)
    suite.perform(KeySigner(key_of(1)), map_freeze)
    scene.travel(DAY)
    suite.perform(key_admin, grant)
    scene.travel(19 * DAY)
    suite.perform(KeySigner(key_of(1)), map_freeze)

    said = scene.run("authority", "check", "--plan", "examples/suite.toml", status=1)
    assert "freeze" in said
    assert "COMPLIANCE" in said
    assert stranger in said
    said = scene.run("deploy", "verify", "--plan", "examples/suite.toml", status=1)
    assert f"PAUSER of {stranger}" in said
    assert "freeze" in said

    ledger = suite.ledger.address
    code = bytearray(w3.eth.get_code(ledger))
    code[1000] ^= 0xFF
    w3.provider.make_request("anvil_setCode", [ledger, "0x" + code.hex()])
    said = scene.run("deploy", "verify", status=1)
    assert f"CustodyLedger {ledger}: code" in said
    assert f"byte 1,000 is 0x{code[1000]:02x} instead of 0x{code[1000] ^ 0xFF:02x}" in said
