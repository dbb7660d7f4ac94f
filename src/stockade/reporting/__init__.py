"""The suite's reports: read, checked for gaps and alterations, replayed, and compared with the contracts.

streams   reads every stream and checks its numbers and its chain
rebuild   replays entries into state, without a chain
verify    compares that state with the contracts, at one block
"""

from stockade.reporting.entries import Entry
from stockade.reporting.rebuild import State, rebuild
from stockade.reporting.streams import Fault, Source, Stream, follow, read_stream, read_streams
from stockade.reporting.verify import Difference, StreamResult, Verification, compare, verify

__all__ = [
    "Difference",
    "Entry",
    "Fault",
    "Source",
    "State",
    "Stream",
    "StreamResult",
    "Verification",
    "compare",
    "follow",
    "read_stream",
    "read_streams",
    "rebuild",
    "verify",
]
