"""What the commands of `ape run custody` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Any

import click

from stockade import custody
from stockade.ape import console
from stockade.custody import Document
from stockade.records import to_shares
from stockade.suite import Suite

NUMBER = click.IntRange(min=1, max=2**32 - 1)


def wrapping(function: Callable[..., Any], run: Callable[..., None]) -> Callable[..., None]:
    """`run` under the function's name, help and options. Ape looks for `provider` in the signature of `run` itself."""
    update_wrapper(run, function)
    del run.__wrapped__  # type: ignore[attr-defined]
    return run


def say(document: Document, suite: Suite | None) -> None:
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
