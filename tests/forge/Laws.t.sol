// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {IReportStream} from "../../contracts/interfaces/IReportStream.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Attestation, Sentence, Vote} from "../../contracts/types/Attestation.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {Movement} from "../../contracts/types/Movement.sol";
import {PositionWord} from "../../contracts/types/PositionWord.sol";
import {ReasonCode} from "../../contracts/types/ReasonCode.sol";
import {Role} from "../../contracts/types/Role.sol";
import {AuthorityRoom} from "./AuthorityRoom.sol";
import {CustodyRoom} from "./CustodyRoom.sol";
import {HolderRoom} from "./HolderRoom.sol";
import {ListingRoom} from "./ListingRoom.sol";
import {RegistrarRoom} from "./RegistrarRoom.sol";

/// @title The laws of ARCHITECTURE section 5 under every sequence of acts that forge can think of.
/// @dev The rooms' handlers never revert: each foretells its outcome by the plain rules, and `broken` keeps what contradicts
/// a law. What can only be seen in the state as a whole is looked at here.
contract Laws is HolderRoom, CustodyRoom, ListingRoom, RegistrarRoom, AuthorityRoom {
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
        string[38] memory names = _names();
        list = new bytes4[](names.length + 4);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _selector(names[i % names.length]);
        }
    }

    function _names() private pure returns (string[38] memory) {
        return [
            "transfer",
            "transferFrom",
            "deposit",
            "requestRedemption",
            "batchTransfer",
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
            "phase",
            "halt",
            "regulatorSuspension",
            "exemptionStatus",
            "amendExemption",
            "setDocument",
            "setPolicy",
            "schedule",
            "perform",
            "cancel",
            "trespass",
            "renounce",
            "acknowledge",
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
        _enough("sentences", sentences, 3);
        _enough("exits", done[this.requestRedemption.selector] + done[this.takeBack.selector], 3);
        _enough("freezes and forces", done[this.setFrozenTokens.selector] + done[this.force.selector], 3);
        _enough("pauses", done[this.pause.selector] + done[this.unpause.selector], 3);
        _enough("records", done[this.setRecords.selector], 1);
        _enough("delayed acts", done[this.schedule.selector] + done[this.cancel.selector], 3);
    }

    function _enough(string memory what, uint256 count, uint256 least) private pure {
        require(count >= least, string.concat("too few successes: ", what));
    }

    /// @dev Eight walks over handlers drawn as forge draws them. What is rare in one must have succeeded in some.
    function test_handlers__eight_walks__each_succeeds_often() external {
        bytes4[] memory handlers = _handlers();
        string[38] memory names = _names();
        uint256[38] memory successes;
        uint256 start = vm.snapshotState();
        for (uint256 walk = 0; walk < 8; ++walk) {
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
            // A recovery with a request still open needs much to come together.
            bool rare = _selector(names[i]) == this.recoverRequests.selector;
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
        require(_agrees(address(token)) && _agrees(address(otherToken)), "a token does not know its state");
        require(token.control().settings() == settings[address(token)].settings(), "settings changed silently");
        require(
            otherToken.control().settings() == settings[address(otherToken)].settings(), "settings changed silently"
        );
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
        address[6] memory streams = _streams();
        for (uint256 i = 0; i < streams.length; ++i) {
            (uint32 seq, uint160 chain) = IReportStream(streams[i]).reportHead();
            require(seq == heads[streams[i]].seq, "a stream's number is not that of its last report");
            require(chain == heads[streams[i]].chain, "a stream's chain is not that of its reports");
        }
        _rebuiltHolders(_turn(2) == 0 ? token : otherToken);
        _rebuiltCustody(address(_turn(2) == 0 ? token : otherToken));
        _rebuiltSettings();
    }

    function _rebuiltHolders(ShareToken share) private view {
        address own = address(share);
        for (uint256 i = 0; i < wallets.length; ++i) {
            address wallet = wallets[i];
            require(share.balanceOf(wallet) == balances[own][wallet], "a balance is not rebuilt");
            require(share.getFrozenTokens(wallet) == frozen[own][wallet], "a frozen amount is not rebuilt");
        }
        require(share.totalSupply() == supply[own], "the supply is not rebuilt");
        require(share.implementation() == runsOn[own], "the implementation is not rebuilt");
        require(share.control().settings() == settings[own].settings(), "settings are not rebuilt");
        address known = wallets[_turn(wallets.length)];
        bool same = InvestorRecord.unwrap(registry.recordOf(known)) == InvestorRecord.unwrap(records[known]);
        require(same, "a record is not rebuilt");
        require(registry.offeredTo(known) == offers[known], "an offer is not rebuilt");
        require(registry.registrarOf(SPARE) == registrars[SPARE], "a registrar is not rebuilt");
    }

    function _rebuiltCustody(address share) private view {
        uint32 custodian = uint32(1 + _turn(2));
        PositionWord word = ledger.positionOf(share, custodian);
        Position memory position = positions[share][custodian];
        bool amounts = word.held() == position.held && word.issued() == position.issued;
        bool counts = word.lastSequence() == position.sequence && word.lastAsOf() == position.asOf;
        require(amounts && counts, "a position is not rebuilt");
        if (requestCount != 0) {
            uint256 id = 1 + _turn(requestCount);
            bool same = keccak256(abi.encode(ledger.requestOf(id))) == keccak256(abi.encode(requests[id]));
            require(same, "a request is not rebuilt");
        }
        require(ledger.requestCount() == requestCount, "a request was not reported");
        require(
            keccak256(abi.encode(ledger.termsOf(share))) == keccak256(abi.encode(terms[share])), "terms are not rebuilt"
        );
        ICustodyLedger.Custodian memory entry = ledger.custodianOf(custodian);
        Desk memory desk = desks[custodian];
        bool sameDesk =
            entry.open == desk.open && entry.threshold == desk.threshold && entry.attestors == desk.attestors;
        require(sameDesk, "a custodian is not rebuilt");
        address signer = signers[_turn(signers.length)];
        bool attestor = ledger.attestorKindOf(custodian, signer) != ICustodyLedger.AttestorKind.NONE;
        require(attestor == attests[custodian][signer], "an attestor is not rebuilt");
    }

    function _rebuiltSettings() private view {
        address share = address(_turn(2) == 0 ? token : otherToken);
        IListingRegistry.Listing memory listing = listings.listingOf(share);
        Listed memory told = listed[share];
        bool same = listing.exemption == told.exemption && listing.phase == told.phase && listing.halted == told.halted
            && listing.suspendedByRegulator == told.suspendedByRegulator;
        require(same, "a listing is not rebuilt");
        require(listings.phaseOf(share) == _phase(share), "a phase is not rebuilt");
        IListingRegistry.Exemption memory exemption = listings.exemptionOf(told.exemption);
        bool sameTerm = keccak256(abi.encode(exemption)) == keccak256(abi.encode(exemptions[told.exemption]));
        require(sameTerm, "an exemption is not rebuilt");
        bytes32 name = bytes32(1 + _turn(2));
        (, bytes32 hash,) = listings.getDocument(share, name);
        require(hash == documents[share][name], "a document is not rebuilt");
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

    /// @dev What is looked at in turns, call by call, because looking at all of it each time would take all the time.
    function _turn(uint256 places) private view returns (uint256) {
        return uint256(keccak256(abi.encode(calls, places))) % places;
    }
}
