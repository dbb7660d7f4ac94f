"""What custodians say: built, signed apart, combined, submitted; redemptions answered; CUSTODY_ADMIN's acts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stockade import custody, holder
from stockade.custody import admin, words
from stockade.custody.documents import Document, Signature
from stockade.custody.typed import HALF_ORDER
from stockade.errors import InputError, Refused
from stockade.records import AttestorKind, Kind, RequestStatus, SentenceKind
from tests.safe import Safe
from tests.support import DAY, SHARE

EVIDENCE = b"\x33" * 32
REFERENCE = b"DTC-2026-0042".ljust(32, b"\0")
STATEMENT, DEPOSIT, RELEASE, REJECT = SentenceKind
ATTESTATION, TAKE_BACK = 1, 3  # kinds of the ledger's reports


@pytest.fixture
def deposit(suite, token, keys, admit):
    """Custodian 2's unsigned DEPOSIT of 100 shares to alice, who is admitted; override any argument of `build`."""
    admit(keys.alice)

    def build(**changes):
        given = {"shares": 100 * SHARE, "account": keys.alice.address, "ref": REFERENCE, "evidence": EVIDENCE}
        attestation = custody.build(suite, DEPOSIT, token.address, 2, 100 * SHARE, **(given | changes))
        return custody.document(suite, attestation)

    return build


@pytest.fixture
def apart(tmp_path):
    """Signs copies of a document apart, each through a file of its own, and reads them back."""

    def desks(document, *signers, safe=None):
        document.write(tmp_path / "deposit.json", overwrite=True)
        copies = []
        for place, signer in enumerate(signers):
            path = tmp_path / f"desk-{place}.json"
            custody.sign(Document.read(tmp_path / "deposit.json"), signer, safe).write(path, overwrite=True)
            copies.append(Document.read(path))
        return copies

    return desks


@pytest.fixture
def edited(tmp_path, deposit, keys):
    """The path of a signed deposit after `change` has had its way with the JSON."""

    def path_of(change):
        path = tmp_path / "deposit.json"
        custody.sign(deposit(), keys.desk_a).write(path, overwrite=True)
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return path

    return path_of


@pytest.fixture
def events(chain):
    """The events of a library receipt, decoded by Ape."""
    return lambda receipt: chain.provider.get_receipt(receipt["transactionHash"].to_0x_hex()).events


# ---------------------------------------------------------------- build, sign apart, combine, submit


def test_submit__two_of_three_signed_apart__mints(suite, token, ledger, keys, deposit, apart, events):
    copies = apart(deposit(), keys.desk_c, keys.desk_a)
    whole = custody.combine(copies)

    receipt = custody.submit(suite, keys.relay, whole)

    at = suite.w3.eth.get_block(receipt["blockNumber"])["timestamp"]
    assert custody.combine(copies[::-1]).signatures == whole.signatures
    assert events(receipt) == [
        ledger.Reported(kind=ATTESTATION, operator=keys.relay.address, timestamp=at),
        token.Transfer("0x" + "00" * 20, keys.alice.address, 100 * SHARE),
        token.Reported(kind=Kind.MINT, operator=ledger.address, to=keys.alice.address, ref=whole.digest, timestamp=at),
    ]
    position = suite.position(token.address, 2)
    assert (position.held, position.issued, position.sequence) == (100 * SHARE, 100 * SHARE, 1)


def test_submit__one_of_three__says_how_many_are_missing(suite, keys, deposit, apart):
    (copy,) = apart(deposit(), keys.desk_a)

    with pytest.raises(Refused) as refused:
        custody.submit(suite, keys.relay, copy)

    assert (refused.value.code, refused.value.reason) == (116, "TOO_FEW_SIGNATURES")
    assert str(refused.value) == (
        f"{copy.source}: Too few attestors have signed. [TOO_FEW_SIGNATURES 116] "
        "Remedy: field signatures: 1 of 2; have another desk sign, and combine."
    )


def test_submit__nobody_signed__refused_before_the_chain_is_asked(suite, keys, deposit):
    with pytest.raises(InputError, match="document, field signatures: nobody has signed"):
        custody.submit(suite, keys.relay, deposit())


def test_submit__signer_is_no_attestor__named(suite, keys, deposit, apart):
    whole = custody.combine(apart(deposit(), keys.desk_a, keys.stranger))

    with pytest.raises(Refused, match="A signer is no attestor of this custodian") as refused:
        custody.submit(suite, keys.relay, whole)

    assert refused.value.reason == "NOT_AN_ATTESTOR"


