"""The custodian's next sentence, as an unsigned document: `ape run custody build --help`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ape.api import ProviderAPI

from scripts._custody_shared import NUMBER, say, wrapping
from stockade import custody
from stockade.ape import SuiteCommand, console, open_suite, suite_option
from stockade.custody import Document, words
from stockade.records import Attestation, SentenceKind
from stockade.suite import Suite


@click.group()
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
    return suite_option(wrapping(build, run))


def _write(suite: Suite, attestation: Attestation, out: Path | None) -> None:
    symbol = suite.token(attestation.token).functions.symbol().call()
    name = f"{attestation.kind.name.lower()}-{symbol}-{attestation.custodian}-{attestation.sequence}.json"
    path = out or Path(name)
    custody.document(suite, attestation).write(path)
    say(Document.read(path), suite)
    console.print(f"Written, unsigned: {path}. Every desk signs it: ape run custody sign {path}", soft_wrap=True)


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
