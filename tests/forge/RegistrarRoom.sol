// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Basis} from "../../contracts/types/Basis.sol";
import {InvestorRecord, Record} from "../../contracts/types/InvestorRecord.sol";
import {Role} from "../../contracts/types/Role.sol";
import {EnforcementRoom} from "./EnforcementRoom.sol";

/// @title Registrars, and COMPLIANCE over them: records written, offered, taken over, assigned; numbers given and taken.
abstract contract RegistrarRoom is EnforcementRoom {
    // ---------------------------------------------------------------- rows

    /// @dev One or two rows of one registrar, all or none; mostly good ones.
    function setRecords(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawRegistrar(dice);
        _count(_write(dice, caller, _drawPlaces(dice, registrars[caller], 3)));
    }

    function _drawRegistrar(Dice memory dice) private view returns (address) {
        return _rarely(dice, 12) ? _drawWallet(dice) : _rarely(dice, 3) ? REGISTRAR_2 : REGISTRAR_1;
    }

    /// @dev One or two wallets, of the number's records as a rule; once in so many, any.
    function _drawPlaces(Dice memory dice, uint16 number, uint256 rarely)
        private
        view
        returns (uint256[] memory places)
    {
        places = new uint256[](1 + _draw(dice, 2));
        for (uint256 i = 0; i < places.length; ++i) {
            uint256 place = _draw(dice, wallets.length);
            bool any = _rarely(dice, rarely);
            for (uint256 j = 0; j < wallets.length && !any && records[wallets[place]].registrar() != number; ++j) {
                place = (place + 1) % wallets.length;
            }
            places[i] = place;
        }
    }

    /// @dev A row for a wallet that is offered, if one is, by whom it is offered to; sometimes by the other registrar.
    function takeOver(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint256[] memory places = new uint256[](1);
        places[0] = _draw(dice, wallets.length);
        for (uint256 i = 0; i < wallets.length && offers[wallets[places[0]]] == 0; ++i) {
            places[0] = (places[0] + 1) % wallets.length;
        }
        address wallet = wallets[places[0]];
        uint16 owner = records[wallet].registrar();
        bool second = (offers[wallet] == 2) != _rarely(dice, 6);
        bool ok = _write(dice, second ? REGISTRAR_2 : REGISTRAR_1, places);
        _count(ok && owner != 0 && owner != records[wallet].registrar());
    }

    function _write(Dice memory dice, address caller, uint256[] memory places) private returns (bool ok) {
        address[] memory rows = new address[](places.length);
        InvestorRecord[] memory words = new InvestorRecord[](places.length);
        uint16 number = registrars[caller];
        bool fits = number != 0;
        for (uint256 i = 0; i < rows.length; ++i) {
            rows[i] = wallets[places[i]];
            words[i] = _drawRecord(dice, places[i], number);
            fits = fits && words[i].registrar() == number && _isOpenTo(rows[i], number)
                && words[i].standing() != Record.NONE && words[i].status() <= Record.REVOKED;
        }

        bytes memory call_ = abi.encodeCall(registry.setRecords, (rows, words, _drawOrder(dice)));
        bytes memory back;
        (ok, back) = _act(caller, address(registry), call_);
        _weighRight(3, _may(Role.REGISTRAR, caller), fits, ok, back);
        _confirmNothingMoved();
        InvestorRecord written = records[rows[rows.length - 1]].withFrozen(false);
        bool same = InvestorRecord.unwrap(written) == InvestorRecord.unwrap(words[rows.length - 1]);
        _check(6, !ok || same, "another record reported than written");
    }

    /// @dev Whether the registrar may write the wallet's record: nobody's yet, its own, or offered to it.
    function _isOpenTo(address wallet, uint16 number) private view returns (bool) {
        uint16 owner = records[wallet].registrar();
        return owner == 0 || owner == number || offers[wallet] == number;
    }

    function _drawRecord(Dice memory dice, uint256 place, uint16 number) private view returns (InvestorRecord) {
        uint256 word = InvestorRecord.unwrap(_goodRecord(place));
        uint256 change = _draw(dice, 16);
        if (change == 0) word ^= 3; // ACTIVE becomes REVOKED
        if (change == 1) word &= ~(uint256(1) << (8 + _draw(dice, 5))); // one scope less
        if (change == 2) word = (word & ~(uint256(0xff) << 24)) | ((1 + _draw(dice, 10)) << 24); // another class
        if (change == 3) {
            word = (word & ~(uint256(type(uint40).max) << 64)) | ((block.timestamp + _draw(dice, 3 days)) << 64);
        }
        if (change == 4) word |= Record.FROZEN; // never a registrar's to write
        InvestorRecord record = InvestorRecord.wrap(word);
        return _rarely(dice, 16) ? record : record.withRegistrar(number);
    }

    // ---------------------------------------------------------------- records that change hands

    /// @dev One or two of the registrar's own records as a rule, to the other one; now and then withdrawn.
    function offerRecords(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawRegistrar(dice);
        uint16 number = registrars[caller];
        uint16 to = number == 1 ? 2 : 1;
        if (_rarely(dice, 4)) to = [0, number, 3, Record.LOST][_draw(dice, 4)];
        address[] memory list = _drawRecordsOf(dice, number);
        bool fits = number != 0 && to != Record.LOST && to != number;
        for (uint256 i = 0; i < list.length; ++i) {
            fits = fits && records[list[i]].registrar() == number && offers[list[i]] != to;
        }

        (bool ok, bytes memory back) =
            _act(caller, address(registry), abi.encodeCall(registry.offerRecords, (list, to)));
        _weighRight(3, _may(Role.REGISTRAR, caller), fits && !_repeats(list), ok, back);
        _confirmNothingMoved();
        _check(6, !ok || offers[list[0]] == to, "another offer reported than made");
        _count(ok);
    }

    function assignRecords(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        Basis basis = _drawBasis(dice);
        uint16 to = uint16(1 + _draw(dice, 2));
        if (_rarely(dice, 8)) to = _rarely(dice, 2) ? 0 : Record.LOST;
        address[] memory list = _drawRecordsOf(dice, to == 1 ? 2 : 1);
        bool fits = !basis.isUnstated() && to != 0 && to != Record.LOST && !_repeats(list);
        for (uint256 i = 0; i < list.length; ++i) {
            uint16 owner = records[list[i]].registrar();
            fits = fits && owner != 0 && owner != Record.LOST && owner != to;
        }

        bytes memory call_ = abi.encodeCall(registry.assignRecords, (list, to, basis, _drawOrder(dice)));
        (bool ok, bytes memory back) = _act(caller, address(registry), call_);
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(3, !ok || records[list[0]].registrar() == to, "an assignment did not show");
        _count(ok);
    }

    function _drawRecordsOf(Dice memory dice, uint16 number) private view returns (address[] memory list) {
        uint256[] memory places = _drawPlaces(dice, number, 12);
        list = new address[](places.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = wallets[places[i]];
        }
    }

    function _repeats(address[] memory list) private pure returns (bool) {
        return list.length == 2 && list[0] == list[1];
    }

    // ---------------------------------------------------------------- numbers

    /// @dev A second key of registrar 1 comes and goes, so that a key is rotated without rewriting records.
    function setRegistrar(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        uint16 number = _rarely(dice, 8) ? Record.LOST : uint16(_draw(dice, 3));
        bool fits = number != Record.LOST && registrars[SPARE] != number;

        (bool ok, bytes memory back) =
            _act(caller, address(registry), abi.encodeCall(registry.setRegistrar, (SPARE, number)));
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(3, !ok || registrars[SPARE] == number, "a registrar's number did not show");
        _count(ok);
    }
}
