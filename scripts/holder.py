"""What a holder does with shares, and a platform for one: `ape run holder --help`."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from stockade import custody, holder
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.custody import words
from stockade.errors import InputError, Refused
from stockade.holder import Permit
from stockade.records import to_shares
from stockade.suite import Suite

NUMBER = click.IntRange(min=1, max=2**32 - 1)


@click.group()
def cli() -> None:
    """For investors and licensed platforms: hold, transfer, redeem. Any wallet can do the same; this says why not.

    Shares are decimal, like 100 or 12.5; TOKEN is a symbol or an address. Each command asks the contracts first.
    """


# ---------------------------------------------------------------- asking


@cli.command(cls=SuiteCommand)
@click.argument("wallet")
@suite_option
def balance(wallet: str, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show what a wallet holds, what of it is frozen, and its open redemptions.

    \b
      ape run holder balance 0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    address = words.parse_address(wallet, "WALLET")
    record = suite.record(address)
    standing = "FROZEN" if record.frozen else record.status.name
    console.print(f"{address}: {standing}, eligible until {words.utc(record.expires_at)}.", soft_wrap=True)
    asked: dict[str, int] = {}
    for each in custody.requests(suite):
        if each.holder == address:
            asked[each.token] = asked.get(each.token, 0) + each.amount
    figures = [Column(name, justify="right") for name in ("shares", "frozen", "in redemption")]
    table = Table("token", *figures, title="Holdings, in shares")
    for token in suite.tokens():
        functions = token.functions
        amounts = (
            functions.balanceOf(address).call(),
            functions.getFrozenTokens(address).call(),
            asked.get(token.address, 0),
        )
        if any(amounts):
            shares = (to_shares(functions.toShares(amount).call()) for amount in amounts)
            table.add_row(functions.symbol().call(), *shares)
    console.print(table)


@cli.command(cls=SuiteCommand)
@click.argument("token")
@click.argument("source", metavar="FROM")
@click.argument("to")
@click.argument("shares")
@click.option("--spender", help="Ask about a movement by this platform instead of by the holder; allowance included.")
@suite_option
def why(
    token: str, source: str, to: str, shares: str, spender: str | None, deployment: Path | None, provider: ProviderAPI
) -> None:
    """Ask the token whether a transfer would pass, and why not.

    \b
      ape run holder why AAPLs 0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D 10
        --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    share = suite.token(token)
    answer = holder.why(
        suite,
        share,
        words.parse_address(source, "FROM"),
        words.parse_address(to, "TO"),
        _amount(share, shares),
        words.parse_address(spender, "--spender") if spender else None,
    )
    if answer.code:
        console.print(f"[red]It would be refused[/]: {answer.text}", f"[{answer.reason} {answer.code}]", soft_wrap=True)
    else:
        console.print("[green]It would pass.[/]")


def _amount(token: Contract, shares: str) -> int:
    """Raw tokens for shares as typed."""
    return holder.to_tokens(token, words.parse_amount(shares, "SHARES"))


# ---------------------------------------------------------------- acting


def act(build: Callable[..., tuple[str, ContractFunction]]) -> Callable[..., None]:
    """A command out of a function that says, in words and as a call, what the account is to do."""

    def run(
        provider: ProviderAPI, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, **arguments: Any
    ) -> None:
        suite = open_suite(provider, deployment)
        _do(suite, *build(suite, **arguments), account, yes, dry_run)

    update_wrapper(run, build)
    del run.__wrapped__  # type: ignore[attr-defined]  # Ape looks for `provider` in the function it calls.
    return suite_option(signer_options(run))


def _do(
    suite: Suite, says: str, call: ContractFunction, account: AccountAPI, yes: bool, dry_run: bool
) -> TxReceipt | None:
    """Asks the contracts, then the person, then sends."""
    suite.dry_run(account.address, call)
    console.print(f"{account.address} is to {says}.", soft_wrap=True)
    if dry_run:
        console.print("Dry run: it would pass. Nothing was sent.")
        return None
    if not yes:
        click.confirm("Do this?", abort=True)
    return _done(suite.send(signer(account, yes), call))


