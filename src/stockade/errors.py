"""Everything Stockade raises on purpose. Each message is one sentence a person can act on.

StockadeError
    InputError      a file, a flag or a value is wrong: nothing was sent
    NetworkError    the node, the chain or what stands on it is not what was expected
    Refused         a contract answered no, with its reason
"""

from __future__ import annotations


class StockadeError(Exception):
    """Root of all errors; the message names the remedy."""


class InputError(StockadeError):
    """Something given to a tool is wrong: file, row, field and remedy are in the message. Nothing was sent."""


class NetworkError(StockadeError):
    """The node cannot be reached, or the chain is not the one expected, or an address holds no code."""


class Refused(StockadeError):
    """A contract refused. `code` and `reason` come from the contract's own `ReasonText`; both are empty (0, "") for a
    refusal that is no movement's, such as a missing role. `error` is the custom error as the contract declared it.
    """

    def __init__(self, message: str, *, error: str, code: int = 0, reason: str = "", data: bytes = b"") -> None:
        super().__init__(message)
        self.error = error
        self.code = code
        self.reason = reason
        self.data = data
