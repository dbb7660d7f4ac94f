"""What custodians say about the shares they hold: `ape run custody --help`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table
from web3.contract.contract import ContractFunction

from stockade import custody, profiles
from stockade.ape import DEPLOYMENTS, SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.custody import Document, Signature, admin, words
from stockade.custody.typed import parse_signature
from stockade.errors import InputError
from stockade.records import Attestation, RequestStatus, SentenceKind, to_shares
from stockade.suite import Deployment, Suite

NUMBER = click.IntRange(min=1, max=2**32 - 1)


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


# ---------------------------------------------------------------- building


@cli.group()
def build() -> None:
    """Write the custodian's next sentence into a document, unsigned.

    --held is the custodian's whole settled position in the token once the sentence has landed, from its own books.
    Nothing is sent; a sentence that the ledger would refuse as things stand is written with a warning.
    """


def sentence(build: Callable[..., Attestation]) -> Callable[..., None]:
    """A command out of a function that takes the suite, `fields` common to all sentences and its own arguments; what it
    builds is written.
    """

    def run(
        provider: ProviderAPI,
        deployment: Path | None,
        held: str,
        evidence: str,
        as_of: str | None,
        valid_for: str,
        out: Path | None,
        **arguments: Any,
    ) -> None:
        suite = open_suite(provider, deployment)
        fields = {
            "shares_held": words.parse_amount(held, "--held"),
            "evidence": words.parse_evidence(evidence, "--evidence"),
            "as_of": words.parse_moment(as_of, "--as-of") if as_of else None,
            "valid_for": words.parse_span(valid_for, "--valid-for"),
        }
        _write(suite, build(suite, fields, **arguments), out)

    for option in (
        click.option(
            "--out", type=click.Path(path_type=Path), help="File to write; named after the sentence if absent."
        ),
        click.option("--valid-for", default="1d", show_default=True, help="How long it may land: 90s, 30m, 36h, 5d."),
        click.option(
            "--as-of", help="When the position was settled, like 2026-11-22T16:00:00Z; default: latest block."
        ),
        click.option(
            "--evidence", required=True, help="What shows it: a file, whose keccak256 is signed, or that hash."
        ),
        click.option("--held", required=True, help="Shares held once this has landed, like 1100 or 12.5."),
    ):
        build = option(build)
    return suite_option(_wrapping(build, run))


def _wrapping(function: Callable[..., Any], run: Callable[..., None]) -> Callable[..., None]:
    """`run` under the function's name, help and options. Ape looks for `provider` in the signature of `run` itself."""
    update_wrapper(run, function)
    del run.__wrapped__  # type: ignore[attr-defined]
    return run


def _write(suite: Suite, attestation: Attestation, out: Path | None) -> None:
    symbol = suite.token(attestation.token).functions.symbol().call()
    name = f"{attestation.kind.name.lower()}-{symbol}-{attestation.custodian}-{attestation.sequence}.json"
    path = out or Path(name)
    custody.document(suite, attestation).write(path)
    _say(Document.read(path), suite)
    console.print(f"Written, unsigned: {path}. Every desk signs it: ape run custody sign {path}", soft_wrap=True)


def _say(document: Document, suite: Suite | None) -> None:
    """The sentence in words and, where a chain can be asked, what to know before signing it."""
    attestation = document.attestation
    if suite is None:
        console.print(custody.describe(attestation), soft_wrap=True)
        return
    symbol = suite.token(attestation.token).functions.symbol().call()
    console.print(custody.describe(attestation, symbol), soft_wrap=True)
    if (refused := custody.judge(suite, replace(document, signatures=()))) is not None:
        console.print("[yellow]As things stand the ledger would refuse it.[/]", str(refused), soft_wrap=True)
    if missing := custody.shortfall(suite, attestation):
        console.print(
            f"[yellow]It leaves the custodian {to_shares(missing)} shares short of what was issued: UNDER-RESERVED, no "
            "deposit until that is cured.[/]",
            soft_wrap=True,
        )


@build.command(cls=SuiteCommand)
@sentence
@click.argument("token")
@click.option("--custodian", type=NUMBER, required=True, help="The custodian's number.")
def statement(suite: Suite, fields: dict[str, Any], token: str, custodian: int) -> Attestation:
    """We hold this many. Recorded even when it is less than was issued; also replaces a sentence that cannot land.

    \b
      ape run custody build statement AAPLs --custodian 1 --held 1000 --evidence statement.pdf
        --network ethereum:devnet
    """
    return custody.build(suite, SentenceKind.STATEMENT, suite.token(token).address, custodian, **fields)


