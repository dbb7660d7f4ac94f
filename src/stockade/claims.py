"""What nobody may be told (R18): that an authority registered, approved, endorsed, certified or licensed a token, a
suite, a venue or an issuer. The order forbids the claim; whoever relies on the exemption says so itself.

A word list cannot read. It errs on the strict side, and lets a denial pass: "not approved by the SEC".
"""

from __future__ import annotations

import re
import unicodedata

_AUTHORITY = (
    r"(?:the )?(?:u\.?s\.? |federal |state |local )?(?:s\.?e\.?c\b\.?|securities and exchange commission|commission"
    r"|finra|cftc|occ|fdic|federal reserve|dtcc?|nasdaq|nyse|esma|fca|bafin|mas|sfc|regulators?|regulatory|supervisors?"
    r"|authorit(?:y|ies)|governments?|federally|officially)(?:'s|s')?"
)
_DONE = (
    r"(?:approved|endorsed|certified|registered|licen[cs]ed|authori[sz]ed|recogni[sz]ed|sanctioned|vetted|cleared|blessed"
    r"|backed|supervised|compliant)"
)
_ACT = (
    r"(?:approval|endorsement|certification|registration|licen[cs]e|authori[sz]ation|recognition|clearance|blessing"
    r"|seal)"
)
_THING = r"(?:tokens?|suite|venue|issuer|exchange|offering|securit(?:y|ies)|software|stockade)"
_FEW = r"(?:[\w']+[ ,]+){0,3}?"
_LAW = r"(?:laws?|orders?|rules?|regulations?|exemption|requirements?|conditions?|mica|mifid|sec)\b"

_CLAIMS = re.compile(
    "|".join(
        (
            rf"{_AUTHORITY}[ -]+(?:(?:has|have|had|fully|formally|already|now|also)[ ]+)*{_DONE}\b",
            rf"{_DONE} {_FEW}(?:by|with|at|from|before)[ ,]+{_FEW}{_AUTHORITY}",
            rf"{_AUTHORITY}[ -]+(?:\w+ )?{_ACT}s?\b",
            rf"{_ACT}s? (?:of|by|from|with) {_FEW}{_AUTHORITY}",
            rf"{_THING} (?:is|are|was|were|(?:has|have) been) (?:(?:now|fully|duly|formally|already) )*{_DONE}\b",
            rf"\b{_DONE} {_THING}\b",
            r"(?:approved|certified) by",
            r"endors(?:e|es|ed|ing|ements?)\b",
            r"compliant with(?! (?:erc|eip|rfc|iso)\b)",
            r"(?:fully|legally|sec|law|rules?|regulation|securities|mica|mifid|kyc|aml|ofac)[ -]compliant",
            rf"(?:compl(?:y|ies|ied|ying)|compliance) with {_FEW}{_LAW}",
        )
    )
)
_DENIAL = re.compile(
    r"\b(?:not(?! only| just| merely)|no(?! doubt| less)|nobody|none(?! other)|never|nothing(?! less)|neither|nor"
    r"|without|cannot|forbids?|forbidden|refuses?)\b|n't\b"
)
# Where a denial ends: at the end of a clause, a table's cell, or where a comma begins a new statement.
_CLAUSE = re.compile(r"[.;:!?](?= |$)|\||, (?:but|and|so|it|this|that|we|they|the|is)\b")
_REACH = 100


def forbidden(text: str) -> list[str]:
    """Every claim in a text that R18 forbids, with what stands before it in its clause (lower case); empty without any.

    Line ends, comment marks and Markdown do not hide a claim. What stands right before a claim, or in it, can deny it.
    """
    plain = _plain(text)
    found = []
    for claim in _CLAIMS.finditer(plain):
        start = claim.start()
        before = _CLAUSE.split(plain[max(0, start - _REACH) : start])[-1]
        after = plain[claim.end() : claim.end() + len(" nobody")]
        if not _DENIAL.search(before + claim.group() + after):
            found.append((before + claim.group()).strip())
    return found


def _plain(text: str) -> str:
    """One line of lower-case words: without comment marks, emphasis, tags, and invisible characters."""
    text = unicodedata.normalize("NFKC", text).translate({0x2019: "'", 0x2010: "-", 0x2011: "-", 0x2013: "-"})
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char)[0] != "C").lower()
    text = re.sub(r"\\\n\s*|[\"'][ ]*\n\s*[rfb]?[\"']", "", text)  # a string that goes on in the next line
    text = re.sub(r"(?m)^\s*(?:///?|#+|\*+|>|- )\s?", "", text)
    text = re.sub(r"</?\w+>|[*`\"]", "", text).replace("_", " ")
    return re.sub(r"\s+", " ", re.sub(r"\n\s*\n", ". ", text)).strip()
