"""As many tokens as the order admits symbols (R12: 75 and 250), stopped at once: in one transaction, so that nothing
trades in between.
"""

from __future__ import annotations

from eth_utils.crypto import keccak

from stockade.chain import TRANSACTION_GAS_LIMIT
from stockade.records import Basis, Control, ExemptionStatus, Interruption, Phase

MOST = 325
CONTROL = "0x" + keccak(text="control()")[:4].hex()
ORDER = b"\x44" * 32


def test_revoke_and_halt__325_tokens__each_in_one_transaction(place):
    suite, keys = place.suite, place.keys
    w3 = place.anvil.w3
    functions, market = suite.listings.functions, suite.market.functions
    place.anvil.rpc("anvil_impersonateAccount", keys.issuer.address)
    for number in range(MOST):
        isin, cusip = f"US{number:010}".encode(), f"{number:09}".encode()
        call = functions.list(1, (isin, cusip, b"XNAS", 1, b"T".ljust(12, b"\0")), "Share", "SHs", 0x07FE, 0)
        asked = {"from": keys.issuer.address, "to": call.address, "data": call._encode_transaction_data()}
        last = place.anvil.rpc("eth_sendTransaction", asked | {"gas": hex(500_000)})
    w3.eth.wait_for_transaction_receipt(last)
    tokens = functions.tokens().call()
    assert len(tokens) == MOST

    def controls() -> list[Control]:
        words = [place.anvil.rpc("eth_call", {"to": token, "data": CONTROL}, "latest") for token in tokens]
        return [Control.unpack(int(word, 16)) for word in words]

    now = w3.eth.get_block("latest")["timestamp"]
    halt = (1, Interruption.VENUE_HALTED, b"MWC1".ljust(8, b"\0"), now)
    receipt = suite.send(keys.market_operator, market.relayVenue(b"XNAS", halt))
    assert receipt["gasUsed"] < TRANSACTION_GAS_LIMIT
    assert all(control.halted for control in controls())

    for status, phase in ((ExemptionStatus.SUSPENDED, Phase.PENDING), (ExemptionStatus.REVOKED, Phase.WIND_DOWN)):
        call = functions.setExemptionStatus(1, status, Basis.REGULATOR_ORDER, ORDER)
        receipt = suite.send(keys.compliance, call)
        assert receipt["gasUsed"] < TRANSACTION_GAS_LIMIT
        assert {control.phase for control in controls()} == {phase}
