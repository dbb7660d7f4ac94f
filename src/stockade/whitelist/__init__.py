"""Keep the chain's whitelist equal to a registrar's book.

    from pathlib import Path
    from stockade import whitelist

    book = whitelist.read_book(Path("investors.csv"))              # every fault at once, or a good book
    key = whitelist.registrar_key()                                # STOCKADE_REGISTRAR_KEY
    state = whitelist.read_whitelist(suite)                        # every record, proved complete by its chain
    plan = whitelist.make_plan(suite, state, book, key, 1)         # what would be written; nothing is sent
    whitelist.save(plan, Path("plan.jsonl"))
    result = whitelist.apply(suite, signer, plan, Path("plan.jsonl.journal"))
    whitelist.verify(whitelist.read_whitelist(suite), book, key, 1)  # after it was applied: no difference

Deliberately absent: freezes, which are COMPLIANCE's (`stockade.compliance`), and personal data, which
never leaves the book.
"""

from stockade.whitelist.apply import Result, apply, registrar_number
from stockade.whitelist.batches import MOST_ROWS
from stockade.whitelist.cells import parse_wallet
from stockade.whitelist.compare import Difference, make_plan, unnamed, verify
from stockade.whitelist.evidence import commit, commitment, salt_of
from stockade.whitelist.export import Export, expiring, export
from stockade.whitelist.identity import DEVELOPMENT_KEY, KEY_VARIABLE, investor_id, registrar_key
from stockade.whitelist.plan import ChangeKind, Plan, PlannedRow, Refusal, RefusedRow, load, save
from stockade.whitelist.proof import Proof, check_proof, make_proof, read_proof, save_proof
from stockade.whitelist.read import COLUMNS, read_book
from stockade.whitelist.registrars import Offer, prepare_offer, read_wallets, send_offer
from stockade.whitelist.rows import Book, Row, RowError, RowErrors
from stockade.whitelist.safe import safe_batches
from stockade.whitelist.sanctions import (
    FreezeRequest,
    SanctionsList,
    freeze_request,
    read_request,
    read_sanctions,
    save_request,
)
from stockade.whitelist.show import (
    Answer,
    Holding,
    class_name,
    country_name,
    describe,
    differences,
    holdings,
    in_words,
    scope_names,
)
from stockade.whitelist.state import Event, Whitelist, history, read_whitelist

__all__ = [
    "COLUMNS",
    "DEVELOPMENT_KEY",
    "KEY_VARIABLE",
    "MOST_ROWS",
    "Answer",
    "Book",
    "ChangeKind",
    "Difference",
    "Event",
    "Export",
    "FreezeRequest",
    "Holding",
    "Offer",
    "Plan",
    "PlannedRow",
    "Proof",
    "Refusal",
    "RefusedRow",
    "Result",
    "Row",
    "RowError",
    "RowErrors",
    "SanctionsList",
    "Whitelist",
    "apply",
    "check_proof",
    "class_name",
    "commit",
    "commitment",
    "country_name",
    "describe",
    "differences",
    "expiring",
    "export",
    "freeze_request",
    "history",
    "holdings",
    "in_words",
    "investor_id",
    "load",
    "make_plan",
    "make_proof",
    "parse_wallet",
    "prepare_offer",
    "read_book",
    "read_proof",
    "read_request",
    "read_sanctions",
    "read_wallets",
    "read_whitelist",
    "registrar_key",
    "registrar_number",
    "safe_batches",
    "salt_of",
    "save",
    "save_proof",
    "save_request",
    "scope_names",
    "send_offer",
    "unnamed",
    "verify",
]
