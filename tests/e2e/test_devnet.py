"""`make devnet` and a second shell: the chain comes up with the suite, answers the scripts, and leaves nothing."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import socket

from tests.conftest import key_of
from tests.e2e.conftest import end, free_port, read_until
from tests.support import EXAMPLES, ROOT

PLAN = str(EXAMPLES / "suite.toml")


def test_devnet__ready__names_an_account_for_every_role_and_the_next_commands(devnet):
    parts = {
        "deployer": 0,
        "ADMIN": 1,
        "KEY_ADMIN": 2,
        "UPGRADER": 3,
        "ISSUER": 4,
        "COMPLIANCE": 5,
        "REGISTRAR 1": 6,
        "CUSTODY_ADMIN": 7,
        "MARKET_OPERATOR": 8,
        "PAUSER": 9,
        "REGULATOR": 10,
        "GUARDIAN": 11,
        "custodian 1": 12,
        "custodian 2": 13,
        "investor": 20,
        "platform": 28,
    }
    for part, index in parts.items():
        line = rf"^{part} +TEST::{index} +{key_of(index).address} +10,000 *$"
        assert re.search(line, devnet.said, re.MULTILINE), part
    assert "PUBLIC" in devnet.said
    assert json.loads(devnet.deployment.read_text())["chain_id"] == 31337


def test_deploy_show__on_the_devnet__finds_every_contract_as_deployed(devnet):
    said = devnet.run("deploy", "show")

    assert said.count("as deployed") == 8
    assert "profile us-tsv" in said


def test_deploy_suite__dry_run__shows_the_plan_and_sends_nothing(devnet, tmp_path):
    other = tmp_path / "other.json"

    said = devnet.run(
        "deploy", "suite", "--plan", PLAN, "--account", "TEST::0", "--dry-run", "--deployment", str(other)
    )

    for text in ("KEY_ADMIN", "Second Example Trust", "2 of 3 sign", "US46625H1005", "Dry run: nothing was sent."):
        assert text in said
    assert not other.exists()


def test_deploy_suite__refused_half_way__records_nothing(devnet, tmp_path):
    """The listing registry refuses an exemption without a document; the contracts stand already by then."""
    profile = (ROOT / "src/stockade/profiles/us-tsv.toml").read_text()
    (tmp_path / "bad.toml").write_text(
        re.sub(r'^document = "0x\w+"', f'document = "0x{"0" * 64}"', profile, flags=re.M)
    )
    shutil.copy(EXAMPLES / "listings.toml", tmp_path)
    (tmp_path / "suite.toml").write_text((EXAMPLES / "suite.toml").read_text().replace('"us-tsv"', '"bad.toml"'))
    other = tmp_path / "other.json"

    said = devnet.run(
        *("deploy", "suite", "--plan", str(tmp_path / "suite.toml"), "--account", "TEST::0", "--yes"),
        *("--deployment", str(other)),
        status=1,
    )

    assert "Error: Refused: ListingInvalidTerms" in said
    assert "The deployment stopped here and records nothing" in said
    assert list(tmp_path.glob("other*")) == []


def test_listing__add_by_the_issuer__stands_pending_and_names_the_next_steps(devnet):
    options = ("--file", str(EXAMPLES / "listings.toml"), "--account", "TEST::4", "--yes")

    said = devnet.run("listing", "add", "NVDA", *options)

    assert "NVDAs is PENDING at 0x" in said
    assert "CUSTODY_ADMIN:  ape run custody terms NVDAs --profile us-tsv" in said
    assert "ISSUER:         ape run listing activate NVDAs" in said


def test_second_shell__the_commands_as_printed__whitelist_mint_transfer_redeem_and_freeze(devnet, tmp_path):
    """What devnet tells its reader to type, typed: with the files in a place of the test's own, and answers."""
    commands = devnet.said.replace("\\\n", " ").replace("build/", f"{tmp_path}/")
    typed = [shlex.split(line) for line in commands.splitlines() if line.startswith("  ape run ")]
    answers = {"sign": "100\n", "submit": "100\n"}

    said = [devnet.type(*command, answer=answers.get(command[3], "y\n")) for command in typed]

    assert [" ".join(command[2:4]) for command in typed] == [
        "whitelist plan",
        "whitelist apply",
        "custody build",
        "custody sign",
        "custody submit",
        "holder transfer",
        "holder redeem",
        "compliance freeze",
        "listing show",
        "listing clocks",
        "market status",
        "report verify",
    ]
    assert re.search(r"written +│ +312 │", said[1])
    assert re.search(r"AAPLs +│ AAPL on XNAS +│ ACTIVE +│ +100 │ +100 │", said[8])
    assert re.search(r"XNAS .*\n(.*\n)*.*XNYS", said[10])


def test_second_shell__the_commands_as_printed__report_every_record_to_a_gateway_and_prove_it(devnet):
    """As typed in one shell, at another port, waiting for the gateway as a person does."""
    port = str(free_port())
    block = devnet.said.split("two more public keys:\n")[1].split("\nEvery command")[0].replace("8780", port)
    listens = f"until (: < /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.1; done"
    script = "set -e; trap 'kill $!' EXIT\n" + re.sub(r"&\n", f"&\n{listens}\n", block)

    said = devnet.type("bash", "-c", script)

    assert re.search(r"reporter is known by 0x\w{40}\.", said)
    assert "0 incidents are open, 0 records wait for a repair." in said
    assert re.search(r"Complete: [1-9]\d\d records and \d+ acknowledgements of gateway", said)


def test_devnet__ended_while_it_deploys__leaves_no_chain_and_no_file(starting, tmp_path):
    process = starting(port := free_port())
    read_until(process, "Profile ")

    status, said = end(process, signal.SIGINT)

    assert status == 0
    assert "The chain has ended" in said
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_devnet__port_in_use__says_so_in_one_sentence(starting):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said, _ = (process := starting(port)).communicate(timeout=60)

    assert process.returncode == 1
    assert said == f"Port {port} cannot be used (Address already in use): try `make devnet PORT=...`.\n"


def test_devnet__anvil_missing__says_so_in_one_sentence(starting, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    said, _ = (process := starting(free_port())).communicate(timeout=60)

    assert process.returncode == 1
    assert said == "anvil was not found: run `make setup`, then `. tools/env.sh` in this shell.\n"