@build.command(cls=SuiteCommand)
@sentence
@click.argument("token")
@click.option("--custodian", type=NUMBER, required=True, help="The custodian's number.")
@click.option("--shares", required=True, help="Shares that arrived; as many tokens are minted.")
@click.option("--to", required=True, help="The wallet that receives the tokens.")
@click.option("--ref", required=True, help="The custodian's own reference, at most 32 characters.")
def deposit(
    suite: Suite, fields: dict[str, Any], token: str, custodian: int, shares: str, to: str, ref: str
) -> Attestation:
    """Shares arrived: mint to an account.

    \b
      ape run custody build deposit AAPLs --custodian 2 --held 1100 --shares 100
        --to 0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE --ref DTC-42 --evidence statement.pdf
        --network ethereum:devnet
    """
    return custody.build(
        suite,
        SentenceKind.DEPOSIT,
        suite.token(token).address,
        custodian,
        shares=words.parse_amount(shares, "--shares"),
        account=words.parse_address(to, "--to"),
        ref=words.parse_reference(ref, "--ref"),
        **fields,
    )


@build.command(cls=SuiteCommand)
@sentence
@click.argument("request", type=click.IntRange(min=1))
def release(suite: Suite, fields: dict[str, Any], request: int) -> Attestation:
    """A redemption REQUEST is taken: its tokens burn now, and the shares leave only once that is final.

    --held is without the released shares.

    \b
      ape run custody build release 7 --held 900 --evidence instruction.pdf --network ethereum:devnet
    """
    return custody.answer(suite, SentenceKind.RELEASE, request, **fields)


@build.command(cls=SuiteCommand)
@sentence
@click.argument("request", type=click.IntRange(min=1))
def reject(suite: Suite, fields: dict[str, Any], request: int) -> Attestation:
    """A redemption REQUEST is refused: its tokens go back to the holder.

    \b
      ape run custody build reject 7 --held 1000 --evidence refusal.pdf --network ethereum:devnet
    """
    return custody.answer(suite, SentenceKind.REJECT, request, **fields)


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
    _say(document, suite)
    if yes or dry_run:
        return
    if attestation.kind is not SentenceKind.DEPOSIT:
        click.confirm(f"{verb} this?", abort=True)
        return
    typed = click.prompt(f"{verb} this? Type the number of shares to be minted")
    custody.require_typed(attestation, typed)


# ---------------------------------------------------------------- CUSTODY_ADMIN


def act(build: Callable[..., tuple[str, ContractFunction]]) -> Callable[..., None]:
    """A command out of a function that says, in words and as a call, what CUSTODY_ADMIN is to do."""

    def run(
        provider: ProviderAPI, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, **arguments: Any
    ) -> None:
        suite = open_suite(provider, deployment)
        says, call = build(suite, **arguments)
        console.print(f"To do (CUSTODY_ADMIN): {says}.", soft_wrap=True)
        sends, follows = admin.rehearse(suite, suite.w3.to_checksum_address(account.address), call)
        console.print(follows, soft_wrap=True)
        if not sends:
            return
        if dry_run:
            console.print("Dry run: nothing was sent.")
            return
        if not yes:
            click.confirm("Do this?", abort=True)
        result = suite.perform(signer(account, yes), call)
        if isinstance(result, int):
            console.print(
                f"[yellow]Scheduled[/]. Run the same command again from {words.utc(result)} on, within a week; until "
                "then GUARDIAN may cancel it.",
                soft_wrap=True,
            )
        else:
            console.print(f"[green]Done[/]: transaction {result['transactionHash'].to_0x_hex()}.", soft_wrap=True)

    return suite_option(signer_options(_wrapping(build, run)))


