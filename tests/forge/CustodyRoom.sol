// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Attestation, Sentence, Vote} from "../../contracts/types/Attestation.sol";
import {Kind} from "../../contracts/types/Movement.sol";
import {Reason, ReasonCode} from "../../contracts/types/ReasonCode.sol";
import {Stage} from "./Stage.sol";

/// @title Custodians and redemptions: sentences good and bad, quorums good and bad, requests, answers, the holder's way back.
abstract contract CustodyRoom is Stage {
    // ---------------------------------------------------------------- sentences

    function deposit(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        Attestation memory a = _blank(dice, Sentence.DEPOSIT);
        a.account = _rarely(dice, 12) ? _drawParty(dice) : _drawWallet(dice);
        a.shares = SHARE * _draw(dice, 200) + (_rarely(dice, 2) ? 1 + _draw(dice, SHARE) : SHARE);
        a.ref = _drawOrder(dice);
        a.sharesHeld = positions[a.token][a.custodian].issued + a.shares + SHARE * _draw(dice, 3);
        // Now and then less than what was issued with it.
        uint256 missing = _rarely(dice, 8) ? SHARE * _draw(dice, 3) + 1 : 0;
        if (missing < a.sharesHeld) a.sharesHeld -= missing;
        _spoil(a, dice);
        _land(a, dice);
    }

    function statement(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        Attestation memory a = _blank(dice, Sentence.STATEMENT);
        uint256 issued = positions[a.token][a.custodian].issued;
        // Truth first: also less than what was issued, which shuts mint and nothing else.
        a.sharesHeld = _rarely(dice, 3) ? issued / (1 + _draw(dice, 3)) : issued + SHARE * _draw(dice, 9);
        _spoil(a, dice);
        _land(a, dice);
    }

    /// @dev RELEASE or REJECT of an open request, as a rule by the custodian it is addressed to.
    function answer(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint256 id = _drawRequest(dice);
        Attestation memory a = _blank(dice, _rarely(dice, 3) ? Sentence.REJECT : Sentence.RELEASE);
        ICustodyLedger.Request memory request = requests[id];
        bool right = !_rarely(dice, 8);
        if (right) (a.token, a.custodian) = (request.token, request.custodian);
        a.sequence = positions[a.token][a.custodian].sequence + 1;
        (a.account, a.shares, a.ref) = (request.holder, request.amount, bytes32(id));
        uint256 issued = positions[a.token][a.custodian].issued;
        a.sharesHeld = issued > a.shares ? issued - a.shares : 0;
        _spoil(a, dice);
        _land(a, dice);
    }

    /// @dev Two custodians' sentences in one batch, all or none.
    function attestBatch(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        Attestation[] memory both = new Attestation[](2);
        Vote[][] memory votes = new Vote[][](2);
        uint8 foretold;
        for (uint32 i = 0; i < 2; ++i) {
            Attestation memory a = _blank(dice, Sentence.DEPOSIT);
            if (i == 1) a.token = both[0].token;
            (a.custodian, a.account, a.shares) = (i + 1, _drawWallet(dice), SHARE * (1 + _draw(dice, 9)));
            a.sequence = positions[a.token][a.custodian].sequence + 1;
            a.sharesHeld = positions[a.token][a.custodian].issued + a.shares;
            if (_rarely(dice, 4)) _spoil(a, dice);
            uint8 why;
            (votes[i], why) = _votes(a, _rarely(dice, 8) ? 1 + _draw(dice, 5) : 0);
            both[i] = a;
            sound[_digestOf(a)] = why == 0;
            if (foretold == 0) foretold = _againstAll(a, why);
        }

        (bool ok, bytes memory back) = _act(RELAY, address(ledger), abi.encodeCall(ledger.attestBatch, (both, votes)));
        _weigh(7, foretold, NO_VIEW, ok, back);
        Entry[] memory entries = _replay();
        _check(6, entries.length == (ok ? 2 : 0), "a batch landed in part");
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 digest = _digestOf(both[i]);
            if (ok && entries.length == 2) _confirmEntry(entries[i], _askOf(both[i]), digest);
            sound[digest] = false;
        }
        _count(ok);
    }

    function _blank(Dice memory dice, uint8 kind) private view returns (Attestation memory a) {
        a.token = address(_drawToken(dice));
        a.custodian = uint32(1 + _draw(dice, 2));
        a.kind = kind;
        a.sequence = positions[a.token][a.custodian].sequence + 1;
        a.evidence = keccak256("evidence");
        a.asOf = uint40(block.timestamp);
        a.validUntil = uint40(block.timestamp + 1 days);
    }

    /// @dev One fault, in every fifth sentence.
    function _spoil(Attestation memory a, Dice memory dice) private view {
        uint256 fault = _draw(dice, 60);
        if (fault == 0) a.sequence += 1;
        if (fault == 1) a.sequence -= 1;
        if (fault == 2) a.asOf += 1;
        if (fault == 3) a.asOf -= uint40(_draw(dice, 9) * 1 days);
        if (fault == 4) a.validUntil = uint40(block.timestamp);
        if (fault == 5) a.custodian = 9;
        if (fault == 6) a.shares = 0;
        if (fault == 7) a.shares = uint256(DEPOSIT_CAP) + 1;
        if (fault == 8 && a.sharesHeld != 0) a.sharesHeld -= 1;
        if (fault == 9) a.kind = uint8(_draw(dice, 6));
        if (fault == 10) a.token = address(registry);
        if (fault == 11) a.account = RELAY;
    }

    function _land(Attestation memory a, Dice memory dice) private {
        (Vote[] memory votes, uint8 why) = _votes(a, _rarely(dice, 6) ? 1 + _draw(dice, 5) : 0);
        bytes32 digest = _digestOf(a);
        sound[digest] = why == 0;
        uint8 foretold = _againstAll(a, why);
        // Without votes the view leaves signatures out.
        uint8 seen = votes.length == 0 ? NO_VIEW : ReasonCode.unwrap(ledger.restrictionOf(a, votes));

        bytes memory single = abi.encodeCall(ledger.attest, (a, votes));
        bytes memory row = _batchOf(a, votes);
        bool batched = _rarely(dice, 2);
        (bool ok, bytes memory back) = _act(RELAY, address(ledger), batched ? row : single);
        _weigh(a.kind == Sentence.REJECT || a.kind == Sentence.RELEASE ? 5 : 7, foretold, seen, ok, back);
        if (!ok) {
            (bool otherOk, bytes memory other) = _act(RELAY, address(ledger), batched ? single : row);
            _check(7, !otherOk && keccak256(other) == keccak256(back), "single and batch answer differently");
        }
        if (ok && a.kind == Sentence.STATEMENT) _confirmNothingMoved();
        else _confirm(ok, _askOf(a), a.kind == Sentence.REJECT ? a.ref : digest);
        sound[digest] = false;
        _count(ok);
    }

    /// @dev The reason against a sentence, signatures and the token's demands included.
    function _againstAll(Attestation memory a, uint8 votes) private view returns (uint8 code) {
        code = _againstSentence(a);
        if (code == 0) code = votes;
        if (code == 0 && a.kind != Sentence.STATEMENT) code = _against(_askOf(a));
    }

    function _batchOf(Attestation memory a, Vote[] memory votes) private view returns (bytes memory) {
        Attestation[] memory rows = new Attestation[](1);
        Vote[][] memory rowVotes = new Vote[][](1);
        (rows[0], rowVotes[0]) = (a, votes);
        return abi.encodeCall(ledger.attestBatch, (rows, rowVotes));
    }

    // ---------------------------------------------------------------- quorums

    /// @dev A quorum of the custodian's present attestors, with one fault if asked for.
    /// @return votes Ascending by attestor, unless that is the fault.
    /// @return why The reason code the fault brings.
    function _votes(Attestation memory a, uint256 fault) internal view returns (Vote[] memory votes, uint8 why) {
        uint256 threshold = desks[a.custodian].threshold;
        if (threshold == 0) return (votes, 0);
        bytes32 digest = _digestOf(a);
        votes = new Vote[](fault == 1 ? threshold - 1 : fault == 2 && threshold == 1 ? 2 : threshold);
        uint256 count;
        for (uint256 i = 0; i < keys.length && count < threshold && count < votes.length; ++i) {
            bool attestor = attests[a.custodian][signers[i]];
            if (attestor) votes[count++] = Vote(signers[i], _sign(keys[i], digest));
        }
        if (fault == 1) return (votes, _number(Reason.TOO_FEW_SIGNATURES));
        if (fault == 2) {
            // One attestor twice, where there is room in another's place.
            votes[votes.length - 1] = votes[votes.length - 2];
            return (votes, _number(Reason.ATTESTORS_UNORDERED));
        }
        if (fault == 3) {
            votes[0] = Vote(wallets[0], _sign(HOLDER_KEY, digest));
            return (votes, _number(Reason.NOT_AN_ATTESTOR));
        }
        if (fault == 4) {
            votes[0].signature = _sign(HOLDER_KEY, digest);
            return (votes, _number(Reason.SIGNATURE_INVALID));
        }
        if (fault == 5) {
            // A good signature under another sentence, as a replay would bring it.
            votes[0].signature = _sign(_keyOf(votes[0].attestor), keccak256(abi.encode(digest)));
            return (votes, _number(Reason.SIGNATURE_INVALID));
        }
    }

    function _keyOf(address attestor) private view returns (uint256) {
        for (uint256 i = 0; i < keys.length; ++i) {
            if (signers[i] == attestor) return keys[i];
        }
        return HOLDER_KEY;
    }

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // ---------------------------------------------------------------- redemption

    function requestRedemption(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address holder = _drawHolder(dice, share);
        uint32 custodian = _rarely(dice, 20) ? 9 : uint32(1 + _draw(dice, 2));
        uint256 amount = _drawAmount(dice, address(share), holder);
        if (!_rarely(dice, 6)) amount = amount < SHARE ? SHARE : amount - amount % SHARE;
        _request(share, holder, custodian, amount);
    }

    function _request(ShareToken share, address holder, uint32 custodian, uint256 amount) private {
        Ask memory ask = Ask(address(share), ESCROW, address(ledger), holder, address(ledger), amount);
        uint8 foretold = _againstRequest(ask.token, custodian, holder, amount);
        bytes memory call_ =
            abi.encodeCall(ledger.requestRedemption, (ask.token, custodian, amount, keccak256("delivery")));
        // The ledger's own part has no view; the token's has.
        uint8 seen = foretold == 0 || foretold < Reason.AMOUNT
            ? ReasonCode.unwrap(share.restrictionOf(Kind.ESCROW, ask.operator, holder, ask.party, amount))
            : NO_VIEW;

        (bool ok, bytes memory back) = _act(holder, address(ledger), call_);
        _weigh(5, foretold, seen, ok, back);
        uint256 id = requestCount + 1;
        _confirm(ok, ask, bytes32(id));
        uint256 deadline = block.timestamp + terms[ask.token].redemptionPeriod;
        _check(5, !ok || requests[id].deadline == deadline, "another deadline than the terms'");
        _count(ok);
    }

    function takeBack(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint256 id = _drawRequest(dice);
        ICustodyLedger.Request memory request = requests[id];
        address caller = _rarely(dice, 8) ? _drawWallet(dice) : request.holder;
        uint8 foretold = _againstTakeBack(id, caller);

        (bool ok, bytes memory back) = _act(caller, address(ledger), abi.encodeCall(ledger.takeBack, (id)));
        _weigh(5, foretold, NO_VIEW, ok, back);
        address desk = address(ledger);
        _confirm(ok, Ask(request.token, GIVE_BACK, desk, desk, caller, request.amount), bytes32(id));
        _count(ok);
    }
}
