"""What people look at: a plan, differences, a wallet's life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.table import Column, Table
from rich.text import Text

from stockade.records import InvestorRecord
from stockade.whitelist.compare import Difference
from stockade.whitelist.plan import ChangeKind, Plan, RefusedRow
from stockade.whitelist.show import Answer, Holding, differences, in_words
from stockade.whitelist.state import Event

# Rows of a table beyond this many are counted, not shown.
MOST = 40

_KINDS = {
    ChangeKind.ADD: "new wallets",
    ChangeKind.CHANGE: "changed fields",
    ChangeKind.RENEW: "renewed until later",
    ChangeKind.REVOKE: "revoked",
}


def plan_table(plan: Plan, gas_price: int) -> Table:
    """Totals, gas and cost. `gas_price` in wei."""
    table = Table("what", Column("rows", justify="right"), title=Text(f"Plan of registrar {plan.registrar}"))
    for kind, count in plan.counts.items():
        table.add_row(_KINDS[kind], f"{count:,}")
    table.add_row("unchanged", f"{plan.unchanged:,}")
    table.add_row("refused", Text(f"{len(plan.refused):,}", "red" if plan.refused else ""))
    table.add_section()
    table.add_row("transactions, about", f"{plan.batches:,}")
    table.add_row("gas, about", f"{plan.gas:,}")
    price = Decimal(gas_price) / 10**9
    cost = (Decimal(plan.gas * gas_price) / 10**18).quantize(Decimal("0.000001"))
    table.add_row(f"cost at {price.normalize():f} gwei, about", f"{cost:f} ETH")
    return table


def changes_table(plan: Plan) -> Table:
    """The rows to be written, field by field."""
    table = Table("row", Column("wallet", no_wrap=True), "what", "field by field", title="Changes")
    for row in plan.rows[:MOST]:
        table.add_row(_line(row.line), row.wallet, row.kind, _fields(row.before, row.after))
    return table


def refused_table(rows: Sequence[RefusedRow]) -> Table:
    """The rows that are not written, and why."""
    table = Table("row", Column("wallet", no_wrap=True), "why", title="Refused")
    for row in rows[:MOST]:
        table.add_row(_line(row.line), row.wallet, Text(row.says))
    return table


def differences_table(found: Sequence[Difference]) -> Table:
    """What the chain says, and what the book."""
    table = Table("row", Column("wallet", no_wrap=True), "chain -> book", title="Differences")
    for each in found[:MOST]:
        table.add_row(_line(each.line), each.wallet, _fields(each.found, each.wanted))
    return table


def say_rest(count: int) -> str:
    """A sentence about the rows that a table does not show; empty when it shows all."""
    return f"and {count - MOST:,} more." if count > MOST else ""


def events_table(wallet: str, events: Iterable[Event]) -> Table:
    """A wallet's life: what each change changed."""
    table = Table("time", "what", "report", "batch", title=Text(f"Records of {wallet}"))
    for name in ("field by field", "operator", "transaction"):
        table.add_column(name, overflow="fold")
    before = InvestorRecord.unpack(0)
    for event in events:
        changed = ", ".join(differences(before, event.record)) or "no field"
        batch = str(event.batch or "")
        who = (event.operator, event.transaction)
        table.add_row(in_words(event.time), event.what, str(event.sequence), batch, Text(changed), *who)
        before = event.record
    return table


def expiring_table(found: Iterable[tuple[str, InvestorRecord]]) -> Table:
    """Wallets and when their eligibility ends."""
    table = Table("eligible until", Column("wallet", no_wrap=True), "investor", "registrar")
    for wallet, record in found:
        table.add_row(in_words(record.expires_at), wallet, f"{record.investor_id:#018x}", str(record.registrar))
    return table


def holdings_table(found: Iterable[Holding]) -> Table:
    """What a wallet may do with each token, and why not."""
    table = Table("token", title="Tokens", show_lines=True)
    for name in ("send by itself", "trade on a platform", "receive", "be issued to"):
        table.add_column(name, overflow="fold")
    table.add_column("shares", justify="right")
    table.add_column("of these frozen", justify="right")
    for each in found:
        answers = map(_answer, (each.send, each.trade, each.receive, each.issue))
        table.add_row(Text(each.symbol), *answers, each.balance, each.frozen)
    return table


def _answer(answer: Answer) -> Text:
    return Text(f"no: {answer.text} [{answer.reason} {answer.code}]", "red") if answer.code else Text("yes", "green")


def _line(line: int) -> str:
    return str(line) if line else "not in the book"


def _fields(before: int, after: int) -> Text:
    if not after:
        return Text("stands on chain, and not in the book")
    return Text(", ".join(differences(InvestorRecord.unpack(before), InvestorRecord.unpack(after))))
