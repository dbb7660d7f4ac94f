"""The eight laws, asked of the chain alone after every step: of its words and logs, not of the model's opinion of them.

Where a law speaks of a person's licence or quorum, what people really did (who signed, who holds a role) is known to
the machine. The model's own comparison is `play`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from stockade.records import (
    Control,
    InvestorClass,
    InvestorRecord,
    Kind,
    Pause,
    Phase,
    Policy,
    Position,
    RequestStatus,
    Scope,
    SentenceKind,
    Status,
)
from tests.machines.ending import compare_replay, compare_views
from tests.machines.guards import RESTRICTED, Guard
from tests.machines.play import STREAMS, Entry, Step, chained
from tests.machines.roles import LEAST, Call
from tests.machines.scene import Scene
from tests.machines.world import error_data, interface
from tests.support import SHARE

VENUES = (InvestorClass.PLATFORM, InvestorClass.POOL)


class SuiteMachine(RuleBasedStateMachine):
    """A life of the suite. Every step, refused ones too, is followed by the laws."""

    scene: ClassVar[Scene]
    guards: ClassVar[list[Guard]]
    reasons: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.play, self.cast = self.scene.play, self.scene.cast
        self.play.begin()
        self.read: Counter[str] = Counter()
        self.turns = 0
        self.planned: dict[bytes, int] = {}
        self.followed = {address: self.play.head(address) for address in self.play.chains}
        # What acts of the last batch did one by one, for law 7.
        self.singles: list[Any] = []

    @initialize(turns=st.integers(0, 10_000))
    def begin(self, turns: int) -> None:
        """Where laws 5 and 8 start: they ask of one after the other."""
        self.turns = turns

    def teardown(self) -> None:
        """One life in three is told again; a life that failed is not."""
        if self.play.sound and self.turns % 3 == 0:
            compare_replay(self.play, self.scene.told)
            compare_views(self.play)

    @property
    def model(self) -> Any:
        return self.play.model

    def news(self, law: str) -> Iterator[Step]:
        """The steps that a law has not seen yet; a rule may take several."""
        yield from self.play.steps[self.read[law] :]
        self.read[law] = len(self.play.steps)

    def moves(self, law: str) -> Iterator[tuple[Step, Entry]]:
        return ((step, entry) for step in self.news(law) for entry in step.entries if entry.kind <= Kind.FORCE)

    # ---------------------------------------------------------------- laws

    @invariant()
    def law_1_no_mint_above_what_is_held_nor_without_a_quorum(self) -> None:
        """Every mint is the DEPOSIT of a sentence that enough different attestors signed, and ends covered."""
        for step, entry in self.moves("law 1"):
            if entry.kind is not Kind.MINT:
                continue
            sentence, issued, votes = step.attested[entry.ref]
            custodian = self.model.custodians[sentence.custodian]
            signers = {vote.attestor for vote in votes if vote.good and vote.attestor in custodian.attestors}
            assert sentence.kind is SentenceKind.DEPOSIT, "law 1: minted by another sentence"
            assert (sentence.token, sentence.account, sentence.shares) == (entry.token, entry.to, entry.amount)
            assert issued <= sentence.shares_held, "law 1: more issued than held"
            assert len(signers) >= custodian.threshold > 0, "law 1: minted without a quorum"

    @invariant()
    def law_2_every_token_is_somewhere(self) -> None:
        state, ledger = self.play.state, self.model.ledger
        for token in self.model.tokens:
            held = sum(state[token, wallet] & 2**128 - 1 for wallet in (*self.play.wallets, ledger))
            issued = sum(Position.unpack(state[token, number]).issued for number in self.model.custodians)
            asked = [state[ledger, number] for number in self.model.requests]
            here = [word for word in asked if word & 2**160 - 1 == int(token, 16)]
            escrow = sum(word >> 416 for word in here if word >> 232 & 0xFF == RequestStatus.OPEN)
            assert held == state[token, "supply"] == issued, "law 2: balances, supply and issued differ"
            assert state[token, ledger] & 2**128 - 1 == escrow, "law 2: the escrow is not what is asked for"

    @invariant()
    def law_3_nobody_ineligible_receives(self) -> None:
        """But by the return of its own escrow."""
        for step in self.news("law 3"):
            returned: Counter[tuple[str, str]] = Counter()
            for entry in step.entries:
                if entry.kind is Kind.GIVE_BACK:
                    returned[entry.token, entry.to] += entry.amount
            for token in self.model.tokens:
                for wallet in self.play.wallets:
                    grown = (step.after[token, wallet] & 2**128 - 1) - (step.before[token, wallet] & 2**128 - 1)
                    if grown > returned[token, wallet]:
                        assert self.eligible(step, token, wallet), f"law 3: {wallet} received {grown}"

    def eligible(self, step: Step, token: str, wallet: str) -> bool:
        record = InvestorRecord.unpack(step.before[self.model.registry, wallet])
        classes = Control.unpack(step.before[token, "control"]).allowed_classes
        good = record.status is Status.ACTIVE and not record.frozen and step.time < record.expires_at
        return good and Scope.HOLD in record.scopes and bool(classes >> record.investor_class & 1)

    @invariant()
    def law_4_a_stop_stops_all_but_the_exits(self) -> None:
        for step, entry in self.moves("law 4"):
            control = Control.unpack(step.before[entry.token, "control"])
            lapsed = step.time >= control.active_until
            sender = InvestorRecord.unpack(step.before.get((self.model.registry, entry.source), 0))
            own = entry.operator == entry.source and sender.investor_class not in VENUES
            lapse_stops = lapsed and not (own and Policy.LAPSE_STOPS_TRADING_ONLY in control.policy)
            halt_stops = control.halted and not (own and Policy.HALT_STOPS_TRADING_ONLY in control.policy)
            active = control.phase is Phase.ACTIVE
            allowed = {
                Kind.TRANSFER: active and not lapse_stops and not halt_stops and Pause.TRANSFER not in control.pauses,
                Kind.MINT: active and not lapsed and Pause.MINT not in control.pauses,
                Kind.BURN: Pause.BURN not in control.pauses,
                Kind.FORCE: Pause.FORCE not in control.pauses,
            }
            assert allowed.get(entry.kind, True), f"law 4: {entry.kind.name} in spite of {control}"

    @invariant()
    def law_5_the_exit_is_open(self) -> None:
        """Of one holder and one open request after the other: asked for and, at the deadline, taken back, in a dry run.
        At every other step, because it costs more than the step.
        """
        play, model = self.play, self.model
        self.turns += 1
        turn, skip = divmod(self.turns, 2)
        if skip:
            return
        token = (self.scene.us, self.scene.strict)[turn % 2]
        holder = play.wallets[turn // 2 % len(play.wallets)]
        control, word = Control.unpack(play.state[token, "control"]), play.state[token, holder]
        free = max((word & 2**128 - 1) - (word >> 128), 0)
        amount = free if Policy.FRACTIONAL_REDEMPTION in control.policy else free - free % SHARE
        if amount and not InvestorRecord.unpack(play.state[model.registry, holder]).frozen:
            custodian = 1 + turn % 2
            self.must(
                (play.call(holder, model.ledger, "requestRedemption", token, custodian, amount, bytes(32)), model.time),
                (play.call(holder, model.ledger, "takeBack", len(model.requests) + 1), self.deadline(token)),
            )
        for number, request in list(model.requests.items())[-1 - turn % 3 :][:1]:
            free_holder = not InvestorRecord.unpack(play.state.get((model.registry, request.holder), 0)).frozen
            if request.status is RequestStatus.OPEN and free_holder:
                due = max(model.time, request.deadline)
                self.must((play.call(request.holder, model.ledger, "takeBack", number), due))

    def deadline(self, token: str) -> int:
        return int(self.model.time + self.model.terms[token].redemption_period)

    def must(self, *calls: tuple[Call, int]) -> None:
        for outcome in self.play.world.ask_in_turn(*calls):
            assert not outcome.reverted, f"law 5: the exit is closed by {outcome.output.hex()}"

    @invariant()
    def law_6_streams_have_no_gap_and_end_in_the_chain_on_chain(self) -> None:
        for step in self.news("law 6"):
            for log in step.outcome.logs:
                if log.topics[0] in STREAMS:
                    last, chain = self.followed[log.address]
                    number, chain = chained(chain, log)
                    assert number == last + 1, "law 6: a gap"
                    self.followed[log.address] = number, chain
        assert self.followed == {address: self.play.head(address) for address in self.followed}, "law 6: another chain"

    @invariant()
    def law_7_one_reason_from_view_and_revert_and_batch(self) -> None:
        for step in self.news("law 7"):
            known = interface("ReasonText")
            code = 0
            if step.outcome.reverted:
                asked = Call(self.cast.relay, self.reasons, known.call("codeOf", step.outcome.output))
                code = known.answer("codeOf", self.play.world.ask(asked).output)
            for view, answer in step.asked.items():
                assert answer == code, f"law 7: {view} says {answer}, the revert {code}"
        if self.singles:
            failed = [each.output for each in self.singles if each.reverted][:1]
            batch = self.play.steps[-1].outcome
            if failed:
                assert batch.reverted, "law 7: the batch passed what a single call refuses"
                assert [batch.output] == failed, "law 7: single and batch refuse differently"
            else:
                assert not batch.reverted, "law 7: the batch refused what single calls pass"
                told = tuple(log for each in self.singles for log in each.logs)
                assert batch.logs == told, "law 7: batch and singles report differently"
            self.singles = []

    @invariant()
    def law_8_no_role_reaches_further_than_its_table(self) -> None:
        """Of one function and one caller after the other: whoever does not hold its role now is turned away. At the
        steps that law 5 leaves out.
        """
        turn, mine = divmod(self.turns, 2)
        if not mine:
            return
        guard = self.guards[turn % len(self.guards)]
        people = list(vars(self.cast).values())
        caller = people[turn // len(self.guards) % len(people)]
        wanted = guard.refuses(self.model, caller)
        if wanted is not None:
            outcome = self.play.world.ask(Call(caller, guard.target, guard.data))
            assert outcome.reverted, f"law 8: {guard} by {caller}"
            assert outcome.output == error_data(*wanted), f"law 8: {guard} by {caller} refused for another reason"

    @invariant()
    def law_8_nothing_is_faster_than_its_delay(self) -> None:
        """What the delayed roles do was scheduled as long before, by whoever does it."""
        for step in self.news("law 8"):
            for event, operation, when in step.operations:
                if event == "OperationScheduled":
                    self.planned[operation] = when
            if step.refusal is None and step.function in RESTRICTED:
                least = LEAST.get(self.model.required(step.call.target, step.call.data), 0)
                done = [operation for event, operation, _ in step.operations if event == "OperationExecuted"]
                waited = max((step.time - self.planned[operation] for operation in done), default=0)
                assert waited >= least, f"law 8: {step.function} after {waited} seconds, not {least}"
