"""The model's third chapter: who holds, and the one question that every movement asks (`ShareToken`).

What stands against a movement is one ladder, top to bottom: `Holdings.judge`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.records import (
    Backing,
    Basis,
    InvestorClass,
    InvestorRecord,
    Kind,
    Pause,
    Phase,
    Policy,
    Role,
    Scope,
    Status,
    order_ref,
)
from tests.contracts.support import ALL_CLASSES, MAX_128, MAX_256, NO_REF, Reason
from tests.machines.registry import Registry
from tests.machines.roles import Call, Refusal, need

NO_PAUSE = Pause(0)
VENUES = (InvestorClass.PLATFORM, InvestorClass.POOL)


def first(ladder: Iterable[tuple[Any, Reason]]) -> Reason:
    """The first reason whose condition holds; a rung may hold no reason."""
    return next((reason for condition, reason in ladder if condition and reason), Reason.NONE)


@dataclass
class Token:
    """`own`: the listing's phase, before anything outranks it. `told`: phase, halt and exemption's end as the token has
    them. `documents`: uri, hash and time by name. The supply is the sum of the balances, and nothing else.
    """

    exemption: int
    policy: Policy
    classes: int
    mic: bytes
    backing: Backing = Backing.ENTITLEMENT
    own: Phase = Phase.PENDING
    by_hand: bool = False
    by_market: bool = False
    by_regulator: bool = False
    objection_until: int = 0
    objected_at: int = 0
    documents: dict[bytes, tuple[str, bytes, int]] = field(default_factory=dict)
    pauses: Pause = NO_PAUSE
    told: tuple[Phase, bool, int] = (Phase.PENDING, False, 0)
    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    frozen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    allowances: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def unfrozen(self, account: str) -> int:
        return max(self.balances[account] - self.frozen[account], 0)

    @property
    def halted(self) -> bool:
        return self.by_hand or self.by_market

    @property
    def supply(self) -> int:
        return sum(self.balances.values())

    @property
    def settings(self) -> int:
        phase, halted, until = self.told
        return phase | halted << 3 | self.pauses << 4 | self.policy << 8 | self.classes << 16 | until << 32


@dataclass(kw_only=True)
class Holdings(Registry):
    ledger: str
    tokens: dict[str, Token]

    # ---------------------------------------------------------------- the one question

    def judge(self, token: str, kind: Kind, operator: str, source: str, party: str, amount: int) -> Reason:
        """What stands against a movement, in the order of the checks. `party` receives; in a BURN it is who redeems."""
        share, (phase, halted, until) = self.tokens[token], self.tokens[token].told
        sender, receiver = self.records[source], self.records[party]
        reserved, class_, pool = (self.ledger, token), receiver.investor_class, InvestorClass.POOL
        deals, from_pool = Scope.LIQUIDITY, sender.investor_class == InvestorClass.POOL
        transfer, mint, burn, force = (kind is each for each in (Kind.TRANSFER, Kind.MINT, Kind.BURN, Kind.FORCE))
        executed = transfer and (operator != source or sender.investor_class in VENUES)
        own, enters, lapsed = transfer and not executed, transfer or mint or force, self.time >= until
        licence = self.unfit("EXECUTOR", self.records[operator], Scope.EXECUTE)
        barred = licence in (Reason.EXECUTOR_FROZEN, Reason.EXECUTOR_REVOKED)
        return first(
            (
                (kind > Kind.FORCE, Reason.MOVEMENT_UNKNOWN),
                (source == NOBODY and not mint, Reason.ZERO_SENDER),
                (party == NOBODY, Reason.ZERO_RECEIVER),
                ((transfer or mint) and phase is Phase.PENDING, Reason.PHASE_PENDING),
                ((transfer or mint) and phase is Phase.SUSPENDED, Reason.PHASE_SUSPENDED),
                ((transfer or mint) and phase is Phase.WIND_DOWN, Reason.PHASE_WIND_DOWN),
                ((mint or executed) and lapsed, Reason.LAPSED),
                (own and lapsed and Policy.LAPSE_STOPS_TRADING_ONLY not in share.policy, Reason.LAPSED),
                (executed and halted, Reason.HALTED),
                (own and halted and Policy.HALT_STOPS_TRADING_ONLY not in share.policy, Reason.HALTED),
                (transfer and Pause.TRANSFER in share.pauses, Reason.TRANSFER_PAUSED),
                (mint and Pause.MINT in share.pauses, Reason.MINT_PAUSED),
                (burn and Pause.BURN in share.pauses, Reason.BURN_PAUSED),
                (force and Pause.FORCE in share.pauses, Reason.FORCE_PAUSED),
                (mint and amount == 0, Reason.ZERO_AMOUNT),
                (mint and amount + share.supply > MAX_128, Reason.AMOUNT_TOO_LARGE),
                (not mint and amount > share.balances[source], Reason.INSUFFICIENT_BALANCE),
                ((transfer or kind is Kind.ESCROW) and amount > share.unfrozen(source), Reason.INSUFFICIENT_UNFROZEN),
                (source in reserved and (transfer or operator != self.ledger), Reason.SENDER_RESERVED),
                (own, self.unfit("SENDER", sender, Scope.TRANSFER)),
                (executed, self.unfit("SENDER", sender, Scope.TRADE)),
                (kind is Kind.ESCROW and sender.frozen, Reason.SENDER_FROZEN),
                (burn and receiver.frozen, Reason.SENDER_FROZEN),
                (kind is Kind.GIVE_BACK and receiver.frozen, Reason.RECEIVER_FROZEN),
                (enters and party in reserved, Reason.RECEIVER_RESERVED),
                (enters, self.unfit("RECEIVER", receiver, Scope.HOLD)),
                (executed and Scope.TRADE not in receiver.scopes, Reason.RECEIVER_TRADE_SCOPE),
                (executed and (barred or Policy.ANY_EXECUTOR not in share.policy), licence),
                (enters and not share.classes >> class_ & 1, Reason.RECEIVER_CLASS),
                (mint and class_ == pool, Reason.RECEIVER_POOL_MINT),
                (transfer and class_ == pool and deals not in sender.scopes, Reason.SENDER_LIQUIDITY_SCOPE),
                (executed and from_pool and deals not in receiver.scopes, Reason.RECEIVER_LIQUIDITY_SCOPE),
            )
        )

    def unfit(self, party: str, record: InvestorRecord, scope: Scope) -> Reason:
        """FROZEN outranks unknown, REVOKED, expired and a missing scope."""
        missing = "SCOPE" if party == "EXECUTOR" else f"{scope.name}_SCOPE"
        ladder = (
            (record.frozen, "FROZEN"),
            (record.status is Status.NONE, "UNKNOWN"),
            (record.status is Status.REVOKED, "REVOKED"),
            (self.time >= record.expires_at, "EXPIRED"),
            (scope not in record.scopes, missing),
        )
        return next((Reason[f"{party}_{name}"] for condition, name in ladder if condition), Reason.NONE)

    def move(self, token: str, kind: Kind, operator: str, source: str, party: str, amount: int, ref: bytes) -> None:
        """The only place where balances change. To oneself every check runs, and nothing changes."""
        share = self.tokens[token]
        if code := self.judge(token, kind, operator, source, party, amount):
            raise Refusal(*self.error(code, share, operator, source, party, amount, kind), code=code)
        target = NOBODY if kind is Kind.BURN else party
        if source != target:
            if kind is Kind.FORCE and (reached := amount - share.unfrozen(source)) > 0:
                share.frozen[source] -= reached
                self.log(token, "Frozen", source, share.frozen[source])
            share.balances[source] -= amount if source != NOBODY else 0
            share.balances[target] += amount if target != NOBODY else 0
        self.log(token, "Transfer", source, target, amount)
        self.report(token, kind, operator, source, target, amount, ref)
        if kind is Kind.FORCE:
            self.log(token, "ForcedTransfer", source, target, amount)

    def error(
        self, code: Reason, share: Token, operator: str, source: str, party: str, amount: int, kind: Kind
    ) -> tuple[Any, ...]:
        """One error for each code, with the values that matter."""
        (phase, halted, until), free = share.told, share.unfrozen(source)
        if code < Reason.SENDER_RESERVED:
            return ("ShareTokenStopped", code, phase, until, halted, share.pauses)
        for most, error, account in (
            (Reason.RECEIVER_RESERVED, "ShareTokenCannotSend", party if kind is Kind.BURN else source),
            (60, "ShareTokenCannotReceive", party),
            (Reason.INSUFFICIENT_BALANCE, "ShareTokenCannotExecute", operator),
        ):
            if code < most:
                # A force looks up its receiver's record alone.
                unread = kind is Kind.FORCE and code is Reason.SENDER_RESERVED
                return (error, code, account, 0 if unread else self.records[account].pack())
        return {
            Reason.INSUFFICIENT_BALANCE: ("ERC20InsufficientBalance", source, share.balances[source], amount),
            Reason.INSUFFICIENT_UNFROZEN: ("ERC7943InsufficientUnfrozenBalance", source, amount, free),
            Reason.ZERO_AMOUNT: ("ShareTokenZeroAmount",),
            Reason.AMOUNT_TOO_LARGE: ("ShareTokenAmountTooLarge", amount),
            Reason.ZERO_SENDER: ("ERC20InvalidSender", NOBODY),
            Reason.ZERO_RECEIVER: ("ERC20InvalidReceiver", NOBODY),
        }[code]

    # ---------------------------------------------------------------- tokens

    def transfer(self, call: Call, to: str, amount: int) -> None:
        need(to != NOBODY, "ERC20InvalidReceiver", NOBODY, code=Reason.ZERO_RECEIVER)
        self.move(call.target, Kind.TRANSFER, call.sender, call.sender, to, amount, NO_REF)

    def transfer_from(self, call: Call, source: str, to: str, amount: int) -> None:
        """The allowance is looked at first; the largest one is never used up."""
        allowances, pair = self.tokens[call.target].allowances, (source, call.sender)
        short, code = (call.sender, allowances[pair], amount), Reason.INSUFFICIENT_ALLOWANCE
        need(amount <= allowances[pair], "ERC20InsufficientAllowance", *short, code=code)
        need(source != NOBODY, "ERC20InvalidApprover", NOBODY, code=Reason.ZERO_SENDER)
        allowances[pair] -= amount if allowances[pair] != MAX_256 else 0
        self.move(call.target, Kind.TRANSFER, call.sender, source, to, amount, NO_REF)

    def batch_transfer(self, call: Call, receivers: list[str], amounts: list[int]) -> None:
        need(len(receivers) == len(amounts), "ShareTokenLengthsDiffer", len(receivers), len(amounts))
        for to, amount in zip(receivers, amounts, strict=True):
            self.move(call.target, Kind.TRANSFER, call.sender, call.sender, to, amount, NO_REF)

    def approve(self, call: Call, spender: str, amount: int) -> None:
        need(spender != NOBODY, "ERC20InvalidSpender", NOBODY)
        self.tokens[call.target].allowances[call.sender, spender] = amount
        self.log(call.target, "Approval", call.sender, spender, amount)

    def forced_transfer_with_order(
        self, call: Call, source: str, to: str, amount: int, basis: Basis, order: bytes
    ) -> None:
        self.alone(call, Role.COMPLIANCE)
        need(basis, "ShareTokenBasisUnstated")
        self.move(call.target, Kind.FORCE, call.sender, source, to, amount, order_ref(basis, order))

    def set_frozen_tokens_with_order(self, call: Call, account: str, amount: int, basis: Basis, order: bytes) -> None:
        self.alone(call, Role.COMPLIANCE)
        need(basis, "ShareTokenBasisUnstated")
        self.freeze_part(call, account, amount, order_ref(basis, order))

    def freeze_part(self, call: Call, account: str, amount: int, ref: bytes) -> None:
        """May exceed the balance, so that it also catches what arrives later."""
        need(amount <= MAX_128, "ShareTokenAmountTooLarge", amount, code=Reason.AMOUNT_TOO_LARGE)
        self.tokens[call.target].frozen[account] = amount
        self.log(call.target, "Frozen", account, amount)
        self.report(call.target, Kind.FREEZE, call.sender, account, NOBODY, amount, ref)

    def recover_balance(self, call: Call, lost: str) -> None:
        """Balance and frozen amount go over to the replacement."""
        self.alone(call, Role.COMPLIANCE)
        replacement, ref = self.recovery_of(lost)
        share, frozen = self.tokens[call.target], self.tokens[call.target].frozen[lost]
        if frozen:
            self.freeze_part(call, lost, 0, ref)
        self.move(call.target, Kind.FORCE, call.sender, lost, replacement, share.balances[lost], ref)
        if frozen:
            self.freeze_part(call, replacement, min(share.frozen[replacement] + frozen, MAX_128), ref)

    def set_policy(self, call: Call, classes: int, policy: int) -> None:
        self.alone(call, Role.ISSUER)
        need(not classes & ~ALL_CLASSES and policy < 16, "ShareTokenInvalidPolicy", classes, policy)
        self.change_settings(call, classes=classes, policy=Policy(policy))

    def pause(self, call: Call, pauses: int) -> None:
        self.alone(call, Role.PAUSER)
        need(pauses < 16, "ShareTokenInvalidPauses", pauses)
        self.change_settings(call, pauses=self.tokens[call.target].pauses | Pause(pauses))

    def unpause(self, call: Call, pauses: int) -> None:
        """REGULATOR lifts FORCE, COMPLIANCE the others."""
        need(pauses < 16, "ShareTokenInvalidPauses", pauses)
        if pauses & Pause.FORCE:
            self.alone(call, Role.REGULATOR)
        if pauses & ~Pause.FORCE:
            self.alone(call, Role.COMPLIANCE)
        self.change_settings(call, pauses=self.tokens[call.target].pauses & ~Pause(pauses))

    def change_settings(self, call: Call, **changes: Any) -> None:
        share = self.tokens[call.target]
        changed = replace(share, **changes)
        need(changed.settings != share.settings, "ShareTokenUnchanged")
        self.tokens[call.target] = changed
        self.report(call.target, Kind.CONTROL, call.sender, NOBODY, NOBODY, changed.settings, NO_REF)