def test_submit__another_sentence_landed_first__says_the_next_number(suite, keys, deposit, apart):
    late = custody.combine(apart(deposit(), keys.desk_a, keys.desk_b))
    custody.submit(suite, keys.relay, late)

    with pytest.raises(Refused) as refused:
        custody.submit(suite, keys.relay, late)

    assert refused.value.reason == "SEQUENCE"
    assert "field sequence: it is 1, the next is 2; build it again and sign anew." in str(refused.value)


def test_submit__other_chain_or_ledger__refused_with_file_and_field(suite, keys, deposit):
    signed = custody.sign(deposit(), keys.desk_a)

    with pytest.raises(InputError, match=r"document, field domain\.chainId: the attestation is for chain 1, this is"):
        custody.submit(suite, keys.relay, replace(signed, chain_id=1))
    with pytest.raises(InputError, match=r"document, field domain\.verifyingContract: .*build it for this one"):
        custody.submit(suite, keys.relay, replace(signed, ledger=suite.registry.address))


def test_judge__receiver_not_admitted__in_the_tokens_words(suite, keys, deposit):
    unknown = deposit(account=keys.outsider.address)

    assert str(custody.judge(suite, unknown)) == (
        "document: The receiver has no investor record. [RECEIVER_UNKNOWN 41] Remedy: wait until that has changed, or "
        "state the position under the same number instead."
    )
    assert custody.judge(suite, deposit()) is None


def test_describe__deposit__spells_out_shares_account_and_token(suite, token, keys, deposit):
    said = custody.describe(deposit(as_of=1_790_000_000).attestation, "AAPLs")

    assert said.startswith(
        f"Custodian 2 received 100 shares (DTC-2026-0042): mint 100 shares of AAPLs ({token.address}) to "
        f"{keys.alice.address}. Its position is then 100 shares, settled as of 2026-09-21T14:13:20Z. Sentence 1, "
    )


def test_require_typed__another_number__refused(deposit):
    custody.require_typed(deposit().attestation, "100.0")

    for typed in ("1000", "10", "100.000000000000000001"):
        with pytest.raises(InputError, match=f"You typed {typed}, the document says 100: nothing was done"):
            custody.require_typed(deposit().attestation, typed)


def test_shortfall__statement_and_release__what_is_missing_after_it(suite, token, redemption):
    statement = custody.build(suite, STATEMENT, token.address, 1, 97 * SHARE, evidence=EVIDENCE)
    release = custody.answer(suite, RELEASE, redemption.id, 59 * SHARE, evidence=EVIDENCE)

    assert custody.shortfall(suite, statement) == 3 * SHARE
    assert custody.shortfall(suite, replace(statement, shares_held=100 * SHARE)) == 0
    assert custody.shortfall(suite, release) == SHARE
    assert custody.shortfall(suite, replace(release, shares_held=60 * SHARE)) == 0


