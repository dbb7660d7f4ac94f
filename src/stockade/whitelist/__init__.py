"""Keep the chain's whitelist equal to a registrar's book.

    from pathlib import Path
    from stockade import whitelist

    book = whitelist.read_book(Path("investors.csv"))              # every fault at once, or a good book
    key = whitelist.registrar_key()                                # STOCKADE_REGISTRAR_KEY
    update = whitelist.prepare(suite, signer.address, book, key)   # compared and tried, nothing sent
    result = whitelist.apply(suite, signer, update)

Deliberately absent: freezes, which are COMPLIANCE's (`stockade.compliance`), and personal data, which
never leaves the book.
"""

from stockade.whitelist.apply import (
    BATCH_SIZE,
    MAX_BATCH_SIZE,
    Batch,
    Change,
    Result,
    Update,
    apply,
    prepare,
    records_of,
    registrar_number,
)
from stockade.whitelist.evidence import evidence_root
from stockade.whitelist.identity import DEVELOPMENT_KEY, KEY_VARIABLE, investor_id, registrar_key
from stockade.whitelist.read import COLUMNS, parse_wallet, read_book
from stockade.whitelist.registrars import Offer, prepare_offer, read_wallets, send_offer
from stockade.whitelist.rows import Book, Row, RowError, RowErrors
from stockade.whitelist.show import (
    Holding,
    class_name,
    country_name,
    describe,
    differences,
    holdings,
    in_words,
    scope_names,
)

__all__ = [
    "BATCH_SIZE",
    "COLUMNS",
    "DEVELOPMENT_KEY",
    "KEY_VARIABLE",
    "MAX_BATCH_SIZE",
    "Batch",
    "Book",
    "Change",
    "Holding",
    "Offer",
    "Result",
    "Row",
    "RowError",
    "RowErrors",
    "Update",
    "apply",
    "class_name",
    "country_name",
    "describe",
    "differences",
    "evidence_root",
    "holdings",
    "in_words",
    "investor_id",
    "parse_wallet",
    "prepare",
    "prepare_offer",
    "read_book",
    "read_wallets",
    "records_of",
    "registrar_key",
    "registrar_number",
    "scope_names",
    "send_offer",
]
