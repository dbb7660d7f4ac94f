"""Reason codes: each has one number, a name, a sentence and a row in the docs; each refusal has exactly one."""

from __future__ import annotations

import re

import pytest
from eth_abi.abi import encode
from eth_utils.abi import function_abi_to_4byte_selector

from stockade import manifest
from tests.contracts.support import Reason, reason_constants
from tests.support import ROOT

RANGES = {
    "state": (range(1, 20), ("PHASE_", "LAPSED", "HALTED", "TRANSFER_", "MINT_", "BURN_", "FORCE_")),
    "sender": (range(20, 40), ("SENDER_",)),
    "receiver": (range(40, 60), ("RECEIVER_",)),
    "executor": (range(60, 80), ("EXECUTOR_",)),
}

# Errors of the standards, and those with one meaning, carry no code of their own.
UNCODED = {
    "ERC20InsufficientBalance": Reason.INSUFFICIENT_BALANCE,
    "ERC7943InsufficientUnfrozenBalance": Reason.INSUFFICIENT_UNFROZEN,
    "ERC20InsufficientAllowance": Reason.INSUFFICIENT_ALLOWANCE,
    "ShareTokenZeroAmount": Reason.ZERO_AMOUNT,
    "ShareTokenAmountTooLarge": Reason.AMOUNT_TOO_LARGE,
    "ERC20InvalidSender": Reason.ZERO_SENDER,
    "ERC20InvalidApprover": Reason.ZERO_SENDER,
    "ERC20InvalidReceiver": Reason.ZERO_RECEIVER,
    "ShareTokenMovementUnknown": Reason.MOVEMENT_UNKNOWN,
}


def errors() -> dict[str, dict]:
    """Every error that the token and the ledger declare, by name."""
    return {
        item["name"]: item
        for name in ("ShareToken", "CustodyLedger")
        for item in manifest.abi(name)
        if item["type"] == "error"
    }


CODED = [
    name for name, item in errors().items() if any(part["internalType"] == "ReasonCode" for part in item["inputs"])
]


@pytest.fixture(scope="module")
def reasons(stage):
    return stage.reasons


# ---------------------------------------------------------------- numbers, names, texts


def test_numbers__of_all_reasons__unique_and_in_the_range_of_their_subject():
    constants = reason_constants()

    assert len(set(constants.values())) == len(constants) > 60
    assert constants.pop("NONE") == 0
    for name, number in constants.items():
        assert number < 120
        for numbers, prefixes in RANGES.values():
            if number < 80:
                assert (number in numbers) == name.startswith(prefixes), name


def test_shared_offsets__of_the_three_parties__give_the_parties_codes():
    """Sender, receiver and executor are judged by one ladder, whose codes are base plus offset."""
    source = (ROOT / "contracts/types/ReasonCode.sol").read_text()
    small = {name: int(value) for name, value in re.findall(r"uint8 internal constant (\w+) = (\d+);", source)}
    offsets = ("UNKNOWN", "FROZEN", "REVOKED", "EXPIRED")
    for party in ("SENDER", "RECEIVER", "EXECUTOR"):
        for offset in offsets:
            assert small[party] + small[offset] == Reason[f"{party}_{offset}"]
        if party != "EXECUTOR":
            assert small[party] + small["TRADE_SCOPE"] == Reason[f"{party}_TRADE_SCOPE"]
    scope = small["SCOPE"]
    assert small["SENDER"] + scope == Reason.SENDER_TRANSFER_SCOPE
    assert small["RECEIVER"] + scope == Reason.RECEIVER_HOLD_SCOPE
    assert small["EXECUTOR"] + scope == Reason.EXECUTOR_SCOPE


def test_name_and_text__of_each_reason__its_constant_and_one_sentence(reasons, token):
    texts = set()
    for reason in Reason:
        assert reasons.name(reason) == reason.name
        text = reasons.text(reason)
        assert re.fullmatch(r"[A-Z][^\n]*[^ .]\.", text), text
        texts.add(text)
    assert len(texts) == len(Reason)
    assert token.messageForTransferRestriction(Reason.RECEIVER_EXPIRED) == reasons.text(Reason.RECEIVER_EXPIRED)


@pytest.mark.parametrize("number", [10, 19, 28, 39, 50, 59, 60, 66, 79, 89, 99, 120, 255])
def test_name_and_text__of_a_number_without_meaning__empty(reasons, token, number):
    assert number not in set(Reason)
    assert reasons.name(number) == reasons.text(number) == token.messageForTransferRestriction(number) == ""


def test_docs__of_each_reason__a_row_with_number_and_name():
    rows = re.findall(r"^\| *(\d+) *\| *`?(\w+)`? *\|", (ROOT / "docs/reason-codes.md").read_text(), re.MULTILINE)

    found = {int(number): name for number, name in rows}
    assert len(found) == len(rows)
    wanted = {reason.value: reason.name for reason in Reason if reason is not Reason.NONE}
    assert {number: name for number, name in found.items() if number} == wanted


# ---------------------------------------------------------------- from a revert to its reason


def data_of(error: dict, **values: int) -> bytes:
    """Revert data of an error with the given arguments, all others zero."""
    zero = {"string": "", "bytes": b"", "bytes32": b"", "bytes20": b"", "bytes4": b"", "bool": False}
    types, arguments = [], []
    for part in error["inputs"]:
        if part["type"].startswith("tuple"):
            inner = [each["type"] for each in part["components"]]
            types.append(f"({','.join(inner)})")
            arguments.append(tuple(zero.get(each, "0x" + "00" * 20 if each == "address" else 0) for each in inner))
            continue
        types.append(part["type"])
        default = "0x" + "00" * 20 if part["type"] == "address" else zero.get(part["type"], 0)
        arguments.append(values.get(part["name"], default))
    return function_abi_to_4byte_selector(error) + encode(types, arguments)


def test_errors__that_carry_a_code__are_these():
    assert sorted(CODED) == [
        "CustodyRefused",
        "ShareTokenCannotExecute",
        "ShareTokenCannotReceive",
        "ShareTokenCannotSend",
        "ShareTokenStopped",
    ]


@pytest.mark.parametrize("name", CODED)
def test_code_of__error_with_a_code__that_code(reasons, name):
    for code in (Reason.HALTED, Reason.SIGNATURE_INVALID, 255):
        assert reasons.codeOf(data_of(errors()[name], code=code)) == code


@pytest.mark.parametrize("name", UNCODED)
def test_code_of__error_of_one_meaning__its_code(reasons, name):
    assert reasons.codeOf(data_of(errors()[name])) == UNCODED[name]


def test_code_of__any_other_error__none(reasons):
    """No movement's refusal: a missing role, a wrong caller, a wrong signature of a permit."""
    others = [error for name, error in errors().items() if name not in UNCODED and name not in CODED]
    assert len(others) > 20
    for error in others:
        assert reasons.codeOf(data_of(error)) == 0, error["name"]


@pytest.mark.parametrize("length", [0, 3, 4, 35])
def test_code_of__data_cut_short__none(reasons, length):
    whole = data_of(errors()["ShareTokenStopped"], code=Reason.HALTED)
    assert reasons.codeOf(whole[:length]) == 0
    assert reasons.codeOf(whole[:36]) == Reason.HALTED
