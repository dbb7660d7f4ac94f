"""The sending engine against a real node that forgets, stalls, reorganises and lies, and a rival with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stockade.chain import KeySigner
from stockade.errors import NetworkError, StockadeError
from stockade.sending import Job, Journal, Sender, Settings, State
from tests.conftest import key_of
from tests.e2e.faulty import Anvil, Fault, Proxy, proxy, seeded

GWEI = 10**9
# Silent for a minute instead of half an hour: a test that would wait for ever fails.
QUICK = Settings(pause=0.005, tries=10, patience=3, silence=60)

# Logs its calldata: CALLDATACOPY to 0, LOG0, STOP, behind six bytes that return these eight as code.
LOGGER = "0x67365f5f37365fa0005f5260086018f3"


@pytest.fixture(scope="module")
def module_anvil() -> Iterator[Anvil]:
    anvil = Anvil()
    yield anvil
    anvil.kill()


class Room:
    """A node, a proxy before it, an account, and a contract that logs what it is called with."""

    def __init__(self, anvil: Anvil, line: Proxy, signer: KeySigner, folder: Path) -> None:
        self.anvil, self.line, self.signer = anvil, line, signer
        self.path = folder / "journal"
        deployed = anvil.w3.eth.send_transaction({"from": anvil.w3.eth.accounts[0], "data": LOGGER})
        self.logger = anvil.w3.eth.wait_for_transaction_receipt(deployed)["contractAddress"]

    def journal(self, **purpose: str) -> Journal:
        return Journal(self.path, {"plan": "p", **purpose})

    def sender(self, journal: Journal, settings: Settings = QUICK, timeout: float = 5) -> Sender:
        return Sender(self.line.w3(timeout), self.signer, journal, 31337, settings)

    def job(self, number: int, gas: int = 60_000) -> Job:
        return Job(str(number), self.logger, number.to_bytes(2), gas)

    def logged(self) -> list[int]:
        """What the contract was called with, in order."""
        logs = self.anvil.w3.eth.get_logs({"address": self.logger, "fromBlock": 0})
        return [int.from_bytes(log["data"]) for log in logs]

    def send(self, *numbers: int, settings: Settings = QUICK, timeout: float = 5) -> dict[str, State]:
        """Sends the jobs, and where each of the journal stands."""
        with self.journal() as journal:
            sender = self.sender(journal, settings, timeout)
            for number in numbers:
                sender.put(self.job(number))
            sender.finish()
            return {entry.job.key: entry.state for entry in journal.entries(*State)}

    def rival(self, nonce: int, fee: int = 100 * GWEI) -> bytes:
        """Another program with the same key, straight to the node."""
        raw = self.signer.sign_transaction(
            {
                "chainId": 31337,
                "nonce": nonce,
                "to": self.signer.address,
                "value": 0,
                "gas": 21_000,
                "maxFeePerGas": fee,
                "maxPriorityFeePerGas": GWEI,
            }
        )
        return self.anvil.w3.eth.send_raw_transaction(raw)

    def mine(self, blocks: int = 1) -> None:
        self.anvil.rpc("anvil_mine", hex(blocks))

    def when(self, method: str, *acts: Callable[[], Any]) -> None:
        """Does one act before each of the next requests of that method passes, in order."""
        todo = list(acts)

        def faults(number: int, asked: str) -> Fault | None:
            return todo.pop(0)() if asked == method and todo else None

        self.line.faults = faults


@pytest.fixture
def room(module_anvil: Anvil, tmp_path: Path) -> Iterator[Room]:
    anvil = module_anvil
    before = anvil.rpc("evm_snapshot")
    with proxy(anvil.url) as line:
        yield Room(anvil, line, KeySigner(key_of(6)), tmp_path)
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("anvil_dropAllTransactions")
    anvil.rpc("evm_revert", before)


@pytest.fixture
def own_room(tmp_path: Path) -> Iterator[Room]:
    """With a node of its own, for a test that stops it."""
    anvil = Anvil()
    with proxy(anvil.url) as line:
        yield Room(anvil, line, KeySigner(key_of(6)), tmp_path)
    anvil.kill()


# ---------------------------------------------------------------- the usual way


def test_put__many_jobs__each_once_and_in_order(room):
    states = room.send(*range(20))

    assert room.logged() == list(range(20))
    assert states == {str(number): State.DONE for number in range(20)}


def test_put__journal_kept__nothing_sent_again_and_totals_are_the_chains(room):
    room.send(1, 2)
    count = room.anvil.w3.eth.get_transaction_count(room.signer.address)

    with room.journal() as journal:
        room.sender(journal).finish()
        totals = journal.totals()
        hashes = [entry.attempts[-1].hash for entry in journal.entries(State.DONE)]

    receipts = [room.anvil.w3.eth.get_transaction_receipt(each) for each in hashes]
    gas = sum(receipt["gasUsed"] for receipt in receipts)
    assert totals == (2, gas, sum(receipt["gasUsed"] * receipt["effectiveGasPrice"] for receipt in receipts))
    assert room.anvil.w3.eth.get_transaction_count(room.signer.address) == count
    assert room.logged() == [1, 2]


def test_put__a_job_that_runs_out_of_gas__reverted_and_the_rest_go_on(room):
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1, gas=21_100))
        sender.put(room.job(2))
        sender.finish()

        assert [(entry.job.key, entry.state) for entry in sender.settled()] == [
            ("1", State.REVERTED),
            ("2", State.DONE),
        ]
        assert sender.settled() == []
    assert room.logged() == [2]


# ---------------------------------------------------------------- the network forgets


def test_put__dropped_from_the_mempool__sent_again_byte_for_byte(room):
    room.anvil.rpc("evm_setAutomine", False)
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        (entry,) = journal.entries(State.OPEN)
        assert room.anvil.rpc("anvil_dropTransaction", "0x" + entry.attempts[0].hash.hex()) is not None
        room.when("eth_getTransactionByHash", lambda: None, room.mine)

        sender.finish()

        (done,) = journal.entries(State.DONE)
        assert done.attempts == entry.attempts
    assert room.line.methods.count("eth_sendRawTransaction") == 2
    assert room.logged() == [1]


def test_put__node_comes_back_with_an_older_state__what_was_done_is_done_again_byte_for_byte(own_room):
    room = own_room
    room.send(0)
    room.anvil.save()
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        sender.put(room.job(2))
        sender.finish()
        before = {entry.nonce: entry.attempts for entry in journal.entries(State.DONE)}
        room.anvil.restart()
        assert room.logged() == [0]

        sender.put(room.job(3))
        sender.finish()

        after = {entry.nonce: entry.attempts for entry in journal.entries(State.DONE)}
    assert before.items() <= after.items()
    assert room.logged() == [0, 1, 2, 3]


def test_finish__a_block_taken_back__its_transaction_is_sent_again(room):
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        while not sender.settled():
            sender._look()
        room.anvil.rpc("anvil_reorg", 1, [])
        assert room.logged() == []

        sender.finish()

    assert room.logged() == [1]


def test_put__node_killed_and_started_again__goes_on(own_room):
    room = own_room
    room.anvil.save()
    room.when("eth_sendRawTransaction", lambda: None, room.anvil.restart)

    states = room.send(1, 2, 3)

    assert set(states.values()) == {State.DONE}
    assert room.logged() == [1, 2, 3]


# ---------------------------------------------------------------- nobody mines it


def test_put__next_in_line_waits_too_long__replaced_under_its_nonce_before_any_new_one(room):
    room.anvil.rpc("evm_setAutomine", False)
    with room.journal() as journal:
        sender = room.sender(journal)
        first = sender._next
        sender.put(room.job(1))
        sender.put(room.job(2))
        # The base fee leaps beyond what was offered, and stays there for a while.
        room.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(40 * GWEI))
        room.mine(4)
        # (anvil forgets them then: both are handed over again in vain before they are replaced.)
        sent = room.line.methods.count("eth_sendRawTransaction")

        def mine_what_was_replaced(number: int, method: str) -> None:
            if room.line.methods.count("eth_sendRawTransaction") == sent + 4 and method == "eth_getTransactionCount":
                room.mine()

        room.line.faults = mine_what_was_replaced

        sender.put(room.job(3))
        room.anvil.rpc("evm_setAutomine", True)
        room.mine()
        sender.finish()

        entries = list(journal.entries(State.DONE))
    assert [(entry.nonce, entry.job.key) for entry in entries] == [(first, "1"), (first + 1, "2"), (first + 2, "3")]
    # 2 could not have been mined either; 3 was signed when 1 was mined.
    assert [len(entry.attempts) for entry in entries] == [2, 2, 1]
    assert entries[2].attempts[0].block >= entries[0].block
    for entry in entries[:2]:
        old, new = entry.attempts
        assert new.max_fee * 8 >= old.max_fee * 9
        assert new.tip * 8 >= old.tip * 9
    assert room.logged() == [1, 2, 3]


def test_put__replaced_while_the_chain_asks_for_no_more__an_eighth_more_on_both_fees(room):
    room.anvil.rpc("evm_setAutomine", False)
    room.line.faults = lambda number, method: Fault.CUT_BEFORE if method == "eth_sendRawTransaction" else None
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        sender._look()
        room.mine(3)
        sender._look()
        (entry,) = journal.entries(State.OPEN)

    old, new = entry.attempts
    assert old.max_fee * 9 <= new.max_fee * 8 < old.max_fee * 9 + 16
    assert old.tip * 9 <= new.tip * 8 < old.tip * 9 + 16


def test_put__replacement_never_arrived__sent_at_the_next_start(room):
    room.anvil.rpc("evm_setAutomine", False)
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        sender._look()
        room.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(40 * GWEI))
        room.mine(4)
        room.when("eth_sendRawTransaction", lambda: None, lambda: Fault.CUT_BEFORE)
        sender._look()
        (entry,) = journal.entries(State.OPEN)

    assert len(entry.attempts) == 2
    room.anvil.rpc("evm_setAutomine", True)
    assert room.send() == {"1": State.DONE}
    with room.journal() as journal:
        (done,) = journal.entries(State.DONE)
    assert done.attempts == entry.attempts
    assert room.logged() == [1]


def test_put__fees_beyond_the_limit__said_and_nothing_signed(room):
    with pytest.raises(StockadeError, match=r"^The chain asks for .* gwei, more than the limit of 0\.50: .*--max-fee"):
        room.send(1, settings=Settings(pause=0.005, fee_limit=GWEI // 2))

    assert room.send() == {}


def test_put__account_cannot_pay__said_and_continued_once_it_can(room):
    room.anvil.rpc("anvil_setBalance", room.signer.address, hex(10**9))

    with pytest.raises(StockadeError, match=f"^Account {room.signer.address} cannot pay 60,000 gas"):
        room.send(1)

    room.anvil.rpc("anvil_setBalance", room.signer.address, hex(10**18))
    assert room.send() == {"1": State.DONE}
    assert room.logged() == [1]


def test_finish__nothing_is_mined_any_more__gives_up_and_goes_on_later(room):
    room.anvil.rpc("evm_setAutomine", False)

    with pytest.raises(NetworkError, match=r"^Nothing was mined for .* Do the same again to go on\.$"):
        room.send(1, settings=Settings(pause=0.005, silence=0.05))

    room.anvil.rpc("evm_setAutomine", True)
    room.mine()
    assert room.send() == {"1": State.DONE}
    assert room.logged() == [1]


# ---------------------------------------------------------------- a rival with the same key


def test_put__rival_used_the_nonce__job_is_lost_and_the_next_has_a_new_nonce(room):
    nonce = room.anvil.w3.eth.get_transaction_count(room.signer.address)
    room.when("eth_sendRawTransaction", lambda: room.rival(nonce) and None)

    states = room.send(1, 2)

    assert states == {"1": State.LOST, "2": State.DONE}
    assert room.logged() == [2]


def test_put__rival_waits_under_the_nonce__not_replaced_but_waited_for(room):
    """Ours comes second to the mempool, at a lower price."""
    room.anvil.rpc("evm_setAutomine", False)
    nonce = room.anvil.w3.eth.get_transaction_count(room.signer.address)
    room.when("eth_sendRawTransaction", lambda: room.rival(nonce) and None)
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        room.when("eth_getTransactionByHash", *[lambda: room.mine(0)] * 3, room.mine)
        sender.finish()

        assert [len(entry.attempts) for entry in journal.entries(State.LOST)] == [1]
    assert room.logged() == []


def test_put__rivals_transaction_goes_away__the_gap_it_leaves_is_filled(room):
    room.anvil.rpc("evm_setAutomine", False)
    nonce = room.anvil.w3.eth.get_transaction_count(room.signer.address)
    waiting = room.rival(nonce)
    with room.journal() as journal:
        sender = room.sender(journal)
        sender.put(room.job(1))
        room.anvil.rpc("anvil_dropTransaction", "0x" + waiting.hex())
        room.anvil.rpc("evm_setAutomine", True)

        sender.finish()

        found = [(entry.nonce, entry.job.key, entry.state) for entry in journal.entries(*State)]
    assert found == [(nonce, "", State.DONE), (nonce + 1, "1", State.DONE)]
    assert room.logged() == [1]


# ---------------------------------------------------------------- faults on the line


@pytest.mark.parametrize("seed", range(4))
def test_put__a_fifth_of_all_requests_go_wrong__each_job_once(room, seed):
    room.line.faults = seeded(seed, 0.2)

    states = room.send(*range(12), timeout=0.2)

    assert len(room.line.happened) > 10
    assert set(states.values()) == {State.DONE}
    assert room.logged() == list(range(12))


@pytest.mark.parametrize("fault", Fault)
def test_put__nothing_but_faults__one_error_and_continued_later(room, fault):
    with room.journal() as journal:
        sender = room.sender(journal, Settings(pause=0.001, tries=3), timeout=0.05)
        room.line.faults = lambda number, method: fault
        with pytest.raises(NetworkError, match=r"^The node"):
            sender.put(room.job(1))

    room.line.faults = lambda number, method: None
    assert room.send(2) == {"2": State.DONE}