@pytest.mark.parametrize(
    ("kind", "changes", "sentence"),
    [
        (STATEMENT, {"shares": 1}, "A STATEMENT only says what is held: leave shares, account and ref out."),
        (STATEMENT, {"ref": REFERENCE}, "A STATEMENT only says what is held: leave shares, account and ref out."),
        (DEPOSIT, {"shares": SHARE, "ref": REFERENCE}, "A DEPOSIT needs shares, account and ref: give all three."),
        (STATEMENT, {"valid_for": 1 << 40}, "lies tens of thousands of years ahead: correct it."),
    ],
)
def test_build__fields_do_not_fit_the_kind__refused(suite, token, kind, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        custody.build(suite, kind, token.address, 1, 0, evidence=EVIDENCE, **changes)


# ---------------------------------------------------------------- documents


def test_read__written_document__is_the_same_and_what_the_ledger_hashes(suite, tmp_path, keys, deposit):
    document = custody.sign(deposit(), keys.desk_a)
    document.write(tmp_path / "deposit.json")

    found = Document.read(tmp_path / "deposit.json")

    assert replace(found, source="document") == document
    assert found.digest == suite.ledger.functions.digestOf(document.attestation.as_tuple()).call()


def test_write__file_exists__not_overwritten(tmp_path, deposit):
    path = tmp_path / "deposit.json"
    path.write_text("kept")

    with pytest.raises(InputError, match=r"deposit\.json exists already: remove it, or name another file with --out"):
        deposit().write(path)
    assert path.read_text() == "kept"


def test_sign__twice_by_one_desk__refused(keys, deposit):
    once = custody.sign(deposit(), keys.desk_a)

    with pytest.raises(InputError, match=f"document: {keys.desk_a.address} has signed it already"):
        custody.sign(once, keys.desk_a)


def test_combine__one_desk_twice__refused_naming_the_file(keys, deposit, apart):
    copies = apart(deposit(), keys.desk_a, keys.desk_a)

    with pytest.raises(InputError, match=rf"desk-1\.json: {keys.desk_a.address} signed another of these documents too"):
        custody.combine(copies)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda document: replace(document, chain_id=1), "domain.chainId"),
        (lambda document: replace(document, ledger=document.attestation.token), "domain.verifyingContract"),
        (
            lambda document: replace(document, attestation=replace(document.attestation, shares_held=101 * SHARE)),
            "message.sharesHeld",
        ),
    ],
)
def test_combine__documents_differ__names_the_field_and_both_files(keys, deposit, change, field):
    document = replace(deposit(), source="a.json")
    other = custody.sign(replace(change(document), source="b.json"), keys.desk_b)

    with pytest.raises(InputError, match=rf"b\.json, field {field}: .* in a\.json: all must sign the same attestation"):
        custody.combine([custody.sign(document, keys.desk_a), other])


def flip_high(content):
    """The twin of a low-s signature: same key, s in the upper half."""
    order = 2 * HALF_ORDER + 1
    raw = bytes.fromhex(content["signatures"][0]["signature"][2:])
    high = (order - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big")
    content["signatures"][0]["signature"] = "0x" + (raw[:32] + high + bytes([55 - raw[64]])).hex()


def cut(content):
    content["signatures"][0]["signature"] = content["signatures"][0]["signature"][:-2]


def zero_parity(content):
    value = content["signatures"][0]["signature"]
    content["signatures"][0]["signature"] = value[:-2] + f"{int(value[-2:], 16) - 27:02x}"


def set_field(name, value):
    return lambda content: content["message"].__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_field("shares", str(900 * SHARE)), "field signatures[0]: it is not {desk}'s over this text"),
        (flip_high, "field signatures[0]: its s is in the upper half, which the contracts refuse: sign again."),
        (cut, "field signatures[0]: 64 bytes instead of 65"),
        (zero_parity, "instead of 1b or 1c: write 1b for 00, 1c for 01."),
        (set_field("kind", 9), "field message.kind: 9 is unknown: the kinds are 1 STATEMENT, 2 DEPOSIT, 3 RELEASE,"),
        (set_field("sequence", -1), "field message.sequence: -1 is not a whole number below 2^32"),
        (set_field("shares", "many"), "field message.shares: 'many' is not a whole number below 2^256"),
        (set_field("ref", "0x12"), "field message.ref: '0x12' is not 32 bytes: it is 0x and 64 hexadecimal digits."),
        (set_field("account", "0x" + "ab" * 20), "field message.account: 0xabab"),
        (set_field("note", "x"), "field message: not the fields of an attestation"),
        (lambda c: c["types"]["Attestation"].pop(), "field types: not the ledger's, so a wallet would show"),
        (lambda c: c.__setitem__("primaryType", "Mail"), "field primaryType: not the ledger's"),
        (lambda c: c["domain"].__setitem__("name", "Other"), "field domain: not a Stockade ledger's"),
        (lambda c: c["domain"].pop("chainId"), "field domain.chainId: None is not a whole number"),
        (lambda c: c.pop("signatures"), "missing or unknown keys signatures; let `ape run custody build` write"),
        (lambda c: c.__setitem__("symbol", "AAPL"), "missing or unknown keys symbol"),
        (lambda c: c.__setitem__("signatures", 1), "field signatures: not a list"),
        (lambda c: c["signatures"].append(c["signatures"][0]), "field signatures[1]: {desk} signed twice"),
        (lambda c: c["signatures"][0].pop("attestor"), "field signatures[0]: it needs attestor and signature"),
        (lambda c: c["signatures"][0].__setitem__("signature", "1b"), "field signatures[0].signature: '1b' is not hex"),
    ],
)
def test_read__document_tampered_or_malformed__names_file_field_and_remedy(edited, keys, change, sentence):
    path = edited(change)

    with pytest.raises(InputError) as error:
        Document.read(path)

    assert str(error.value).startswith(str(path))
    assert sentence.format(desk=keys.desk_a.address) in str(error.value)


