"""From a custodian's books to the ledger: build the next sentence, judge it, submit it with its signatures.

No rule stands here: whether a sentence may land is asked of the ledger, and said in its words.
"""

from __future__ import annotations

from eth_typing import ChecksumAddress
from web3.types import TxReceipt

from stockade.chain import Signer
from stockade.custody.documents import Document
from stockade.custody.words import parse_amount, show_reference, utc
from stockade.errors import InputError, Refused
from stockade.records import ZERO_ADDRESS, Attestation, SentenceKind, to_shares
from stockade.suite import Suite

DAY = 86_400
NO_WORD = b"\0" * 32

# What to do about a refusal, by its reason; `judge` names the file, the ledger's text says what is wrong.
_REMEDIES = {
    "TOKEN_UNKNOWN": "field token: have CUSTODY_ADMIN set its terms (`ape run custody terms`)",
    "CUSTODIAN_UNKNOWN": "field custodian: look up its number (`ape run custody positions`)",
    "CUSTODIAN_CLOSED": "field custodian: have CUSTODY_ADMIN open it (`ape run custody open`)",
    "ATTESTATION_MALFORMED": "build it with `ape run custody build`",
    "AS_OF_FUTURE": "field asOf: wait, or build it again with an earlier --as-of",
    "AS_OF_BACKWARDS": "field asOf: build it again with a later --as-of",
    "ATTESTATION_EXPIRED": "field validUntil: build it again and have it signed anew",
    "POSITION_STALE": "field asOf: build it again on a newer position",
    "OVER_DEPOSIT_CAP": "field shares: split the deposit, or have CUSTODY_ADMIN raise the cap",
    "UNDER_RESERVED": "field sharesHeld: check the position, and state it before depositing more",
    "ISSUED_TOO_LOW": "field shares: build a rejection, so that the holder can ask another custodian",
    "REQUEST_NOT_OPEN": "field ref: look the request up (`ape run custody requests --all`)",
    "REQUEST_MISMATCH": "field ref: build the answer from the request's number",
    "NOT_AN_ATTESTOR": "field signatures: leave out who is no attestor, and have another desk sign",
    "SIGNATURE_INVALID": "field signatures: have it signed again; a Safe needs as many owners as its threshold",
}


def build(
    suite: Suite,
    kind: SentenceKind,
    token: ChecksumAddress,
    custodian: int,
    shares_held: int,
    *,
    shares: int = 0,
    account: ChecksumAddress = ZERO_ADDRESS,
    ref: bytes = NO_WORD,
    evidence: bytes,
    as_of: int | None = None,
    valid_for: int = DAY,
) -> Attestation:
    """The custodian's next sentence about the token; for an answer to a redemption use `redemptions.answer`.

    `shares_held` is the absolute settled position once the sentence has landed, from the custodian's own books, never
    from the chain; it and `shares` are in 18-decimal units. `as_of` is in seconds UTC, by default the latest block;
    `valid_for` in seconds from the latest block. Raises InputError for fields that do not fit the kind.
    """
    says_more = shares != 0 or account != ZERO_ADDRESS or ref != NO_WORD
    if kind is SentenceKind.STATEMENT and says_more:
        raise InputError("A STATEMENT only says what is held: leave shares, account and ref out.")
    if kind is not SentenceKind.STATEMENT and (shares == 0 or account == ZERO_ADDRESS or ref == NO_WORD):
        raise InputError(f"A {kind.name} needs shares, account and ref: give all three.")
    now = suite.w3.eth.get_block("latest")["timestamp"]
    attestation = Attestation(
        token=token,
        custodian=custodian,
        kind=kind,
        sequence=suite.position(token, custodian).sequence + 1,
        shares_held=shares_held,
        shares=shares,
        account=account,
        ref=ref,
        evidence=evidence,
        as_of=now if as_of is None else as_of,
        valid_until=now + valid_for,
    )
    if max(attestation.as_of, attestation.valid_until) >= 1 << 40:
        raise InputError("The attestation's asOf or validUntil lies tens of thousands of years ahead: correct it.")
    return attestation


