"""Acts of COMPLIANCE, PAUSER and REGULATOR, each as one transaction that can be rehearsed before it is sent.

    order = read_order("SANCTIONS", "order-17.pdf")
    act = freeze(suite, wallet, order)
    rehearse(suite, signer.address, act)     # the right to do it, and the contract's own answer; nothing is sent
    carry_out(suite, signer, act)

Every act that touches somebody's property or a listing names its ground and the hash of its order; reports carry both.
ERC-7943's bare `forcedTransfer` and `setFrozenTokens`, which carry neither, are deliberately absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from stockade import chain
from stockade.chain import Signer
from stockade.custody.words import utc
from stockade.errors import InputError, Refused
from stockade.records import LOST, Basis, ExemptionStatus, Pause, RequestStatus, Role, order_ref, to_shares, to_units
from stockade.suite import Suite
from stockade.whitelist.registrars import PER_CALL, owners_in_words
from stockade.whitelist.sanctions import FreezeRequest
from stockade.whitelist.state import read_whitelist

# Requests handed over in one transaction; each costs about 30,000 gas.
_REQUESTS_AT_ONCE = 100

# What refusals without a reason code mean here.
_MEANINGS = {
    "RegistryUnchanged": "The registry says so already; there is nothing to change.",
    "RegistryNotRecoverable": "The lost wallet must have an investor's record and not be frozen (unfreeze it first).",
    "RegistryReplacementUnfit": "The replacement must be ACTIVE, unexpired, not frozen and of the same investor: let "
    "the registrar admit it under the same investor_ref.",
    "ListingWrongPhase": "The token's phase (0 PENDING, 1 ACTIVE, 2 SUSPENDED, 3 WIND_DOWN) does not allow the step.",
    "ListingUnchanged": "The token is in that state already.",
    "ListingUnknownExemption": "There is no such exemption.",
    "ListingInvalidStatus": "The exemption has that status already.",
    "ListingExemptionRevoked": "The exemption was revoked, and that is final.",
    "ListingExemptionNotInForce": "The exemption behind the token does not hold now.",
    "ListingObjected": "The issuer of the share objected in time, which bars the token for good (R8).",
    "ListingBackingRefused": "An issuer objects to a third party's token only (ENTITLEMENT, R8).",
    "ListingInvalidObjection": "An objection counts from when it was received, which cannot be in the future.",
}


@dataclass(frozen=True)
class Order:
    """Why an act is done: its legal ground, and the keccak256 of the order or decision behind it."""

    basis: Basis
    hash: bytes

    @property
    def ref(self) -> bytes:
        """What the report will carry: the hash with its first byte replaced by the basis."""
        return order_ref(self.basis, self.hash)

    def __str__(self) -> str:
        return f"{self.basis.name}, order 0x{self.hash.hex()}"


@dataclass(frozen=True)
class Act:
    """One transaction: in words, the role it takes, and the call."""

    says: str
    role: Role
    call: ContractFunction


@dataclass(frozen=True)
class Outcome:
    """What became of an act: its receipt, the second from which it can be executed (scheduled), or the refusal."""

    act: Act
    result: TxReceipt | int | Refused


def read_order(basis: str, order: str) -> Order:
    """A ground by its name, and an order as `0x` and 64 hex digits or as a file, whose keccak256 is taken."""
    if basis not in Basis.__members__ or basis == Basis.UNSTATED.name:
        known = ", ".join(member.name for member in Basis if member)
        raise InputError(f"{basis!r} is no ground for an act: use one of {known}.")
    if re.fullmatch("0x[0-9a-fA-F]{64}", order) and int(order, 16):
        return Order(Basis[basis], bytes.fromhex(order[2:]))
    try:
        content = Path(order).read_bytes()
    except OSError:
        raise InputError(
            f"{order!r} is neither a hash (0x and 64 hex digits, not zero) nor a readable file: give the order's file."
        ) from None
    if not content:
        raise InputError(f"{order} is empty: give the file that holds the order.")
    return Order(Basis[basis], keccak(content))


# ---------------------------------------------------------------- doing


def rehearse(suite: Suite, sender: ChecksumAddress, act: Act) -> None:
    """Asks whether the act would be done, without sending it. Raises InputError when the sender may not do it, Refused
    when the contract refuses. An act under a delay is not asked: it is judged when it is executed."""
    if check_right(suite, sender, act):
        return
    try:
        suite.dry_run(sender, act.call)
    except Refused as refused:
        raise _explained(refused) from refused


def check_right(suite: Suite, sender: ChecksumAddress, act: Act) -> int:
    """Seconds the sender must wait between scheduling the act and executing it, by default zero. Raises InputError when
    it may not do it at all."""
    functions = suite.authority.functions
    if act.call.address in (suite.registry.address, suite.ledger.address, suite.listings.address):
        selector = HexBytes(act.call._encode_transaction_data())[:4]
        allowed, delay = functions.canCall(sender, act.call.address, selector).call()
        if allowed or delay:
            return int(delay)
    else:
        # Tokens ask for the role itself, and take nobody who holds it with a delay.
        allowed, delay = functions.hasRole(act.role, sender).call()
        if allowed and not delay:
            return 0
    how = f"{act.role.name}, and without its delay of {delay} seconds" if delay else act.role.name
    raise InputError(f"Account {sender} may not {act.says}. It takes the role {how}: choose another --account.")


def carry_out(suite: Suite, signer: Signer, act: Act) -> TxReceipt | int:
    """Does the act. The receipt, or the second (UTC) from which the same act is executed when the role has a delay."""
    try:
        return suite.perform(signer, act.call)
    except Refused as refused:
        raise _explained(refused) from refused


def _explained(refused: Refused) -> Refused:
    meaning = _MEANINGS.get(refused.error)
    if meaning is None:
        return refused
    detail = str(refused).removeprefix("Refused: ").removesuffix(".")
    return Refused(f"{meaning} [{detail}]", error=refused.error, data=refused.data)


# ---------------------------------------------------------------- wallets


def freeze(suite: Suite, wallet: ChecksumAddress, order: Order) -> Act:
    """Stops a wallet in every token: it neither sends, receives, redeems nor takes back."""
    call = suite.registry.functions.freeze(wallet, order.basis, order.hash)
    return Act(f"freeze {wallet} in every token: {order}", Role.COMPLIANCE, call)


def unfreeze(suite: Suite, wallet: ChecksumAddress, order: Order) -> Act:
    """Lifts a freeze; the registrar's record beneath it holds again."""
    call = suite.registry.functions.unfreeze(wallet, order.basis, order.hash)
    return Act(f"unfreeze {wallet}: {order}", Role.COMPLIANCE, call)