def _done(receipt: TxReceipt) -> TxReceipt:
    console.print(
        f"[green]Done[/] in block {receipt['blockNumber']}, transaction {receipt['transactionHash'].to_0x_hex()}.",
        soft_wrap=True,
    )
    return receipt


@cli.command(cls=SuiteCommand)
@act
@click.argument("token")
@click.argument("to")
@click.argument("shares")
def transfer(suite: Suite, token: str, to: str, shares: str) -> tuple[str, ContractFunction]:
    """Transfer your own shares.

    \b
      ape run holder transfer AAPLs 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D 10
        --network ethereum:devnet --account TEST::20
    """
    share, receiver = suite.token(token), words.parse_address(to, "TO")
    return f"transfer {shares} {token} to {receiver}", share.functions.transfer(receiver, _amount(share, shares))


@cli.command(cls=SuiteCommand)
@click.argument("token")
@click.argument("file", type=click.Path(path_type=Path))
@suite_option
@signer_options
def batch(
    token: str,
    file: Path,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Transfer your own shares to many, all or none. FILE is a CSV with the columns wallet and shares.

    \b
      ape run holder batch AAPLs payout.csv --network ethereum:devnet --account TEST::20
    """
    suite = open_suite(provider, deployment)
    share, rows = suite.token(token), holder.read_batch(file)
    sender = words.parse_address(str(account.address), "--account")
    table = Table(
        "line", Column("wallet", no_wrap=True), Column("shares", justify="right"), "alone it would", title=str(file)
    )
    for row in rows:
        answer = holder.why(suite, share, sender, row.wallet, holder.to_tokens(share, row.shares))
        verdict = f"[red]be refused[/]: {answer.text}" if answer.code else "pass"
        table.add_row(str(row.line), row.wallet, to_shares(row.shares), verdict)
    console.print(table)
    total = to_shares(sum(row.shares for row in rows))
    says = f"transfer {total} {token} to {len(rows)} wallets, all or none"
    _do(suite, says, holder.batch(share, rows), account, yes, dry_run)


@cli.command(cls=SuiteCommand)
@act
@click.argument("token")
@click.argument("spender")
@click.argument("shares")
def approve(suite: Suite, token: str, spender: str, shares: str) -> tuple[str, ContractFunction]:
    """Let a platform move that many of your shares; 0 takes it back. Each movement is judged when it happens.

    \b
      ape run holder approve AAPLs 0x2546BcD3c84621e976D8185a91A922aE77ECEc30 10
        --network ethereum:devnet --account TEST::20
    """
    share, platform = suite.token(token), words.parse_address(spender, "SPENDER")
    call = share.functions.approve(platform, _amount(share, shares))
    return f"let {platform} move {shares} {token}", call


@cli.command(cls=SuiteCommand)
@click.argument("token")
@click.argument("spender")
@click.argument("shares")
@click.option("--valid-for", default="1d", show_default=True, help="How long it may be submitted: 90s, 30m, 36h, 5d.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: permit-TOKEN-NONCE.json.")
@click.option("--submit", is_flag=True, help="Send it too; otherwise whoever has the file may.")
@suite_option
@signer_options
def permit(
    token: str,
    spender: str,
    shares: str,
    valid_for: str,
    out: Path | None,
    submit: bool,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Sign an allowance off chain (ERC-2612), at no cost; the platform uses the file: `ape run holder move --permit`.

    \b
      ape run holder permit AAPLs 0x2546BcD3c84621e976D8185a91A922aE77ECEc30 10
        --network ethereum:devnet --account TEST::20
    """
    suite = open_suite(provider, deployment)
    share, platform = suite.token(token), words.parse_address(spender, "SPENDER")
    amount = _amount(share, shares)
    deadline = suite.w3.eth.get_block("latest")["timestamp"] + words.parse_span(valid_for, "--valid-for")
    console.print(
        f"{account.address} lets {platform} move {shares} {token}, if submitted before {words.utc(deadline)}.",
        soft_wrap=True,
    )
    if dry_run:
        console.print("Dry run: nothing was signed.")
        return
    if not yes:
        click.confirm("Sign this?", abort=True)
    by = signer(account, yes)
    signed = holder.sign_permit(share, by, platform, amount, deadline)
    path = out or Path(f"permit-{share.functions.symbol().call()}-{signed.nonce}.json")
    signed.write(path)
    console.print(f"Signed: {path}. v {signed.signature[64]}, r and s 0x{signed.signature[:64].hex()}", soft_wrap=True)
    if submit and (call := holder.permit_call(suite, signed)) is not None:
        _done(suite.send(by, call))


@cli.command(cls=SuiteCommand)
@click.argument("token")
@click.argument("source", metavar="FROM")
@click.argument("to")
@click.argument("shares")
@click.option("--permit", "file", type=click.Path(path_type=Path), help="FROM's signed permit, submitted first.")
@suite_option
@signer_options
def move(
    token: str,
    source: str,
    to: str,
    shares: str,
    file: Path | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Move a holder's shares as a licensed platform, within its allowance (transferFrom).

    \b
      ape run holder move AAPLs 0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D 10
        --permit permit-AAPLs-0.json --network ethereum:devnet --account TEST::28
    """
    suite = open_suite(provider, deployment)
    share = suite.token(token)
    owner, receiver = words.parse_address(source, "FROM"), words.parse_address(to, "TO")
    amount = _amount(share, shares)
    says = f"move {shares} {token} from {owner} to {receiver}"
    call = share.functions.transferFrom(owner, receiver, amount)
    if file is None:
        _do(suite, says, call, account, yes, dry_run)
        return
    signed = Permit.read(file)
    spender = words.parse_address(str(account.address), "--account")
    if (signed.token, signed.owner, signed.spender) != (share.address, owner, spender) or signed.value < amount:
        raise InputError(f"{file}: it does not let {spender} move {shares} {token} of {owner}: ask for such a permit.")
    answer = holder.why(suite, share, owner, receiver, amount, spender, permitted=True)
    if answer.code:
        raise Refused(
            f"{answer.text} [{answer.reason} {answer.code}]", error="", code=answer.code, reason=answer.reason
        )
    if (first := holder.permit_call(suite, signed)) is not None:
        suite.dry_run(spender, first)
    console.print(f"{spender} is to submit the permit and {says}.", soft_wrap=True)
    if dry_run:
        console.print("Dry run: it would pass. Nothing was sent.")
        return
    if not yes:
        click.confirm("Do this?", abort=True)
    if first is not None:
        suite.send(signer(account, yes), first)
    _done(suite.send(signer(account, yes), call))


@cli.command(cls=SuiteCommand)
@click.argument("token")
@click.argument("custodian", type=NUMBER)
@click.argument("shares")
@click.option("--delivery", required=True, help="Your delivery instruction as agreed, at most 32 characters.")
@suite_option
@signer_options
def redeem(
    token: str,
    custodian: int,
    shares: str,
    delivery: str,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Give tokens back and ask a custodian for the shares. Open to every holder who is not frozen, at any time.

    The tokens wait in the ledger. The custodian releases the shares or rejects; if it stays silent until the deadline,
    `ape run holder take-back` returns the tokens.

    \b
      ape run holder redeem AAPLs 1 10 --delivery "account 7" --network ethereum:devnet --account TEST::20
    """
    suite = open_suite(provider, deployment)
    share = suite.token(token)
    ref = words.parse_reference(delivery, "--delivery")
    call = holder.redemption_call(suite, share, custodian, _amount(share, shares), ref)
    receipt = _do(suite, f"ask custodian {custodian} for {shares} {token}", call, account, yes, dry_run)
    if receipt is not None:
        request = custody.request(suite, holder.request_number(suite, receipt))
        console.print(
            f"Request {request.id}: custodian {custodian} may answer until {words.utc(request.deadline)}; afterwards: "
            f"ape run holder take-back {request.id}",
            soft_wrap=True,
        )


@cli.command(cls=SuiteCommand)
@act
@click.argument("request", type=click.IntRange(min=1))
def take_back(suite: Suite, request: int) -> tuple[str, ContractFunction]:
    """Take the tokens of a redemption REQUEST back that no custodian answered in time.

    \b
      ape run holder take-back 7 --network ethereum:devnet --account TEST::20
    """
    asked = custody.request(suite, request)
    token = suite.token(asked.token).functions
    shares = to_shares(token.toShares(asked.amount).call())
    says = f"take {shares} {token.symbol().call()} of request {request} back"
    return says, suite.ledger.functions.takeBack(request)
