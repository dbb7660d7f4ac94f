"""The model's first half: who may act and when (`SuiteAuthority`), and how acts are refused, logged and undone.

A method that takes a `Call` is the contract's function of that name; its checks stand in the order in which they are
made. Times are seconds UTC. What is fixed in the authority's code needs no state: it is refused, whoever calls.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.records import Role
from tests.contracts.support import Reason
from tests.support import DAY, YEAR

# Seconds that a role's holder waits at least; the roles KEY_ADMIN grants once the suite is settled, ADMIN the others.
LEAST = {Role.ADMIN: 20 * DAY, Role.UPGRADER: 20 * DAY, Role.CUSTODY_ADMIN: 2 * DAY, Role.KEY_ADMIN: DAY}
OPERATIONAL = range(Role.ISSUER, Role.PAUSER + 1)
PUBLIC = 2**64 - 1
# The published table (docs/roles.md): which role may call what; what is not in it is ADMIN's.
TABLE: dict[str, dict[Role, tuple[str, ...]]] = {
    "InvestorRegistry": {
        Role.REGISTRAR: ("setRecords", "offerRecords"),
        Role.COMPLIANCE: ("freeze", "unfreeze", "setRegistrar", "assignRecords", "recover"),
    },
    "CustodyLedger": {
        Role.CUSTODY_ADMIN: ("addCustodian", "setCustodianOpen", "setAttestors", "setTerms"),
        Role.COMPLIANCE: ("forceRedemption", "recoverRequests"),
    },
    "ListingRegistry": {
        Role.ISSUER: (
            *("addExemption", "amendExemption", "publishNotice", "list", "recordIssuerNotice", "activate"),
            *("setDocument", "removeDocument"),
        ),
        Role.COMPLIANCE: ("recordObjection", "suspend", "resume", "windDown", "setHalt", "setExemptionStatus"),
        Role.REGULATOR: ("setRegulatorSuspension",),
    },
    "MarketStatus": {
        Role.ISSUER: ("setRules",),
        Role.MARKET_OPERATOR: ("setHours", "setDays", "relay", "relayVenue", "heartbeat"),
    },
    "SuiteFactory": {Role.UPGRADER: ("upgrade",)},
    "SuiteAuthority": {Role.REGULATOR: ("acknowledge",), Role.ISSUER: ("anchor",)},
}
# The longest call that can be scheduled, in bytes.
MOST_DATA = 65_536
# How long after its time a scheduled act can still be made.
WEEK = 7 * DAY


def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


GRANT, REVOKE = selector("grantRole(uint64,address,uint32)"), selector("revokeRole(uint64,address)")


class Refusal(Exception):
    """A custom error: its name, its arguments, and its reason code, if it has one."""

    def __init__(self, error: str, *values: Any, code: Reason = Reason.NONE) -> None:
        super().__init__(error, *values)
        self.error, self.values, self.code = error, values, code


def need(condition: Any, error: str, *values: Any, code: Reason = Reason.NONE) -> None:
    if not condition:
        raise Refusal(error, *values, code=code)


class Call(NamedTuple):
    sender: str
    target: str
    data: bytes


class Access(NamedTuple):
    """How a role is held: `delay` becomes `later` at `effect`, when it falls; at once otherwise."""

    delay: int
    later: int
    effect: int

    def at(self, time: int) -> int:
        return self.later if time >= self.effect else self.delay


@dataclass(kw_only=True)
class Roles:
    """`functions`: role by contract and selector. `anchors`: root, count and last sequence by day. `reports`, `chains`:
    each stream's last number and the chain there, which `play` computes from the logs.
    """

    time: int
    authority: str
    deployer: str
    settled: bool
    roles: dict[tuple[int, str], Access]
    functions: dict[tuple[str, bytes], int]
    reports: Counter[str]
    chains: dict[str, int] = field(default_factory=dict)
    schedules: dict[bytes, int] = field(default_factory=dict)
    nonces: Counter[bytes] = field(default_factory=Counter)
    marks: dict[str, tuple[int, int]] = field(default_factory=lambda: defaultdict(lambda: (0, 0)))
    anchors: dict[int, tuple[bytes, int, int]] = field(default_factory=dict)
    logs: list[tuple[Any, ...]] = field(default_factory=list)

    def apply(self, call: Call, act: str, *arguments: Any) -> Refusal | None:
        """Does the act; a refused one leaves nothing behind."""
        self.logs = []
        before = deepcopy(self.__dict__)
        try:
            getattr(self, act)(call, *arguments)
        except Refusal as refusal:
            self.__dict__ = before
            return refusal
        return None

    def log(self, contract: str, event: str, *values: Any) -> None:
        self.logs.append((contract, event, *values))

    def report(self, contract: str, kind: int, operator: str, *values: Any) -> None:
        """The next entry of a contract's stream."""
        self.reports[contract] += 1
        self.log(contract, "Reported", self.reports[contract], kind, operator, *values)

    # ---------------------------------------------------------------- who may

    def held(self, role: int, account: str) -> tuple[bool, int]:
        """Whether the account holds the role, and the delay that holds for it now."""
        access = self.roles.get((role, account))
        return (True, access.at(self.time)) if access else (False, 0)

    def admin_of(self, role: int) -> int:
        return Role.KEY_ADMIN if self.settled and role in OPERATIONAL else Role.ADMIN

    def required(self, target: str, data: bytes) -> int:
        """The role that a call asks for."""
        if target == self.authority and data[:4] in (GRANT, REVOKE):
            return self.admin_of(int.from_bytes(data[4:36], "big"))
        return self.functions.get((target, data[:4]), Role.ADMIN)

    def restricted(self, call: Call) -> None:
        """The caller holds the role the function asks for; with a delay, it has scheduled this very call in time."""
        role = self.required(call.target, call.data)
        member, delay = self.held(role, call.sender)
        if call.target == self.authority:
            need(member, "AccessManagerUnauthorizedAccount", call.sender, role)
        need(member, "AccessManagedUnauthorized", call.sender)
        if not delay:
            return
        operation = self.operation(call)
        due = self.schedules.get(operation, 0)
        need(due, "AccessManagerNotScheduled", operation)
        need(due <= self.time, "AccessManagerNotReady", operation)
        need(self.time < due + WEEK, "AccessManagerExpired", operation)
        del self.schedules[operation]
        self.log(self.authority, "OperationExecuted", operation, self.nonces[operation])
        operator = call.sender if call.target == self.authority else call.target
        self.report(self.authority, 7, operator, operation, self.nonces[operation])

    def alone(self, call: Call, role: Role) -> None:
        """Tokens ask for the role itself, which nobody with a delay holds for them."""
        need(self.held(role, call.sender) == (True, 0), "ShareTokenMissingRole", call.sender, role)

    @staticmethod
    def operation(call: Call) -> bytes:
        return keccak(encode(["address", "address", "bytes"], list(call)))

    # ---------------------------------------------------------------- schedules

    def schedule(self, call: Call, target: str, data: bytes, when: int) -> None:
        need(self.settled, "AuthorityNotSettled")
        need(when <= self.time + YEAR, "AuthorityTooLate", when, self.time + YEAR)
        need(len(data) <= MOST_DATA, "AuthorityTooLong", len(data), MOST_DATA)
        member, delay = self.held(self.required(target, data), call.sender)
        late_enough = delay and (when == 0 or when >= self.time + delay)
        need(member and late_enough, "AccessManagerUnauthorizedCall", call.sender, target, data[:4])
        planned = Call(call.sender, target, data)
        operation = self.operation(planned)
        due = self.schedules.get(operation, 0)
        need(not due or self.time >= due + WEEK, "AccessManagerAlreadyScheduled", operation)
        self.schedules[operation] = when = max(when, self.time + delay)
        self.nonces[operation] += 1
        self.log(self.authority, "OperationScheduled", operation, self.nonces[operation], when, *planned)
        self.report(self.authority, 5, call.sender, operation, self.nonces[operation], when, target, data)

    def cancel(self, call: Call, caller: str, target: str, data: bytes) -> None:
        """By who scheduled it, and by GUARDIAN unless it revokes a GUARDIAN."""
        operation = self.operation(Call(caller, target, data))
        need(operation in self.schedules, "AccessManagerNotScheduled", operation)
        revokes_guardian = target == self.authority and data[:36] == REVOKE + Role.GUARDIAN.to_bytes(32, "big")
        guards = self.held(Role.GUARDIAN, call.sender)[0] and not revokes_guardian
        need(call.sender == caller or guards, "AccessManagerUnauthorizedCancel", call.sender, caller, target, data[:4])
        del self.schedules[operation]
        self.log(self.authority, "OperationCanceled", operation, self.nonces[operation])
        self.report(self.authority, 6, call.sender, operation, self.nonces[operation])

    # ---------------------------------------------------------------- roles

    def grant_role(self, call: Call, role: int, account: str, delay: int) -> None:
        self.restricted(call)
        self.grant(call.sender, role, account, delay)

    def grant(self, operator: str, role: int, account: str, delay: int) -> None:
        """Only the deployer, until it settles, holds a role without its delay. A delay rises at once, and falls
        after as long as it falls.
        """
        need(role <= Role.GUARDIAN, "AuthorityUnknownRole", role)
        need(account not in (NOBODY, self.authority), "AuthorityInvalidAccount", role, account)
        least, most = LEAST.get(Role(role), 0), 0 if role == Role.PAUSER else YEAR
        lent = account == self.deployer and not self.settled
        need(lent or least <= delay <= most, "AuthorityDelayOutOfBounds", role, delay, least, most)
        held, present = self.held(role, account)
        effect = self.time + (max(present - delay, 0) if held else 0)
        self.roles[role, account] = Access(present if held else delay, delay, effect)
        self.log(self.authority, "RoleGranted", role, account, delay, effect, not held)
        self.report(self.authority, 1, operator, role, account, True, delay, effect)

    def revoke_role(self, call: Call, role: int, account: str) -> None:
        self.restricted(call)
        need(role != PUBLIC, "AccessManagerLockedRole", role)
        self.revoke(call.sender, role, account)

    def renounce_role(self, call: Call, role: int, account: str) -> None:
        need(account == call.sender, "AccessManagerBadConfirmation")
        need(role != PUBLIC, "AccessManagerLockedRole", role)
        self.revoke(call.sender, role, account)

    def revoke(self, operator: str, role: int, account: str) -> None:
        """Quiet where there is nothing to revoke. Somebody stays ADMIN."""
        if self.roles.pop((role, account), None) is None:
            return
        admins = [each for each, _ in self.roles if each == Role.ADMIN]
        need(role != Role.ADMIN or admins, "AuthorityLastAdmin", account)
        self.log(self.authority, "RoleRevoked", role, account)
        self.report(self.authority, 1, operator, role, account, False, 0, self.time)

    def settle(self, call: Call, admin: str) -> None:
        need(call.sender == self.deployer and not self.settled, "AuthorityCannotSettle", call.sender)
        need(admin != self.deployer, "AuthorityInvalidAdmin", admin)
        self.settled = True
        self.grant(call.sender, Role.ADMIN, admin, LEAST[Role.ADMIN])
        for role in Role:
            self.revoke(call.sender, role, self.deployer)
        self.report(self.authority, 3, call.sender, admin)

    # ---------------------------------------------------------------- functions, marks, and what is fixed

    def set_target_function_role(self, call: Call, target: str, selectors: list[bytes], role: int) -> None:
        """ADMIN maps functions, but neither the authority's own nor those that UPGRADER or CUSTODY_ADMIN wait for; and
        once the suite is settled, only what is in no table becomes one of theirs, and nothing leaves the table.
        """
        self.restricted(call)
        for each in selectors:
            need(role <= Role.GUARDIAN, "AuthorityUnknownRole", role)
            present = self.functions.get((target, each), Role.ADMIN)
            slow = (Role.UPGRADER, Role.CUSTODY_ADMIN)
            taken = self.settled and role in (Role.ADMIN, *slow) and present != Role.ADMIN
            free = target != self.authority and present not in slow and not taken
            need(free, "AuthorityFunctionFixed", target, each, present)
            self.functions[target, each] = role
            self.log(self.authority, "TargetFunctionRoleUpdated", target, each, role)
            self.report(self.authority, 2, call.sender, target, each, role)

    def acknowledge(self, call: Call, stream: str, seq: int, chain: int) -> None:
        """A mark only rises, never beyond the stream's end; there, the chain must be the stream's."""
        self.restricted(call)
        mark, last, head = self.marks[stream][0], self.reports[stream], self.chains[stream]
        need(seq > mark, "AuthorityMarkNotHigher", stream, seq, mark)
        known = seq < last or (seq == last and chain == head)
        need(known, "AuthorityMarkWrong", stream, seq, chain, last, head)
        self.marks[stream] = (seq, chain)
        self.report(self.authority, 4, call.sender, stream, seq, chain)

    @property
    def last_anchor(self) -> tuple[int, int]:
        """The last day that was anchored, and its last sequence."""
        day = max(self.anchors, default=0)
        return day, self.anchors.get(day, (bytes(32), 0, 0))[2]

    def anchor(self, call: Call, day: int, root: bytes, count: int, last_sequence: int) -> None:
        """Days rise and are over; only a day of records has a root; its records follow those anchored before."""
        self.restricted(call)
        (last, before), today = self.last_anchor, self.time // DAY
        need(day > last, "AuthorityAnchorNotLater", day, last)
        need(day < today, "AuthorityAnchorTooEarly", day, today)
        need(any(root) == (count > 0), "AuthorityAnchorRootWrong", root, count)
        need(last_sequence == before + count, "AuthorityAnchorSequenceWrong", last_sequence, before + count)
        self.anchors[day] = (root, count, last_sequence)
        self.report(self.authority, 8, call.sender, day, root, count, last_sequence)

    def fixed(self, call: Call, *_: Any) -> None:
        """Who admits and cancels, delays of grants and targets, closing, the authority itself: code, not settings."""
        if call.data[:4] not in (selector("execute(address,bytes)"), selector("updateAuthority(address,address)")):
            self.restricted(call)
        raise Refusal("AuthorityFixed", call.data[:4])
