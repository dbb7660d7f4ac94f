"""A node that is away, and a node that lies: an exact retry or an exact incident, and never a wrong row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from stockade.reporter import node as asked
from stockade.reporter import reading
from stockade.reporter.incidents import Incident
from stockade.reporter.node import Away
from stockade.reporting.decode import STREAM_REPORTED
from stockade.store import open_store, tables
from tests.e2e.faulty import Fault, Proxy, proxy, seeded
from tests.reporting.following import Following, write_records

ALWAYS = 1_000_000


@pytest.fixture
def line(node) -> Iterator[Proxy]:
    with proxy(f"http://127.0.0.1:{node.port}") as found:
        yield found


@pytest.fixture
def following(node, line, tmp_path) -> Following:
    """An empty store, and a follower that asks through the line."""
    return Following(open_store(f"sqlite:///{tmp_path}/store.db"), node.suite, line.url, timeout=2)


@pytest.fixture
def truth(node, followed) -> dict[str, list[Any]]:
    """What an honest node says."""
    return Following(open_store(f"sqlite:///{followed}"), node.suite, "").facts()


def lie(line: Proxy, method: str, change: Callable[[list[Any], Any], Any], times: int = ALWAYS) -> None:
    """Changes the results of a method, so many of those that the change makes different."""
    told = 0

    def answer(asked: list[Any], answered: list[Any]) -> list[Any]:
        nonlocal told
        for question in asked:
            given = next(each for each in answered if each["id"] == question["id"])
            if question["method"] == method and told < times and "result" in given:
                changed = change(question["params"], given["result"])
                told += changed != given["result"]
                given.pop("result")
                given |= changed if isinstance(changed, dict) and "error" in changed else {"result": changed}
        return answered

    line.lie = answer


def of_ledger(node, seq: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a log is this entry of the ledger's stream."""
    address = node.suite.ledger.address.lower()
    return lambda log: log["address"] == address and int(log["topics"][1], 16) == seq


def subset(following: Following, truth: dict[str, list[Any]]) -> bool:
    return all(row in truth["report"] for row in following.rows(tables.report))


# ---------------------------------------------------------------- told once: read again, exactly


def test_run__one_log_of_a_page_is_dropped_once__read_again(following, line, node, truth):
    which = of_ledger(node, 2)
    lie(line, "eth_getLogs", lambda params, logs: [log for log in logs if not which(log)], times=1)

    following.run()

    assert following.facts() == truth
    assert following.incidents() == []


def test_run__logs_are_served_in_another_order__no_harm(following, line, truth):
    lie(line, "eth_getLogs", lambda params, logs: logs[::-1])

    following.run()

    assert following.facts() == truth


def test_run__ranges_are_refused__halved_until_they_are_not(following, line, truth):
    def refuse(params: list[Any], logs: Any) -> Any:
        blocks = int(params[0].get("toBlock", "0x0"), 16) - int(params[0].get("fromBlock", "0x0"), 16) + 1
        return {"error": {"code": -32005, "message": "range too large"}} if blocks > 7 else logs

    lie(line, "eth_getLogs", refuse)

    following.run()

    assert following.facts() == truth
    assert (
        max(step.block - before.block for before, step in zip(following.said, following.said[1:], strict=False)) <= 64
    )
    assert following.warned == []


def test_run__a_live_block_serves_no_log_once__its_bloom_has_it_asked_again(following, line, restored):
    following.run()
    write_records(restored, 1)
    lie(line, "eth_getLogs", lambda params, logs: [], times=1)

    following.run()

    assert following.said[-1].reports == 2
    assert following.incidents() == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_run__requests_fail_at_random__followed_all_the_same(following, line, truth, seed):
    line.faults = seeded(seed, 0.2)
    for _ in range(100):
        try:
            following.run()
            break
        except Away:
            pass

    line.faults = lambda number, method: None
    following.run()

    assert line.happened
    assert following.facts() == truth
    assert following.incidents() == []


