"""The model's fourth chapter: the exemption by the clock, and the life of the listings under it (`ListingRegistry`).

What somebody decided holds until somebody decides otherwise. Everything else is what the clock makes of dates, and
needs no act: PENDING, EXPIRED, terms whose day has come, an objection in time. Times are seconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.records import Backing, Basis, ExemptionStatus, Kind, Phase, order_ref
from stockade.reporting.entries import ExemptionTerms, ListingsKind
from tests.contracts.support import MAX_32, NO_REF, RIGHTS
from tests.machines.holdings import Holdings, Token
from tests.machines.roles import Call, need

MAX_40 = 2**40 - 1
DECISIONS = (ExemptionStatus.ACTIVE, ExemptionStatus.SUSPENDED, ExemptionStatus.REVOKED)


@dataclass
class Exemption:
    """`versions`: its terms, the first ones first. `notice_until`: when the first Notice has been public long enough;
    zero before there is one.
    """

    decided: ExemptionStatus
    versions: list[ExemptionTerms]
    notice_until: int = 0
    notice: bytes = NO_REF


@dataclass(kw_only=True)
class Listings(Holdings):
    listings: str
    market: str
    exemptions: dict[int, Exemption]

    # ---------------------------------------------------------------- what the clock says

    def version_at(self, number: int, moment: int) -> int:
        """The latest version whose day has come: those to come are withdrawn by later ones that begin earlier."""
        versions = enumerate(self.exemptions[number].versions, start=1)
        return max(version for version, terms in versions if version == 1 or terms.effective_from <= moment)

    def terms_of(self, number: int) -> ExemptionTerms:
        return self.exemptions[number].versions[self.version_at(number, self.time) - 1]

    def opens_at(self, number: int) -> int:
        """Not before its own first day, nor before the venue's Notice has been public for its period (R5)."""
        notice_until = self.exemptions[number].notice_until
        return max(notice_until, self.terms_of(number).valid_from) if notice_until else MAX_40

    def status_of(self, number: int) -> ExemptionStatus:
        decided = self.exemptions[number].decided
        if decided is not ExemptionStatus.ACTIVE:
            return decided
        if self.time >= self.terms_of(number).valid_until:
            return ExemptionStatus.EXPIRED
        return ExemptionStatus.PENDING if self.time < self.opens_at(number) else ExemptionStatus.ACTIVE

    def is_barred(self, token: str) -> bool:
        """By an objection in time (R8): without a notice no period has passed."""
        share = self.tokens[token]
        return bool(share.objected_at) and (not share.objection_until or share.objected_at <= share.objection_until)

    def phase_of(self, token: str) -> Phase:
        """The listing's own phase, outranked by an objection, the regulator and what was decided of the exemption."""
        share, decided = self.tokens[token], self.exemptions[self.tokens[token].exemption].decided
        if decided is ExemptionStatus.REVOKED:
            return Phase.WIND_DOWN
        held = decided is ExemptionStatus.SUSPENDED or share.by_regulator or self.is_barred(token)
        return Phase.SUSPENDED if held and share.own is Phase.ACTIVE else share.own

    def tell(self, token: str) -> None:
        """The token learns at once, and reports what changed for it: its end is that of the latest terms, even before
        their day, because what they follow does not end before.
        """
        share = self.tokens[token]
        until = min(self.exemptions[share.exemption].versions[-1].valid_until, MAX_32)
        if share.told != (told := (self.phase_of(token), share.halted, until)):
            share.told = told
            self.report(token, Kind.CONTROL, self.listings, NOBODY, NOBODY, share.settings, NO_REF)

    def tell_all(self, number: int) -> None:
        for token, share in self.tokens.items():
            if share.exemption == number:
                self.tell(token)

    # ---------------------------------------------------------------- exemptions

    def add_exemption(self, call: Call, terms: ExemptionTerms) -> None:
        """Whatever holds must hold at once from the start."""
        self.restricted(call)
        self.exemptions[number := len(self.exemptions) + 1] = Exemption(ExemptionStatus.ACTIVE, [])
        self.report(self.listings, ListingsKind.EXEMPTION, call.sender, number, ExemptionStatus.ACTIVE, NO_REF)
        self.add_terms(call, number, terms)

    def amend_exemption(self, call: Call, number: int, terms: ExemptionTerms) -> None:
        """What has begun by their day has begun. What has ended opens again by an act only, never by itself."""
        self.restricted(call)
        self.not_revoked(number)
        starts = max(terms.effective_from, self.time)
        before = self.exemptions[number].versions[self.version_at(number, starts) - 1]
        begins = terms.valid_from <= starts or before.valid_from > starts
        seamless = starts <= before.valid_until or starts == self.time
        need(begins and seamless, "ListingInvalidTerms", terms)
        self.add_terms(call, number, terms)
        self.tell_all(number)

    def add_terms(self, call: Call, number: int, terms: ExemptionTerms) -> None:
        versions = self.exemptions[number].versions
        terms = terms._replace(effective_from=max(terms.effective_from, self.time))
        dated = max(terms.valid_from, terms.effective_from) < terms.valid_until
        named = NO_REF not in (terms.document, terms.profile)
        sound = dated and named and terms.notice_period and terms.objection_period
        need(sound and (versions or terms.effective_from == self.time), "ListingInvalidTerms", terms)
        versions.append(terms)
        self.report(self.listings, ListingsKind.TERMS, call.sender, number, len(versions), terms)

    def publish_notice(self, call: Call, number: int, digest: bytes, uri: str) -> None:
        """The first begins the period; a revision does not begin it anew (R5, R6)."""
        self.restricted(call)
        exemption = self.known(number)
        need(digest != NO_REF and uri, "ListingEmptyDocument", digest)
        exemption.notice_until = exemption.notice_until or self.time + self.terms_of(number).notice_period
        exemption.notice = digest
        self.report(self.listings, ListingsKind.NOTICE, call.sender, number, digest, uri, exemption.notice_until)

    def set_exemption_status(
        self, call: Call, number: int, status: ExemptionStatus, basis: Basis, order: bytes
    ) -> None:
        """REVOKED is final; what only the clock makes nobody can decide. Its tokens follow in the same transaction."""
        self.restricted(call)
        exemption = self.not_revoked(number)
        need(status in DECISIONS and status != exemption.decided, "ListingInvalidStatus", number, status)
        exemption.decided = ExemptionStatus(status)
        self.report(self.listings, ListingsKind.EXEMPTION, call.sender, number, status, self.order(basis, order))
        self.tell_all(number)

    # ---------------------------------------------------------------- before a token trades

    def record_issuer_notice(self, call: Call, token: str, digest: bytes) -> None:
        """Told again, the issuer's period begins anew; what it objected stays (R8)."""
        self.restricted(call)
        share = self.listed(token)
        need(share.own is Phase.PENDING, "ListingWrongPhase", token, share.own)
        need(digest != NO_REF, "ListingEmptyDocument", digest)
        share.objection_until = self.time + self.terms_of(share.exemption).objection_period
        self.report(self.listings, ListingsKind.ISSUER_NOTICE, call.sender, token, digest, share.objection_until)

    def record_objection(self, call: Call, token: str, digest: bytes, received: int) -> None:
        """Against a third party's token alone. The earliest counts, from the second in which it was received."""
        self.restricted(call)
        share = self.listed(token)
        need(share.backing is Backing.ENTITLEMENT, "ListingBackingRefused", share.backing)
        need(digest != NO_REF, "ListingEmptyDocument", digest)
        need(0 < received <= self.time, "ListingInvalidObjection", token, received)
        share.objected_at = min(share.objected_at or received, received)
        self.report(self.listings, ListingsKind.OBJECTION, call.sender, token, digest, received)
        self.tell(token)

    def set_document(self, call: Call, token: str, name: bytes, uri: str, digest: bytes) -> None:
        self.restricted(call)
        share = self.listed(token)
        need(name != NO_REF and uri and digest != NO_REF, "ListingEmptyDocument", name)
        share.documents[name] = (uri, digest, self.time)
        self.report(self.listings, ListingsKind.DOCUMENT, call.sender, token, name, uri, digest)

    def remove_document(self, call: Call, token: str, name: bytes) -> None:
        self.restricted(call)
        known = token in self.tokens and name in self.tokens[token].documents
        need(known, "ListingUnknownDocument", token, name)
        need(name != RIGHTS or self.tokens[token].own is Phase.PENDING, "ListingRightsUnverified", token)
        del self.tokens[token].documents[name]
        self.report(self.listings, ListingsKind.DOCUMENT, call.sender, token, name, "", NO_REF)

    # ---------------------------------------------------------------- phases and halts

    def activate(self, call: Call, token: str) -> None:
        """Its rights are verified (R9), and a third party's token waits for the issuer (R8)."""
        self.restricted(call)
        share = self.listed(token)
        need(RIGHTS in share.documents, "ListingRightsUnverified", token)
        waited = 0 < share.objection_until <= self.time or share.backing is Backing.ISSUER_NATIVE
        need(waited, "ListingObjectionPeriod", token, share.objection_until)
        self.enter(call, token, Phase.PENDING, Phase.ACTIVE, NO_REF)

    def suspend(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        self.enter(call, token, Phase.ACTIVE, Phase.SUSPENDED, self.order(basis, order))

    def resume(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        self.enter(call, token, Phase.SUSPENDED, Phase.ACTIVE, self.order(basis, order))

    def wind_down(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        """From any other phase, for good."""
        self.restricted(call)
        present = self.listed(token).own
        need(present is not Phase.WIND_DOWN, "ListingWrongPhase", token, present)
        self.enter(call, token, present, Phase.WIND_DOWN, self.order(basis, order))

    def enter(self, call: Call, token: str, before: Phase, after: Phase, ref: bytes) -> None:
        """To become ACTIVE, or be so again, asks for no objection in time, and for an exemption in force."""
        share = self.listed(token)
        need(share.own is before, "ListingWrongPhase", token, share.own)
        if after is Phase.ACTIVE:
            need(not self.is_barred(token), "ListingObjected", token, share.objected_at)
            number, status = share.exemption, self.status_of(share.exemption)
            dates = (self.opens_at(number), self.terms_of(number).valid_until)
            need(status is ExemptionStatus.ACTIVE, "ListingExemptionNotInForce", number, status, *dates)
        share.own = after
        self.report(self.listings, ListingsKind.PHASE, call.sender, token, after, ref)
        self.tell(token)

    def set_regulator_suspension(self, call: Call, token: str, suspended: bool, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        need(self.listed(token).by_regulator != suspended, "ListingUnchanged", token)
        self.tokens[token].by_regulator = suspended
        ref = self.order(basis, order)
        self.report(self.listings, ListingsKind.REGULATOR_SUSPENSION, call.sender, token, suspended, ref)
        self.tell(token)

    def set_halt(self, call: Call, token: str, halted: bool, basis: Basis, order: bytes) -> None:
        """By hand; the market's own halt is another."""
        self.restricted(call)
        need(self.listed(token).by_hand != halted, "ListingUnchanged", token)
        self.tokens[token].by_hand = halted
        self.report(self.listings, ListingsKind.HALT, call.sender, token, halted, self.order(basis, order))
        self.tell(token)

    def set_market_halt(self, call: Call, token: str, halted: bool, code: bytes) -> None:
        """By the market's contract alone. Quiet where nothing changes."""
        need(call.sender == self.market, "ListingWrongCaller", call.sender, self.market)
        self.listed(token)
        self.change_market_halt(call.sender, token, halted, code)

    def change_market_halt(self, by: str, token: str, halted: bool, code: bytes) -> None:
        if self.tokens[token].by_market != halted:
            self.tokens[token].by_market = halted
            self.report(self.listings, ListingsKind.MARKET_HALT, by, token, halted, code.ljust(32, b"\0"))
            self.tell(token)

    # ---------------------------------------------------------------- what is meant

    def listed(self, token: str) -> Token:
        need(token in self.tokens, "ListingUnknownToken", token)
        return self.tokens[token]

    def known(self, number: int) -> Exemption:
        need(number in self.exemptions, "ListingUnknownExemption", number)
        return self.exemptions[number]

    def not_revoked(self, number: int) -> Exemption:
        need(self.known(number).decided is not ExemptionStatus.REVOKED, "ListingExemptionRevoked", number)
        return self.exemptions[number]

    @staticmethod
    def order(basis: Basis, order: bytes) -> Any:
        need(basis, "ListingBasisUnstated")
        return order_ref(basis, order)
