// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {IListingRegistry} from "../interfaces/IListingRegistry.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {ISuiteFactory} from "../interfaces/ISuiteFactory.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Basis} from "../types/Basis.sol";
import {Control} from "../types/ControlWord.sol";

/// @title ListingRegistry
contract ListingRegistry is IListingRegistry, Governed, ReportStream {
    uint8 private constant EXEMPTION = 1;
    uint8 private constant LISTING = 2;
    uint8 private constant PHASE = 3;
    uint8 private constant HALT = 4;
    uint8 private constant DOCUMENT = 5;
    uint8 private constant REGULATOR_SUSPENSION = 6;

    /// @dev Bounds the loop that revokes an exemption for all its tokens in one transaction (16,777,216 gas, EIP-7825).
    /// The order admits 75 + 250 symbols (R12).
    uint256 private constant MOST_TOKENS = 400;

    ISuiteFactory private immutable FACTORY;

    mapping(uint32 exemption => Exemption) private _exemptions;
    mapping(address token => Listing) private _listings;
    mapping(bytes12 isin => address token) private _byIsin;
    mapping(address token => mapping(bytes32 name => Document)) private _documents;
    mapping(address token => bytes32[]) private _documentNames;
    address[] private _tokens;
    uint32 private _exemptionCount;

    constructor(address authority_, address factory) Governed(authority_) {
        FACTORY = ISuiteFactory(factory);
    }

    // ---------------------------------------------------------------- issuer

    /// @inheritdoc IListingRegistry
    function addExemption(bytes32 document, bytes32 profile, uint40 validFrom, uint40 validUntil)
        external
        restricted
        returns (uint32 exemption)
    {
        exemption = ++_exemptionCount;
        _setExemption(exemption, Exemption(document, profile, validFrom, validUntil, ExemptionStatus.ACTIVE), 0);
    }

    /// @inheritdoc IListingRegistry
    function amendExemption(uint32 exemption, bytes32 document, bytes32 profile, uint40 validFrom, uint40 validUntil)
        external
        restricted
    {
        Exemption storage old = _known(exemption);
        ExemptionStatus status = old.status;
        require(status != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));
        // Tokens live under it already, and they are told its end only.
        bool begins = validFrom <= block.timestamp || old.validFrom > block.timestamp;
        require(begins, ListingInvalidExemption(Exemption(document, profile, validFrom, validUntil, status)));

        _setExemption(exemption, Exemption(document, profile, validFrom, validUntil, status), 0);
        _pushAll(exemption);
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
        ExemptionStatus status = _known(exemption).status;
        require(status != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));

        token = FACTORY.createToken(name, symbol, allowedClasses, policy);

        _listings[token] = Listing({
            instrument: instrument,
            exemption: exemption,
            phase: Control.PENDING,
            halted: false,
            suspendedByRegulator: false
        });
        _byIsin[instrument.isin] = token;
        _tokens.push(token);
        _report(LISTING, abi.encode(token, instrument, exemption));
    }

    /// @inheritdoc IListingRegistry
    function activate(address token) external restricted {
        _enter(token, Control.PENDING, Control.ACTIVE, 0);
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
        require(listing.halted != halted, ListingUnchanged(token));

        listing.halted = halted;
        _report(HALT, abi.encode(token, halted, _ref(basis, orderHash)));
        _push(token);
    }

    /// @inheritdoc IListingRegistry
    function setExemptionStatus(uint32 exemption, ExemptionStatus status, Basis basis, bytes32 orderHash)
        external
        restricted
    {
        Exemption memory value = _known(exemption);
        require(value.status != ExemptionStatus.REVOKED, ListingExemptionRevoked(exemption));
        require(status != ExemptionStatus.NONE && status != value.status, ListingInvalidExemption(value));

        value.status = status;
        _setExemption(exemption, value, _ref(basis, orderHash));
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

    // ---------------------------------------------------------------- views

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
        bool suspended = status == ExemptionStatus.SUSPENDED || listing.suspendedByRegulator;
        return suspended && own == Control.ACTIVE ? Control.SUSPENDED : own;
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
        if (to == Control.ACTIVE) _checkInForce(listing.exemption);

        listing.phase = to;
        _report(PHASE, abi.encode(token, to, ref));
        _push(token);
    }

    /// @dev The token learns its phase, halt and end of exemption.
    function _push(address token) private {
        Listing storage listing = _listings[token];
        IShareToken(token)
            .setListing({
            phase: phaseOf(token), halted: listing.halted, activeUntil: _exemptions[listing.exemption].validUntil
        });
    }

    function _pushAll(uint32 exemption) private {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            if (_listings[_tokens[i]].exemption == exemption) _push(_tokens[i]);
        }
    }

    function _setExemption(uint32 exemption, Exemption memory value, bytes32 ref) private {
        require(
            value.document != 0 && value.profile != 0 && value.validFrom < value.validUntil,
            ListingInvalidExemption(value)
        );
        _exemptions[exemption] = value;
        _report(EXEMPTION, abi.encode(exemption, value, ref));
    }

    function _checkInForce(uint32 exemption) private view {
        Exemption memory value = _exemptions[exemption];
        bool inForce = value.status == ExemptionStatus.ACTIVE && block.timestamp >= value.validFrom
            && block.timestamp < value.validUntil;
        require(inForce, ListingExemptionNotInForce(exemption, value.status, value.validFrom, value.validUntil));
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
