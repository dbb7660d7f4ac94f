"""What compliance does by order, and pauses: `ape run compliance freeze --help`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI
from rich.live import Live
from web3.contract import Contract

from scripts._compliance_halt import halt, lift
from scripts._compliance_shared import act, act_by_order, command, may_go_on, report, state_of, to_do
from stockade import compliance
from stockade.ape import console, signer
from stockade.compliance import Act, Order, Outcome
from stockade.custody.words import parse_evidence, parse_moment
from stockade.errors import InputError, Refused, StockadeError
from stockade.records import ExemptionStatus, Pause
from stockade.suite import Suite
from stockade.whitelist import parse_wallet, read_request, read_wallets, read_whitelist

EXEMPTION = {
    "suspend": ExemptionStatus.SUSPENDED,
    "restore": ExemptionStatus.ACTIVE,
    "revoke": ExemptionStatus.REVOKED,
}


@click.group()
def cli() -> None:
    """For the compliance officer, the pauser and the regulator: acts by order, each with its ground and its hash.

    Each command shows what it would do, asks the contracts whether it would be done, and asks you. With --dry-run it
    stops there. The account's role decides: COMPLIANCE for all but `pause` (PAUSER) and lifting the FORCE pause
    (REGULATOR).
    """


def _recover(suite: Suite, acts: list[Act], account: AccountAPI, yes: bool, dry_run: bool) -> None:
    """What follows a declaration can be rehearsed only after it; one refused step stops no other."""
    sender = suite.w3.to_checksum_address(account.address)
    for each in acts[:1] if compliance.declares(acts[0]) else acts:
        try:
            compliance.rehearse(suite, sender, each)
        except Refused as refused:
            if compliance.declares(each):
                raise
            report(Outcome(each, refused))
    if not may_go_on(yes, dry_run):
        return
    states = ["waiting"] * len(acts)
    with Live(to_do(acts, states), console=console) as live:

        def progress(outcome: Outcome) -> None:
            states[acts.index(outcome.act)] = state_of(outcome.result)
            live.update(to_do(acts, states))

        outcomes = compliance.recover(suite, signer(account, yes), acts, progress)
    if not console.is_terminal:
        console.line()  # Live leaves a log's last line open.
    left = sum(isinstance(outcome.result, Refused) for outcome in outcomes)
    if left:
        raise StockadeError(f"{left} of {len(acts)} steps were refused: clear what stands against them and run again.")


# ---------------------------------------------------------------- wallets


@act_by_order
@click.argument("wallet")
def freeze(suite: Suite, wallet: str, order: Order) -> list[Act]:
    """Freeze a wallet in every token, whether it has a record or not.

    A frozen wallet neither sends, receives, redeems nor takes back; its open redemptions are held. It can be forced.

    \b
      ape run compliance freeze 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D --basis SANCTIONS
        --order order-17.pdf --network ethereum:devnet --account TEST::5
    """
    return [compliance.freeze(suite, parse_wallet(wallet), order)]


@act
@click.argument("file", type=click.Path(path_type=Path))
def freeze_list(suite: Suite, file: Path) -> list[Act]:
    """Freeze the wallets of a request that `ape run whitelist plan --sanctions` wrote, with the ground SANCTIONS.

    The request itself is the order: reports carry its hash, and it names the list, its version and its SHA-256. Wallets
    that are frozen already are passed over, so a run that broke off is continued by running it again.

    \b
      ape run compliance freeze-list freeze-request.json --network ethereum:devnet --account TEST::5
    """
    return compliance.freeze_list(suite, read_request(file))


@act_by_order
@click.argument("wallet")
def unfreeze(suite: Suite, wallet: str, order: Order) -> list[Act]:
    """Lift a wallet's freeze; whatever its registrar wrote meanwhile holds from then on.

    \b
      ape run compliance unfreeze 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D --basis SANCTIONS
        --order release-17.pdf --network ethereum:devnet --account TEST::5
    """
    return [compliance.unfreeze(suite, parse_wallet(wallet), order)]


@click.argument("lost")
@click.argument("replacement")
def recover(suite: Suite, lost: str, replacement: str, order: Order) -> list[Act]:
    """Carry everything of a lost wallet over to another wallet of the same investor.

    The registry declares the loss (the lost wallet becomes REVOKED), each token carries balance and frozen amount over,
    and the ledger hands over open redemptions, each in a transaction of its own. Should it stop on the way, run it
    again with the same order: it does what is left. The lost record leaves its registrar for good: have the registrar
    take the wallet out of its book, or its next update is refused at that row.

    \b
      ape run compliance recover 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f
        0x1BcB8e569EedAb4668e55145Cfeaf190902d3CF2 --basis LOST_WALLET --order declaration.pdf
        --network ethereum:devnet --account TEST::5
    """
    return compliance.recovery(suite, parse_wallet(lost), parse_wallet(replacement), order)


recover = act_by_order(recover, carry_out=_recover)


@act
@click.argument("holder", metavar="ACCOUNT")
@click.argument("number", type=int)
def registrar(suite: Suite, holder: str, number: int) -> list[Act]:
    """Let an account write records under a registrar's number; 0 takes the right away. Takes no order.

    Several accounts may share a number, so a registrar changes its key without rewriting a record. The account also
    needs the role REGISTRAR, which KEY_ADMIN grants. The firm's name belongs in the deployment file (`registrars`).

    \b
      ape run compliance registrar 0xbDA5747bFD65F08deb54cb465eB87D40e51B197E 2
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.set_registrar(suite, parse_wallet(holder), number)]


