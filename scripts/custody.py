"""What custodians say about the shares they hold: `ape run custody --help`."""

from __future__ import annotations

import json
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table

from scripts._custody_admin import add_custodian, attestors, close, reopen, terms
from scripts._custody_build import build
from scripts._custody_shared import NUMBER, say
from stockade import custody
from stockade.ape import DEPLOYMENTS, SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.custody import Document, Signature, admin, words
from stockade.custody.typed import parse_signature
from stockade.errors import InputError
from stockade.records import RequestStatus, SentenceKind, to_shares
from stockade.suite import Deployment, Suite


@click.group()
def cli() -> None:
    """For custodians, auditors and transfer agents: say what is held, and answer redemptions.

    A sentence is built from the custodian's books, signed by each desk apart, combined, and submitted by anybody:

    \b
      ape run custody build deposit AAPLs --custodian 2 --held 1100 --shares 100 --to 0x...
        --ref DTC-42 --evidence statement.pdf --network ethereum:devnet     writes deposit-AAPLs-2-1.json
      ape run custody sign deposit-AAPLs-2-1.json --account desk-a          each desk, on its own machine
      ape run custody combine deposit-AAPLs-2-1.0x*.json --out whole.json
      ape run custody submit whole.json --account relay
    """


# ---------------------------------------------------------------- looking


@cli.command(cls=SuiteCommand)
@suite_option
def positions(deployment: Path | None, provider: ProviderAPI) -> None:
    """Show the custodians, and what each holds against what was issued on it.

    \b
      ape run custody positions --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    table = Table("custodian", "LEI", "must sign", "new deposits", title="Custodians")
    for entry in admin.custodians(suite):
        shut = "open" if entry.open else "[yellow]closed[/]"
        table.add_row(str(entry.number), entry.lei, f"{entry.threshold} of {entry.attestors}", shut)
    console.print(table)
    figures = [Column(name, justify="right") for name in ("held", "issued", "sentence")]
    settled, state = Column("settled as of", overflow="fold"), Column("state", no_wrap=True)
    table = Table("token", "custodian", *figures, settled, state, title="Positions, in shares")
    for row in custody.overview(suite):
        table.add_row(
            row.symbol,
            str(row.custodian),
            to_shares(row.position.held),
            to_shares(row.issued_shares),
            str(row.position.sequence),
            words.utc(row.position.as_of),
            "[red]UNDER-RESERVED[/]" if row.under_reserved else "covered",
        )
    console.print(table)


@cli.command(cls=SuiteCommand)
@click.option("--token", help="Only this token: symbol or address.")
@click.option("--custodian", type=NUMBER, help="Only requests addressed to this custodian.")
@click.option("--all", "every", is_flag=True, help="Answered and taken back ones too.")
@suite_option
def requests(
    token: str | None, custodian: int | None, every: bool, deployment: Path | None, provider: ProviderAPI
) -> None:
    """List redemption requests, and until when each may be answered.

    \b
      ape run custody requests --custodian 1 --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    address = suite.token(token).address if token else None
    now = suite.w3.eth.get_block("latest")["timestamp"]
    symbols = {each.address: each.functions.symbol().call() for each in suite.tokens()}
    holder, shares = Column("holder", overflow="fold"), Column("shares", justify="right")
    table = Table("request", "token", "custodian", holder, shares, Column("state", overflow="fold"))
    for each in custody.requests(suite, address, custodian, open_only=not every):
        state = each.status.name
        if each.status is RequestStatus.OPEN:
            overdue = f"[red]OVERDUE since {words.utc(each.deadline)}: the holder may take back[/]"
            state = overdue if now >= each.deadline else f"OPEN, answer before {words.utc(each.deadline)}"
        amount = to_shares(suite.token(each.token).functions.toShares(each.amount).call())
        table.add_row(str(each.id), symbols[each.token], str(each.custodian), each.holder, amount, state)
    console.print(table)


