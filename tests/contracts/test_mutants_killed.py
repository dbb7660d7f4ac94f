"""What only broken contracts showed to be untested (`make mutate`), where no other file is the place for it."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from stockade import manifest
from stockade.records import Kind, Pause
from tests.contracts.support import EVIDENCE, Reason, carry_out, poke, refuses, terms
from tests.support import SHARE, YEAR

pytestmark = pytest.mark.usefixtures("market")

# Where ERC-7201 puts the token's control word.
NAMESPACE = int.from_bytes(keccak(text="stockade.storage.ReportLog"), "big") - 1
CONTROL_SLOT = int.from_bytes(keccak(NAMESPACE.to_bytes(32, "big")), "big") & ~0xFF


@pytest.mark.parametrize(
    "misread",
    [lambda word: word + 192, lambda word: word - 192, lambda word: word // 192, lambda word: word % 192],
    ids=["+", "-", "/", "%"],
)
def test_move__chain_that_looks_like_an_undisturbed_token__still_stopped(token, actors, chain, misread):
    """The chain's bits stand below the phase; whatever they are, they are not the phase.

    The chain is chosen so that the low byte of a wrongly shifted word says ACTIVE, undisturbed.
    """
    token.pause(Pause.TRANSFER, sender=actors.pauser)
    word = token.control() >> 192 << 192
    chosen = next(word + low for low in range(256 * 192) if misread(word + low) & 0xFF == 1)
    poke(chain, token, CONTROL_SLOT, chosen)
    assert token.control() == chosen

    movement = (Kind.TRANSFER, actors.alice, actors.alice, actors.bob, SHARE)
    assert token.restrictionOf(*movement) == Reason.TRANSFER_PAUSED


def test_list__as_many_as_one_transaction_can_tell__refused_beyond(listings, launch, chain):
    """A change of an exemption tells every token of it; so many could no longer be told at once."""
    layout = manifest.contract("ListingRegistry")["storageLayout"]["storage"]
    length = next(int(item["slot"]) for item in layout if item["label"] == "_tokens")

    poke(chain, listings, length, 400)
    with refuses(listings.ListingTooMany, limit=400):
        launch("MSFT")
    poke(chain, listings, length, 399)
    launch("MSFT")
    assert len(listings.tokens()) == 400


def test_amend_exemption__of_others__tells_a_pending_token_nothing(listings, launch, actors, now):
    """A token learns the end of its exemption when it is activated, or when that very exemption changes."""
    pending = launch("MSFT", activate=False)
    listings.addExemption(terms(5, now() + YEAR), sender=actors.issuer)
    word = pending.control()
    listings.amendExemption(2, terms(5, now() + 2 * YEAR), sender=actors.issuer)
    assert pending.control() == word
    listings.amendExemption(1, terms(5, now() + 2 * YEAR), sender=actors.issuer)
    assert pending.control() != word


@pytest.mark.parametrize("bit", [160, 255])
def test_set_records__address_wider_than_an_address__refused(registry, actors, bit):
    """Rows are read without the compiler's checks, so the contract looks itself."""
    record = registry.recordOf(actors.bob)
    data = bytes(registry.setRecords.encode_input([actors.bob], [record], EVIDENCE))
    wallet = bytes(12) + bytes.fromhex(actors.bob.address[2:])
    wide = (int.from_bytes(wallet, "big") | 1 << bit).to_bytes(32, "big")
    assert data.count(wallet) == 1
    with refuses(registry.RegistryRowInvalid, row=0, wallet=actors.bob, record=record):
        carry_out(registry, data.replace(wallet, wide), actors.registrar)
    carry_out(registry, data, actors.registrar)
