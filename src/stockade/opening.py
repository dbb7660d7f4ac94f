"""What lies between a listed token and its first trade: the venue's Notice, the issuer's notice, the rights.

The periods begin when these are recorded, and nobody can shorten them; once they have passed, `activate` succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from stockade.chain import Signer
from stockade.listing import RIGHTS, Document, document_call, issuer_notice_call, notice_call
from stockade.suite import Suite


@dataclass(frozen=True)
class Papers:
    """The texts whose hashes are recorded (keccak256), and where the public ones can be had."""

    notice: bytes
    notice_uri: str
    issuer_notice: bytes
    rights: bytes
    rights_uri: str

    @classmethod
    def synthetic(cls) -> Papers:
        """For development: names of texts that do not exist."""
        notice, issuer, rights = (keccak(text=f"synthetic {name}") for name in ("notice", "issuer notice", "rights"))
        return cls(notice, "https://example.org/notice", issuer, rights, "https://example.org/rights")


def begin(suite: Suite, issuer: Signer, tokens: Sequence[str], papers: Papers, exemption: int = 1) -> None:
    """ISSUER records everything that a period begins with."""
    for call in calls(suite, exemption, tokens, papers):
        suite.send(issuer, call)


def activate(suite: Suite, issuer: Signer, tokens: Sequence[str]) -> None:
    """ISSUER makes tokens ACTIVE, once their periods have passed. Raises Refused before."""
    for token in tokens:
        suite.send(issuer, suite.listings.functions.activate(token))


def calls(suite: Suite, exemption: int, tokens: Sequence[str], papers: Papers) -> list[ContractFunction]:
    """ISSUER's calls that begin every period."""
    found = [notice_call(suite, exemption, papers.notice, papers.notice_uri)]
    for token in tokens:
        found.append(document_call(suite, token, Document(RIGHTS, papers.rights_uri, papers.rights)))
        found.append(issuer_notice_call(suite, token, papers.issuer_notice))
    return found
