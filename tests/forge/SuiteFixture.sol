// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReasonText} from "../../contracts/ReasonText.sol";
import {SuiteFactory} from "../../contracts/SuiteFactory.sol";
import {SuiteAuthority} from "../../contracts/authority/SuiteAuthority.sol";
import {CustodyLedger} from "../../contracts/custody/CustodyLedger.sol";
import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../../contracts/interfaces/IMarketStatus.sol";
import {ListingRegistry} from "../../contracts/listing/ListingRegistry.sol";
import {MarketStatus} from "../../contracts/market/MarketStatus.sol";
import {InvestorRegistry} from "../../contracts/registry/InvestorRegistry.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Control} from "../../contracts/types/ControlWord.sol";
import {Role} from "../../contracts/types/Role.sol";
import {Vm} from "./Vm.sol";

/// @title A whole suite, wired and handed over as `stockade.deploy` does it: two listed shares under an exemption each,
/// custodian 1 with one key, custodian 2 with two of three, registrars 1 and 2. Nobody is admitted, nothing minted.
/// @dev In three scenes, because each is at another second or by another hand: `_deploySuite` lists, `_beginPeriods` is the
/// issuer's own records, `_openShares` comes when the periods have passed.
abstract contract SuiteFixture {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // Who holds which role.
    address internal constant ADMIN = address(0xA0);
    address internal constant KEY_ADMIN = address(0xA1);
    address internal constant UPGRADER = address(0xA2);
    address internal constant ISSUER = address(0xA3);
    address internal constant COMPLIANCE = address(0xA4);
    address internal constant REGISTRAR_1 = address(0xA5);
    address internal constant REGISTRAR_2 = address(0xB5);
    address internal constant CUSTODY_ADMIN = address(0xA6);
    address internal constant MARKET_OPERATOR = address(0xA7);
    address internal constant MARKET_OPERATOR_2 = address(0xB7);
    address internal constant PAUSER = address(0xA8);
    address internal constant REGULATOR = address(0xA9);
    address internal constant GUARDIAN = address(0xAA);

    // Attestors' keys: custodian 1 has the first, custodian 2 the other three.
    uint256 internal constant ATTESTOR_KEY = 0xC1;
    uint256 internal constant DESK_A_KEY = 0xC2;
    uint256 internal constant DESK_B_KEY = 0xC3;
    uint256 internal constant DESK_C_KEY = 0xC4;

    // Delays of the roles that have one (docs/roles.md).
    uint32 internal constant ADMIN_DELAY = 20 days;
    uint32 internal constant UPGRADER_DELAY = 20 days;
    uint32 internal constant CUSTODY_ADMIN_DELAY = 2 days;
    uint32 internal constant KEY_ADMIN_DELAY = 1 days;

    /// @dev When the shares become ACTIVE: the very second at which their periods have passed.
    uint40 internal constant START = 1_800_000_000;
    uint32 internal constant NOTICE_PERIOD = 30 days;
    uint32 internal constant OBJECTION_PERIOD = 30 days;
    uint40 internal constant EXEMPTION_FROM = START - 100 days;
    uint40 internal constant EXEMPTION_UNTIL = START + 5 * 365 days;
    /// @dev A lapse and a halt stop trading only, executors are licensed, whole shares are redeemed (profile us-tsv).
    uint8 internal constant RELAXED = Control.LAPSE_STOPS_TRADING_ONLY | Control.HALT_STOPS_TRADING_ONLY;
    /// @dev A lapse and a halt stop all free movement (profile article-2026-05).
    uint8 internal constant STRICT = 0;
    uint96 internal constant DEPOSIT_CAP = 1_000_000e18;
    /// @dev Business days.
    uint32 internal constant POSITION_AGE = 5;
    uint32 internal constant REDEMPTION_PERIOD = 5 days;
    uint32 internal constant HEARTBEAT_AGE = 1 days;
    bytes4 internal constant MIC = "XNAS";
    /// @dev A market that neither share is listed on.
    bytes4 internal constant OTHER_MIC = "XNYS";
    bytes32 internal constant RIGHTS = "RIGHTS";

    SuiteAuthority internal authority;
    ReasonText internal reasonText;
    InvestorRegistry internal registry;
    CustodyLedger internal ledger;
    ListingRegistry internal listings;
    MarketStatus internal market;
    ShareToken internal implementation;
    SuiteFactory internal factory;
    /// @dev Policy RELAXED, exemption 1, a third party's.
    ShareToken internal token;
    /// @dev Policy STRICT, exemption 2, the issuer's own.
    ShareToken internal otherToken;

    /// @dev Where the n-th contract that this one creates from now on will stand; n counts from 0.
    function _addressOf(uint256 n) internal view virtual returns (address) {
        return vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + n);
    }

    function _deploySuite() internal {
        vm.warp(START - NOTICE_PERIOD);
        // The contracts name each other as immutables, so their addresses are known before the first is created.
        address[8] memory places;
        for (uint256 n = 0; n < 8; ++n) {
            places[n] = _addressOf(n);
        }
        authority = new SuiteAuthority();
        reasonText = new ReasonText();
        registry = new InvestorRegistry(places[0]);
        ledger = new CustodyLedger(places[0], places[2], places[4], places[5]);
        listings = new ListingRegistry(places[0], places[7], places[5]);
        market = new MarketStatus(places[0], places[4]);
        implementation = _newImplementation(places[7]);
        factory = new SuiteFactory(places[0], places[4], places[6]);
        assert(address(factory) == places[7]);

        _mapFunctions();
        _grantRoles();
        _addCustodians();
        market.setRules(IMarketStatus.Rules({quorum: 1, heartbeatAge: HEARTBEAT_AGE}));
        token = _list(1, "US0378331005", "AAPL", IListingRegistry.Backing.ENTITLEMENT, RELAXED);
        otherToken = _list(2, "US5949181045", "MSFT", IListingRegistry.Backing.ISSUER_NATIVE, STRICT);
        authority.settle(ADMIN);
    }

    function _beginPeriods() internal {
        _asIssuer(abi.encodeCall(listings.publishNotice, (1, keccak256("notice"), "ipfs://")));
        _asIssuer(abi.encodeCall(listings.publishNotice, (2, keccak256("notice"), "ipfs://")));
        _asIssuer(abi.encodeCall(listings.setDocument, (address(token), RIGHTS, "ipfs://", keccak256("rights"))));
        _asIssuer(abi.encodeCall(listings.setDocument, (address(otherToken), RIGHTS, "ipfs://", keccak256("rights"))));
        _asIssuer(abi.encodeCall(listings.recordIssuerNotice, (address(token), keccak256("told"))));
    }

    function _openShares() internal {
        vm.warp(START);
        _asIssuer(abi.encodeCall(listings.activate, (address(token))));
        _asIssuer(abi.encodeCall(listings.activate, (address(otherToken))));
    }

    function _asIssuer(bytes memory data) private {
        vm.prank(ISSUER);
        (bool ok,) = address(listings).call(data);
        require(ok, "the issuer's record was refused");
    }

    /// @dev An implementation wired to this suite: the first one, or one to upgrade to.
    function _newImplementation(address factory_) internal returns (ShareToken) {
        return new ShareToken(
            ShareToken.Wiring({
                authority: address(authority),
                registry: address(registry),
                ledger: address(ledger),
                listings: address(listings),
                factory: factory_,
                reasonText: address(reasonText)
            })
        );
    }

    function _mapFunctions() private {
        bytes4[] memory one = new bytes4[](1);
        one[0] = SuiteFactory.upgrade.selector;
        authority.setTargetFunctionRole(address(factory), one, Role.UPGRADER);
        one[0] = ListingRegistry.setRegulatorSuspension.selector;
        authority.setTargetFunctionRole(address(listings), one, Role.REGULATOR);
        one[0] = MarketStatus.setRules.selector;
        authority.setTargetFunctionRole(address(market), one, Role.ISSUER);

        bytes4[] memory four = new bytes4[](4);
        four[0] = CustodyLedger.addCustodian.selector;
        four[1] = CustodyLedger.setCustodianOpen.selector;
        four[2] = CustodyLedger.setAttestors.selector;
        four[3] = CustodyLedger.setTerms.selector;
        authority.setTargetFunctionRole(address(ledger), four, Role.CUSTODY_ADMIN);

        bytes4[] memory two = new bytes4[](2);
        two[0] = InvestorRegistry.setRecords.selector;
        two[1] = InvestorRegistry.offerRecords.selector;
        authority.setTargetFunctionRole(address(registry), two, Role.REGISTRAR);
        two[0] = CustodyLedger.forceRedemption.selector;
        two[1] = CustodyLedger.recoverRequests.selector;
        authority.setTargetFunctionRole(address(ledger), two, Role.COMPLIANCE);

        bytes4[] memory eight = new bytes4[](8);
        eight[0] = ListingRegistry.addExemption.selector;
        eight[1] = ListingRegistry.amendExemption.selector;
        eight[2] = ListingRegistry.publishNotice.selector;
        eight[3] = ListingRegistry.list.selector;
        eight[4] = ListingRegistry.recordIssuerNotice.selector;
        eight[5] = ListingRegistry.activate.selector;
        eight[6] = ListingRegistry.setDocument.selector;
        eight[7] = ListingRegistry.removeDocument.selector;
        authority.setTargetFunctionRole(address(listings), eight, Role.ISSUER);
        bytes4[] memory five = new bytes4[](5);
        five[0] = InvestorRegistry.freeze.selector;
        five[1] = InvestorRegistry.unfreeze.selector;
        five[2] = InvestorRegistry.setRegistrar.selector;
        five[3] = InvestorRegistry.assignRecords.selector;
        five[4] = InvestorRegistry.recover.selector;
        authority.setTargetFunctionRole(address(registry), five, Role.COMPLIANCE);
        five[0] = MarketStatus.setHours.selector;
        five[1] = MarketStatus.setDays.selector;
        five[2] = MarketStatus.relay.selector;
        five[3] = MarketStatus.relayVenue.selector;
        five[4] = MarketStatus.heartbeat.selector;
        authority.setTargetFunctionRole(address(market), five, Role.MARKET_OPERATOR);

        bytes4[] memory six = new bytes4[](6);
        six[0] = ListingRegistry.recordObjection.selector;
        six[1] = ListingRegistry.suspend.selector;
        six[2] = ListingRegistry.resume.selector;
        six[3] = ListingRegistry.windDown.selector;
        six[4] = ListingRegistry.setHalt.selector;
        six[5] = ListingRegistry.setExemptionStatus.selector;
        authority.setTargetFunctionRole(address(listings), six, Role.COMPLIANCE);
    }

    function _grantRoles() private {
        authority.grantRole(Role.KEY_ADMIN, KEY_ADMIN, KEY_ADMIN_DELAY);
        authority.grantRole(Role.UPGRADER, UPGRADER, UPGRADER_DELAY);
        authority.grantRole(Role.ISSUER, ISSUER, 0);
        authority.grantRole(Role.COMPLIANCE, COMPLIANCE, 0);
        authority.grantRole(Role.REGISTRAR, REGISTRAR_1, 0);
        authority.grantRole(Role.REGISTRAR, REGISTRAR_2, 0);
        authority.grantRole(Role.CUSTODY_ADMIN, CUSTODY_ADMIN, CUSTODY_ADMIN_DELAY);
        authority.grantRole(Role.MARKET_OPERATOR, MARKET_OPERATOR, 0);
        authority.grantRole(Role.MARKET_OPERATOR, MARKET_OPERATOR_2, 0);
        authority.grantRole(Role.PAUSER, PAUSER, 0);
        authority.grantRole(Role.REGULATOR, REGULATOR, 0);
        authority.grantRole(Role.GUARDIAN, GUARDIAN, 0);

        // What the deployer lends itself for the first entries, and loses by settling.
        authority.grantRole(Role.ISSUER, address(this), 0);
        authority.grantRole(Role.COMPLIANCE, address(this), 0);
        authority.grantRole(Role.CUSTODY_ADMIN, address(this), 0);
    }

    function _addCustodians() private {
        registry.setRegistrar(REGISTRAR_1, 1);
        registry.setRegistrar(REGISTRAR_2, 2);

        ICustodyLedger.Attestor[] memory one = new ICustodyLedger.Attestor[](1);
        one[0] = ICustodyLedger.Attestor(vm.addr(ATTESTOR_KEY), ICustodyLedger.AttestorKind.KEY);
        ledger.addCustodian("0000SYNTHETIC0000128", keccak256("First Example Custody"), one, 1);

        ICustodyLedger.Attestor[] memory three = new ICustodyLedger.Attestor[](3);
        three[0] = ICustodyLedger.Attestor(vm.addr(DESK_A_KEY), ICustodyLedger.AttestorKind.KEY);
        three[1] = ICustodyLedger.Attestor(vm.addr(DESK_B_KEY), ICustodyLedger.AttestorKind.KEY);
        three[2] = ICustodyLedger.Attestor(vm.addr(DESK_C_KEY), ICustodyLedger.AttestorKind.KEY);
        ledger.addCustodian("0000SYNTHETIC0000225", keccak256("Second Example Trust"), three, 2);
    }

    /// @dev Terms that hold as soon as they are recorded.
    function _firstTerms() internal pure returns (IListingRegistry.Terms memory) {
        return IListingRegistry.Terms({
            document: keccak256("order"),
            profile: keccak256("profile"),
            validFrom: EXEMPTION_FROM,
            validUntil: EXEMPTION_UNTIL,
            effectiveFrom: 0,
            noticePeriod: NOTICE_PERIOD,
            objectionPeriod: OBJECTION_PERIOD
        });
    }

    function _list(uint32 exemption, bytes12 isin, string memory ticker, IListingRegistry.Backing backing, uint8 policy)
        private
        returns (ShareToken)
    {
        listings.addExemption(_firstTerms());
        IListingRegistry.Instrument memory instrument = IListingRegistry.Instrument({
            isin: isin, cusip: "037833100", mic: MIC, backing: backing, ticker: bytes12(bytes(ticker))
        });
        address created = listings.list(exemption, instrument, ticker, ticker, Control.ALL_CLASSES, policy);
        ledger.setTerms(created, ICustodyLedger.Terms(DEPOSIT_CAP, POSITION_AGE, REDEMPTION_PERIOD));
        return ShareToken(created);
    }
}
