"""The public Notice from a suite on the embedded chain: thirty items, counted, escaped, free of claims (R7, R18)."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from stockade import compliance, profiles
from stockade.claims import forbidden
from stockade.compliance import Order
from stockade.errors import InputError
from stockade.listing import Document, document_call, list_share, read_listings
from stockade.listing import notice as notices
from stockade.listing.markdown import plain, table, unescaped
from stockade.listing.notice import Answered, OperatorAnswers
from stockade.listing.notice_items import ITEMS
from stockade.records import Basis, InvestorClass, Scope
from tests.support import EXAMPLES, SHARE

ORDER = Order(Basis.COURT_ORDER, b"\xee" * 32)
LETTERS = [*"abcdefghijklmnopqrstuvwxyz", "aa", "bb", "cc", "dd"]


@pytest.fixture
def said(suite):
    """What the chain says of an item, in the words that a reader sees."""

    def of(letter):
        (found,) = [each for each in notices.build(suite).entries if each.item.letter == letter]
        return unescaped(found.chain.text)

    return of


def test_items__thirty_in_the_orders_order():
    assert [item.letter for item in ITEMS] == LETTERS
    assert len({item.title for item in ITEMS}) == 30
    assert forbidden("\n\n".join(f"{item.title}. {item.hint}" for item in ITEMS)) == []


def test_build__of_the_stage__counted_and_every_chain_answer_names_contract_address_and_block(suite):
    found = notices.build(suite)

    whole = [each.item.letter for each in found.entries if each.answered is Answered.CHAIN]
    partly = [each.item.letter for each in found.entries if each.answered is Answered.PARTLY]
    assert whole == ["c", "f", "g", "j", "n", "p", "u"]
    assert partly == ["b", "e", "h", "i", "r", "t", "x", "aa", "bb", "cc"]
    assert found.counts == {Answered.CHAIN: 7, Answered.OPERATOR: 0, Answered.PARTLY: 10, Answered.BLANK: 13}
    for each in found.entries:
        for source in each.chain.sources if each.chain else ():
            name, address, _, block = source.replace(",", "").split()
            assert address in suite.deployment.addresses.values(), name
            assert int(block) == found.block


def test_build__same_block__same_bytes_although_the_chain_went_on(suite, keys, token):
    before = notices.build(suite)
    compliance.carry_out(suite, keys.compliance, compliance.halt(suite, suite.token(token.address), ORDER))

    assert notices.to_markdown(notices.build(suite, block=before.block)) == notices.to_markdown(before)
    assert notices.to_markdown(notices.build(suite)) != notices.to_markdown(before)


def test_assets__objections_and_rights__are_those_of_the_chain(suite, token, keys, said):
    assert f"| AAPLs | AAPL | XNAS | US0378331005 | 037833100 | ENTITLEMENT | ACTIVE | {token.address} |" in said("g")
    assert "| AAPLs | https://example.org/rights | 0x" in said("i")
    assert said("j").endswith("| no | no |")

    fresh = list_share(suite, keys.issuer, read_listings(EXAMPLES / "listings.toml")["KO"], profiles.load("us-tsv"))

    assert f"| KOs | KO | XNYS | US1912161007 | 191216100 | ENTITLEMENT | PENDING | {fresh} |" in said("g")
    assert "| KOs | none |  |  |" in said("i")
    assert "| KOs | not told yet | no | no |" in said("j")


def test_participants_and_pools__only_current_records_count(keys, admit, holding, said):
    assert (said("e"), said("p").endswith("Pools with a record:\n\nNone.")) == ("None.", True)

    admit(keys.alice, keys.bob)
    admit(keys.pool, investor_class=InvestorClass.POOL, scopes=Scope.LIQUIDITY | Scope.EXECUTE)

    assert said("e") == "| class | wallets |\n| --- | --- |\n| pool | 1 |\n| retail | 2 |"
    assert f"| {keys.pool.address} | LIQUIDITY, EXECUTE | " in said("p")


def test_tokenization__after_a_mint__attested_and_issued(keys, holding, attest, sentence, said):
    holding(keys.alice, shares=100)
    attest(sentence(shares_held=130 * SHARE))

    assert "| AAPLs | custodian 1 | 130 | 100 | " in said("h")


def test_stoppage__halted_by_hand__said_with_the_relays_rules(suite, keys, token, said):
    rules = profiles.load("us-tsv").market
    assert "| AAPLs | no | no | stops trading |" in said("cc")
    assert f"It ends when {rules.relay_quorum} tell its end" in said("cc")

    compliance.carry_out(suite, keys.compliance, compliance.halt(suite, suite.token(token.address), ORDER))

    assert "| AAPLs | no | yes | stops trading |" in said("cc")


def test_build__unknown_exemption__refused(suite):
    with pytest.raises(InputError, match="The suite has no exemption 2: it has 1"):
        notices.build(suite, 2)


# ---------------------------------------------------------------- what the chain says is words alone


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("# g. Assets", r"\# g. Assets"),
        ("[a](https://evil.example)", r"\[a\](https\://evil.example)"),
        ("<script>&lt; me@evil.example", r"\<script\>\&lt; me\@evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("*a* _b_ `c` ~d~ $e$", r"\*a\* \_b\_ \`c\` \~d\~ \$e\$"),
        ("a|b\n## c", r"a\|b\\n\#\# c"),
        ("x\u202ey\x1b[2J", r"x\\u202ey\\x1b\[2J"),
    ],
)
def test_plain__hostile_text__only_words_remain(hostile, shown):
    assert plain(hostile) == shown
    assert table(["a"], [[hostile]]).count("\n") == 2


def test_markdown__document_with_a_hostile_uri__makes_neither_link_nor_heading(suite, token, keys):
    uri = "x|\n\n## a. Disclaimer\n\n[here](https://evil.example) <img src=x>"
    suite.send(keys.issuer, document_call(suite, token.address, Document("RIGHTS", uri, b"\x01" * 32)))

    text = notices.to_markdown(notices.build(suite)).decode()

    assert text.count("\n## ") == 30
    assert re.search(r"(?<!\\)\](?=\()", text) is None
    assert re.search(r"(?<!\\)<", text) is None


def test_markdown__chain_says_what_r18_forbids__refused_and_nothing_written(suite, token, keys):
    uri = "approved-by-the-SEC"
    notices.to_markdown(notices.build(suite))
    suite.send(
        keys.issuer, document_call(suite, token.address, Document("RIGHTS", uri.replace("-", " "), b"\x01" * 32))
    )

    for write in (notices.to_markdown, notices.to_json):
        with pytest.raises(InputError, match=r"^The Notice would say .*approved by.* \(R18\): change .* Nothing was"):
            write(notices.build(suite))


# ---------------------------------------------------------------- the operator's own


def test_answers__of_the_example__fill_blanks_and_are_counted(suite):
    given = notices.read_answers(EXAMPLES / "notice.toml")
    found = notices.build(suite, given=given)

    text = notices.to_markdown(found).decode()

    assert found.counts == {Answered.CHAIN: 7, Answered.OPERATOR: 4, Answered.PARTLY: 10, Answered.BLANK: 9}
    assert text.startswith("# Notice: Example Tokenized Venue LLC\n")
    assert "30 items: 7 by the chain, 4 by the operator, 10 partly, 9 blank." in text
    assert (text.count("**[blank]**"), text.count("**[the rest is blank]**")) == (9, 10)
    assert "## dd. Exclusivity\n\nThere is none:" in text


def test_answers__to_a_partly_answered_item__stand_beside_the_chains_and_make_it_the_operators(suite):
    found = notices.build(suite, given=OperatorAnswers("", {"i": "By counsel.", "g": "More pairs."}))

    entries = {each.item.letter: each for each in found.entries}
    text = notices.to_markdown(found).decode()

    assert (entries["i"].answered, entries["g"].answered) == (Answered.OPERATOR, Answered.CHAIN)
    assert text.index("## i.") < text.index("document RIGHTS") < text.index("By counsel.") < text.index("## j.")
    assert "More pairs." in text


def test_answers__claiming_approval__refused_in_both_forms(suite):
    found = notices.build(suite, given=OperatorAnswers("", {"a": "This venue is approved by the SEC."}))

    for write in (notices.to_markdown, notices.to_json):
        with pytest.raises(InputError, match="as if an authority stood behind the venue"):
            write(found)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('venues = "x"', "unknown key venues: only venue and the table answers belong there"),
        ("answers = 1", r"answers is no table: write \[answers\]"),
        ('[answers]\nee = "x"', "key answers.ee is no item: the items are a to z, aa, bb, cc and dd"),
        ("[answers]\na = 1", "key answers.a is not a text: write one, or leave the key out"),
        ('[answers]\na = " "', "key answers.a is not a text"),
        ('[answers]\na = "\\u202e"', "key answers.a has a character that cannot be printed: remove it"),
        ("venue = 1", "key venue is not a text"),
        ("[answers", "cannot be read as TOML"),
    ],
)
def test_answers__one_mistake__named_with_file_key_and_remedy(tmp_path, content, sentence):
    (tmp_path / "mine.toml").write_text(content)

    with pytest.raises(InputError, match=rf"mine\.toml:? .*{sentence}"):
        notices.read_answers(tmp_path / "mine.toml")


def test_json__same_content__with_counts_and_sources(suite):
    found = notices.build(suite, given=OperatorAnswers("V", {"a": "Mine."}))

    read = json.loads(notices.to_json(found))

    assert (read["venue"], read["block"], read["exemption"]) == ("V", found.block, 1)
    assert read["answered"] == {"by the chain": 7, "by the operator": 1, "partly": 10, "blank": 12}
    assert [each["letter"] for each in read["items"]] == LETTERS
    assert (read["items"][0]["operator"], read["items"][6]["sources"]) == (
        "Mine.",
        list(found.entries[6].chain.sources),
    )


def test_counts__every_kind__even_where_there_is_none(suite):
    empty = replace(notices.build(suite), entries=())

    assert notices.say_counts(empty) == "0 items: 0 by the chain, 0 by the operator, 0 partly, 0 blank."