# ---------------------------------------------------------------- told again and again: an incident, once


def stops(following: Following, subject: str, problem: str) -> None:
    """Following stops with this incident, which is stored once however often it is tried."""
    for _ in range(2):
        with pytest.raises(Incident) as found:
            following.run()
        assert (found.value.subject, found.value.problem) == (f"follow/{subject}", problem)
        assert "Nothing was written; ask another node" in str(found.value)
    assert [row[:2] + row[3:] for row in following.incidents()] == [(f"follow/{subject}", problem, False)]


def test_run__one_log_is_never_served__incident_names_it(following, line, node, truth):
    which = of_ledger(node, 2)
    lie(line, "eth_getLogs", lambda params, logs: [log for log in logs if not which(log)])

    stops(following, "ledger", "2: missing")

    assert following.rows(tables.report) == []
    line.lie = None
    following.run()
    assert following.facts() == truth
    assert [row[3] for row in following.incidents()] == [True]


def test_run__the_last_logs_are_never_served__incident_names_them(following, line, node, truth):
    last = node.suite.registry.functions.reportHead().call()[0]
    address = node.suite.registry.address.lower()

    def drop(params: list[Any], logs: Any) -> Any:
        return [log for log in logs if log["address"] != address or place_of(log, address) <= last - 2]

    lie(line, "eth_getLogs", drop)

    stops(following, "registry", f"{last - 1}-{last}: missing")

    assert subset(following, truth)


def place_of(log: dict[str, Any], address: str) -> int:
    """A registry log's number: in the topics, or above the record in the data of a RECORD."""
    return int(log["data"], 16) >> 168 if len(log["topics"]) == 2 else int(log["topics"][1], 16)


def test_run__a_log_is_always_served_twice__incident(following, line, node):
    which = of_ledger(node, 2)
    lie(
        line,
        "eth_getLogs",
        lambda params, logs: [each for log in logs for each in ([log, log] if which(log) else [log])],
    )

    stops(following, "ledger", "2: served again")

    assert following.rows(tables.report) == []


@pytest.mark.parametrize(
    ("alter", "problem"),
    [
        (lambda log: {"data": log["data"][:-1] + "2"}, "up to here something is not what the contract reported"),
        (lambda log: {"data": log["data"] + 64 * "0"}, "is no entry"),
        (lambda log: {"data": log["data"][:-64]}, "is no entry"),
        (lambda log: {"topics": [*log["topics"], "0x" + 64 * "0"]}, "is no entry"),
        (
            lambda log: {"topics": [*log["topics"][:2], "0x" + 62 * "0" + "63"]},
            "up to here something is not what the contract reported",
        ),
    ],
)
def test_run__a_log_is_altered__incident_of_that_stream(following, line, node, alter, problem):
    which = of_ledger(node, 2)
    lie(line, "eth_getLogs", lambda params, logs: [{**log, **alter(log)} if which(log) else log for log in logs])

    with pytest.raises(Incident, match=f"follow/ledger: .*{problem}"):
        following.run()

    assert following.rows(tables.report) == []


def block_of(node) -> int:
    """Where the ledger's first entry stands."""
    topics = ["0x" + STREAM_REPORTED.hex(), "0x" + 63 * "0" + "1"]
    question = {"address": node.suite.ledger.address, "fromBlock": 0, "toBlock": "latest", "topics": topics}
    return node.suite.w3.eth.get_logs(question)[0]["blockNumber"]


def header_with(number: int, **fields: Any) -> Callable[[list[Any], Any], Any]:
    return lambda params, header: {**header, **fields} if header and header["number"] == hex(number) else header


def test_run__a_log_of_another_block_is_served__incident(following, line, node):
    block, wrong = block_of(node), "0x" + 64 * "7"
    which = of_ledger(node, 1)
    lie(line, "eth_getLogs", lambda params, logs: [{**log, "blockHash": wrong} if which(log) else log for log in logs])

    with pytest.raises(Incident, match=f"follow/blocks: log [0-9]+ of block {block} is of another block, {wrong}"):
        following.run()

    assert following.rows(tables.block) == []


