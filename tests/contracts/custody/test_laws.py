"""Laws 1, 2 and 5 over random lives of a token, against a model that a person can check by eye."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

import ape
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from stockade.records import Basis, Pause, Position, RequestStatus, SentenceKind
from tests.contracts.custody.support import DELIVERY, START
from tests.contracts.support import ORDER
from tests.support import SHARE

NAMES = ("alice", "bob", "carol")
NO_PAUSE = Pause(0)
SEED = 1


class Way(Enum):
    """How a request ends; one may wait for it to be due."""

    RELEASED = auto()
    REJECTED = auto()
    TAKEN_BACK = auto()
    TAKEN_BACK_WHEN_DUE = auto()
    FORCED = auto()

    @property
    def status(self) -> RequestStatus:
        return RequestStatus[self.name.removesuffix("_WHEN_DUE")]


class Restraint(Enum):
    """What stands in the way of some movements."""

    WALLET = auto()
    PART = auto()
    PAUSE = auto()
    RESERVE = auto()


@dataclass(frozen=True)
class Draw:
    """What a step may use; each takes what it needs. `spare`: units that a deposit is covered beyond need, or short."""

    name: str
    to: str
    custodian: int
    amount: int
    spare: int
    forced: bool
    way: Way
    how: Restraint
    place: int


DRAWS = st.builds(
    Draw,
    name=st.sampled_from(NAMES),
    to=st.sampled_from(NAMES),
    custodian=st.sampled_from((1, 2)),
    amount=st.integers(1, 60).map(lambda shares: shares * SHARE),
    spare=st.integers(-1, 1),
    forced=st.booleans(),
    way=st.sampled_from(Way),
    how=st.sampled_from(Restraint),
    place=st.integers(0, 99),
)


@dataclass
class Open:
    """An open request."""

    number: int
    holder: str
    custodian: int
    amount: int
    deadline: int


@dataclass
class Model:
    """What should be: balances, frozen amounts and positions in units, as after the `holders` fixture."""

    balances: dict[str, int] = field(default_factory=lambda: {"alice": START, "bob": START, "carol": 0})
    frozen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    issued: dict[int, int] = field(default_factory=lambda: {1: START, 2: START})
    held: dict[int, int] = field(default_factory=lambda: {1: START, 2: START})
    blocked: set[str] = field(default_factory=set)
    pauses: Pause = NO_PAUSE
    requests: list[Open] = field(default_factory=list)

    def unfrozen(self, name: str) -> int:
        return max(self.balances[name] - self.frozen[name], 0)

    def runs(self, pause: Pause) -> bool:
        return not self.pauses & pause


def test_laws__random_lives__hold_in_every_state(
    suite, ledger, token, actors, chain, now, at, ask, sentence, answer, land, freeze, unfreeze
):
    """Deposits, statements, transfers, redemptions, freezes, pauses and force, in any order.

    What the model forbids must revert; what it allows must not. Every life starts with open requests.
    """
    period = ledger.termsOf(token).redemptionPeriod
    opened = []
    for name, number, amount in (("alice", 1, 30 * SHARE), ("alice", 2, 20 * SHARE), ("bob", 1, 10 * SHARE)):
        request = ask(getattr(actors, name), amount, number)
        opened.append(Open(request, name, number, amount, now() + period))

    class Lives(RuleBasedStateMachine):
        @initialize()
        def start(self) -> None:
            self.before = chain.snapshot()
            self.model = Model(requests=list(opened))
            for request in opened:
                self.model.balances[request.holder] -= request.amount

        def teardown(self) -> None:
            chain.restore(self.before)

        def attempt(self, allowed, call, *arguments, **options) -> bool:
            if allowed:
                call(*arguments, **options)
            else:
                with ape.reverts():
                    call(*arguments, **options)
            return bool(allowed)

        @rule(step=st.sampled_from(("deposit", "request", "settle", "move", "restrain")), draw=DRAWS)
        def live(self, step, draw) -> None:
            """One rule, so that every step is as likely as the next; Hypothesis leaves rules out of a life."""
            getattr(self, step)(draw)

        # ------------------------------------------------------------ custodians

        def deposit(self, draw) -> None:
            """Covered with a unit to spare, exactly, or a unit short."""
            model, number, to = self.model, draw.custodian, draw.to
            held = model.issued[number] + draw.amount + draw.spare
            account = getattr(actors, to).address
            deposit = sentence(custodian=number, account=account, shares=draw.amount, shares_held=held)
            allowed = draw.spare >= 0 and to not in model.blocked and model.runs(Pause.MINT)
            if self.attempt(allowed, land, deposit):
                model.balances[to] += draw.amount
                model.issued[number] += draw.amount
                model.held[number] = held
                position = Position.unpack(ledger.positionOf(token, number))
                assert token.toShares(position.issued) <= position.held, "law 1"

        # ------------------------------------------------------------ redemption

        def request(self, draw) -> None:
            model, name, number, amount = self.model, draw.name, draw.custodian, draw.amount
            allowed = name not in model.blocked and amount <= model.unfrozen(name)
            request = ledger.requestRedemption
            if self.attempt(allowed, request, token, number, amount, DELIVERY, sender=getattr(actors, name)):
                model.balances[name] -= amount
                model.requests.append(Open(ledger.requestCount(), name, number, amount, now() + period))

        def settle(self, draw) -> None:
            model, way, to = self.model, draw.way, draw.to
            if not model.requests:
                return
            request = model.requests[draw.place % len(model.requests)]
            free = request.holder not in model.blocked
            if way is Way.TAKEN_BACK_WHEN_DUE and chain.pending_timestamp < request.deadline:
                at(request.deadline)

            if way is Way.RELEASED:
                allowed = free and request.amount <= model.issued[request.custodian] and model.runs(Pause.BURN)
                settled = self.attempt(allowed, land, answer(request.number, SentenceKind.RELEASE))
            elif way is Way.REJECTED:
                settled = self.attempt(free, land, answer(request.number, SentenceKind.REJECT))
            elif way is Way.FORCED:
                allowed = to not in model.blocked and model.runs(Pause.FORCE)
                order = (request.number, getattr(actors, to), Basis.COURT_ORDER, ORDER)
                settled = self.attempt(allowed, ledger.forceRedemption, *order, sender=actors.compliance)
            else:
                allowed = free and chain.pending_timestamp >= request.deadline
                sender = getattr(actors, request.holder)
                settled = self.attempt(allowed, ledger.takeBack, request.number, sender=sender)

            assert ledger.requestOf(request.number).status == (way.status if settled else RequestStatus.OPEN)
            if not settled:
                return
            model.requests.remove(request)
            if way is Way.RELEASED:
                model.issued[request.custodian] -= request.amount
                model.held[request.custodian] = max(model.held[request.custodian] - request.amount, 0)
            else:
                model.balances[to if way is Way.FORCED else request.holder] += request.amount

        # ------------------------------------------------------------ movements and restraints

        def move(self, draw) -> None:
            model, sender, to, amount = self.model, draw.name, draw.to, draw.amount
            source, target = getattr(actors, sender), getattr(actors, to)
            if draw.forced:
                allowed = amount <= model.balances[sender] and to not in model.blocked and model.runs(Pause.FORCE)
                order = (source, target, amount, Basis.COURT_ORDER, ORDER)
                moved = self.attempt(allowed, token.forcedTransferWithOrder, *order, sender=actors.compliance)
            else:
                allowed = amount <= model.unfrozen(sender) and not {sender, to} & model.blocked
                allowed = allowed and model.runs(Pause.TRANSFER)
                moved = self.attempt(allowed, token.transfer, target, amount, sender=source)
            if moved and sender != to:
                # A transfer never takes more than the unfrozen part; a force does.
                model.frozen[sender] -= max(amount - model.unfrozen(sender), 0)
                model.balances[sender] -= amount
                model.balances[to] += amount
                assert token.getFrozenTokens(source) == model.frozen[sender]

        def restrain(self, draw) -> None:
            """Restrains, or lets go again."""
            model, how, name = self.model, draw.how, draw.name
            account, amount = getattr(actors, name), draw.place * 3 * SHARE
            if how is Restraint.WALLET:
                (unfreeze if name in model.blocked else freeze)(account)
                model.blocked ^= {name}
            elif how is Restraint.PART:
                token.setFrozenTokensWithOrder(account, amount, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
                model.frozen[name] = amount
            elif how is Restraint.RESERVE:
                land(sentence(custodian=draw.custodian, shares_held=amount))
                model.held[draw.custodian] = amount
            else:
                pause = Pause(1 << draw.place % 4)
                if model.runs(pause):
                    token.pause(pause, sender=actors.pauser)
                else:
                    token.unpause(pause, sender=actors.regulator if pause is Pause.FORCE else actors.compliance)
                model.pauses ^= pause

        # ------------------------------------------------------------ laws

        @invariant()
        def law_2__every_token_is_somewhere(self) -> None:
            model = self.model
            balances = {name: token.balanceOf(getattr(actors, name)) for name in NAMES}
            escrow, supply = token.balanceOf(ledger), token.totalSupply()
            positions = {number: Position.unpack(ledger.positionOf(token, number)) for number in (1, 2)}

            assert balances == model.balances
            assert {number: position.issued for number, position in positions.items()} == model.issued
            assert {number: position.held for number, position in positions.items()} == model.held
            assert escrow == sum(request.amount for request in model.requests)
            assert sum(balances.values()) + escrow == supply == sum(model.issued.values())

        @invariant()
        def law_5__the_exit_is_open(self) -> None:
            """Asked as the holder would ask, without sending it; of one holder after the other, to save time."""
            model, functions = self.model, suite.ledger.functions
            name, time = NAMES[chain.blocks.height % 3], now()
            if name not in model.blocked and model.unfrozen(name) >= SHARE:
                request = functions.requestRedemption(token.address, 1, SHARE, DELIVERY)
                suite.dry_run(getattr(actors, name).address, request)
            for request in model.requests:
                if request.holder not in model.blocked and time >= request.deadline:
                    suite.dry_run(getattr(actors, request.holder).address, functions.takeBack(request.number))

    # The same lives every time, and not shrunk: so few steps can be read. To search, raise the counts or the seed.
    few = settings(
        max_examples=8,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(seed(SEED)(Lives), settings=few)
