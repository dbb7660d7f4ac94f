// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Reason} from "../../contracts/types/ReasonCode.sol";
import {Stage} from "./Stage.sol";

/// @title Holders and those who move for them: transfer, batch, allowance, permit, transfer by a platform.
abstract contract HolderRoom is Stage {
    /// @dev Allowances are settings of the holder and not reported: kept by the handlers.
    mapping(address token => mapping(address owner => mapping(address spender => uint256))) internal allowances;

    function transfer(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        Ask memory ask;
        (ask.token, ask.kind, ask.from) = (address(share), TRANSFER, _drawHolder(dice, share));
        (ask.operator, ask.party) = (ask.from, _drawParty(dice));
        ask.amount = _drawAmount(dice, ask.token, ask.from);
        uint8 foretold = _against(ask);
        uint8 seen = share.detectTransferRestriction(ask.from, ask.party, ask.amount);
        _checkPermission(share, ask);

        bytes memory single = abi.encodeCall(share.transfer, (ask.party, ask.amount));
        bytes memory row = abi.encodeCall(share.batchTransfer, (_one(ask.party), _one(ask.amount)));
        bool batched = _rarely(dice, 2);
        (bool ok, bytes memory back) = _act(ask.from, ask.token, batched ? row : single);
        _weigh(7, foretold, seen, ok, back);
        if (!ok) {
            (bool otherOk, bytes memory other) = _act(ask.from, ask.token, batched ? single : row);
            _check(7, !otherOk && keccak256(other) == keccak256(back), "single and batch answer differently");
        }
        _confirm(ok, ask, 0);
        _count(ok && ask.amount != 0);
    }

    /// @dev ERC-7943: the same answer with the balance step left out, asked here by someone who executes nothing.
    function _checkPermission(ShareToken share, Ask memory ask) private {
        uint256 amount = ask.amount > balances[ask.token][ask.from] ? 0 : ask.amount;
        bool permitted = _against(Ask(ask.token, TRANSFER, ask.operator, ask.from, ask.party, amount)) == 0;
        _check(7, share.canTransfer(ask.from, ask.party, ask.amount) == permitted, "canTransfer differs");
    }

    /// @dev Three rows, all or none; the balance left for a row is what the rows before it leave.
    function batchTransfer(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        Ask memory ask;
        (ask.token, ask.kind, ask.from) = (address(share), TRANSFER, _drawHolder(dice, share));
        ask.operator = ask.from;
        address[] memory receivers = new address[](3);
        uint256[] memory amounts = new uint256[](3);
        uint8 foretold;
        uint256 spent;
        for (uint256 i = 0; i < 3; ++i) {
            (receivers[i], amounts[i]) = (_drawParty(dice), _drawAmount(dice, ask.token, ask.from) / 3);
            ask.party = receivers[i];
            ask.amount = spent + amounts[i];
            if (foretold == 0) foretold = _against(ask);
            if (ask.party != ask.from) spent += amounts[i];
        }

        (bool ok, bytes memory back) =
            _act(ask.from, ask.token, abi.encodeCall(share.batchTransfer, (receivers, amounts)));
        _weigh(7, foretold, NO_VIEW, ok, back);
        Entry[] memory entries = _replay();
        _check(6, entries.length == (ok ? 3 : 0), "a batch moved in part");
        for (uint256 i = 0; i < entries.length && i < 3; ++i) {
            (ask.party, ask.amount) = (receivers[i], amounts[i]);
            _confirmEntry(entries[i], ask, 0);
        }
        _count(ok && spent != 0);
    }

    /// @dev By an executor or someone who is none, with an allowance or without.
    function transferFrom(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        Ask memory ask;
        (ask.token, ask.kind, ask.from) = (address(share), TRANSFER, _drawHolder(dice, share));
        ask.operator = _rarely(dice, 6) ? _drawWallet(dice) : wallets[PLATFORM_WALLET + _draw(dice, 3)];
        ask.party = _drawParty(dice);
        ask.amount = _drawAmount(dice, ask.token, ask.from);
        if (!_rarely(dice, 8)) _allow(share, ask.from, ask.operator, ask.amount + _draw(dice, 2));
        uint256 allowance = allowances[ask.token][ask.from][ask.operator];
        uint8 foretold = allowance < ask.amount ? _number(Reason.INSUFFICIENT_ALLOWANCE) : _against(ask);
        uint8 seen = share.detectTransferRestrictionFrom(ask.operator, ask.from, ask.party, ask.amount);

        (bool ok, bytes memory back) =
            _act(ask.operator, ask.token, abi.encodeCall(share.transferFrom, (ask.from, ask.party, ask.amount)));
        _weigh(7, foretold, seen, ok, back);
        _confirm(ok, ask, 0);
        if (ok && allowance != type(uint256).max) allowances[ask.token][ask.from][ask.operator] -= ask.amount;
        uint256 left = share.allowance(ask.from, ask.operator);
        _check(2, left == allowances[ask.token][ask.from][ask.operator], "an allowance was not spent");
        _count(ok && ask.amount != 0);
    }

    /// @dev Only sets an allowance, whoever the owner is and whatever is stopped.
    function permit(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address spender = wallets[PLATFORM_WALLET + _draw(dice, 3)];
        uint256 amount = _rarely(dice, 3) ? type(uint256).max : _draw(dice, 1 << 80);
        bool forged = _rarely(dice, 8);
        uint256 deadline = block.timestamp + _draw(dice, 2);
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(forged ? DESK_A_KEY : HOLDER_KEY, _permitDigest(share, spender, amount, deadline));

        (bool ok,) =
            _act(RELAY, address(share), abi.encodeCall(share.permit, (wallets[0], spender, amount, deadline, v, r, s)));
        _check(8, ok == !forged, "a permit without its holder's signature, or refused with it");
        if (ok) allowances[address(share)][wallets[0]][spender] = amount;
        _confirmNothingMoved();
        _count(ok);
    }

    function _permitDigest(ShareToken share, address spender, uint256 amount, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(abi.encode(typeHash, wallets[0], spender, amount, share.nonces(wallets[0]), deadline));
        return keccak256(abi.encodePacked(hex"1901", share.DOMAIN_SEPARATOR(), hash));
    }

    function _allow(ShareToken share, address owner, address spender, uint256 amount) private {
        (bool ok,) = _act(owner, address(share), abi.encodeCall(share.approve, (spender, amount)));
        _check(7, ok, "approve only sets an allowance");
        allowances[address(share)][owner][spender] = amount;
    }

    function _one(address value) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = value;
    }

    function _one(uint256 value) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = value;
    }
}