def test_run__a_header_says_another_time__incident(following, line, node):
    lie(line, "eth_getBlockByNumber", header_with(block_of(node), timestamp="0x1"))

    with pytest.raises(Incident, match="its time is not its block's"):
        following.run()

    assert following.rows(tables.block) == []


def test_run__a_bloom_without_what_is_served__incident(following, line, node):
    """Read by range the bloom does not hold the log; read by hash the block is not asked for it, and it is missing."""
    block = block_of(node)
    lie(line, "eth_getBlockByNumber", header_with(block, logsBloom="0x" + 512 * "0"))

    with pytest.raises(Incident) as found:
        following.run()

    assert found.value.block <= following.suite.w3.eth.block_number
    assert following.rows(tables.block) == []


def test_run__headers_do_not_follow_each_other__incident(following, line, restored):
    following.run()
    facts = following.facts()
    write_records(restored, 2)
    last = restored.suite.w3.eth.block_number

    lie(line, "eth_getBlockByNumber", header_with(last, parentHash="0x" + 64 * "7"))

    with pytest.raises(Incident, match=f"follow/blocks: block {last}, 0x[0-9a-f]+, does not follow 0x[0-9a-f]+"):
        following.run()

    assert following.facts() == facts


@pytest.mark.parametrize("change", [-1, 1])
def test_run__the_head_is_told_wrong__incident(following, line, node, change):
    address = node.suite.ledger.address

    def alter(params: list[Any], result: Any) -> Any:
        if "to" in params[0]:
            return result
        (heads,) = decode(["uint256[2][]"], bytes.fromhex(result[2:]))
        asked = [params[0]["data"][-64 * place :][24:64] for place in range(len(heads), 0, -1)]
        its = address[2:].lower()
        changed = [(max(seq + change * (at == its), 0), chain) for at, (seq, chain) in zip(asked, heads, strict=True)]
        return "0x" + encode(["uint256[2][]"], [changed]).hex()

    lie(line, "eth_call", alter)

    with pytest.raises(Incident, match="follow/ledger: [0-9]+: (missing|never reported)"):
        following.run()

    assert following.rows(tables.report) == []


def test_run__a_token_is_invented__incident(following, line, node):
    address, ghost = node.suite.listings.address.lower(), "ee" * 20
    token = node.life.token.address[2:].lower()

    def alter(params: list[Any], logs: Any) -> Any:
        return [
            {**log, "data": log["data"].replace(token, ghost)} if log["address"] == address else log for log in logs
        ]

    lie(line, "eth_getLogs", alter)

    with pytest.raises(
        Incident, match=f"(?i)follow/listings: token 0x{ghost} was listed where no contract stands"
    ) as found:
        following.run()

    assert found.value.block > node.suite.deployment.block
    assert following.rows(tables.source) == []


def test_run__another_block_is_called_final__incident(following, line, restored):
    following.run()
    final = following.rows(tables.finality)[-1][0]
    write_records(restored, 1)

    def alter(params: list[Any], header: Any) -> Any:
        return {**header, "hash": "0x" + 64 * "7"} if params[0] == "finalized" else header

    lie(line, "eth_getBlockByNumber", alter)

    with pytest.raises(Incident, match="final, which is not the block"):
        following.run()

    assert following.rows(tables.finality)[-1][0] == final


# ---------------------------------------------------------------- away: waited for, no incident