@act_by_order
@click.argument("wallets", nargs=-1, metavar="[WALLET... | FILE]")
@click.option("--to", type=click.IntRange(min=1), required=True, metavar="NUMBER", help="The other registrar's number.")
@click.option(
    "--all-of", "firm", type=click.IntRange(min=1), metavar="NUMBER", help="Every record of this registrar; name none."
)
def assign_registrar(suite: Suite, wallets: tuple[str, ...], to: int, firm: int | None, order: Order) -> list[Act]:
    """Give records to another registrar, whether it or the present one agrees or not: for a firm that fails.

    All else in a record stays, a freeze too; an offer of it is gone. Where both agree, no order is needed (`ape run
    whitelist offer`). A FILE names one wallet on each line. --all-of finds a firm's records in the reports.

    \b
      ape run compliance assign-registrar 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D --to 2
        --basis REGULATOR_ORDER --order order-24.pdf --network ethereum:devnet --account TEST::5
      ape run compliance assign-registrar --all-of 1 --to 2 --basis REGULATOR_ORDER --order order-24.pdf
        --network ethereum:devnet --account TEST::5
    """
    if bool(wallets) == (firm is not None):
        raise InputError("Name wallets, or a registrar with --all-of: one of the two.")
    if firm is None:
        return compliance.assign_registrar(suite, read_wallets(wallets), to, order)
    found = [wallet for wallet, record in read_whitelist(suite).records.items() if record.registrar == firm]
    if not found:
        raise InputError(f"There is no record of {suite.registrar(firm)}: check the number.")
    return compliance.assign_registrar(suite, found, to, order)


# ---------------------------------------------------------------- holdings


@act_by_order
@click.argument("token")
@click.argument("holder", metavar="ACCOUNT")
@click.argument("shares")
def freeze_tokens(suite: Suite, token: str, holder: str, shares: str, order: Order) -> list[Act]:
    """Set how many of an account's shares are frozen: exactly SHARES afterwards; 0 frees them all.

    It may be more than the account holds: what arrives later is then frozen too.

    \b
      ape run compliance freeze-tokens AAPLs 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D 12.5
        --basis COURT_ORDER --order order-18.pdf --network ethereum:devnet --account TEST::5
    """
    return [compliance.freeze_tokens(suite.token(token), parse_wallet(holder), shares, order)]


@act_by_order
@click.argument("token")
@click.argument("source", metavar="FROM")
@click.argument("to")
@click.argument("shares")
def force(suite: Suite, token: str, source: str, to: str, shares: str, order: Order) -> list[Act]:
    """Move shares without their holder, frozen ones included. TO must be eligible to receive.

    \b
      ape run compliance force AAPLs 0x02484cb50AAC86Eae85610D6f4Bf026f30f6627D
        0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE 3 --basis ERROR_CORRECTION --order order-19.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.force(suite.token(token), parse_wallet(source), parse_wallet(to), shares, order)]


@act_by_order
@click.argument("request", type=click.IntRange(min=1), metavar="ID")
@click.argument("to")
def force_redemption(suite: Suite, request: int, to: str, order: Order) -> list[Act]:
    """Take a whole open redemption request: it closes, and its tokens go to TO, who must be eligible to receive.

    \b
      ape run compliance force-redemption 7 0x08135Da0A343E492FA2d4282F2AE34c6c5CC1BbE
        --basis COURT_ORDER --order order-20.pdf --network ethereum:devnet --account TEST::5
    """
    return [compliance.force_redemption(suite, request, parse_wallet(to), order)]


# ---------------------------------------------------------------- pauses


@act
@click.argument("words", nargs=-1, required=True, metavar="[TOKEN] KIND...")
@click.option("--all", "every", is_flag=True, help="Every token of the suite; name no TOKEN.")
def pause(suite: Suite, words: tuple[str, ...], every: bool) -> list[Act]:
    """Stop kinds of movement at once (PAUSER): any of transfer, mint, burn, force. Takes no order.

    Exits stay open whatever is paused: burn stops only the custodians' releases.

    \b
      ape run compliance pause AAPLs transfer mint --network ethereum:devnet --account TEST::9
      ape run compliance pause --all transfer mint burn --network ethereum:devnet --account TEST::9
    """
    return compliance.pause(suite, *_targets(suite, words, every))


@act
@click.argument("words", nargs=-1, required=True, metavar="[TOKEN] KIND...")
@click.option("--all", "every", is_flag=True, help="Every token of the suite; name no TOKEN.")
def unpause(suite: Suite, words: tuple[str, ...], every: bool) -> list[Act]:
    """Lift pauses where they stand: transfer, mint, burn by COMPLIANCE; force by REGULATOR. Takes no order.

    \b
      ape run compliance unpause AAPLs transfer mint --network ethereum:devnet --account TEST::5
      ape run compliance unpause --all force --network ethereum:devnet --account TEST::10
    """
    return compliance.unpause(suite, *_targets(suite, words, every))


def _targets(suite: Suite, words: tuple[str, ...], every: bool) -> tuple[list[Contract], Pause]:
    """The tokens and the kinds of movement that a person named."""
    tokens, names = (suite.tokens(), words) if every else ([suite.token(words[0])], words[1:])
    known = ", ".join(str(kind.name).lower() for kind in Pause)
    if not names:
        raise InputError(f"No kind of movement is named: give any of {known} after the token.")
    kinds = Pause(0)
    for name in names:
        if name.upper() not in Pause.__members__:
            raise InputError(f"{name!r} is no kind of movement: use any of {known}.")
        kinds |= Pause[name.upper()]
    return tokens, kinds


# ---------------------------------------------------------------- tokens and listings


@act_by_order
@click.argument("token")
def suspend(suite: Suite, token: str, order: Order) -> list[Act]:
    """Suspend an ACTIVE token: no transfer and no mint until it is resumed; redemption stays open.

    \b
      ape run compliance suspend AAPLs --basis REGULATOR_ORDER --order order-21.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.suspend(suite, suite.token(token), order)]


