"""The custody ledger, from its entries alone: positions, requests, custodians, terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from eth_typing import ChecksumAddress

from stockade.records import AttestorKind, Position, RequestStatus, SentenceKind
from stockade.reporting.entries import (
    Attested,
    AttestorsSet,
    CustodianSet,
    Entry,
    Request,
    Requested,
    RequestForced,
    RequestRecovered,
    TakenBack,
    Terms,
    TermsSet,
    Wrong,
)


@dataclass(frozen=True)
class Custodian:
    """`attestors` keeps those removed, as NONE (0)."""

    lei: bytes
    name_hash: bytes
    open: bool
    threshold: int = 0
    attestors: dict[ChecksumAddress, AttestorKind | int] = field(default_factory=dict)


@dataclass
class LedgerState:
    """Positions by token and custodian number, requests by id."""

    custodians: dict[int, Custodian] = field(default_factory=dict)
    positions: dict[tuple[ChecksumAddress, int], Position] = field(default_factory=dict)
    terms: dict[ChecksumAddress, Terms] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)


def replay_ledger(entries: Sequence[Entry]) -> tuple[LedgerState, Wrong]:
    """Custodians, positions, terms and requests."""
    state, wrong = LedgerState(), []
    for entry in entries:
        match entry.content:
            case Attested() as said:
                problem = _attest(state, said)
            case Requested(number, request):
                state.requests[number] = request
                problem = ""
            case TakenBack(number):
                problem = _close(state, number, RequestStatus.TAKEN_BACK)
            case RequestForced(number):
                problem = _close(state, number, RequestStatus.FORCED)
            case RequestRecovered(number, holder):
                problem = _close(state, number, RequestStatus.OPEN, holder)
            case CustodianSet(number, lei, name_hash, is_open):
                known = state.custodians.get(number, Custodian(lei, name_hash, is_open))
                state.custodians[number] = replace(known, lei=lei, name_hash=name_hash, open=is_open)
                problem = ""
            case AttestorsSet() as change:
                problem = _change_attestors(state, change)
            case TermsSet(token, terms):
                state.terms[token] = terms
                problem = ""
            case _:
                problem = ""
        if problem:
            wrong.append((entry.seq, problem))
    return state, wrong


def _attest(state: LedgerState, said: Attested) -> str:
    """The sentence is the position; RELEASE and REJECT also answer a request, whose id is their ref."""
    sentence = said.attestation
    key = (sentence.token, sentence.custodian)
    before = state.positions.get(key, Position(0, 0, 0, 0)).sequence
    state.positions[key] = Position(sentence.shares_held, said.issued, sentence.sequence, sentence.as_of)
    problem = ""
    if sentence.kind is SentenceKind.RELEASE:
        problem = _close(state, int.from_bytes(sentence.ref, "big"), RequestStatus.RELEASED)
    if sentence.kind is SentenceKind.REJECT:
        problem = _close(state, int.from_bytes(sentence.ref, "big"), RequestStatus.REJECTED)
    if sentence.sequence != before + 1:
        problem = f"sentence {sentence.sequence} of custodian {sentence.custodian} follows its sentence {before}"
    return problem


def _close(state: LedgerState, number: int, status: RequestStatus, holder: ChecksumAddress | None = None) -> str:
    """An open request's new status or holder."""
    request = state.requests.get(number)
    if request is None or request.status is not RequestStatus.OPEN:
        return f"request {number} is not open"
    state.requests[number] = request._replace(status=status, holder=holder or request.holder)
    return ""


def _change_attestors(state: LedgerState, change: AttestorsSet) -> str:
    custodian = state.custodians.get(change.custodian)
    if custodian is None:
        return f"custodian {change.custodian} is unknown"
    attestors = custodian.attestors | dict.fromkeys(change.removed, 0) | dict(change.added)
    state.custodians[change.custodian] = replace(custodian, threshold=change.threshold, attestors=attestors)
    return ""