def document(suite: Suite, attestation: Attestation) -> Document:
    """The unsigned document of an attestation for this suite's ledger."""
    return Document(attestation, suite.deployment.chain_id, suite.ledger.address)


def judge(suite: Suite, document: Document) -> Refused | None:
    """Why the ledger would refuse the document as it stands, with the remedy; None when it would land. A document
    without signatures is judged by its sentence alone.
    """
    attestation = document.attestation
    code = suite.ledger.functions.restrictionOf(attestation.as_tuple(), document.votes).call()
    if not code:
        return None
    reason, text = suite.reason(code)
    remedy = _REMEDIES.get(reason, "wait until that has changed, or state the position under the same number instead")
    if reason == "SEQUENCE":
        due = suite.position(attestation.token, attestation.custodian).sequence + 1
        remedy = f"field sequence: it is {attestation.sequence}, the next is {due}; build it again and sign anew"
    if reason == "TOO_FEW_SIGNATURES":
        needed = suite.ledger.functions.custodianOf(attestation.custodian).call()[1]
        remedy = f"field signatures: {len(document.votes)} of {needed}; have another desk sign, and combine"
    message = f"{document.source}: {text} [{reason} {code}] Remedy: {remedy}."
    return Refused(message, error="CustodyRefused", code=code, reason=reason)


def shortfall(suite: Suite, attestation: Attestation) -> int:
    """How many shares (18 decimals) less than issued the custodian would hold once the sentence has landed: it would be
    recorded, and leave the position under-reserved. (A DEPOSIT that did so would be refused.)
    """
    tokens = suite.position(attestation.token, attestation.custodian).issued
    issued: int = suite.token(attestation.token).functions.toShares(tokens).call()
    if attestation.kind is SentenceKind.RELEASE:
        issued -= attestation.shares
    return max(issued - attestation.shares_held, 0)


def submit(suite: Suite, signer: Signer, document: Document) -> TxReceipt:
    """Lands a signed document; anybody may relay it. Raises InputError for a document of another chain or ledger, or
    without signatures, and Refused, before anything is sent, when the ledger would refuse it.
    """
    check(suite, document)
    call = suite.ledger.functions.attest(document.attestation.as_tuple(), document.votes)
    return suite.send(signer, call)


def check(suite: Suite, document: Document) -> None:
    """Everything `submit` checks, sending nothing."""
    document.require(suite.deployment.chain_id, suite.ledger.address)
    if not document.signatures:
        raise InputError(f"{document.source}, field signatures: nobody has signed; sign it (`ape run custody sign`).")
    if (refused := judge(suite, document)) is not None:
        raise refused


def require_typed(attestation: Attestation, typed: str) -> None:
    """A slip of the hand mints: whoever signs or sends a deposit types its number of shares again. Raises InputError
    when it is another number.
    """
    if parse_amount(typed, "shares") != attestation.shares:
        meant = to_shares(attestation.shares)
        raise InputError(f"You typed {typed}, the document says {meant}: nothing was done; find out which is right.")


def describe(attestation: Attestation, symbol: str = "") -> str:
    """The sentence in words, for the person about to sign or send it."""
    token = f"{symbol} ({attestation.token})" if symbol else f"the token {attestation.token}"
    shares, account = to_shares(attestation.shares), attestation.account
    request = int.from_bytes(attestation.ref, "big")
    said = {
        SentenceKind.STATEMENT: f"states what it holds for {token}",
        SentenceKind.DEPOSIT: f"received {shares} shares ({show_reference(attestation.ref)}): "
        f"mint {shares} shares of {token} to {account}",
        SentenceKind.RELEASE: f"releases request {request}: burn {shares} shares of {token} that {account} gave back; "
        "they leave custody once this is final",
        SentenceKind.REJECT: f"rejects request {request}: give {shares} shares of {token} back to {account}",
    }
    return (
        f"Custodian {attestation.custodian} {said[attestation.kind]}. Its position is then "
        f"{to_shares(attestation.shares_held)} shares, settled as of {utc(attestation.as_of)}. "
        f"Sentence {attestation.sequence}, valid until {utc(attestation.valid_until)}."
    )
