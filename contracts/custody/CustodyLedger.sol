// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {ICustodyLedger} from "../interfaces/ICustodyLedger.sol";
import {IERC8056} from "../interfaces/IERC8056.sol";
import {IInvestorRegistry} from "../interfaces/IInvestorRegistry.sol";
import {IListingRegistry} from "../interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../interfaces/IMarketStatus.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Attestation, Sentence, Vote} from "../types/Attestation.sol";
import {Basis} from "../types/Basis.sol";
import {Control} from "../types/ControlWord.sol";
import {Kind} from "../types/Movement.sol";
import {Multiplier} from "../types/Multiplier.sol";
import {PositionWord, toPosition} from "../types/PositionWord.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title CustodyLedger
contract CustodyLedger is ICustodyLedger, Governed, ReportStream, EIP712 {
    using Sentence for Attestation;

    uint8 private constant ATTESTATION = 1;
    uint8 private constant REQUEST = 2;
    uint8 private constant TAKE_BACK = 3;
    uint8 private constant FORCED = 4;
    uint8 private constant REQUEST_RECOVERED = 5;
    uint8 private constant CUSTODIAN = 6;
    uint8 private constant ATTESTORS = 7;
    uint8 private constant TERMS = 8;

    uint256 private constant SHARE = 1e18;
    uint256 private constant MAX_96 = type(uint96).max;
    /// @dev No terms may put the holder's way back further off than this.
    uint256 private constant LONGEST_REDEMPTION = 180 days;

    /// @dev Days within which business days are counted.
    uint256 private constant LONGEST_AGE = 366;

    IInvestorRegistry private immutable REGISTRY;
    IListingRegistry private immutable LISTINGS;
    IMarketStatus private immutable MARKET;

    mapping(address token => mapping(uint32 custodian => PositionWord)) private _positions;
    mapping(address token => Terms) private _terms;
    mapping(uint32 custodian => Custodian) private _custodians;
    mapping(uint32 custodian => mapping(address account => AttestorKind)) private _attestors;
    mapping(uint256 id => Request) private _requests;
    uint256 private _requestCount;
    uint32 private _custodianCount;

    /// @dev The judgement of one sentence: why not, and what follows if it lands.
    /// @param given What the sentence brings against `wanted`, for the error.
    /// @param tokens Raw tokens to mint, burn or give back.
    /// @param threshold How many attestors of the custodian must sign.
    /// @param issuedAfter Raw tokens issued against the custodian afterwards.
    struct Judgement {
        ReasonCode code;
        uint256 given;
        uint256 wanted;
        uint256 threshold;
        uint256 tokens;
        uint256 issuedAfter;
    }

    constructor(address authority_, address registry, address listings, address market)
        Governed(authority_)
        EIP712("Stockade CustodyLedger", "1")
    {
        REGISTRY = IInvestorRegistry(registry);
        LISTINGS = IListingRegistry(listings);
        MARKET = IMarketStatus(market);
    }

    // ---------------------------------------------------------------- custodians, relayed by anyone

    /// @inheritdoc ICustodyLedger
    function attest(Attestation calldata attestation, Vote[] calldata votes) external {
        _attest(attestation, votes);
    }

    /// @inheritdoc ICustodyLedger
    function attestBatch(Attestation[] calldata attestations, Vote[][] calldata votes) external {
        require(attestations.length == votes.length, CustodyLengthsDiffer(attestations.length, votes.length));

        for (uint256 i = 0; i < attestations.length; ++i) {
            _attest(attestations[i], votes[i]);
        }
    }

    // ---------------------------------------------------------------- holders

    /// @inheritdoc ICustodyLedger
    function requestRedemption(address token, uint32 custodian, uint256 amount, bytes32 deliveryRef)
        external
        returns (uint256 id)
    {
        uint32 period = _terms[token].redemptionPeriod;
        _require(period != 0, Reason.TOKEN_UNKNOWN, uint160(token), 0);
        _require(_custodians[custodian].threshold != 0, Reason.CUSTODIAN_UNKNOWN, custodian, _custodianCount);
        _require(amount != 0, Reason.ZERO_AMOUNT, 0, 1);
        _require(amount <= MAX_96, Reason.AMOUNT_TOO_LARGE, amount, MAX_96);
        if (!IShareToken(token).control().follows(Control.FRACTIONAL_REDEMPTION)) {
            uint256 shares = _multiplierOf(token).toShares(amount);
            _require(shares % SHARE == 0, Reason.NOT_WHOLE_SHARES, shares, shares - shares % SHARE);
        }

        id = ++_requestCount;
        Request memory request = Request({
            token: token,
            custodian: custodian,
            deadline: uint40(block.timestamp + period),
            status: RequestStatus.OPEN,
            holder: msg.sender,
            amount: uint96(amount)
        });
        _requests[id] = request;
        _report(REQUEST, abi.encode(id, request, deliveryRef));

        IShareToken(token).escrow({holder: msg.sender, amount: amount, requestId: bytes32(id)});
    }

    /// @inheritdoc ICustodyLedger
    function takeBack(uint256 id) external {
        Request storage request = _openRequest(id);
        (address token, address holder, uint256 amount) = (request.token, request.holder, request.amount);
        _require(msg.sender == holder, Reason.REQUEST_NOT_HOLDER, uint160(msg.sender), uint160(holder));
        uint40 deadline = request.deadline;
        _require(block.timestamp >= deadline, Reason.REQUEST_NOT_DUE, block.timestamp, deadline);

        request.status = RequestStatus.TAKEN_BACK;
        _report(TAKE_BACK, abi.encode(id));

        IShareToken(token).giveBack({holder: holder, amount: amount, requestId: bytes32(id)});
    }

    // ---------------------------------------------------------------- compliance

    /// @inheritdoc ICustodyLedger
    function forceRedemption(uint256 id, address to, Basis basis, bytes32 orderHash) external restricted {
        require(!basis.isUnstated(), CustodyBasisUnstated());
        Request storage request = _openRequest(id);
        (address token, uint256 amount) = (request.token, request.amount);

        bytes32 ref = basis.withOrder(orderHash);
        request.status = RequestStatus.FORCED;
        _report(FORCED, abi.encode(id, to, ref));

        IShareToken(token).forceEscrow({to: to, amount: amount, ref: ref});
    }

    /// @inheritdoc ICustodyLedger
    function recoverRequests(uint256[] calldata ids) external restricted {
        for (uint256 i = 0; i < ids.length; ++i) {
            Request storage request = _requests[ids[i]];
            // Answered or taken back in the meantime: the others still go on.
            if (request.status != RequestStatus.OPEN) continue;
            (address replacement, bytes32 ref) = REGISTRY.recoveryOf(request.holder);
            // The replacement takes over an escrow that was not its own, so it must be one that a force could reach.
            ReasonCode code = IShareToken(request.token)
                .restrictionOf(Kind.FORCE, address(this), address(this), replacement, request.amount);
            _require(code.isNone(), code, ids[i], uint160(replacement));

            request.holder = replacement;
            _report(REQUEST_RECOVERED, abi.encode(ids[i], replacement, ref));
        }
    }

    // ---------------------------------------------------------------- custody admin

    /// @inheritdoc ICustodyLedger
    function addCustodian(bytes20 lei, bytes32 nameHash, Attestor[] calldata attestors, uint8 threshold)
        external
        restricted
        returns (uint32 custodian)
    {
        require(lei != 0 && nameHash != 0, CustodyInvalidCustodian(lei, nameHash));

        custodian = ++_custodianCount;
        _custodians[custodian] = Custodian({lei: lei, threshold: 0, attestors: 0, open: true, nameHash: nameHash});
        _report(CUSTODIAN, abi.encode(custodian, lei, nameHash, true));
        _changeAttestors(custodian, new address[](0), attestors, threshold);
    }

    /// @inheritdoc ICustodyLedger
    function setCustodianOpen(uint32 custodian, bool open) external restricted {
        Custodian storage entry = _known(custodian);
        require(entry.open != open, CustodyUnchanged());

        entry.open = open;
        _report(CUSTODIAN, abi.encode(custodian, entry.lei, entry.nameHash, open));
    }

    /// @inheritdoc ICustodyLedger
    function setAttestors(uint32 custodian, address[] calldata removed, Attestor[] calldata added, uint8 threshold)
        external
        restricted
    {
        bool sameQuorum = _known(custodian).threshold == threshold;
        require(removed.length + added.length != 0 || !sameQuorum, CustodyUnchanged());
        _changeAttestors(custodian, removed, added, threshold);
    }

    /// @inheritdoc ICustodyLedger
    function setTerms(address token, Terms calldata terms) external restricted {
        require(LISTINGS.isListed(token), CustodyTokenNotListed(token));
        bool sound = terms.maxPositionAge != 0 && terms.maxPositionAge <= LONGEST_AGE && terms.redemptionPeriod != 0;
        require(sound && terms.redemptionPeriod <= LONGEST_REDEMPTION, CustodyInvalidTerms(terms));

        _terms[token] = terms;
        _report(TERMS, abi.encode(token, terms));
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc ICustodyLedger
    function restrictionOf(Attestation memory a, Vote[] calldata votes) external view returns (ReasonCode) {
        Judgement memory j;
        _judge(j, a);
        if (!j.code.isNone()) return j.code;
        if (votes.length != 0) {
            _judgeVotes(j, a.custodian, _hashTypedDataV4(a.structHash()), votes);
            if (!j.code.isNone()) return j.code;
        }

        IShareToken token = IShareToken(a.token);
        if (a.kind == Sentence.DEPOSIT) {
            return token.restrictionOf(Kind.MINT, address(this), address(0), a.account, j.tokens);
        }
        if (a.kind == Sentence.RELEASE) {
            return token.restrictionOf(Kind.BURN, address(this), address(this), a.account, j.tokens);
        }
        if (a.kind == Sentence.REJECT) {
            return token.restrictionOf(Kind.GIVE_BACK, address(this), address(this), a.account, j.tokens);
        }
        return Reason.NONE;
    }

    /// @inheritdoc ICustodyLedger
    function digestOf(Attestation memory attestation) external view returns (bytes32) {
        return _hashTypedDataV4(attestation.structHash());
    }

    /// @inheritdoc ICustodyLedger
    function positionOf(address token, uint32 custodian) external view returns (PositionWord) {
        return _positions[token][custodian];
    }

    /// @inheritdoc ICustodyLedger
    function isUnderReserved(address token, uint32 custodian) external view returns (bool) {
        PositionWord position = _positions[token][custodian];
        uint256 tokens = position.issued();
        return tokens != 0 && _multiplierOf(token).toShares(tokens) > position.held();
    }

    /// @inheritdoc ICustodyLedger
    function custodianOf(uint32 custodian) external view returns (Custodian memory) {
        return _custodians[custodian];
    }

    /// @inheritdoc ICustodyLedger
    function custodianCount() external view returns (uint32) {
        return _custodianCount;
    }

    /// @inheritdoc ICustodyLedger
    function attestorKindOf(uint32 custodian, address account) external view returns (AttestorKind) {
        return _attestors[custodian][account];
    }

    /// @inheritdoc ICustodyLedger
    function termsOf(address token) external view returns (Terms memory) {
        return _terms[token];
    }

    /// @inheritdoc ICustodyLedger
    function requestOf(uint256 id) external view returns (Request memory) {
        return _requests[id];
    }

    /// @inheritdoc ICustodyLedger
    function requestCount() external view returns (uint256) {
        return _requestCount;
    }

    // ---------------------------------------------------------------- internals: landing a sentence

    function _attest(Attestation memory a, Vote[] calldata votes) private {
        bytes32 digest = _hashTypedDataV4(a.structHash());
        Judgement memory j;
        _judge(j, a);
        if (j.code.isNone()) _judgeVotes(j, a.custodian, digest, votes);
        if (!j.code.isNone()) revert CustodyRefused(j.code, j.given, j.wanted);

        _positions[a.token][a.custodian] = toPosition(a.sharesHeld, j.issuedAfter, a.sequence, a.asOf);
        if (a.kind == Sentence.RELEASE) _requests[uint256(a.ref)].status = RequestStatus.RELEASED;
        if (a.kind == Sentence.REJECT) _requests[uint256(a.ref)].status = RequestStatus.REJECTED;
        _report(ATTESTATION, abi.encode(a, j.issuedAfter));

        IShareToken token = IShareToken(a.token);
        if (a.kind == Sentence.DEPOSIT) token.mint({to: a.account, amount: j.tokens, digest: digest});
        if (a.kind == Sentence.RELEASE) token.burn({holder: a.account, amount: j.tokens, digest: digest});
        if (a.kind == Sentence.REJECT) token.giveBack({holder: a.account, amount: j.tokens, requestId: a.ref});
    }

    /// @dev Everything but the signatures and the token's own demands.
    function _judge(Judgement memory j, Attestation memory a) private view {
        Terms memory terms = _terms[a.token];
        PositionWord position = _positions[a.token][a.custodian];
        j.issuedAfter = position.issued();

        if (terms.redemptionPeriod == 0) return _because(j, Reason.TOKEN_UNKNOWN, uint160(a.token), 0);
        Custodian storage custodian = _custodians[a.custodian];
        j.threshold = custodian.threshold;
        if (j.threshold == 0) return _because(j, Reason.CUSTODIAN_UNKNOWN, a.custodian, _custodianCount);
        if (!_isWellFormed(a)) return _because(j, Reason.ATTESTATION_MALFORMED, a.kind, 0);
        if (a.sequence != position.lastSequence() + 1) {
            return _because(j, Reason.SEQUENCE, a.sequence, position.lastSequence() + 1);
        }
        if (a.asOf > block.timestamp) return _because(j, Reason.AS_OF_FUTURE, a.asOf, block.timestamp);
        if (a.asOf < position.lastAsOf()) return _because(j, Reason.AS_OF_BACKWARDS, a.asOf, position.lastAsOf());
        if (block.timestamp >= a.validUntil) {
            return _because(j, Reason.ATTESTATION_EXPIRED, block.timestamp, a.validUntil);
        }

        if (a.kind == Sentence.DEPOSIT) {
            if (!custodian.open) return _because(j, Reason.CUSTODIAN_CLOSED, a.custodian, 0);
            _judgeDeposit(j, a, terms);
        }
        if (a.kind == Sentence.RELEASE || a.kind == Sentence.REJECT) _judgeAnswer(j, a);
    }

    function _judgeDeposit(Judgement memory j, Attestation memory a, Terms memory terms) private view {
        uint256 age = _ageOf(a.token, a.asOf, terms.maxPositionAge);
        if (age > terms.maxPositionAge) return _because(j, Reason.POSITION_STALE, age, terms.maxPositionAge);
        if (a.shares > terms.depositCap) return _because(j, Reason.OVER_DEPOSIT_CAP, a.shares, terms.depositCap);

        Multiplier multiplier = _multiplierOf(a.token);
        j.tokens = multiplier.toTokens(a.shares);
        j.issuedAfter += j.tokens;
        uint256 backed = multiplier.toShares(j.issuedAfter);
        if (backed > a.sharesHeld) return _because(j, Reason.UNDER_RESERVED, backed, a.sharesHeld);
        // What a position cannot hold cannot be issued; with a multiplier below one, tokens may outnumber shares.
        if (j.issuedAfter > MAX_96) return _because(j, Reason.AMOUNT_TOO_LARGE, j.issuedAfter, MAX_96);
    }

    function _judgeAnswer(Judgement memory j, Attestation memory a) private view {
        Request memory request = _requests[uint256(a.ref)];
        if (request.status != RequestStatus.OPEN) {
            return _because(j, Reason.REQUEST_NOT_OPEN, uint256(a.ref), uint256(request.status));
        }
        j.tokens = request.amount;
        uint256 shares = _multiplierOf(request.token).toShares(j.tokens);
        bool matches = request.token == a.token && request.custodian == a.custodian && request.holder == a.account;
        if (!matches || shares != a.shares) return _because(j, Reason.REQUEST_MISMATCH, a.shares, shares);
        if (a.kind == Sentence.REJECT) return;

        if (j.tokens > j.issuedAfter) return _because(j, Reason.ISSUED_TOO_LOW, j.tokens, j.issuedAfter);
        j.issuedAfter -= j.tokens;
    }

    /// @dev In business days of the share's market. There are never more of them than days, and a sentence is seldom older than its
    /// limit in days, so the calendar is seldom asked; beyond a year, days are age enough.
    function _ageOf(address token, uint256 asOf, uint256 limit) private view returns (uint256 age) {
        age = block.timestamp / 1 days - asOf / 1 days;
        if (age <= limit || age > LONGEST_AGE) return age;
        return MARKET.businessDays(token, uint40(asOf), uint40(block.timestamp));
    }

    /// @dev Every given vote must count: one that does not is an error, even beyond the threshold.
    function _judgeVotes(Judgement memory j, uint32 custodian, bytes32 digest, Vote[] calldata votes) private view {
        if (votes.length < j.threshold) {
            _because(j, Reason.TOO_FEW_SIGNATURES, votes.length, j.threshold);
            return;
        }
        mapping(address account => AttestorKind) storage attestors = _attestors[custodian];
        address last = address(0);
        for (uint256 i = 0; i < votes.length; ++i) {
            address attestor = votes[i].attestor;
            AttestorKind kind = attestors[attestor];
            if (kind == AttestorKind.NONE) {
                _because(j, Reason.NOT_AN_ATTESTOR, uint160(attestor), i);
            } else if (attestor <= last) {
                _because(j, Reason.ATTESTORS_UNORDERED, uint160(attestor), uint160(last));
            } else if (!_signed(attestor, kind, digest, votes[i].signature)) {
                _because(j, Reason.SIGNATURE_INVALID, uint160(attestor), i);
            }
            if (!j.code.isNone()) return;
            last = attestor;
        }
    }

    /// @dev OpenZeppelin's recovery takes 65 bytes and low s only.
    function _signed(address attestor, AttestorKind kind, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        if (kind == AttestorKind.CONTRACT) {
            return SignatureChecker.isValidERC1271SignatureNow(attestor, digest, signature);
        }
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == attestor;
    }

    function _isWellFormed(Attestation memory a) private pure returns (bool) {
        if (a.sharesHeld > MAX_96 || a.shares > MAX_96) return false;
        if (a.kind == Sentence.STATEMENT) return a.shares == 0 && a.account == address(0) && a.ref == 0;
        bool known = a.kind == Sentence.DEPOSIT || a.kind == Sentence.RELEASE || a.kind == Sentence.REJECT;
        return known && a.shares != 0 && a.account != address(0);
    }

    function _because(Judgement memory j, ReasonCode code, uint256 given, uint256 wanted) private pure {
        (j.code, j.given, j.wanted) = (code, given, wanted);
    }

    // ---------------------------------------------------------------- internals: the rest

    function _changeAttestors(uint32 custodian, address[] memory removed, Attestor[] calldata added, uint8 threshold)
        private
    {
        Custodian storage entry = _custodians[custodian];
        uint256 count = entry.attestors;
        mapping(address account => AttestorKind) storage attestors = _attestors[custodian];

        for (uint256 i = 0; i < removed.length; ++i) {
            bool there = attestors[removed[i]] != AttestorKind.NONE;
            require(there, CustodyInvalidAttestors(removed[i], count, threshold));
            delete attestors[removed[i]];
            --count;
        }
        for (uint256 i = 0; i < added.length; ++i) {
            (address account, AttestorKind kind) = (added[i].account, added[i].kind);
            bool usable = account != address(0) && kind != AttestorKind.NONE
                && (kind == AttestorKind.KEY || account.code.length != 0) && attestors[account] == AttestorKind.NONE;
            require(usable, CustodyInvalidAttestors(account, count, threshold));
            attestors[account] = kind;
            ++count;
        }
        bool sound = count <= type(uint8).max && threshold != 0 && threshold <= count;
        require(sound, CustodyInvalidAttestors(address(0), count, threshold));

        entry.attestors = uint8(count);
        entry.threshold = threshold;
        _report(ATTESTORS, abi.encode(custodian, removed, added, threshold));
    }

    function _openRequest(uint256 id) private view returns (Request storage request) {
        request = _requests[id];
        RequestStatus status = request.status;
        _require(status == RequestStatus.OPEN, Reason.REQUEST_NOT_OPEN, id, uint256(status));
    }

    function _multiplierOf(address token) private view returns (Multiplier) {
        return Multiplier.wrap(IERC8056(token).uiMultiplier());
    }

    function _known(uint32 custodian) private view returns (Custodian storage entry) {
        entry = _custodians[custodian];
        require(entry.threshold != 0, CustodyUnknownCustodian(custodian));
    }

    function _require(bool condition, ReasonCode code, uint256 given, uint256 wanted) private pure {
        if (!condition) revert CustodyRefused(code, given, wanted);
    }
}
