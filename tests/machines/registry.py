"""The model's second chapter: who is known, and by whose word; who is frozen or lost (`InvestorRegistry`)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from stockade.records import LOST, Basis, InvestorRecord, Scope, Status, order_ref
from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.reporting.entries import RegistryKind
from tests.machines.roles import Call, Roles, need

UNKNOWN = InvestorRecord(0, 0, 0, 0, 0, Scope(0), Status.NONE)


@dataclass(kw_only=True)
class Registry(Roles):
    """`offers`: the number of the registrar that may take a wallet's record over; zero when none may."""

    registry: str
    registrars: dict[str, int]
    records: dict[str, InvestorRecord] = field(default_factory=lambda: defaultdict(lambda: UNKNOWN))
    offers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    recoveries: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def set_records(self, call: Call, rows: list[tuple[str, InvestorRecord]], root: bytes) -> None:
        """All rows or none. A freeze stays above what is written; an unfit row is refused by its place. The record may
        be another's only where that one offers it; then the offer is used up.
        """
        self.restricted(call)
        number = self.registrars.get(call.sender, 0)
        need(number, "RegistryNotARegistrar", call.sender)
        self.report(call.target, RegistryKind.BATCH, call.sender, number, len(rows), root)
        for place, (wallet, record) in enumerate(rows):
            filled = wallet != NOBODY and record.investor_id and record.country
            known = record.status in (Status.ACTIVE, Status.REVOKED) and 1 <= record.investor_class <= 10
            sound = filled and known and not record.frozen and record.scopes < 32
            need(sound, "RegistryRowInvalid", place, wallet, record.pack())
            owner, frozen = self.records[wallet].registrar, self.records[wallet].frozen
            own = record.registrar == number and (owner in (0, number) or self.offers[wallet] == number)
            need(own, "RegistryWrongRegistrar", place, wallet, owner, record.registrar)
            self.offers[wallet] = self.offers[wallet] if owner == number else 0
            self.records[wallet] = replace(record, frozen=frozen)
            self.reports[call.target] += 1
            self.log(call.target, "RecordSet", self.reports[call.target], wallet, self.records[wallet].pack())

    def offer_records(self, call: Call, wallets: list[str], to: int) -> None:
        """Its own records alone, to another; zero withdraws."""
        self.restricted(call)
        number = self.registrars.get(call.sender, 0)
        need(number, "RegistryNotARegistrar", call.sender)
        need(to != LOST, "RegistryReservedNumber", to)
        for place, wallet in enumerate(wallets):
            owner = self.records[wallet].registrar
            need(owner == number, "RegistryWrongRegistrar", place, wallet, owner, number)
            need(to not in (number, self.offers[wallet]), "RegistryUnchanged", wallet)
            self.offers[wallet] = to
            self.report(call.target, RegistryKind.OFFER, call.sender, wallet, to)

    def freeze(self, call: Call, wallet: str, basis: Basis, order: bytes) -> None:
        self.set_frozen(call, RegistryKind.FREEZE, wallet, basis, order)

    def unfreeze(self, call: Call, wallet: str, basis: Basis, order: bytes) -> None:
        self.set_frozen(call, RegistryKind.UNFREEZE, wallet, basis, order)

    def set_frozen(self, call: Call, kind: RegistryKind, wallet: str, basis: Basis, order: bytes) -> None:
        """Known wallet or not."""
        frozen = kind is RegistryKind.FREEZE
        self.restricted(call)
        need(basis, "RegistryBasisUnstated")
        need(wallet != NOBODY, "RegistryZeroAddress")
        need(self.records[wallet].frozen != frozen, "RegistryUnchanged", wallet)
        self.records[wallet] = record = replace(self.records[wallet], frozen=frozen)
        self.report(call.target, kind, call.sender, wallet, record.pack(), order_ref(basis, order))

    def set_registrar(self, call: Call, account: str, number: int) -> None:
        self.restricted(call)
        need(account != NOBODY, "RegistryZeroAddress")
        need(number != LOST, "RegistryReservedNumber", number)
        need(self.registrars.get(account, 0) != number, "RegistryUnchanged", account)
        self.registrars[account] = number
        self.report(call.target, RegistryKind.REGISTRAR, call.sender, account, number)

    def assign_records(self, call: Call, wallets: list[str], to: int, basis: Basis, order: bytes) -> None:
        """Whatever the registrars say. An offer is gone, all else in the record stays."""
        self.restricted(call)
        need(basis, "RegistryBasisUnstated")
        need(to not in (0, LOST), "RegistryReservedNumber", to)
        for place, wallet in enumerate(wallets):
            owner = self.records[wallet].registrar
            need(owner not in (0, LOST), "RegistryWrongRegistrar", place, wallet, owner, to)
            need(owner != to, "RegistryUnchanged", wallet)
            self.records[wallet] = record = replace(self.records[wallet], registrar=to)
            self.offers[wallet] = 0
            self.report(
                call.target, RegistryKind.ASSIGNMENT, call.sender, wallet, record.pack(), order_ref(basis, order)
            )

    def recover(self, call: Call, lost: str, replacement: str, basis: Basis, order: bytes) -> None:
        """The lost wallet's record is REVOKED and no registrar's from now on."""
        self.restricted(call)
        need(basis, "RegistryBasisUnstated")
        record = self.records[lost]
        recoverable = lost != replacement and record.status is not Status.NONE and not record.frozen
        need(recoverable, "RegistryNotRecoverable", lost, record.pack())
        self.check_replacement(replacement, record)
        self.records[lost] = record = replace(record, status=Status.REVOKED, registrar=LOST)
        self.recoveries[lost] = (replacement, ref := order_ref(basis, order))
        self.offers[lost] = 0
        self.report(call.target, RegistryKind.RECOVERY, call.sender, lost, replacement, record.pack(), ref)

    def recovery_of(self, lost: str) -> tuple[str, bytes]:
        """Judged anew whenever something is carried over."""
        record = self.records[lost]
        declared = lost in self.recoveries and record.status is Status.REVOKED and not record.frozen
        need(declared, "RegistryNotRecoverable", lost, record.pack())
        self.check_replacement(self.recoveries[lost][0], record)
        return self.recoveries[lost]

    def check_replacement(self, replacement: str, lost: InvestorRecord) -> None:
        record = self.records[replacement]
        fit = record.status is Status.ACTIVE and not record.frozen and self.time < record.expires_at
        same = record.investor_id == lost.investor_id
        need(fit and same, "RegistryReplacementUnfit", replacement, record.pack())
