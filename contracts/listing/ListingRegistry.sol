// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {IListingRegistry} from "../interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../interfaces/IMarketStatus.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {ISuiteFactory} from "../interfaces/ISuiteFactory.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Basis} from "../types/Basis.sol";
import {Control} from "../types/ControlWord.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title ListingRegistry
contract ListingRegistry is IListingRegistry, Governed, ReportStream {
    uint8 private constant EXEMPTION = 1;
    uint8 private constant LISTING = 2;
    uint8 private constant PHASE = 3;
    uint8 private constant HALT = 4;
    uint8 private constant DOCUMENT = 5;
    uint8 private constant REGULATOR_SUSPENSION = 6;
    uint8 private constant TERMS = 7;
    uint8 private constant NOTICE = 8;
    uint8 private constant ISSUER_NOTICE = 9;
    uint8 private constant OBJECTION = 10;
    uint8 private constant MARKET_HALT = 11;

    /// @dev The document that tells how the token's rights were verified (R9).
    bytes32 private constant RIGHTS = "RIGHTS";

    /// @dev Bounds the loop that reaches every token of an exemption, or of a market, in one transaction (16,777,216 gas, EIP-7825):
    /// in parts, some would still trade while others are stopped. The order admits 75 + 250 symbols (R12).
    uint256 private constant MOST_TOKENS = 400;

    ISuiteFactory private immutable FACTORY;
    address private immutable MARKET;

    mapping(uint32 exemption => Exemption) private _exemptions;
    mapping(uint32 exemption => mapping(uint32 version => Terms)) private _terms;
    mapping(address token => Listing) private _listings;
    mapping(bytes12 isin => address token) private _byIsin;
    mapping(address token => mapping(bytes32 name => Document)) private _documents;
    mapping(address token => bytes32[]) private _documentNames;
    address[] private _tokens;
    uint32 private _exemptionCount;

    constructor(address authority_, address factory, address market) Governed(authority_) {
        FACTORY = ISuiteFactory(factory);
        MARKET = market;
    }

    // ---------------------------------------------------------------- issuer

    /// @inheritdoc IListingRegistry
    function addExemption(Terms calldata terms) external restricted returns (uint32 exemption) {
        exemption = ++_exemptionCount;
        _setStatus(exemption, ExemptionStatus.ACTIVE, 0);
        _addTerms(exemption, terms);
    }

    /// @inheritdoc IListingRegistry
    function amendExemption(uint32 exemption, Terms calldata terms) external restricted {
        require(_known(exemption).status != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));
        uint256 starts = Math.max(terms.effectiveFrom, block.timestamp);
        // The tokens know its end only: so what will have begun by then has begun, and nothing ends before what comes begins.
        Terms storage before = _terms[exemption][_versionAt(exemption, starts)];
        bool begins = terms.validFrom <= starts || before.validFrom > starts;
        bool seamless = starts <= before.validUntil || terms.effectiveFrom <= block.timestamp;
        require(begins && seamless, ListingInvalidTerms(terms));

        _addTerms(exemption, terms);
        _pushAll(exemption);
    }

    /// @inheritdoc IListingRegistry
    function publishNotice(uint32 exemption, bytes32 noticeHash, string calldata uri) external restricted {
        Exemption storage value = _known(exemption);
        require(noticeHash != 0 && bytes(uri).length != 0, ListingEmptyDocument(noticeHash));

        if (value.noticeUntil == 0) value.noticeUntil = _after(_termsNow(exemption).noticePeriod);
        value.notice = noticeHash;
        _report(NOTICE, abi.encode(exemption, noticeHash, uri, value.noticeUntil));
    }

    /// @inheritdoc IListingRegistry
    function list(
        uint32 exemption,
        Instrument calldata instrument,
        string calldata name,
        string calldata symbol,
        uint16 allowedClasses,
        uint8 policy
    ) external restricted returns (address token) {
        _checkInstrument(instrument);
        require(_tokens.length < MOST_TOKENS, ListingTooMany(MOST_TOKENS));
        require(_known(exemption).status != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));

        token = FACTORY.createToken(name, symbol, allowedClasses, policy);

        _listings[token] = Listing({
            instrument: instrument,
            exemption: exemption,
            phase: Control.PENDING,
            haltedByHand: false,
            haltedByMarket: false,
            suspendedByRegulator: false,
            objectionUntil: 0,
            objectedAt: 0
        });
        _byIsin[instrument.isin] = token;
        _tokens.push(token);
        _report(LISTING, abi.encode(token, instrument, exemption));
    }

    /// @inheritdoc IListingRegistry
    function recordIssuerNotice(address token, bytes32 noticeHash) external restricted {
        Listing storage listing = _listed(token);
        require(listing.phase == Control.PENDING, ListingWrongPhase(token, listing.phase));
        require(noticeHash != 0, ListingEmptyDocument(noticeHash));

        uint40 until = _after(_termsNow(listing.exemption).objectionPeriod);
        listing.objectionUntil = until;
        _report(ISSUER_NOTICE, abi.encode(token, noticeHash, until));
    }

    /// @inheritdoc IListingRegistry
    function activate(address token) external restricted {
        Listing storage listing = _listed(token);
        require(_documents[token][RIGHTS].timestamp != 0, ListingRightsUnverified(token));
        if (listing.instrument.backing == Backing.ENTITLEMENT) {
            uint40 until = listing.objectionUntil;
            require(until != 0 && block.timestamp >= until, ListingObjectionPeriod(token, until));
        }
        _enter(token, Control.PENDING, Control.ACTIVE, 0);
        // It may have been told of before it was listed, or its whole market.
        (bool halted, bytes8 code) = IMarketStatus(MARKET).haltedByNews(token);
        if (halted) _setMarketHalt(token, true, code);
    }

    /// @inheritdoc IListingRegistry
    function setDocument(address token, bytes32 name, string calldata uri, bytes32 documentHash) external restricted {
        _listed(token);
        require(name != 0 && bytes(uri).length != 0 && documentHash != 0, ListingEmptyDocument(name));

        if (_documents[token][name].timestamp == 0) _documentNames[token].push(name);
        _documents[token][name] = Document({uri: uri, hash: documentHash, timestamp: uint40(block.timestamp)});
        _report(DOCUMENT, abi.encode(token, name, uri, documentHash));
    }

    /// @inheritdoc IListingRegistry
    function removeDocument(address token, bytes32 name) external restricted {
        require(_documents[token][name].timestamp != 0, ListingUnknownDocument(token, name));
        require(name != RIGHTS || _listings[token].phase == Control.PENDING, ListingRightsUnverified(token));

        bytes32[] storage names = _documentNames[token];
        for (uint256 i = 0; i < names.length; ++i) {
            if (names[i] != name) continue;
            names[i] = names[names.length - 1];
            names.pop();
            break;
        }
        delete _documents[token][name];
        _report(DOCUMENT, abi.encode(token, name, "", bytes32(0)));
    }

    // ---------------------------------------------------------------- compliance

    /// @inheritdoc IListingRegistry
    function recordObjection(address token, bytes32 objectionHash, uint40 receivedAt) external restricted {
        Listing storage listing = _listed(token);
        Backing backing = listing.instrument.backing;
        require(backing == Backing.ENTITLEMENT, ListingBackingRefused(backing));
        require(objectionHash != 0, ListingEmptyDocument(objectionHash));
        require(receivedAt != 0 && receivedAt <= block.timestamp, ListingInvalidObjection(token, receivedAt));

        if (listing.objectedAt == 0 || receivedAt < listing.objectedAt) listing.objectedAt = receivedAt;
        _report(OBJECTION, abi.encode(token, objectionHash, receivedAt));
        _push(token);
    }

    /// @inheritdoc IListingRegistry
    function suspend(address token, Basis basis, bytes32 orderHash) external restricted {
        _enter(token, Control.ACTIVE, Control.SUSPENDED, _ref(basis, orderHash));
    }

    /// @inheritdoc IListingRegistry
    function resume(address token, Basis basis, bytes32 orderHash) external restricted {
        _enter(token, Control.SUSPENDED, Control.ACTIVE, _ref(basis, orderHash));
    }

    /// @inheritdoc IListingRegistry
    function windDown(address token, Basis basis, bytes32 orderHash) external restricted {
        uint8 phase = _listed(token).phase;
        require(phase != Control.WIND_DOWN, ListingWrongPhase(token, phase));
        _enter(token, phase, Control.WIND_DOWN, _ref(basis, orderHash));
    }

    /// @inheritdoc IListingRegistry
    function setHalt(address token, bool halted, Basis basis, bytes32 orderHash) external restricted {
        Listing storage listing = _listed(token);
        require(listing.haltedByHand != halted, ListingUnchanged(token));

        listing.haltedByHand = halted;
        _report(HALT, abi.encode(token, halted, _ref(basis, orderHash)));
        _push(token);
    }

    /// @inheritdoc IListingRegistry
    function setExemptionStatus(uint32 exemption, ExemptionStatus status, Basis basis, bytes32 orderHash)
        external
        restricted
    {
        ExemptionStatus old = _known(exemption).status;
        require(old != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));
        bool decided = status == ExemptionStatus.ACTIVE || status == ExemptionStatus.SUSPENDED
            || status == ExemptionStatus.REVOKED;
        require(decided && status != old, ListingInvalidStatus(exemption, status));

        _setStatus(exemption, status, _ref(basis, orderHash));
        _pushAll(exemption);
    }

    // ---------------------------------------------------------------- regulator

    /// @inheritdoc IListingRegistry
    function setRegulatorSuspension(address token, bool suspended, Basis basis, bytes32 orderHash) external restricted {
        Listing storage listing = _listed(token);
        require(listing.suspendedByRegulator != suspended, ListingUnchanged(token));

        listing.suspendedByRegulator = suspended;
        _report(REGULATOR_SUSPENSION, abi.encode(token, suspended, _ref(basis, orderHash)));
        _push(token);
    }

    // ---------------------------------------------------------------- market

    /// @inheritdoc IListingRegistry
    function setMarketHalt(address token, bool halted, bytes32 code) external {
        require(msg.sender == MARKET, ListingWrongCaller(msg.sender, MARKET));
        _listed(token);
        _setMarketHalt(token, halted, code);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IListingRegistry
    function statusOf(uint32 exemption) public view returns (ExemptionStatus) {
        ExemptionStatus decided = _exemptions[exemption].status;
        if (decided != ExemptionStatus.ACTIVE) return decided;
        if (block.timestamp >= _termsNow(exemption).validUntil) return ExemptionStatus.EXPIRED;
        return block.timestamp < opensAt(exemption) ? ExemptionStatus.PENDING : ExemptionStatus.ACTIVE;
    }

    /// @inheritdoc IListingRegistry
    function opensAt(uint32 exemption) public view returns (uint40) {
        uint40 noticeUntil = _exemptions[exemption].noticeUntil;
        if (noticeUntil == 0) return type(uint40).max;
        return uint40(Math.max(noticeUntil, _termsNow(exemption).validFrom));
    }

    /// @inheritdoc IListingRegistry
    function termsOf(uint32 exemption) external view returns (uint32 version, Terms memory) {
        version = _versionAt(exemption, block.timestamp);
        return (version, _terms[exemption][version]);
    }

    /// @inheritdoc IListingRegistry
    function termsAt(uint32 exemption, uint32 version) external view returns (Terms memory) {
        return _terms[exemption][version];
    }

    /// @inheritdoc IListingRegistry
    function isBarred(address token) public view returns (bool) {
        Listing storage listing = _listings[token];
        uint40 objectedAt = listing.objectedAt;
        // Without a notice no period has passed, so every objection is in time.
        return objectedAt != 0 && (listing.objectionUntil == 0 || objectedAt <= listing.objectionUntil);
    }

    /// @inheritdoc IListingRegistry
    function micOf(address token) external view returns (bytes4) {
        return _listings[token].instrument.mic;
    }

    /// @inheritdoc IListingRegistry
    function exemptionOf(uint32 exemption) external view returns (Exemption memory) {
        return _exemptions[exemption];
    }

    /// @inheritdoc IListingRegistry
    function exemptionCount() external view returns (uint32) {
        return _exemptionCount;
    }

    /// @inheritdoc IListingRegistry
    function listingOf(address token) external view returns (Listing memory) {
        return _listings[token];
    }

    /// @inheritdoc IListingRegistry
    function isListed(address token) public view returns (bool) {
        return _listings[token].exemption != 0;
    }

    /// @inheritdoc IListingRegistry
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IListingRegistry
    function phaseOf(address token) public view returns (uint8) {
        Listing storage listing = _listings[token];
        uint8 own = listing.phase;
        ExemptionStatus status = _exemptions[listing.exemption].status;
        if (status == ExemptionStatus.REVOKED) return Control.WIND_DOWN;
        if (own != Control.ACTIVE) return own;
        bool suspended = status == ExemptionStatus.SUSPENDED || listing.suspendedByRegulator || isBarred(token);
        return suspended ? Control.SUSPENDED : own;
    }

    /// @inheritdoc IListingRegistry
    function getDocument(address token, bytes32 name)
        external
        view
        returns (string memory uri, bytes32 documentHash, uint256 lastModified)
    {
        Document storage document = _documents[token][name];
        return (document.uri, document.hash, document.timestamp);
    }

    /// @inheritdoc IListingRegistry
    function getAllDocuments(address token) external view returns (bytes32[] memory names) {
        return _documentNames[token];
    }

    // ---------------------------------------------------------------- internals

    /// @dev Moves a listing from one phase to another. To become or be again ACTIVE asks for an exemption in force.
    function _enter(address token, uint8 from, uint8 to, bytes32 ref) private {
        Listing storage listing = _listed(token);
        require(listing.phase == from, ListingWrongPhase(token, listing.phase));
        if (to == Control.ACTIVE) {
            require(!isBarred(token), ListingObjected(token, listing.objectedAt));
            _checkInForce(listing.exemption);
        }

        listing.phase = to;
        _report(PHASE, abi.encode(token, to, ref));
        _push(token);
    }

    function _setMarketHalt(address token, bool halted, bytes32 code) private {
        Listing storage listing = _listings[token];
        if (listing.haltedByMarket == halted) return;

        listing.haltedByMarket = halted;
        _report(MARKET_HALT, abi.encode(token, halted, code));
        _push(token);
    }

    /// @dev The token learns its phase, halt and the end of the exemption: that of the latest terms, even before they hold, since
    /// what they follow does not end before.
    function _push(address token) private {
        Listing storage listing = _listings[token];
        IShareToken(token)
            .setListing({
            phase: phaseOf(token),
            halted: listing.haltedByHand || listing.haltedByMarket,
            activeUntil: _terms[listing.exemption][_exemptions[listing.exemption].versions].validUntil
        });
    }

    function _pushAll(uint32 exemption) private {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            if (_listings[_tokens[i]].exemption == exemption) _push(_tokens[i]);
        }
    }

    function _setStatus(uint32 exemption, ExemptionStatus status, bytes32 ref) private {
        _exemptions[exemption].status = status;
        _report(EXEMPTION, abi.encode(exemption, status, ref));
    }

    function _addTerms(uint32 exemption, Terms memory terms) private {
        terms.effectiveFrom = uint40(Math.max(terms.effectiveFrom, block.timestamp));
        uint32 version = ++_exemptions[exemption].versions;
        bool dated = terms.validFrom < terms.validUntil && terms.effectiveFrom < terms.validUntil;
        bool sound = terms.document != 0 && terms.profile != 0 && terms.noticePeriod != 0 && terms.objectionPeriod != 0;
        // Whatever holds must hold at once from the start.
        bool starts = version != 1 || terms.effectiveFrom == block.timestamp;
        require(dated && sound && starts, ListingInvalidTerms(terms));

        _terms[exemption][version] = terms;
        _report(TERMS, abi.encode(exemption, version, terms));
    }

    /// @dev The latest of those whose day has come. Terms to come are withdrawn by newer ones that begin earlier.
    function _versionAt(uint32 exemption, uint256 moment) private view returns (uint32 version) {
        version = _exemptions[exemption].versions;
        while (version > 1 && _terms[exemption][version].effectiveFrom > moment) --version;
    }

    function _termsNow(uint32 exemption) private view returns (Terms storage) {
        return _terms[exemption][_versionAt(exemption, block.timestamp)];
    }

    function _after(uint32 period) private view returns (uint40) {
        return uint40(block.timestamp + period);
    }

    function _checkInForce(uint32 exemption) private view {
        ExemptionStatus status = statusOf(exemption);
        require(
            status == ExemptionStatus.ACTIVE,
            ListingExemptionNotInForce(exemption, status, opensAt(exemption), _termsNow(exemption).validUntil)
        );
    }

    function _checkInstrument(Instrument calldata instrument) private view {
        Backing backing = instrument.backing;
        require(backing == Backing.ENTITLEMENT || backing == Backing.ISSUER_NATIVE, ListingBackingRefused(backing));
        require(
            instrument.isin != 0 && instrument.cusip != 0 && instrument.mic != 0 && instrument.ticker != 0,
            ListingInvalidInstrument(instrument)
        );
        address token = _byIsin[instrument.isin];
        require(token == address(0), ListingDuplicateIsin(instrument.isin, token));
    }

    function _known(uint32 exemption) private view returns (Exemption storage value) {
        value = _exemptions[exemption];
        require(value.status != ExemptionStatus.NONE, ListingUnknownExemption(exemption));
    }

    function _listed(address token) private view returns (Listing storage) {
        require(isListed(token), ListingUnknownToken(token));
        return _listings[token];
    }

    function _ref(Basis basis, bytes32 orderHash) private pure returns (bytes32) {
        require(!basis.isUnstated(), ListingBasisUnstated());
        return basis.withOrder(orderHash);
    }
}