@act_by_order
@click.argument("token")
def resume(suite: Suite, token: str, order: Order) -> list[Act]:
    """Make a SUSPENDED token ACTIVE again, under an exemption in force.

    \b
      ape run compliance resume AAPLs --basis REGULATOR_ORDER --order order-22.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.resume(suite, suite.token(token), order)]


@act_by_order
@click.argument("token")
def wind_down(suite: Suite, token: str, order: Order) -> list[Act]:
    """Wind a token down FOR GOOD: what remains is redemption, force and recovery.

    \b
      ape run compliance wind-down AAPLs --basis ISSUER_AGREEMENT --order delisting.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.wind_down(suite, suite.token(token), order)]


@act_by_order
@click.argument("token")
@click.option("--lift", "lifted", is_flag=True, help="Lift it.")
def regulator_suspend(suite: Suite, token: str, lifted: bool, order: Order) -> list[Act]:
    """For REGULATOR, where the suite's profile says so: suspend an ACTIVE token, or lift that. COMPLIANCE cannot.

    \b
      ape run compliance regulator-suspend AAPLs --basis REGULATOR_ORDER --order order-31.pdf
        --network ethereum:devnet --account TEST::10
    """
    return [compliance.regulator_suspension(suite, suite.token(token), not lifted, order)]


@click.argument("token")
@click.option("--file", "letter", required=True, help="The objection, whose keccak256 is recorded, or that hash.")
@click.option("--received", required=True, metavar="MOMENT", help="When it came in, like 2026-11-22T16:00:00Z.")
def objection(suite: Suite, token: str, letter: str, received: str) -> list[Act]:
    """Record that the issuer of the share objected to a third party's token (R8). Takes no order.

    In time, it bars a PENDING token for good and suspends an ACTIVE one; the earliest that is recorded counts.

    \b
      ape run compliance object AAPLs --file objection.pdf --received 2026-11-22T16:00:00Z
        --network ethereum:devnet --account TEST::5
    """
    digest, moment = parse_evidence(letter, "--file"), parse_moment(received, "--received")
    return [compliance.record_objection(suite, suite.token(token), digest, moment)]


objection = command(objection, name="object")


@act_by_order
@click.argument("action", type=click.Choice(list(EXEMPTION)))
@click.argument("number", type=click.IntRange(min=1), metavar="ID")
def exemption(suite: Suite, action: str, number: int, order: Order) -> list[Act]:
    """Suspend, restore or revoke an exemption; all its tokens follow in the same transaction. Revoking is final.

    \b
      ape run compliance exemption suspend 1 --basis REGULATOR_ORDER --order order-23.pdf
        --network ethereum:devnet --account TEST::5
    """
    return [compliance.set_exemption(suite, number, EXEMPTION[action], order)]


for each in (
    freeze,
    freeze_list,
    unfreeze,
    recover,
    registrar,
    assign_registrar,
    freeze_tokens,
    force,
    force_redemption,
    pause,
    unpause,
    suspend,
    resume,
    wind_down,
    regulator_suspend,
    halt,
    lift,
    objection,
    exemption,
):
    cli.add_command(each)
