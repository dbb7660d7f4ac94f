"""The exemption a suite relies on: its terms in versions, its Notice, and what the contract says of it now.

The listing registry computes status and dates; nothing here does it a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from web3.contract.contract import ContractFunction

from stockade.errors import InputError
from stockade.profiles import Profile
from stockade.records import ExemptionStatus
from stockade.reporting.entries import ExemptionTerms
from stockade.suite import Suite

# What `opensAt` answers while no Notice is recorded.
_NEVER = 2**40 - 1


@dataclass(frozen=True)
class Exemption:
    """An exemption as it stands on chain. `version` of `versions` holds now, with `terms`; times in seconds UTC.

    `opens_at`: the first second at which it can be ACTIVE. It, `notice_until` and `notice` (the hash of the latest
    Notice) are None while no Notice is recorded.
    """

    number: int
    status: ExemptionStatus
    version: int
    versions: int
    terms: ExemptionTerms
    opens_at: int | None
    notice_until: int | None
    notice: bytes | None

    @property
    def profile(self) -> str:
        """The hash of the rule profile in use, as a profile gives its own."""
        return "0x" + self.terms.profile.hex()


# ---------------------------------------------------------------- acting


def exemption_call(suite: Suite, profile: Profile) -> ContractFunction:
    """The call that records an exemption with a profile's document, dates and clocks, which hold at once (ISSUER)."""
    return suite.listings.functions.addExemption(profile.terms())


def amendment_call(suite: Suite, exemption: int, profile: Profile, effective_from: int = 0) -> ContractFunction:
    """The call that records a revision of an exemption, as a profile says it now (ISSUER). `effective_from`: the second
    (UTC) from which it holds; one that has passed means at once.
    """
    return suite.listings.functions.amendExemption(exemption, profile.terms(effective_from))


def notice_call(suite: Suite, exemption: int, digest: bytes, uri: str) -> ContractFunction:
    """The call that records the venue's public Notice, or its revision, by the keccak256 of its bytes (R5, R6, ISSUER).
    Raises InputError without an address where it can be had.
    """
    if not uri.strip():
        raise InputError("The Notice has no uri: say where it can be had, for it must be public (R5).")
    return suite.listings.functions.publishNotice(exemption, digest, uri)


def require_profile(suite: Suite, exemption: int, profile: Profile) -> None:
    """Raises InputError unless the exemption's terms are exactly this profile's now: so the policy of its tokens
    is the one whose hash stands on chain.
    """
    recorded = exemption_of(suite, exemption)
    if recorded.profile != profile.hash:
        raise InputError(
            f"Exemption {exemption} was recorded with the profile of hash {recorded.profile}, but {profile.id} has "
            f"{profile.hash}: give the profile it was recorded with, or amend the exemption first."
        )


# ---------------------------------------------------------------- reading


def exemption_of(suite: Suite, number: int) -> Exemption:
    """An exemption by its number. Raises InputError when there is none."""
    functions = suite.listings.functions
    count = functions.exemptionCount().call()
    if not 1 <= number <= count:
        raise InputError(f"The suite has no exemption {number}: it has {count}, numbered from 1.")
    status, opens_at = functions.statusOf(number).call(), functions.opensAt(number).call()
    version, terms = functions.termsOf(number).call()
    _, versions, notice_until, notice = functions.exemptionOf(number).call()
    return Exemption(
        number=number,
        status=ExemptionStatus(status),
        version=version,
        versions=versions,
        terms=ExemptionTerms(*terms),
        opens_at=None if opens_at == _NEVER else opens_at,
        notice_until=notice_until or None,
        notice=notice if any(notice) else None,
    )


def exemptions(suite: Suite) -> list[Exemption]:
    """Every exemption, in order."""
    count = suite.listings.functions.exemptionCount().call()
    return [exemption_of(suite, number) for number in range(1, count + 1)]


def terms_of(suite: Suite, exemption: Exemption) -> list[ExemptionTerms]:
    """Every version of an exemption's terms, from the first, with those to come."""
    functions = suite.listings.functions
    every = range(1, exemption.versions + 1)
    return [ExemptionTerms(*functions.termsAt(exemption.number, version).call()) for version in every]
