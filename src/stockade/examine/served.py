"""A gateway's answers over HTTP. They may be anything: what is no answer is told in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
from eth_utils.address import is_address, to_checksum_address

from stockade.errors import NetworkError
from stockade.gateway.reading import Unreadable, read_json

# Of one answer.
_PAGE = 500
_MOST_BYTES = 64 << 20


class TooLarge(NetworkError):
    """More than is read of one answer."""


class Gateway:
    """A gateway over HTTP. Raises NetworkError whenever it does not answer as one."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(60, connect=5))
        self._url = url.rstrip("/")

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, path: str, **params: str | int) -> dict[str, Any]:
        """The answer of an endpoint."""
        content = bytearray()
        try:
            with self._client.stream("GET", f"{self._url}/v1/{path}", params=params) as response:
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise TooLarge(f"The gateway's answer to {path} does not end.")
        except TooLarge:
            raise
        except Exception as error:  # httpx raises whatever a wrong answer makes it stumble over
            raise NetworkError(f"No gateway answers at the given address ({type(error).__name__}).") from None
        if response.status_code == 401:
            raise NetworkError("The gateway asks for a token: put it into STOCKADE_GATEWAY_TOKEN.")
        if response.status_code != 200:
            raise NetworkError(f"The gateway answered {path} with HTTP status {response.status_code}.")
        try:
            answer = read_json(bytes(content))
        except Unreadable as error:
            raise NetworkError(f"The gateway's answer to {path} cannot be read: {error}") from None
        if not isinstance(answer, dict):
            raise NetworkError(f"The gateway's answer to {path} is no object: is it a gateway?")
        return answer

    def health(self) -> tuple[str, str]:
        """Its name, and the account that it says it signs with."""
        answer = self.ask("health")
        name, account = _text(answer, "gatewayId"), _text(answer, "signer")
        if not is_address(account):
            raise NetworkError("The gateway's signer is no account: is it a gateway?")
        return name, to_checksum_address(account)

    def reporters(self) -> list[str]:
        """The reporters that it knows, by name."""
        answer = self.ask("reporters").get("reporters")
        if not isinstance(answer, list):
            raise NetworkError("The gateway's answer to reporters is no list.")
        names = [_text(each, "reporterId") for each in answer]
        if len(set(names)) < len(names):
            raise NetworkError("The gateway's answer to reporters names one twice.")
        return names

    def pages(
        self, path: str, items: str, cursor: str, after: int = 0, **params: str | int
    ) -> Iterator[list[dict[str, Any]]]:
        """Page after page of an endpoint, ascending by `cursor`, up to the one that is not full. Pages that are too
        large are asked for again with fewer on them.
        """
        limit = _PAGE
        while True:
            try:
                page = self.ask(path, after=after, limit=limit, **params).get(items)
            except TooLarge:
                if limit == 1:
                    raise
                limit //= 2
                continue
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise NetworkError(f"The gateway's answer to {path} is no list.")
            if len(page) > limit:
                raise NetworkError(f"The gateway's answer to {path} is longer than was asked for.")
            numbers = [after, *(item.get(cursor) for item in page)]
            if not all(is_number(number) for number in numbers) or any(b <= a for a, b in pairwise(numbers)):
                raise NetworkError(f"The gateway's answer to {path} does not go on: its {cursor} must ascend.")
            if page:
                yield page
                after = numbers[-1]
            if len(page) < limit:
                return


def is_number(value: Any) -> bool:
    """Whether JSON held a whole number there."""
    return isinstance(value, int) and not isinstance(value, bool)


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or len(value) > 100:
        raise NetworkError(f"The gateway does not say its {name}: is it one?")
    return value
