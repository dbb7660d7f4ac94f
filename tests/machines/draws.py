"""What the machines draw from: people, amounts near every edge, and now and then the wrong caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from stockade.records import ZERO_ADDRESS, Basis, ExemptionStatus, Pause
from tests.contracts.support import MAX_128, MAX_256, ORDER
from tests.machines.laws import SuiteMachine
from tests.machines.scene import WALLETS
from tests.support import DAY, SHARE

Deed = TypeVar("Deed", bound=Callable[..., None])

TOKENS = st.sampled_from(("us", "strict"))
HOLDERS = st.sampled_from(("alice", "bob", *WALLETS))
# Also those who never hold: the contracts that hold for others, and nobody.
PARTIES = st.sampled_from((*WALLETS, *WALLETS, "ledger", "token", "nobody"))
EDGES = ("zero", "one", "free", "free + 1", "all", "all + 1", "2^128", "2^256 - 1")
SHARES = st.integers(1, 30).map(lambda shares: shares * SHARE)
AMOUNTS = st.one_of(SHARES, SHARES, SHARES, st.sampled_from(EDGES))
# Whose record names which investor: treasury is alice's other wallet.
INVESTORS = {"alice": 1, "bob": 2, "carol": 3, "platform": 4, "pool": 5, "treasury": 1, "stranger": 6, "outsider": 7}
# Those who mostly hold something.
OWNERS = st.sampled_from((*("alice", "bob", "platform") * 4, *WALLETS, "ledger", "token", "nobody"))
BASES = st.sampled_from((*[Basis.COURT_ORDER] * 4, Basis.SANCTIONS, Basis.UNSTATED))
ORDERS = st.sampled_from((ORDER, b"\xff" * 32))
PAUSES = st.sampled_from((*Pause, Pause.TRANSFER | Pause.MINT, Pause(0), 16))
WAITS = st.sampled_from((1, 3_600, DAY, 2 * DAY, 5 * DAY, 21 * DAY))
STATUSES = st.sampled_from((*[ExemptionStatus.ACTIVE] * 3, *[ExemptionStatus.SUSPENDED] * 2, ExemptionStatus.NONE))
SELDOM = st.sampled_from((*[False] * 14, True))


def by(*names: str) -> st.SearchStrategy[str]:
    """Mostly those who may, sometimes others."""
    return st.sampled_from((*names * 10, "admin", "stranger", "regulator", "compliance"))


def deed(weight: int = 1, **strategies: st.SearchStrategy[Any]) -> Callable[[Deed], Deed]:
    """What a step may be, `weight` times as likely as another. These are not Hypothesis's own rules, of which it leaves
    some out of each life: a suite that was paused would seldom run again.
    """

    def mark(function: Deed) -> Deed:
        function.deed = [st.tuples(st.just(function.__name__), st.fixed_dictionaries(strategies))] * weight  # type: ignore
        return function

    return mark


class Draws(SuiteMachine):
    """One rule that does any deed; names to addresses and amounts to numbers, as the state has them."""

    def __init_subclass__(cls) -> None:
        every = [each for function in vars(cls).values() for each in getattr(function, "deed", ())]
        cls.live = rule(deed=st.sampled_from(every).flatmap(lambda each: each))(cls._live)

    def _live(self, deed: tuple[str, dict[str, Any]]) -> None:
        name, arguments = deed
        getattr(self, name)(**arguments)

    def address(self, name: str, token: str = "") -> str:
        others = {"ledger": self.model.ledger, "token": token, "nobody": ZERO_ADDRESS}
        return str(others[name] if name in others else getattr(self.cast, name))

    def token_of(self, name: str) -> str:
        """By name; the factory, which is none, by any other."""
        return self.scene.tokens.get(name, self.scene.factory)

    def units(self, amount: Any, token: str, source: str) -> int:
        if isinstance(amount, int):
            return amount
        share = self.model.tokens[token]
        free, every = share.unfrozen(source), share.balances[source]
        numbers = {"zero": 0, "one": 1, "free": free, "free + 1": free + 1, "all": every, "all + 1": every + 1}
        return {**numbers, "2^128": MAX_128 + 1, "2^256 - 1": MAX_256}[amount]

    def lift(self, stands: Any, contrary: bool) -> bool:
        """Whether to lift what stands, or impose what does not; contrary to that, it is refused."""
        return bool(stands) != contrary

    def act(self, name: str, target: str, function: str, *arguments: Any, asked: dict[str, int] | None = None) -> bool:
        return self.play.do(self.address(name), target, function, *arguments, asked=asked)