def test_read__no_json__names_the_file(tmp_path):
    (tmp_path / "deposit.json").write_text("{")

    with pytest.raises(InputError, match=r"deposit\.json cannot be read as an attestation document"):
        Document.read(tmp_path / "deposit.json")


# ---------------------------------------------------------------- a Safe as attestor


@pytest.fixture
def safe(suite, keys, travel):
    """A Safe of alice, bob and carol (2 of 3) in the place of custodian 2's third desk, after the delay of two days."""
    wallet = Safe.deploy(suite.w3, keys.deployer, [keys.alice, keys.bob, keys.carol], 2)
    change = admin.change_attestors(suite, 2, [keys.desk_c.address], [(wallet.address, AttestorKind.CONTRACT)])
    suite.perform(keys.custody_admin, change)
    travel(2 * DAY)
    suite.perform(keys.custody_admin, change)
    return wallet


def test_submit__key_and_safe_whose_owners_signed_apart__mints(suite, token, keys, deposit, apart, safe):
    document = deposit()
    copies = apart(document, keys.desk_a) + [
        custody.sign(document, owner, safe.address) for owner in (keys.carol, keys.bob)
    ]

    whole = custody.combine(copies)
    custody.submit(suite, keys.relay, whole)

    assert dict(whole.votes)[safe.address] == safe.sign(document.digest, keys.bob, keys.carol)
    assert token.balanceOf(keys.alice.address) == 100 * SHARE


def test_submit__safe_signature_given_as_it_is__mints(suite, token, keys, deposit, safe):
    document = custody.sign(deposit(), keys.desk_b)
    given = Signature(safe.address, safe.sign(document.digest), contract=True)

    custody.submit(suite, keys.relay, document.with_signature(given))

    assert token.balanceOf(keys.alice.address) == 100 * SHARE


def test_submit__too_few_owners_of_the_safe__refused_with_remedy(suite, keys, deposit, safe):
    document = custody.sign(custody.sign(deposit(), keys.desk_a), keys.alice, safe.address)

    with pytest.raises(Refused, match="a Safe needs as many owners as its threshold") as refused:
        custody.submit(suite, keys.relay, document)

    assert refused.value.reason == "SIGNATURE_INVALID"


def test_read__owners_part_of_another_digest__refused(keys, tmp_path, deposit, safe):
    part = custody.sign(deposit(), keys.alice, safe.address).signatures
    other = replace(deposit(shares=99 * SHARE), signatures=part)
    other.write(tmp_path / "other.json")

    with pytest.raises(InputError, match=rf"signatures\[0\]: it is not {keys.alice.address}'s over this text"):
        Document.read(tmp_path / "other.json")


# ---------------------------------------------------------------- redemptions


@pytest.fixture
def redemption(suite, token, keys, holding):
    """Alice's open request for 40 of the 100 shares that custodian 1 holds for her."""
    holding(keys.alice)
    share = suite.token(token.address)
    number = holder.redeem(suite, keys.alice, share, 1, 40 * SHARE, b"account 7".ljust(32, b"\0"))
    return custody.request(suite, number)


def answered(suite, keys, kind, number, held):
    attestation = custody.answer(suite, kind, number, held, evidence=EVIDENCE)
    return custody.submit(suite, keys.relay, custody.sign(custody.document(suite, attestation), keys.attestor))


def test_answer__release__burns_what_was_asked(suite, token, ledger, keys, redemption, events):
    receipt = answered(suite, keys, RELEASE, redemption.id, 60 * SHARE)

    assert [event.event_name for event in events(receipt)] == ["Reported", "Transfer", "Reported"]
    assert events(receipt)[2] == token.Reported(kind=Kind.BURN, amount=40 * SHARE)
    assert custody.request(suite, redemption.id).status is RequestStatus.RELEASED
    position = suite.position(token.address, 1)
    assert (position.held, position.issued) == (60 * SHARE, 60 * SHARE)
    assert token.totalSupply() == 60 * SHARE