def test_run__the_head_is_old__waits(following, line, node):
    following.run()
    facts, head = following.facts(), node.suite.w3.eth.get_block(120)
    header = node.rpc("eth_getBlockByNumber", hex(120), False)
    lie(line, "eth_getBlockByNumber", lambda params, given: header if params[0] == "latest" else given)

    with pytest.raises(Away, match=f"The node ends at block {head['number']}"):
        following.run()

    assert (following.facts(), following.incidents()) == (facts, [])


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.SILENT, Fault.NONSENSE, Fault.HALF, Fault.TOO_MANY])
def test_run__no_answer_can_be_read__tried_again_and_said_once(following, line, fault):
    line.faults = lambda number, method: fault
    following.timeout = 0.2
    pauses: list[float] = []

    with pytest.raises(Away, match="The node does not answer"):
        following.run(pause=pauses.append)

    assert pauses == [0.5, 1.0, 2.0, 4.0]
    assert len(following.warned) == 1
    assert following.incidents() == []


def test_run__the_state_of_old_blocks_is_gone__says_what_the_node_says(following, line):
    gone = {"error": {"code": -32000, "message": "missing trie node"}}
    lie(line, "eth_call", lambda params, result: gone)

    with pytest.raises(Away, match="The node refuses eth_call: missing trie node"):
        following.run()


@pytest.mark.parametrize(
    "fields",
    [
        {"topics": lambda log: [log["topics"][0], "0x02", *log["topics"][2:]]},
        {"transactionHash": lambda log: log["transactionHash"][:-2]},
        {"transactionHash": lambda log: log["transactionHash"] + "00"},
        {"blockHash": lambda log: "0x"},
        {"logIndex": lambda log: hex(1 << 63)},
        {"logIndex": lambda log: "-0x1"},
    ],
)
def test_run__a_field_of_a_log_has_not_its_width__nothing_of_it_is_stored(following, line, node, fields):
    which = of_ledger(node, 2)
    narrow = lambda log: log | {name: change(log) for name, change in fields.items()} if which(log) else log  # noqa: E731
    lie(line, "eth_getLogs", lambda params, logs: [narrow(log) for log in logs])

    with pytest.raises(Away, match=r"The node's answer cannot be read \(ValueError\)"):
        following.run()

    ledger = node.suite.ledger.address
    assert [row for row in following.rows(tables.report) if row[0] == ledger] == []
    assert following.incidents() == []


def test_run__ranges_are_refused_for_a_moment__steps_are_long_again(following, line, restored, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 32)
    restored.rpc("anvil_mine", hex(1_000))
    lie(line, "eth_getLogs", lambda params, logs: {"error": {"code": -32603, "message": "starting"}}, times=5)

    following.run()

    lengths = [step.block - before.block for before, step in zip(following.said, following.said[1:], strict=False)]
    assert following.said[0].block == restored.suite.deployment.block
    assert lengths[0] == 1
    assert max(lengths) == 32


def test_run__an_answer_without_end__left_after_so_much(following, line, monkeypatch):
    monkeypatch.setattr(asked, "_MOST_BYTES", 10_000)

    with pytest.raises(Away, match="The node answers too much or too slowly"):
        following.run()

    assert following.facts() == {"source": [], "report": [], "block": []}


def test_run__a_node_that_drips__left_after_our_patience(following, line, monkeypatch):
    monkeypatch.setattr(asked, "_PATIENCE", -1)

    with pytest.raises(Away, match="The node answers too much or too slowly"):
        following.run()


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("A\0B", r"A\x00B"), ("\x1b[31mX", r"\x1b[31mX"), ("W" * 1_000, "W" * 64), ("ÄÖ", "ÄÖ")],
    ids=["NUL", "escape", "long", "umlauts"],
)
def test_run__a_symbol_that_cannot_be_printed__escaped_and_short(following, line, node, symbol, name):
    said = "0x" + encode(["string"], [symbol]).hex()
    selector = keccak(text="symbol()")[:4].hex()
    lie(line, "eth_call", lambda params, result: said if params[0]["data"].startswith(f"0x{selector}") else result)

    following.run()

    assert {row[1] for row in following.rows(tables.source) if row[2] == "ShareToken"} == {name}
    assert following.incidents() == []