@cli.command(cls=SuiteCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--safe", help="Print what the owners of this Safe (an attestor) sign, as typed data, and nothing else.")
def show(file: Path, safe: str | None) -> None:
    """Say what a document says and who has signed it. Asks no node.

    The document is typed data itself: give it to any wallet's eth_signTypedData_v4, and what the wallet answers to
    `ape run custody attach`.

    \b
      ape run custody show deposit-AAPLs-2-1.json
    """
    document = Document.read(file)
    if safe is not None:
        address = words.parse_address(safe, "--safe")
        click.echo(json.dumps(custody.safe_message(address, document.digest, document.chain_id), indent=2))
        return
    console.print(custody.describe(document.attestation), soft_wrap=True)
    console.print(f"For chain {document.chain_id}, ledger {document.ledger}.\nDigest 0x{document.digest.hex()}.")
    for each in document.signatures:
        kind = f"owner of the Safe {each.attestor}" if each.owner else "contract" if each.contract else "key"
        console.print(f"Signed by {each.signer} ({kind}).", soft_wrap=True)


# ---------------------------------------------------------------- signing and submitting


@cli.command(cls=SuiteCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--safe", help="Sign as an owner of this Safe, which is an attestor, instead of as an attestor.")
@click.option(
    "--append", is_flag=True, help="Write the signature into FILE itself, to pass one file from desk to desk."
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: FILE's name with your address.")
@suite_option
@signer_options
def sign(
    file: Path,
    safe: str | None,
    append: bool,
    out: Path | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI | None,
) -> None:
    """Sign a document, after reading what it says. For a deposit you type the number of shares again.

    On a machine without a node say --network none: the document is then checked against the deployment file of its
    chain (deployments/<chain-id>.json) instead of the chain.

    \b
      ape run custody sign deposit-AAPLs-2-1.json --network ethereum:devnet --account TEST::13
      ape run custody sign deposit-AAPLs-2-1.json --network none --account desk-a
    """
    document = Document.read(file)
    suite = _require(document, provider, deployment)
    wallet = words.parse_address(safe, "--safe") if safe else None
    attestor = wallet or words.parse_address(str(account.address), "--account")
    if suite is not None:
        number = document.attestation.custodian
        if not suite.ledger.functions.attestorKindOf(number, attestor).call():
            raise InputError(f"{attestor} is no attestor of custodian {number}: sign with another --account.")
    _agree(document, suite, "Sign", yes, dry_run)
    if dry_run:
        console.print("Dry run: nothing was signed.")
        return
    signed = custody.sign(document, signer(account, yes), wallet)
    path = file if append else out or file.with_name(f"{file.stem}.{account.address}.json")
    signed.write(path, overwrite=append)
    console.print(f"Signed: {path}", soft_wrap=True)


@cli.command(cls=SuiteCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--attestor", required=True, help="Whose signature it is.")
@click.option("--signature", required=True, help="As the wallet gave it, in hexadecimal.")
@click.option("--contract", is_flag=True, help="The attestor is a contract wallet (ERC-1271); the chain will judge it.")
@click.option("--owner", help="The attestor is a Safe, and this owner signed what `show --safe` prints.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write; default: FILE's name with the signer's address."
)
def attach(file: Path, attestor: str, signature: str, contract: bool, owner: str | None, out: Path | None) -> None:
    """Add a signature made by another wallet to a copy of the document. Asks no node.

    \b
      ape run custody attach deposit-AAPLs-2-1.json --attestor 0x1CBd3b2770909D4e10f157cABC84C7264073C9Ec
        --signature 0x...
    """
    document = Document.read(file)
    entry = Signature(
        words.parse_address(attestor, "--attestor"),
        parse_signature(signature, "--signature"),
        contract,
        words.parse_address(owner, "--owner") if owner else None,
    )
    signed = document.with_signature(entry)
    path = out or file.with_name(f"{file.stem}.{entry.signer}.json")
    signed.write(path)
    console.print(f"Signed: {path}", soft_wrap=True)


@cli.command(cls=SuiteCommand)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write.")
def combine(files: tuple[Path, ...], out: Path) -> None:
    """Put signatures made apart into one document. Asks no node.

    \b
      ape run custody combine deposit-AAPLs-2-1.0x*.json --out whole.json
    """
    whole = custody.combine([Document.read(file) for file in files])
    whole.write(out)
    console.print(f"{len(whole.votes)} votes: {out}. Submit it: ape run custody submit {out}", soft_wrap=True)


@cli.command(cls=SuiteCommand)
@click.argument("file", type=click.Path(path_type=Path))
@suite_option
@signer_options
def submit(
    file: Path, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Land a signed document; any account may, the signatures decide. Asks the ledger first, and says why not.

    \b
      ape run custody submit whole.json --network ethereum:devnet --account TEST::16
    """
    suite = open_suite(provider, deployment)
    document = Document.read(file)
    custody.check(suite, document)
    attestation = document.attestation
    _agree(document, suite, "Submit", yes, dry_run)
    if dry_run:
        console.print("Dry run: the ledger would take it. Nothing was sent.")
        return
    receipt = custody.submit(suite, signer(account, yes), document)
    position = suite.position(attestation.token, attestation.custodian)
    console.print(
        f"[green]Landed[/] in block {receipt['blockNumber']}, transaction {receipt['transactionHash'].to_0x_hex()}. "
        f"Custodian {attestation.custodian} now holds {to_shares(position.held)} shares.",
        soft_wrap=True,
    )


def _require(document: Document, provider: ProviderAPI | None, deployment: Path | None) -> Suite | None:
    """Checks that the document is for the connected suite; without a node (`--network none`), for a deployment file."""
    if provider is None:
        known = Deployment.load(deployment or DEPLOYMENTS / f"{document.chain_id}.json")
        document.require(known.chain_id, known.addresses["ledger"])
        return None
    chain_id = provider.chain_id
    if document.chain_id != chain_id:
        document.require(chain_id, document.ledger)
    suite = open_suite(provider, deployment)
    document.require(chain_id, suite.ledger.address)
    return suite


def _agree(document: Document, suite: Suite | None, verb: str, yes: bool, dry_run: bool) -> None:
    """Says the sentence and asks; a deposit's share count is typed again, since a slip of the hand mints."""
    attestation = document.attestation
    say(document, suite)
    if yes or dry_run:
        return
    if attestation.kind is not SentenceKind.DEPOSIT:
        click.confirm(f"{verb} this?", abort=True)
        return
    typed = click.prompt(f"{verb} this? Type the number of shares to be minted")
    custody.require_typed(attestation, typed)


for each in (build, add_custodian, attestors, reopen, close, terms):
    cli.add_command(each)