@cli.command(cls=SuiteCommand)
@act
@click.option("--name", required=True, help="Its legal name, exactly; the hash of it stands on chain.")
@click.option("--lei", required=True, help="Its legal entity identifier (ISO 17442), 20 characters.")
@click.option("--attestor", "attestors", multiple=True, required=True, help="ADDRESS:key or ADDRESS:contract; repeat.")
@click.option("--threshold", type=click.IntRange(1, 255), required=True, help="How many attestors must sign.")
def add_custodian(
    suite: Suite, name: str, lei: str, attestors: tuple[str, ...], threshold: int
) -> tuple[str, ContractFunction]:
    """Add a custodian (CUSTODY_ADMIN, two days of delay). It is never removed, only closed to new deposits.

    \b
      ape run custody add-custodian --name "Third Example Bank (synthetic)" --lei 0000SYNTHETIC0000322
        --attestor 0xFABB0ac9d68B0B445fB7357272Ff202C5651694a:key --threshold 1
        --network ethereum:devnet --account TEST::7
    """
    call = admin.add_custodian(suite, name, lei, [admin.parse_attestor(each) for each in attestors], threshold)
    says = f"add custodian {name} (LEI {lei}), {threshold} of {len(attestors)} must sign: {', '.join(attestors)}"
    return says, call


@cli.command(cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
@click.option("--add", multiple=True, help="ADDRESS:key, or ADDRESS:contract for a Safe; repeat.")
@click.option("--remove", multiple=True, help="ADDRESS; repeat.")
@click.option(
    "--threshold", type=click.IntRange(1, 255), help="How many must sign afterwards; default: as many as now."
)
def attestors(
    suite: Suite, custodian: int, add: tuple[str, ...], remove: tuple[str, ...], threshold: int | None
) -> tuple[str, ContractFunction]:
    """Change who signs for a custodian, in one step, removals first (CUSTODY_ADMIN, two days of delay).

    \b
      ape run custody attestors 2 --remove 0xcd3B766CCDd6AE721141F452C550Ca635964ce71
        --add 0x2546BcD3c84621e976D8185a91A922aE77ECEc30:key --network ethereum:devnet --account TEST::7
    """
    added = [admin.parse_attestor(each) for each in add]
    removed = [words.parse_address(each, "--remove") for each in remove]
    call = admin.change_attestors(suite, custodian, removed, added, threshold)
    steps = [*(f"remove {each}" for each in remove), *(f"add {each}" for each in add), f"threshold {call.args[3]}"]
    return f"custodian {custodian}: {', '.join(steps)}", call


@cli.command("open", cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
def reopen(suite: Suite, custodian: int) -> tuple[str, ContractFunction]:
    """Let a closed custodian deposit again (CUSTODY_ADMIN, two days of delay).

    \b
      ape run custody open 1 --network ethereum:devnet --account TEST::7
    """
    return f"open custodian {custodian} to new deposits", admin.set_open(suite, custodian, True)


@cli.command(cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
def close(suite: Suite, custodian: int) -> tuple[str, ContractFunction]:
    """Close a custodian to new deposits; its answers to redemptions stay open (CUSTODY_ADMIN, two days of delay).

    In a hurry, PAUSER stops all minting at once: `ape run compliance pause TOKEN mint`.

    \b
      ape run custody close 1 --network ethereum:devnet --account TEST::7
    """
    return f"close custodian {custodian} to new deposits", admin.set_open(suite, custodian, False)


@cli.command(cls=SuiteCommand)
@act
@click.argument("token")
@click.option("--profile", help=f"Take all three from a profile: {', '.join(profiles.SHIPPED)}, or a .toml file.")
@click.option("--cap", help="Most shares in one deposit; 0 means no mint.")
@click.option(
    "--max-age",
    type=click.IntRange(1, 366),
    help="Business days: a deposit lands while no more than these have begun since its position.",
)
@click.option("--period", help="How long a custodian has to answer a redemption, like 5d.")
def terms(
    suite: Suite, token: str, profile: str | None, cap: str | None, max_age: int | None, period: str | None
) -> tuple[str, ContractFunction]:
    """Set a token's custody terms (CUSTODY_ADMIN, two days of delay). What is not given stays as it is.

    \b
      ape run custody terms NVDAs --profile us-tsv --network ethereum:devnet --account TEST::7
      ape run custody terms AAPLs --cap 50000 --network ethereum:devnet --account TEST::7
    """
    wanted = profiles.load(profile).custody.terms if profile else (None, None, None)
    given = (
        words.parse_amount(cap, "--cap") if cap else None,
        max_age,
        words.parse_span(period, "--period") if period else None,
    )
    shares, age, wait = (old if new is None else new for old, new in zip(wanted, given, strict=True))
    call = admin.change_terms(suite, suite.token(token), shares, age, wait)
    after = call.args[1]
    says = (
        f"{token}: at most {to_shares(after[0])} shares a deposit, on positions at most {after[1]} business days old; "
        f"{after[2]} seconds to answer a redemption"
    )
    return says, call
