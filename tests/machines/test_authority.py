"""Lives of those who hold roles: what they grant, schedule, cancel and do, and that nobody reaches further."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from stockade.records import Basis, Pause, Role
from tests.contracts.support import ORDER
from tests.machines.draws import SELDOM, WAITS, Draws, deed
from tests.machines.play import FIXED
from tests.machines.roles import LEAST, PUBLIC, Call
from tests.machines.running import live
from tests.machines.world import interface
from tests.support import DAY, YEAR

# Who holds roles at the start, and who may come to hold some.
OFFICERS = (*[role.name.lower() for role in Role], "deployer", "relay", "alice", "second_registrar")
PEOPLE = st.sampled_from(OFFICERS)
ROLES = st.sampled_from((*Role, *Role, 11, PUBLIC))
DELAYS = st.sampled_from(
    (0, 0, 1, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY, 20 * DAY - 1, 20 * DAY, 20 * DAY, YEAR, YEAR + 1)
)
# How a deed is gone about (`attempt`).
HOW = st.integers(0, 9)
# Functions that an ADMIN may try to map elsewhere.
MAPPABLE = (
    ("registry", "freeze"),
    ("registry", "freeze"),
    ("listings", "setHalt"),
    ("listings", "setRegulatorSuspension"),
    ("ledger", "forceRedemption"),
    ("ledger", "setAttestors"),
    ("factory", "upgrade"),
    ("authority", "acknowledge"),
    ("authority", "anchor"),
    ("authority", "grantRole"),
)


class Plan(NamedTuple):
    """A scheduled call."""

    sender: str
    target: str
    function: str
    arguments: tuple[Any, ...]


class Authority(Draws):
    def __init__(self) -> None:
        super().__init__()
        self.plans: list[Plan] = []

    def at(self, name: str) -> str:
        return str(self.scene.factory if name == "factory" else getattr(self.model, name))

    # ---------------------------------------------------------------- what may be done

    @deed(
        4,
        role=ROLES,
        account=PEOPLE,
        delay=DELAYS,
        fitting=st.sampled_from((True, True, True, False)),
        how=HOW,
        who=PEOPLE,
        nobody=st.sampled_from((*[False] * 6, True)),
    )
    def grant(self, role: int, account: str, delay: int, fitting: bool, how: int, who: str, nobody: bool) -> None:
        if fitting and role <= Role.GUARDIAN:
            delay = max(LEAST.get(Role(role), 0), delay) if role != Role.PAUSER else 0
        to = self.model.authority if nobody and how % 2 else self.address("nobody" if nobody else account)
        self.attempt(how, who, "authority", "grantRole", role, to, min(delay, 2**32 - 1))

    @deed(role=ROLES, account=PEOPLE, holder=st.booleans(), how=HOW, who=PEOPLE)
    def revoke(self, role: int, account: str, holder: bool, how: int, who: str) -> None:
        """Mostly of somebody who holds it."""
        holders = [each for of, each in self.model.roles if of == role]
        self.attempt(
            how, who, "authority", "revokeRole", role, holders[0] if holder and holders else self.address(account)
        )

    # ADMIN more often than others: the last one tries to leave.
    @deed(
        role=st.one_of(ROLES, st.sampled_from((Role.ADMIN, *Role))), account=PEOPLE, holder=st.booleans(), other=SELDOM
    )
    def renounce(self, role: int, account: str, holder: bool, other: bool) -> None:
        """Mostly what it does not hold: those who leave are missed."""
        if holder and role <= Role.GUARDIAN:
            account = Role(role).name.lower()
        confirmed = self.address("relay" if other else account)
        self.act(account, self.model.authority, "renounceRole", role, confirmed)

    @deed(functions=st.lists(st.sampled_from(MAPPABLE), min_size=1, max_size=1), role=ROLES, how=HOW, who=PEOPLE)
    def map_function(self, functions: list[tuple[str, str]], role: int, how: int, who: str) -> None:
        ((name, function),) = functions
        target = self.at(name)
        selector = interface(self.play.names[target]).selector(function)
        self.attempt(how, who, "authority", "setTargetFunctionRole", target, [selector], role)

    @deed(custodian=st.sampled_from((1, 1, 2, 3)), open=st.booleans(), how=HOW, who=PEOPLE)
    def open_or_close(self, custodian: int, open: bool, how: int, who: str) -> None:
        self.attempt(how, who, "ledger", "setCustodianOpen", custodian, open)

    @deed(
        tokens=st.lists(st.sampled_from(("us", "strict", "strict", "factory")), max_size=2),
        named=st.sampled_from((True, True, True, True, False)),
        how=HOW,
        who=PEOPLE,
    )
    def upgrade(self, tokens: list[str], named: bool, how: int, who: str) -> None:
        """To the same code: what it does is not the question here."""
        to = self.scene.implementation
        code = self.model.codes[to] if named else ORDER
        self.attempt(how, who, "factory", "upgrade", to, code, [self.token_of(each) for each in tokens])

    @deed(wallet=st.sampled_from(("alice", "bob")), thaw=st.booleans(), how=HOW, who=PEOPLE)
    def freeze(self, wallet: str, thaw: bool, how: int, who: str) -> None:
        function = "unfreeze" if thaw else "freeze"
        self.attempt(how, who, "registry", function, self.address(wallet), Basis.SANCTIONS, ORDER)

    @deed(
        stream=st.sampled_from(("us", "registry", "ledger", "listings", "authority")),
        behind=st.sampled_from((0, 0, 1, 2, 5, -1)),
        right=st.sampled_from((True, True, False)),
        how=HOW,
        who=PEOPLE,
    )
    def acknowledge(self, stream: str, behind: int, right: bool, how: int, who: str) -> None:
        target = self.scene.us if stream == "us" else self.at(stream)
        seq = max(self.model.reports[target] - behind, 0)
        chain = self.play.chains[target] if right else 7
        self.attempt(how, who, "authority", "acknowledge", target, seq, chain)

    @deed(
        later=st.sampled_from((1, 1, 1, 2, 0, -1, "yesterday", "yesterday", "today")),
        count=st.sampled_from((0, 1, 7, 2**32 - 1)),
        root=st.sampled_from((True, True, True, False)),
        off=st.sampled_from((0, 0, 0, 1, -1)),
        how=HOW,
        who=PEOPLE,
    )
    def anchor(self, later: int | str, count: int, root: bool, off: int, how: int, who: str) -> None:
        """Mostly the day after the last one, or yesterday, with what belongs to it."""
        last, before = self.model.last_anchor
        today = self.model.time // DAY
        days = {"today": today, "yesterday": today - 1}
        day = max(days[later] if isinstance(later, str) else last + later, 0)
        whole = ORDER if (count > 0) == root else bytes(32)
        self.attempt(how, who, "authority", "anchor", day, whole, count, max(before + count + off, 0))

    @deed(token=st.sampled_from(("us", "strict")), who=PEOPLE, right=st.booleans(), pause=st.sampled_from(Pause))
    def pause(self, token: str, who: str, right: bool, pause: Pause) -> None:
        """Tokens ask for roles held without a delay."""
        holders = [account for role, account in self.model.roles if role == Role.PAUSER]
        sender = holders[0] if right and holders else self.address(who)
        self.play.do(sender, self.token_of(token), "pause", pause)

    @deed(token=st.sampled_from(("us", "strict")), place=st.integers(0, 2), pause=st.sampled_from(Pause))
    def unpause(self, token: str, place: int, pause: Pause) -> None:
        role = Role.REGULATOR if pause & Pause.FORCE else Role.COMPLIANCE
        holders = [account for each, account in self.model.roles if each == role] or [self.cast.relay]
        self.play.do(holders[place % len(holders)], self.token_of(token), "unpause", pause)

    @deed(function=st.sampled_from(sorted(FIXED)), how=HOW, who=PEOPLE)
    def what_is_fixed(self, function: str, how: int, who: str) -> None:
        registry = self.model.registry
        arguments: dict[str, tuple[Any, ...]] = {
            "setRoleAdmin": (Role.UPGRADER, Role.PAUSER),
            "setRoleGuardian": (Role.UPGRADER, Role.PAUSER),
            "setGrantDelay": (Role.ADMIN, 20 * DAY),
            "setTargetAdminDelay": (registry, 0),
            "setTargetClosed": (registry, True),
            "updateAuthority": (registry, self.address(who)),
            "execute": (registry, b"\1\2\3\4"),
        }
        self.attempt(how, who, "authority", function, *arguments[function])

    @deed(who=st.sampled_from(("deployer", "admin", "relay")), admin=st.sampled_from(("relay", "admin", "deployer")))
    def settle_again(self, who: str, admin: str) -> None:
        self.act(who, self.model.authority, "settle", self.address(admin))

    # ---------------------------------------------------------------- when

    def attempt(self, how: int, who: str, name: str, function: str, *arguments: Any) -> None:
        """By a holder of the role, mostly: scheduled if it must be, and done when due, or left for later. Sometimes at
        once, sometimes by somebody else.
        """
        model, target = self.model, self.at(name)
        data = self.play.data(target, function, *arguments)
        role = model.required(target, data)
        holders = [account for each, account in model.roles if each == role]
        sender = holders[how % len(holders)] if holders and how < 8 else self.address(who)
        _, delay = model.held(role, sender)
        if (delay and how != 7) or how == 8:
            if self.play.do(sender, model.authority, "schedule", target, data, 0):
                self.plans.append(Plan(sender, target, function, arguments))
            if how >= 4:
                return
            self.play.wait(max(delay - (how == 3), 0))
        self.play.do(sender, target, function, *arguments)

    @deed(5, place=st.integers(0, 9), wait=st.sampled_from(("", "due", "due", "due", "early", "week", "week - 1")))
    def perform(self, place: int, wait: str) -> None:
        """Something scheduled, when it is due, a second early, or when it has expired."""
        if not self.plans:
            return
        plan = self.plans.pop(place % len(self.plans))
        data = self.play.data(plan.target, plan.function, *plan.arguments)
        due = self.model.schedules.get(self.model.operation(Call(plan.sender, plan.target, data)), self.model.time)
        until = {"": 0, "due": due, "early": due - 1, "week": due + 7 * DAY, "week - 1": due + 7 * DAY - 1}[wait]
        self.play.wait(max(until - self.model.time, 0))
        self.play.do(plan.sender, plan.target, plan.function, *plan.arguments)

    @deed(
        2,
        place=st.integers(0, 9),
        by=st.sampled_from(("guardian", "guardian", "admin", "key_admin", "itself", "relay")),
    )
    def cancel(self, place: int, by: str) -> None:
        if not self.plans:
            return
        plan = self.plans[place % len(self.plans)]
        data = self.play.data(plan.target, plan.function, *plan.arguments)
        sender = plan.sender if by == "itself" else self.address(by)
        self.play.do(sender, self.model.authority, "cancel", plan.sender, plan.target, data)

    @deed(who=PEOPLE, place=st.integers(0, 9), later=st.sampled_from((-1, 0, 1, DAY, YEAR, YEAR + 1)))
    def schedule_for(self, who: str, place: int, later: int) -> None:
        """Something again, by anybody, for a second of its choice."""
        if not self.plans:
            return
        plan = self.plans[place % len(self.plans)]
        data = self.play.data(plan.target, plan.function, *plan.arguments)
        _, delay = self.model.held(self.model.required(plan.target, data), self.address(who))
        again = (plan.target, data, self.model.time + delay + later)
        if self.act(who, self.model.authority, "schedule", *again):
            self.plans.append(plan._replace(sender=self.address(who)))

    @deed(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.play.wait(seconds)


# A third of what the derandomised run does, or less: a change of the machine may shift lives, not empty them.
ENOUGH = {
    "schedule": 120,
    "cancel": 10,
    "grantRole": 50,
    "revokeRole": 4,
    "renounceRole": 12,
    "setTargetFunctionRole": 2,
    "acknowledge": 7,
    "anchor": 4,
    "upgrade": 4,
    "setCustodianOpen": 2,
    "freeze": 5,
    "pause": 5,
    "AccessManagerNotReady": 15,
    "AccessManagerExpired": 10,
    "AccessManagerNotScheduled": 30,
    "AccessManagerUnauthorizedCancel": 4,
    "AccessManagerUnauthorizedCall": 25,
    "AccessManagerUnauthorizedAccount": 10,
    "AuthorityDelayOutOfBounds": 3,
    "AuthorityUnknownRole": 3,
    "AuthorityInvalidAccount": 2,
    "AuthorityLastAdmin": 1,
    "AuthorityFunctionFixed": 5,
    "AuthorityTooLate": 1,
    "FactoryOtherCode": 1,
    "AuthorityFixed": 10,
    "AuthorityCannotSettle": 20,
    "AuthorityMarkNotHigher": 1,
    "AuthorityMarkWrong": 3,
    "AuthorityAnchorNotLater": 3,
    "AuthorityAnchorTooEarly": 2,
    "AuthorityAnchorRootWrong": 2,
    "AuthorityAnchorSequenceWrong": 1,
    "ShareTokenMissingRole": 15,
}


def test_authority__random_lives__as_the_model_says_and_within_the_laws(theatre, suite):
    live(Authority, theatre, suite.reason_text.address, lives=30, steps=50, least=ENOUGH)
