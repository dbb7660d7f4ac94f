// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Attestation, Sentence, Vote} from "../../contracts/types/Attestation.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {Movement} from "../../contracts/types/Movement.sol";
import {PositionWord} from "../../contracts/types/PositionWord.sol";
import {ReasonCode} from "../../contracts/types/ReasonCode.sol";
import {Role} from "../../contracts/types/Role.sol";
import {ClockRoom} from "./ClockRoom.sol";
import {CustodyRoom} from "./CustodyRoom.sol";
import {HolderRoom} from "./HolderRoom.sol";
import {Rebuilt} from "./Rebuilt.sol";
import {RecordRoom} from "./RecordRoom.sol";
import {RegistrarRoom} from "./RegistrarRoom.sol";

/// @title The laws of ARCHITECTURE section 5 under every sequence of acts that forge can think of.
/// @dev The rooms' handlers never revert: each foretells its outcome by the plain rules, and `broken` keeps what contradicts
/// a law. What can only be seen in the state as a whole is looked at here.
contract Laws is HolderRoom, CustodyRoom, RegistrarRoom, ClockRoom, RecordRoom, Rebuilt {
    uint256 private constant HANDLERS = 53;
    /// @dev As many names from the first on come twice.
    uint256 private constant TWICE = 7;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @notice How often a handler succeeded in the walks (forge test -vvvv shows it).
    event Succeeded(string handler, uint256 times);

    function setUp() public {
        vm.recordLogs();
        acting = address(this);
        _deploySuite();
        nextImplementation = _newImplementation(address(factory));
        foreignImplementation = _newImplementation(address(listings));
        _startReplay();
        _replay();
        acting = ISSUER;
        _beginPeriods();
        _replay();
        _openShares();
        _replay();
        _nameActors();
        _admitAll();
        _fillAll();
        armed = true;
    }

    function _admitAll() private {
        address[] memory admitted = new address[](9);
        InvestorRecord[] memory words = new InvestorRecord[](9);
        for (uint256 i = 0; i < 9; ++i) {
            (admitted[i], words[i]) = (wallets[i], _goodRecord(i));
        }
        _act(REGISTRAR_1, address(registry), abi.encodeCall(registry.setRecords, (admitted, words, 0)));
        _replay();
    }

    function _fillAll() private {
        for (uint256 i = 0; i < 28; ++i) {
            Attestation memory a;
            a.token = address(i % 2 == 0 ? token : otherToken);
            (a.custodian, a.kind, a.shares) = (uint32(1 + (i / 2) % 2), Sentence.DEPOSIT, 100 * SHARE);
            Position memory position = positions[a.token][a.custodian];
            (a.sequence, a.sharesHeld) = (position.sequence + 1, position.held + a.shares);
            a.account = wallets[(i / 4) % 6];
            (a.asOf, a.validUntil) = (uint40(block.timestamp), uint40(block.timestamp + 1));
            (Vote[] memory votes,) = _votes(a, 0);
            sound[_digestOf(a)] = true;
            (bool ok,) = _act(RELAY, address(ledger), abi.encodeCall(ledger.attest, (a, votes)));
            require(ok, "the stage could not be set");
            _replay();
        }
    }

    // ---------------------------------------------------------------- what forge calls

    function targetContracts() external view returns (address[] memory list) {
        return _one(address(this));
    }

    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(this), _handlers());
    }

    /// @dev What the suite is for comes twice as often.
    function _handlers() private pure returns (bytes4[] memory list) {
        string[HANDLERS] memory names = _names();
        list = new bytes4[](names.length + TWICE);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _selector(names[i % names.length]);
        }
    }

    function _names() private pure returns (string[HANDLERS] memory) {
        return [
            "transfer",
            "transferFrom",
            "deposit",
            "requestRedemption",
            "batchTransfer",
            "heartbeat",
            "sync",
            "permit",
            "statement",
            "answer",
            "attestBatch",
            "takeBack",
            "freezeWallet",
            "setFrozenTokens",
            "force",
            "forceRedemption",
            "recover",
            "recoverBalance",
            "recoverRequests",
            "pause",
            "unpause",
            "setRecords",
            "takeOver",
            "offerRecords",
            "assignRecords",
            "setRegistrar",
            "listShare",
            "recordIssuerNotice",
            "recordObjection",
            "setDocument",
            "activate",
            "phase",
            "windDown",
            "halt",
            "regulatorSuspension",
            "addExemption",
            "amendExemption",
            "publishNotice",
            "exemptionStatus",
            "relay",
            "relayVenue",
            "marketHalt",
            "marketRules",
            "calendar",
            "setPolicy",
            "schedule",
            "perform",
            "cancel",
            "trespass",
            "renounce",
            "acknowledge",
            "anchor",
            "pass"
        ];
    }

    function _selector(string memory name) private pure returns (bytes4) {
        return bytes4(keccak256(bytes(string.concat(name, "(uint256)"))));
    }

    // ---------------------------------------------------------------- at the end of each run

    /// @dev Every campaign answers for all laws, whichever it looks at after each call. A run in which too little succeeded
    /// shows nothing: it fails as well.
    function afterInvariant() external view {
        for (uint256 law = 1; law <= 8; ++law) {
            _holdsLaw(law);
        }
        if (calls < 500) return;
        // A run that is paused or suspended early may see no transfer; the eight walks below ask for those.
        uint256 moves = done[this.transfer.selector] + done[this.transferFrom.selector] + done[this.force.selector];
        _enough("movements", moves + done[this.deposit.selector] + done[this.requestRedemption.selector], 3);
        uint256 sentences = done[this.deposit.selector] + done[this.statement.selector] + done[this.answer.selector];
        _enough("sentences", sentences, 2);
        _enough("exits", done[this.requestRedemption.selector] + done[this.takeBack.selector], 1);
        _enough("freezes and forces", done[this.setFrozenTokens.selector] + done[this.force.selector], 1);
        _enough("pauses", done[this.pause.selector] + done[this.unpause.selector], 1);
        uint256 records = done[this.setRecords.selector] + done[this.takeOver.selector];
        _enough("records", records + done[this.offerRecords.selector] + done[this.assignRecords.selector], 1);
        _enough("delayed acts", done[this.schedule.selector] + done[this.cancel.selector], 1);
    }

    function _enough(string memory what, uint256 count, uint256 least) private pure {
        require(count >= least, string.concat("too few successes: ", what));
    }

    /// @dev Sixteen walks over handlers drawn as forge draws them. What is rare in one must have succeeded in some.
    function test_handlers__sixteen_walks__each_succeeds_often() external {
        bytes4[] memory handlers = _handlers();
        string[HANDLERS] memory names = _names();
        uint256[HANDLERS] memory successes;
        uint256 start = vm.snapshotState();
        for (uint256 walk = 0; walk < 16; ++walk) {
            for (uint256 i = 0; i < 500; ++i) {
                uint256 seed = uint256(keccak256(abi.encode(walk, i)));
                (bool ok,) = address(this).call(abi.encodeWithSelector(handlers[seed % handlers.length], seed));
                require(ok, "a handler reverted");
            }
            for (uint256 i = 0; i < names.length; ++i) {
                successes[i] += done[_selector(names[i])];
            }
            vm.revertToState(start);
        }
        for (uint256 i = 0; i < names.length; ++i) {
            emit Succeeded(names[i], successes[i]);
        }
        for (uint256 i = 0; i < names.length; ++i) {
            // A recovery with a request still open, and a share's first day, need much to come together.
            bytes4 name = _selector(names[i]);
            bool rare = name == this.recoverRequests.selector || name == this.activate.selector;
            _enough(names[i], successes[i], rare ? 2 : 8);
        }
    }

    // ---------------------------------------------------------------- the laws

    /// @dev Mints are judged as they land; a pocket below what was issued says so.
    function invariant_law1_mintsAreHeldAndSigned() external view {
        _holdsLaw(1);
        for (uint32 custodian = 1; custodian <= 2; ++custodian) {
            address share = address(_turn(2) == 0 ? token : otherToken);
            PositionWord position = ledger.positionOf(share, custodian);
            bool short = position.issued() > position.held();
            require(ledger.isUnderReserved(share, custodian) == short, "an under-reserved pocket does not say so");
        }
    }

    function invariant_law2_sumsAgree() external view {
        _holdsLaw(2);
        _sumsAgree(token);
        _sumsAgree(otherToken);
    }

    function _sumsAgree(ShareToken share) private view {
        uint256 escrow = share.balanceOf(address(ledger));
        uint256 sum = escrow;
        for (uint256 i = 0; i < wallets.length; ++i) {
            sum += share.balanceOf(wallets[i]);
        }
        require(sum == share.totalSupply(), "the balances are not the supply");
        uint256 issued = ledger.positionOf(address(share), 1).issued() + ledger.positionOf(address(share), 2).issued();
        require(issued == sum, "the supply is not what was issued");
        require(escrow == openRequests[address(share)], "the escrow is not the open requests");
    }

    /// @dev Growth is judged entry by entry; here, that an ineligible wallet has no more than its entries say.
    function invariant_law3_onlyTheEligibleGain() external view {
        _holdsLaw(3);
        ShareToken share = _turn(2) == 0 ? token : otherToken;
        for (uint256 i = 0; i < wallets.length; ++i) {
            address wallet = wallets[i];
            if (_isEligible(address(share), wallet)) continue;
            require(share.balanceOf(wallet) <= balances[address(share)][wallet], "an ineligible wallet gained silently");
        }
    }

    /// @dev Movements are judged as they happen; here, that each token knows the state it must obey.
    function invariant_law4_whatIsStoppedStops() external view {
        _holdsLaw(4);
        require(_agrees(shares[_turn(shares.length)]), "a token does not know its state");
        require(_stopsWithItsMarket(token) && _stopsWithItsMarket(otherToken), "trading while its market is halted");
        require(token.control().settings() == settings[address(token)].settings(), "settings changed silently");
        require(
            otherToken.control().settings() == settings[address(otherToken)].settings(), "settings changed silently"
        );
    }

    /// @dev News of a halt needs nobody else: the token's own bit stands from the transaction that told it.
    function _stopsWithItsMarket(ShareToken share) private view returns (bool) {
        (bool halts, bytes32 code) = _marketHalts(address(share));
        return !halts || code == "STALE" || share.control().halted();
    }

    /// @dev Tried on the state as it stands, and undone: what an invariant does is not kept.
    function invariant_law5_exitsStayOpen() external {
        _holdsLaw(5);
        address holder = wallets[_turn(wallets.length)];
        if (records[holder].isFrozen()) return;

        ShareToken share = _turn(3) == 0 ? otherToken : token;
        uint256 balance = share.balanceOf(holder);
        uint256 kept = share.getFrozenTokens(holder);
        uint256 amount = balance > kept ? (balance - kept) / SHARE * SHARE : 0;
        if (amount != 0) {
            vm.prank(holder);
            uint256 id = ledger.requestRedemption(address(share), uint32(1 + _turn(2)), amount, 0);
            _takesBack(holder, id);
            require(share.balanceOf(holder) == balance, "the way back brought another amount");
        }
        uint256 last = requestCount;
        for (uint256 id = last; id > 0 && id + 8 > last; --id) {
            bool open = requests[id].status == ICustodyLedger.RequestStatus.OPEN;
            if (open && requests[id].holder == holder) _takesBack(holder, id);
        }
    }

    function _takesBack(address holder, uint256 id) private {
        uint256 deadline = ledger.requestOf(id).deadline;
        if (block.timestamp < deadline) vm.warp(deadline);
        vm.prank(holder);
        ledger.takeBack(id);
    }

    function invariant_law6_reportsTellEverything() external view {
        _holdsLaw(6);
        _rebuilt();
    }

    /// @dev Refusals are compared as they come; here the views that name none, and every kind for some pair.
    function invariant_law7_oneReasonEverywhere() external view {
        _holdsLaw(7);
        ShareToken share = _turn(2) == 0 ? token : otherToken;
        address from = wallets[_turn(wallets.length)];
        address to = wallets[_turn(7) % wallets.length];
        require(share.canReceive(to) == _isEligible(address(share), to), "canReceive differs");
        require(share.canSend(from) == _isSender(address(share), from), "canSend differs");
        for (uint8 kind = TRANSFER; kind <= FORCE; ++kind) {
            Ask memory ask = Ask(address(share), kind, kind == MINT ? address(ledger) : COMPLIANCE, from, to, SHARE);
            ReasonCode seen = share.restrictionOf(Movement.wrap(kind), ask.operator, from, to, SHARE);
            require(ReasonCode.unwrap(seen) == _against(ask), "a view gives another reason than the rules");
        }
        uint8 code = share.detectTransferRestriction(from, to, SHARE);
        require(bytes(share.messageForTransferRestriction(code)).length != 0, "a reason without a text");
    }

    /// @dev Roles are judged as they change; here, that the authority holds what was reported, and the table stands.
    function invariant_law8_noRoleReachesFurther() external view {
        _holdsLaw(8);
        uint64 role = uint64(_turn(11));
        address[5] memory accounts = [_firstOf(role), SPARE, RELAY, address(this), wallets[_turn(10)]];
        uint256 members;
        for (uint256 i = 0; i < accounts.length; ++i) {
            (bool member, uint32 delay) = authority.hasRole(role, accounts[i]);
            require(member == memberships[role][accounts[i]].member, "a role is held that was not reported");
            require(!member || delay >= _leastDelay(role), "a role is held with too short a delay");
            if (member) ++members;
        }
        require(role != Role.ADMIN || members != 0, "no ADMIN is left");
        bool operational = role >= Role.ISSUER && role <= Role.PAUSER;
        require(authority.getRoleAdmin(role) == (operational ? Role.KEY_ADMIN : Role.ADMIN), "another grants the role");
        require(authority.getRoleGuardian(role) == Role.GUARDIAN, "another cancels");
        uint64 upgrades = authority.getTargetFunctionRole(address(factory), factory.upgrade.selector);
        require(upgrades == Role.UPGRADER, "another upgrades");
        uint64 custody = authority.getTargetFunctionRole(address(ledger), ledger.setAttestors.selector);
        require(custody == Role.CUSTODY_ADMIN, "another changes attestors");
        require(token.implementation() == runsOn[address(token)], "upgraded silently");
    }

    // ---------------------------------------------------------------- helpers

    function _holdsLaw(uint256 law) private view {
        require(bytes(broken[law]).length == 0, broken[law]);
    }
}