def freeze_list(suite: Suite, request: FreezeRequest) -> list[Act]:
    """Freezes what a sanctions list hit, each wallet that is not frozen yet: a run that broke off goes on by running
    it again. Raises InputError for another chain's request.
    """
    if (request.chain_id, request.registry) != (suite.deployment.chain_id, suite.registry.address):
        raise InputError(
            f"The request is for registry {request.registry} on chain {request.chain_id}, and this is "
            f"{suite.registry.address} on chain {suite.deployment.chain_id}: choose the --network it was made on."
        )
    order = Order(Basis.SANCTIONS, request.hash)
    return [freeze(suite, wallet, order) for wallet in request.wallets if not suite.record(wallet).frozen]


def set_registrar(suite: Suite, account: ChecksumAddress, number: int) -> Act:
    """Lets an account write records under a registrar's number; zero takes the right away."""
    if not 0 <= number < LOST:
        raise InputError(f"{number} is no registrar's number: choose 1 to {LOST - 1}, or 0 to take the right away.")
    says = f"number {account} as registrar {number}" if number else f"unnumber {account}, which then writes no records"
    return Act(says, Role.COMPLIANCE, suite.registry.functions.setRegistrar(account, number))


def assign_registrar(suite: Suite, wallets: Sequence[ChecksumAddress], to: int, order: Order) -> list[Act]:
    """Gives records to another registrar, whether it or the present one agrees or not. Those it has are left out.

    Raises InputError for a number no registrar can have, and for wallets without a record or declared lost.
    """
    if not 0 < to < LOST:
        raise InputError(f"{to} is no registrar's number: choose 1 to {LOST - 1}.")
    known = {wallet: record.registrar for wallet, record in read_whitelist(suite).records.items()}
    owners = [(wallet, owner) for wallet in wallets if (owner := known.get(wallet, 0)) != to]
    if nobodys := [(wallet, owner) for wallet, owner in owners if owner in (0, LOST)]:
        raise InputError(f"{owners_in_words(suite, nobodys)}: only a registrar's records can be assigned.")
    acts = []
    for start in range(0, len(owners), PER_CALL):
        some = [wallet for wallet, _ in owners[start : start + PER_CALL]]
        whose = sorted({owner for _, owner in owners[start : start + PER_CALL]})
        what = some[0] if len(some) == 1 else f"{len(some)} records, from {some[0]} to {some[-1]}"
        says = f"assign {what}, of {', '.join(map(suite.registrar, whose))}, to {suite.registrar(to)}: {order}"
        call = suite.registry.functions.assignRecords(some, to, order.basis, order.hash)
        acts.append(Act(says, Role.COMPLIANCE, call))
    return acts