def test_answer__reject__gives_the_tokens_back(suite, token, keys, redemption):
    answered(suite, keys, REJECT, redemption.id, 100 * SHARE)

    assert custody.request(suite, redemption.id).status is RequestStatus.REJECTED
    assert token.balanceOf(keys.alice.address) == 100 * SHARE


def test_answer__request_not_open__refused(suite, keys, redemption):
    answered(suite, keys, REJECT, redemption.id, 100 * SHARE)

    with pytest.raises(InputError, match=f"Request {redemption.id} is REJECTED and cannot be answered any more"):
        custody.answer(suite, RELEASE, redemption.id, 60 * SHARE, evidence=EVIDENCE)


def test_submit__release_after_take_back__refused(suite, token, keys, redemption, travel):
    release = custody.answer(suite, RELEASE, redemption.id, 60 * SHARE, evidence=EVIDENCE, valid_for=30 * DAY)
    document = custody.sign(custody.document(suite, release), keys.attestor)
    travel(5 * DAY)
    suite.send(keys.alice, suite.ledger.functions.takeBack(redemption.id))

    with pytest.raises(Refused, match="The redemption request is not open") as refused:
        custody.submit(suite, keys.relay, document)

    assert refused.value.reason == "REQUEST_NOT_OPEN"
    assert token.balanceOf(keys.alice.address) == 100 * SHARE


def test_requests__by_token_custodian_and_state(suite, token, keys, redemption):
    assert list(custody.requests(suite, token.address, 1)) == [redemption]
    assert list(custody.requests(suite, custodian=2)) == []

    answered(suite, keys, REJECT, redemption.id, 100 * SHARE)

    assert list(custody.requests(suite)) == []
    assert [each.status for each in custody.requests(suite, open_only=False)] == [RequestStatus.REJECTED]


def test_request__unknown__says_how_many_there_are(suite):
    with pytest.raises(InputError, match="There is no redemption request 9: the suite has 0"):
        custody.request(suite, 9)


def test_overview__statement_below_what_is_issued__under_reserved(suite, token, keys, holding, attest, sentence):
    holding(keys.alice)
    (row,) = custody.overview(suite)
    assert (row.symbol, row.custodian, row.issued_shares, row.under_reserved) == ("AAPLs", 1, 100 * SHARE, False)

    attest(sentence(shares_held=99 * SHARE))

    (row,) = custody.overview(suite)
    assert (row.position.held, row.issued_shares, row.under_reserved) == (99 * SHARE, 100 * SHARE, True)


# ---------------------------------------------------------------- CUSTODY_ADMIN

LEI = "213800KUD8LAJWSQ9D15"


def test_add_custodian__role_with_a_delay__scheduled_then_executed_by_the_same_call(suite, keys, travel):
    call = admin.add_custodian(suite, "Third Example Bank", LEI, [(keys.bob.address, AttestorKind.KEY)], 1)
    acting = keys.custody_admin

    assert admin.rehearse(suite, acting.address, call) == (
        True,
        "It would be scheduled, to be executed 48 hours later by the same command.",
    )
    due = suite.perform(acting, call)
    assert due == suite.w3.eth.get_block("latest")["timestamp"] + 2 * DAY
    assert admin.rehearse(suite, acting.address, call) == (
        False,
        f"It is scheduled already: run the same command again from {words.utc(due)} on.",
    )
    assert suite.perform(acting, call) == due
    travel(2 * DAY)
    assert admin.rehearse(suite, acting.address, call) == (True, "It would be done now.")
    suite.perform(acting, call)

    assert admin.custodians(suite)[2] == admin.Custodian(3, LEI, 1, 1, True)


def test_rehearse__no_role__refused(suite, keys):
    call = admin.set_open(suite, 1, False)

    with pytest.raises(Refused, match="AccessManagedUnauthorized"):
        admin.rehearse(suite, keys.stranger.address, call)


def test_change_terms__only_the_cap__the_rest_stays(suite, token, keys, travel):
    share = suite.token(token.address)
    call = admin.change_terms(suite, share, cap=5 * SHARE)
    suite.perform(keys.custody_admin, call)
    travel(2 * DAY)
    suite.perform(keys.custody_admin, call)

    assert suite.ledger.functions.termsOf(token.address).call() == (5 * SHARE, 2, 432_000)
    with pytest.raises(InputError, match="Nothing would change: these are the token's terms already"):
        admin.change_terms(suite, share, cap=5 * SHARE)


