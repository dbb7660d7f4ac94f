"""From the chain back to a file: what a registrar's records say, and which of them end soon."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pycountry
from eth_typing import ChecksumAddress

from stockade.records import InvestorClass, InvestorRecord, Status
from stockade.whitelist.forms import write_content
from stockade.whitelist.read import COLUMNS
from stockade.whitelist.show import LAST_SECOND, class_name, in_words, scope_names
from stockade.whitelist.state import Whitelist


@dataclass(frozen=True)
class Export:
    """How many rows were written, and the wallets whose records no book can say: other tools wrote them, with a
    country, class, scope or time that books do not have.
    """

    rows: int
    left_out: tuple[ChecksumAddress, ...]


def export(state: Whitelist, registrar: int, path: Path) -> Export:
    """Writes a registrar's records as a book, against which there is nothing to plan.

    The chain knows neither reference nor evidence: `investor_ref` is the number itself, as `#0x` and 16 hex digits, and
    `evidence` is `unknown`. Such a row may be revoked by a plan, and nothing else: give it its evidence to change it.
    """
    out = io.StringIO()
    book = csv.writer(out, lineterminator="\n")
    book.writerow(COLUMNS)
    written, left_out = 0, []
    for wallet, record in state.records.items():
        if record.registrar != registrar or record.status is Status.NONE:
            continue
        if row := _row(wallet, record):
            book.writerow(row)
            written += 1
        else:
            left_out.append(wallet)
    write_content(path, out.getvalue().encode("ascii"))
    return Export(written, tuple(left_out))


def expiring(
    records: Mapping[ChecksumAddress, InvestorRecord], now: int, within: int, registrar: int | None = None
) -> list[tuple[ChecksumAddress, InvestorRecord]]:
    """ACTIVE records that end in so many seconds from a moment on (seconds UTC), the first to end first; of one
    registrar, or of all. One that has ended already is not among them.
    """
    found = [
        (wallet, record)
        for wallet, record in records.items()
        if record.status is Status.ACTIVE
        and now < record.expires_at <= now + within
        and registrar in (None, record.registrar)
    ]
    return sorted(found, key=lambda each: (each[1].expires_at, each[0]))


def _row(wallet: ChecksumAddress, record: InvestorRecord) -> list[str] | None:
    country = _alpha_2().get(record.country)
    known = isinstance(record.investor_class, InvestorClass) and record.scopes and 0 < record.expires_at <= LAST_SECOND
    if not country or not known:
        return None
    return [
        wallet,
        f"#{record.investor_id:#018x}",
        country,
        class_name(record.investor_class),
        scope_names(record.scopes),
        in_words(record.expires_at),
        record.status.name,
        "unknown",
    ]


@cache
def _alpha_2() -> dict[int, str]:
    return {int(country.numeric): country.alpha_2 for country in pycountry.countries}
