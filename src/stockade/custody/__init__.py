"""What custodians say, signed, and how holders get their shares back.

attestations    build the next sentence, judge it, submit it
documents       the file that travels between desks: sign apart, combine; needs no node
safes           a Safe as attestor: what its owners sign
redemptions     requests, answers, and what is held against what was issued
admin           CUSTODY_ADMIN's acts
typed, words    EIP-712 documents as files; what people type and read
"""

from stockade.custody.attestations import build, check, describe, document, judge, require_typed, shortfall, submit
from stockade.custody.documents import Document, Signature, combine, sign
from stockade.custody.redemptions import Request, Reserve, answer, overview, request, requests
from stockade.custody.safes import safe_message

__all__ = [
    "Document",
    "Request",
    "Reserve",
    "Signature",
    "answer",
    "build",
    "check",
    "combine",
    "describe",
    "document",
    "judge",
    "overview",
    "request",
    "requests",
    "require_typed",
    "safe_message",
    "shortfall",
    "sign",
    "submit",
]