# ---------------------------------------------------------------- holdings


def freeze_tokens(token: Contract, account: ChecksumAddress, shares: str, order: Order) -> Act:
    """Sets (does not add to) how many of an account's shares are frozen; zero frees all."""
    call = token.functions.setFrozenTokensWithOrder(account, _tokens(token, shares), order.basis, order.hash)
    return Act(f"freeze {shares} {_symbol(token)} of {account}, no more and no less: {order}", Role.COMPLIANCE, call)


def force(token: Contract, source: ChecksumAddress, to: ChecksumAddress, shares: str, order: Order) -> Act:
    """Moves shares without the holder, frozen ones included; the receiver must be eligible."""
    amount = _tokens(token, shares)
    call = token.functions.forcedTransferWithOrder(source, to, amount, order.basis, order.hash)
    return Act(f"force {shares} {_symbol(token)} from {source} to {to}: {order}", Role.COMPLIANCE, call)


def force_redemption(suite: Suite, request: int, to: ChecksumAddress, order: Order) -> Act:
    """Takes a whole open redemption request; its tokens go to an eligible wallet and stay in issue."""
    call = suite.ledger.functions.forceRedemption(request, to, order.basis, order.hash)
    return Act(f"force redemption request {request} to {to}: {order}", Role.COMPLIANCE, call)


# ---------------------------------------------------------------- a lost wallet


def recovery(suite: Suite, lost: ChecksumAddress, replacement: ChecksumAddress, order: Order) -> list[Act]:
    """What is left to do to recover a lost wallet, in order, as the chain says now; empty when all is done.

    First the registry declares the loss; then each token with a balance or a frozen amount carries it over, and the
    ledger hands over open requests. A recovery declared under another order is declared anew under this one.
    """
    acts = []
    if not _is_declared(suite, lost, replacement, order):
        call = suite.registry.functions.recover(lost, replacement, order.basis, order.hash)
        acts.append(Act(f"recover {lost} by {replacement}: {order}", Role.COMPLIANCE, call))
    for token in suite.tokens():
        view = token.functions
        balance, frozen = view.balanceOf(lost).call(), view.getFrozenTokens(lost).call()
        if balance or frozen:
            shares = to_shares(view.toShares(balance).call())
            note = f" ({to_shares(view.toShares(frozen).call())} frozen)" if frozen else ""
            says = f"carry {shares} {_symbol(token)}{note} from {lost} to {replacement}"
            acts.append(Act(says, Role.COMPLIANCE, view.recoverBalance(lost)))
    requests = open_requests(suite, lost)
    for start in range(0, len(requests), _REQUESTS_AT_ONCE):
        some = requests[start : start + _REQUESTS_AT_ONCE]
        says = f"hand redemption requests {', '.join(map(str, some))} to {replacement}"
        acts.append(Act(says, Role.COMPLIANCE, suite.ledger.functions.recoverRequests(some)))
    return acts


