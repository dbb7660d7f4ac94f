// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISuiteAuthority} from "../../contracts/interfaces/ISuiteAuthority.sol";
import {Role} from "../../contracts/types/Role.sol";
import {AuthorityRoom} from "./AuthorityRoom.sol";

/// @title What is said of records: how far the regulator holds them, and the days that the issuer anchors.
abstract contract RecordRoom is AuthorityRoom {
    function acknowledge(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _rarely(dice, 6) ? _drawAnyone(dice) : _holds(Role.REGULATOR, REGULATOR) ? REGULATOR : SPARE;
        address stream = _stream(_draw(dice, _streamCount()));
        Head memory head = heads[stream];
        uint32 seq = head.seq - uint32(_draw(dice, head.seq > 3 ? 3 : 1));
        uint160 chain = head.chain;
        if (_rarely(dice, 8)) ++seq;
        if (_rarely(dice, 8)) ++chain;
        bool fits = seq > marks[stream].seq && (seq < head.seq || (seq == head.seq && chain == head.chain));

        (bool ok, bytes memory back) =
            _act(caller, address(authority), abi.encodeCall(authority.acknowledge, (stream, seq, chain)));
        _weighRight(6, _may(Role.REGULATOR, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(6, !ok || (marks[stream].seq == seq && marks[stream].chain == chain), "another mark than acknowledged");
        (uint32 mark,) = authority.acknowledged(stream);
        _check(6, mark == marks[stream].seq, "a mark moved without its report");
        _count(ok);
    }

    /// @dev The days after the last one as a rule, or yesterday; the last one again, or one that is not over. What belongs to
    /// the day, or a root, a count or a sequence that does not.
    function anchor(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _rarely(dice, 6) ? _drawAnyone(dice) : _holds(Role.ISSUER, ISSUER) ? ISSUER : SPARE;
        uint32 today = uint32(block.timestamp / 1 days);
        uint32 day = anchoredDay == 0 || _rarely(dice, 4) ? today - 1 : anchoredDay + 1;
        if (_rarely(dice, 8)) day = _rarely(dice, 2) ? today : anchoredDay;
        uint32 count = _rarely(dice, 3) ? 0 : uint32(1 + _draw(dice, 1000));
        uint64 last = anchors[anchoredDay].lastSequence + count;
        if (_rarely(dice, 10)) ++last;
        bool whole = !_rarely(dice, 10);
        bytes32 root = (count == 0) == whole ? bytes32(0) : keccak256(abi.encode(seed));
        bytes memory foretold = _anchorRefusal(day, root, count, last);

        (bool ok, bytes memory back) =
            _act(caller, address(authority), abi.encodeCall(authority.anchor, (day, root, count, last)));
        _weighRight(6, _may(Role.ISSUER, caller), foretold.length == 0, ok, back);
        bool same = ok || !_may(Role.ISSUER, caller) || keccak256(back) == keccak256(foretold);
        _check(7, same, "refused for another reason than the first");
        _confirmNothingMoved();
        Anchor memory told = anchors[day];
        bool kept = anchoredDay == day && told.root == root && told.count == count && told.lastSequence == last;
        _check(6, !ok || kept, "another anchor than made");
        _count(ok);
    }

    /// @dev The refusal of an anchor, by the interface's prose; none for a good one.
    function _anchorRefusal(uint32 day, bytes32 root, uint32 count, uint64 last) private view returns (bytes memory) {
        uint256 today = block.timestamp / 1 days;
        uint64 expected = anchors[anchoredDay].lastSequence + count;
        if (day <= anchoredDay) {
            return abi.encodeWithSelector(ISuiteAuthority.AuthorityAnchorNotLater.selector, day, anchoredDay);
        }
        if (day >= today) return abi.encodeWithSelector(ISuiteAuthority.AuthorityAnchorTooEarly.selector, day, today);
        if ((count == 0) != (root == 0)) {
            return abi.encodeWithSelector(ISuiteAuthority.AuthorityAnchorRootWrong.selector, root, count);
        }
        if (last == expected) return "";
        return abi.encodeWithSelector(ISuiteAuthority.AuthorityAnchorSequenceWrong.selector, last, expected);
    }
}
