"""What a destination answers, over a connection that stays open. It may be anything: its size and time are bounded, it
is read strictly, and believed only where the destination's own signature stands under what it says of our records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import NamedTuple

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stockade.errors import StockadeError
from stockade.reporter.destinations import Destination
from stockade.wire.envelope import Ack, Counted, Stage
from stockade.wire.signing import ack_digest, signer_of

# Acknowledgements of one page.
PAGE = 1000

# Codes that say something of the order, and nothing of the record: none asks for a better one.
GAP = "GAP"
CONFLICT = "CONFLICT"

# A thousand rejections take about 700,000 bytes.
_MOST_BYTES = 4_000_000
_LONGEST = 3


class Reply(BaseModel):
    """What we read of an answer; whatever else stands there is left alone. `next` is what it expects from us next."""

    model_config = ConfigDict(strict=True, frozen=True)

    acks: list[Ack] = Field(max_length=4 * PAGE)
    next: Counted | None = None


class Answer(NamedTuple):
    """`status` is HTTP's, 0 where none came; `problem` says in a clause why there is no reply to believe."""

    status: int
    content: bytes
    problem: str = ""


class Line:
    """A connection to the gateway at `url`. `token` is what the gateway asks for beyond loopback. An answer may keep
    silent for `patience` seconds, and last thrice as long.
    """

    def __init__(self, url: str, token: str = "", patience: float = 10) -> None:
        # Only what we decode ourselves: a small compressed answer could be of any size.
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(headers=headers, timeout=patience)
        self.url = url
        self._patience = patience

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def submit(self, content: bytes) -> Answer:
        """Sends a submission."""
        return self._ask(
            self._client.build_request(
                "POST", f"{self.url}/v1/submissions", content=content, headers={"Content-Type": "application/json"}
            )
        )

    def acks(self, reporter: str, after: int) -> Answer:
        """The acknowledgements after that one."""
        params: dict[str, str | int] = {"reporter": reporter, "after": after, "limit": PAGE}
        return self._ask(self._client.build_request("GET", f"{self.url}/v1/acks", params=params))

    def _ask(self, request: httpx.Request) -> Answer:
        end = time.monotonic() + _LONGEST * self._patience
        content = bytearray()
        try:
            response = self._client.send(request, stream=True)
            try:
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        return Answer(response.status_code, b"", "the answer does not end")
                    if time.monotonic() > end:
                        return Answer(0, b"", "the answer takes too long")
            finally:
                response.close()
        except httpx.TimeoutException:
            return Answer(0, b"", "nothing answers in time")
        except Exception:  # httpx raises whatever a wrong answer makes it stumble over
            return Answer(0, b"", "nothing answers")
        return Answer(response.status_code, bytes(content))


def read_reply(
    answer: Answer, destination: Destination, reporter: str, ids: Callable[[Iterable[int]], dict[int, str]]
) -> Reply:
    """The reply in an answer of status 200 or 409. `ids` gives the ids of our records by number. Raises StockadeError
    with a clause that says what is wrong with it.
    """
    if answer.problem or answer.status not in (200, 409):
        raise StockadeError(answer.problem or f"HTTP status {answer.status}")
    try:
        reply = Reply.model_validate_json(answer.content, by_alias=True, by_name=False)
    except ValidationError:
        raise StockadeError("the answer is no list of acknowledgements") from None
    ours = ids({ack.last for ack in reply.acks})
    for ack in reply.acks:
        if problem := _doubt(ack, destination, reporter, ours.get(ack.last)):
            raise StockadeError(problem)
    return reply


def _doubt(ack: Ack, destination: Destination, reporter: str, ours: str | None) -> str:
    if signer_of(ack_digest(ack.to_json()), ack.signature) != destination.signer:
        return f"an acknowledgement is not signed by {destination.signer}"
    if ack.reporter_id != reporter:
        return "an acknowledgement is of another reporter's records"
    if ack.stage is Stage.REJECTED and ack.code in (GAP, CONFLICT):
        return ""  # of what is there instead of our record
    if ours is None or ack.first > ack.last or ack.record_id != ours:
        return "an acknowledgement is of records that are not ours"
    if ack.stage is Stage.REJECTED and (ack.code is None or ack.first != ack.last):
        return "a rejection does not say of which record, or why"
    return ""


def taken(first: int, acks: Iterable[Ack]) -> int:
    """The number after those that, from `first` on, are acknowledged as received, or rejected for what they say."""
    for ack in sorted(acks, key=lambda ack: ack.first):
        there = ack.stage is Stage.RECEIVED or is_refusal(ack)
        if there and ack.first <= first <= ack.last:
            first = ack.last + 1
    return first


def is_refusal(ack: Ack) -> bool:
    """Whether a record is rejected for what it says."""
    return ack.stage is Stage.REJECTED and ack.code not in (GAP, CONFLICT)