def test_change_terms__age_around_the_longest__as_the_ledger_takes_it(suite, token, keys, travel):
    share = suite.token(token.address)
    longest = admin.change_terms(suite, share, max_age=366)
    suite.perform(keys.custody_admin, longest)
    travel(2 * DAY)
    suite.perform(keys.custody_admin, longest)

    assert suite.ledger.functions.termsOf(token.address).call()[1] == 366
    with pytest.raises(InputError, match="an age is at most 366 business days"):
        admin.change_terms(suite, share, max_age=367)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda s, k: admin.set_open(s, 1, True), "Custodian 1 is open already: nothing to do."),
        (lambda s, k: admin.set_open(s, 9, True), "There is no custodian 9: the suite has 2"),
        (lambda s, k: admin.change_attestors(s, 2, [], []), "Nothing would change: name attestors to add or remove"),
        (lambda s, k: admin.change_attestors(s, 2, [k.bob.address], []), "remove: .* is no attestor of custodian 2"),
        (
            lambda s, k: admin.change_attestors(s, 2, [], [(k.desk_a.address, AttestorKind.KEY)]),
            "add: .* is an attestor of custodian 2 already",
        ),
        (lambda s, k: admin.change_attestors(s, 2, [], [], 4), "threshold: 4 of 3 attestors is impossible"),
        (
            lambda s, k: admin.change_attestors(s, 2, [], [(k.bob.address, AttestorKind.CONTRACT)]),
            "contract has no code on chain",
        ),
        (
            lambda s, k: admin.change_attestors(s, 2, [], [(k.bob.address, AttestorKind.KEY)] * 2),
            "is named twice: an attestor has one vote",
        ),
        (lambda s, k: admin.add_custodian(s, "X", "213800KUD8LXJWSQ9D15", [], 1), "lei: '213800KUD8LXJWSQ9D15'"),
        (lambda s, k: admin.add_custodian(s, "X", LEI[:18], [], 1), "lei: "),
        (lambda s, k: admin.add_custodian(s, " ", LEI, [], 1), "name: it is empty: give the custodian's legal name"),
        (lambda s, k: admin.add_custodian(s, "X", LEI, [], 1), "threshold: 1 of 0 attestors is impossible"),
        (lambda s, k: admin.parse_attestor(k.bob.address), "write ADDRESS:key, or ADDRESS:contract"),
    ],
)
def test_admin__act_that_could_not_land__refused_two_days_early(suite, keys, act, sentence):
    with pytest.raises(InputError, match=sentence):
        act(suite, keys)


# ---------------------------------------------------------------- what people type


def test_parse__good_values__read(tmp_path):
    (tmp_path / "statement.pdf").write_bytes(b"abc")
    keccak_of_abc = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"

    assert words.parse_evidence(str(tmp_path / "statement.pdf"), "evidence").hex() == keccak_of_abc
    assert words.parse_evidence("0x" + keccak_of_abc, "evidence").hex() == keccak_of_abc
    assert words.show_reference(words.parse_reference("DTC-7", "ref")) == "DTC-7"
    assert words.show_reference(b"\xff" * 32) == "0x" + "ff" * 32
    assert words.parse_moment("2026-11-22T16:00:00Z", "as-of") == words.parse_moment("1795363200", "as-of")
    assert [words.parse_span(text, "x") for text in ("90", "90s", "2m", "36h", "5d")] == [90, 90, 120, 129_600, 432_000]


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (words.parse_address, "0x12", "x: '0x12' is not an address"),
        (words.parse_address, "0x" + "ab" * 20, "fails its EIP-55 checksum: copy the address again from its source"),
        (words.parse_evidence, "missing.pdf", "x: missing.pdf cannot be read .*: give a file, or its keccak256"),
        (words.parse_reference, "x" * 33, "use 1 to 32 printable ASCII characters"),
        (words.parse_reference, "0x12", "is not 32 bytes"),
        (words.parse_moment, "2026-11-22 16:00", "is no moment with a zone: write it like 2026-11-22T16:00:00Z"),
        (words.parse_span, "5w", "is no span of time: write it like 90s, 30m, 36h or 5d"),
        (words.parse_amount, "1,000", "x: '1,000' is not a number of shares"),
        (words.parse_amount, "1e30", "x: 1e30 shares are more than can be recorded"),
    ],
)
def test_parse__bad_values__name_field_and_remedy(parse, text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse(text, "x")