def recover(
    suite: Suite,
    signer: Signer,
    acts: Iterable[Act],
    progress: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Does what `recovery` listed. A token that refuses (its FORCE pause, a class it does not admit) does not hold up
    the others; when its obstacle is gone, listing and doing again does the rest. Raises Refused when the loss cannot be
    declared."""
    outcomes: list[Outcome] = []
    for act in acts:
        try:
            outcome = Outcome(act, carry_out(suite, signer, act))
        except Refused as refused:
            if declares(act):
                raise
            outcome = Outcome(act, refused)
        outcomes.append(outcome)
        progress(outcome)
        if declares(act) and isinstance(outcome.result, int):
            break  # Scheduled: nothing can be carried over before it is executed.
    return outcomes


def declares(act: Act) -> bool:
    """Whether the act declares a wallet lost, which the rest of its recovery stands on."""
    return bool(act.call.fn_name == "recover")


def open_requests(suite: Suite, holder: ChecksumAddress) -> list[int]:
    """The open redemption requests of a holder."""
    view = suite.ledger.functions
    found = []
    for number in range(1, view.requestCount().call() + 1):
        _, _, _, status, owner, _ = view.requestOf(number).call()
        if status == RequestStatus.OPEN and owner == holder:
            found.append(number)
    return found


def _is_declared(suite: Suite, lost: ChecksumAddress, replacement: ChecksumAddress, order: Order) -> bool:
    try:
        named, ref = chain.ask(lambda: suite.registry.functions.recoveryOf(lost).call())
    except Refused:
        return False
    return bool(named == replacement and ref == order.ref)


# ---------------------------------------------------------------- tokens and listings


def pause(suite: Suite, tokens: Iterable[Contract], kinds: Pause) -> list[Act]:
    """Stops kinds of movement in each token that has not stopped them yet. At once, and without an order."""
    acts = []
    for token in tokens:
        if kinds & ~suite.control(token).pauses:
            says = f"pause {_names(kinds)} of {_symbol(token)}"
            acts.append(Act(says, Role.PAUSER, token.functions.pause(int(kinds))))
    return acts


def unpause(suite: Suite, tokens: Iterable[Contract], kinds: Pause) -> list[Act]:
    """Lifts pauses where they stand: FORCE takes REGULATOR, the others COMPLIANCE, hence a transaction each."""
    acts = []
    for token in tokens:
        standing = suite.control(token).pauses & kinds
        for some, role in ((standing & ~Pause.FORCE, Role.COMPLIANCE), (standing & Pause.FORCE, Role.REGULATOR)):
            if some:
                says = f"unpause {_names(some)} of {_symbol(token)}"
                acts.append(Act(says, role, token.functions.unpause(int(some))))
    return acts


def suspend(suite: Suite, token: Contract, order: Order) -> Act:
    """ACTIVE to SUSPENDED: no transfer and no mint; redemption stays open."""
    call = suite.listings.functions.suspend(token.address, order.basis, order.hash)
    return Act(f"suspend {_symbol(token)}: {order}", Role.COMPLIANCE, call)


def resume(suite: Suite, token: Contract, order: Order) -> Act:
    """SUSPENDED to ACTIVE, under an exemption in force."""
    call = suite.listings.functions.resume(token.address, order.basis, order.hash)
    return Act(f"resume {_symbol(token)}: {order}", Role.COMPLIANCE, call)


def wind_down(suite: Suite, token: Contract, order: Order) -> Act:
    """To WIND_DOWN, for good: what remains is redemption."""
    call = suite.listings.functions.windDown(token.address, order.basis, order.hash)
    return Act(f"wind down {_symbol(token)} for good: {order}", Role.COMPLIANCE, call)


def regulator_suspension(suite: Suite, token: Contract, suspended: bool, order: Order) -> Act:
    """REGULATOR's own suspension, where the profile has one; COMPLIANCE cannot lift it."""
    call = suite.listings.functions.setRegulatorSuspension(token.address, suspended, order.basis, order.hash)
    what = "suspend" if suspended else "lift the regulator's suspension of"
    return Act(f"{what} {_symbol(token)}: {order}", Role.REGULATOR, call)


def halt(suite: Suite, token: Contract, order: Order) -> Act:
    """Starts a halt by hand; what it stops is the token's policy."""
    call = suite.listings.functions.setHalt(token.address, True, order.basis, order.hash)
    return Act(f"halt {_symbol(token)}: {order}", Role.COMPLIANCE, call)


def lift(suite: Suite, token: Contract, order: Order) -> Act:
    """Lifts a halt."""
    call = suite.listings.functions.setHalt(token.address, False, order.basis, order.hash)
    return Act(f"lift the halt of {_symbol(token)}: {order}", Role.COMPLIANCE, call)


def record_objection(suite: Suite, token: Contract, digest: bytes, received_at: int) -> Act:
    """The issuer of the share objected by a letter (its keccak256), received at a second UTC: no order's act (R8)."""
    call = suite.listings.functions.recordObjection(token.address, digest, received_at)
    says = f"record the issuer's objection against {_symbol(token)}, received {utc(received_at)}: 0x{digest.hex()}"
    return Act(says, Role.COMPLIANCE, call)


def set_exemption(suite: Suite, exemption: int, status: ExemptionStatus, order: Order) -> Act:
    """Suspends, restores (ACTIVE) or revokes an exemption; all its tokens follow. REVOKED is final."""
    verb = {ExemptionStatus.SUSPENDED: "suspend", ExemptionStatus.ACTIVE: "restore", ExemptionStatus.REVOKED: "revoke"}
    call = suite.listings.functions.setExemptionStatus(exemption, status, order.basis, order.hash)
    return Act(f"{verb[status]} exemption {exemption} and all its tokens: {order}", Role.COMPLIANCE, call)


def _tokens(token: Contract, shares: str) -> int:
    """Shares as written by people in the token's raw units."""
    return int(token.functions.toTokens(to_units(shares)).call())


def _symbol(token: Contract) -> str:
    return str(token.functions.symbol().call())


def _names(kinds: Pause) -> str:
    return ", ".join(str(kind.name) for kind in Pause if kind in kinds)
