"""Who holds which role, and whose each function is, as the chain has it.

Both come from the authority's report stream, which one word proves complete, and each is confirmed by the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.records import Role
from stockade.reporting import read_stream
from stockade.reporting.reading import ask_many
from stockade.reporting.replay.authority import AuthorityState, replay_authority
from stockade.reporting.streams import source_of
from stockade.suite import Suite


@dataclass(frozen=True)
class Holder:
    """Who holds a role. `delay` in seconds, `since` seconds UTC; where a change of the delay is on its way, it will be
    `next_delay` from `effect` on, otherwise `effect` is zero.
    """

    role: Role
    account: ChecksumAddress
    delay: int
    since: int
    next_delay: int = 0
    effect: int = 0


@dataclass(frozen=True)
class Standing:
    """The authority at one block. `functions`: the role of each function ever mapped, by contract and selector.
    `faults`: where its reports contradict themselves or the contract, in words; they must be none.
    """

    settled: bool
    holders: tuple[Holder, ...]
    functions: dict[tuple[ChecksumAddress, bytes], Role]
    faults: tuple[str, ...]

    def of(self, role: Role) -> list[Holder]:
        """Who holds a role, in the order in which they first did."""
        return [holder for holder in self.holders if holder.role is role]


def standing(suite: Suite, block: int | None = None) -> Standing:
    """Roles and functions at a block, by default the latest."""
    at = suite.w3.eth.block_number if block is None else block
    stream = read_stream(suite, source_of(suite, "authority", at), at)
    told, wrong = replay_authority(stream.entries)
    holders, contradicted = _confirmed_holders(suite, told, at)
    functions, remapped = _confirmed_functions(suite, told, at)
    settled = chain.read(lambda: suite.authority.functions.settled().call(block_identifier=at))
    faults = (*map(str, stream.faults), *(f"authority {number}: {problem}" for number, problem in wrong))
    return Standing(settled, holders, functions, (*faults, *contradicted, *remapped))


def _confirmed_holders(suite: Suite, told: AuthorityState, block: int) -> tuple[tuple[Holder, ...], list[str]]:
    known = list(told.members)
    calls = [suite.authority.functions.getAccess(role, account) for role, account in known]
    answers = ask_many(suite.w3, [partial(call.call, block_identifier=block) for call in calls])
    holders, faults = [], []
    for (role, account), (since, delay, next_delay, effect) in zip(known, answers, strict=True):
        if (told.members[role, account] is None) != (since == 0):
            does = "holds" if since else "does not hold"
            faults.append(f"{account} {does} {role.name}, the authority's reports say otherwise")
        if since:
            holders.append(Holder(role, account, delay, since, next_delay, effect))
    return tuple(sorted(holders, key=lambda holder: holder.role)), faults


def _confirmed_functions(
    suite: Suite, told: AuthorityState, block: int
) -> tuple[dict[tuple[ChecksumAddress, bytes], Role], list[str]]:
    known = list(told.functions)
    calls = [suite.authority.functions.getTargetFunctionRole(target, selector) for target, selector in known]
    answers = ask_many(suite.w3, [partial(call.call, block_identifier=block) for call in calls])
    found = {key: Role(answer) for key, answer in zip(known, answers, strict=True)}
    faults = [
        f"0x{selector.hex()} of {target} is {found[target, selector].name}'s, the authority's reports say {role.name}'s"
        for (target, selector), role in told.functions.items()
        if found[target, selector] is not role
    ]
    return found, faults
