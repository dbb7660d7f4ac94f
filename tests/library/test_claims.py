"""Nothing we ship says or implies that anyone registered, approved, endorsed, certified or licensed it (R18)."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.claims import forbidden

ROOT = Path(__file__).parents[2]
UNREAD = {".cache", "manifest.json", "claims.py"}  # copies, what the build writes, and the words themselves
WRITTEN = [
    ROOT / "README.md",
    ROOT / "Makefile",
    ROOT / "pyproject.toml",
    *(
        path
        for room in ("benchmarks", "contracts", "docs", "examples", "scripts", "src", "tools")
        for path in sorted((ROOT / room).rglob("*"))
        if path.suffix in (".json", ".md", ".py", ".sol", ".toml") and not UNREAD & {*path.parts}
    ),
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_forbidden__every_file_that_people_read__claims_nothing(path):
    assert forbidden(path.read_text("utf-8")) == []


def test_forbidden__the_files__are_those_we_mean():
    names = {str(path.relative_to(ROOT)) for path in WRITTEN}

    assert {"README.md", "docs/requirements.md", "contracts/token/ShareToken.sol", "scripts/listing.py"} <= names
    assert {"scripts/demo.py", "src/stockade/profiles/us-tsv.toml", "tools/devnet.py"} <= names


@pytest.mark.parametrize(
    "text",
    [
        "SEC-approved tokens",
        "This venue is SEC registered.",
        "The token has been approved.",
        "registered with the SEC",
        "Registered under the rules of, and supervised by, the U.S. Securities and Exchange Commission",
        "the regulator has formally endorsed it",
        "Trading with regulatory approval.",
        "It carries the SEC's approval.",
        "approval by the Commission",
        "certified by an auditor",
        "a licensed venue for everybody",
        "a certified token",
        "The issuer is licensed.",
        "compliant with the order",
        "fully-compliant listing",
        "It complies with all the conditions.",
        "In full compliance with US securities laws.",
        "Not only registered, it is approved by all.",
        "It is not a game, it is SEC-approved.",
        "No advice. Approved by the SEC.",
        "There is no doubt that it is SEC-approved.",
        "// It was approved\n    // by the SEC",
        "# SEC\N{NON-BREAKING HYPHEN}approved",
        "**SEC**-approved",
        "<b>SEC</b> approved",
        "SEC\N{ZERO WIDTH SPACE}-approved",
        'raise Error(\n    "approved "\n    f"by the SEC"\n)',
        "| never | approved by the SEC |",
    ],
)
def test_forbidden__a_claim__is_found(text):
    assert len(forbidden(text)) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nobody has approved or endorsed it.",
        "The venue is not registered with the SEC.",
        "not approved by the SEC",
        "The SEC has not approved it.",
        "registered with no regulator",
        "approved by nobody",
        "implies no involvement, knowledge or approval of its issuer",
        "Never claim registration, approval or endorsement.",
        "Nothing here says that anyone approved anything.",
        "A token cannot be called SEC-approved.",
        "The issuer isn't endorsed.",
        "Tokens move among registered wallets, by licensed platforms.",
        "approve AAPLs 0x2546BcD3c84621e976D8185a91A922aE77ECEc30 10",
        "The executor's licence has expired.",
        "compliant with ERC-8056",
        "compliant access points and whitelists",
        "COMPLIANCE may freeze; the regulator acknowledges.",
    ],
)
def test_forbidden__a_denial_or_another_matter__passes(text):
    assert forbidden(text) == []


def test_forbidden__two_claims__are_both_told_in_their_words():
    assert forbidden("Good: it is SEC-approved.\nAnd the venue is licensed.") == [
        "it is sec-approved",
        "and the venue is licensed",
    ]
