// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../interfaces/ICustodyLedger.sol";
import {IERC8392Primary, IERC8392Reference} from "../interfaces/IERC8392.sol";
import {IListingRegistry} from "../interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../interfaces/IMarketStatus.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {Control, ControlWord} from "../types/ControlWord.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title One token's status in the words of ERC-8392.
/// @notice An adapter that anyone may deploy beside a suite, one for each token; it holds no state and no right. The token itself
/// knows only its halt bit.
contract AssetStatus is IERC8392Reference, IERC8392Primary, IERC165 {
    IListingRegistry private immutable LISTINGS;
    IMarketStatus private immutable MARKET;
    ICustodyLedger private immutable LEDGER;
    IShareToken private immutable TOKEN;

    error AssetStatusUnknownToken(address token);

    constructor(address listings, address market, address ledger, address token) {
        require(IListingRegistry(listings).isListed(token), AssetStatusUnknownToken(token));

        LISTINGS = IListingRegistry(listings);
        MARKET = IMarketStatus(market);
        LEDGER = ICustodyLedger(ledger);
        TOKEN = IShareToken(token);
    }

    /// @inheritdoc IERC8392Reference
    function referenceMarketStatus() external view returns (ReferenceMarketStatus memory status) {
        address token = address(TOKEN);
        bytes4 mic = LISTINGS.micOf(token);
        (status.interruption,) = MARKET.interruptionOf(token);
        status.session = MARKET.sessionAt(mic, uint40(block.timestamp));
        status.sessionAsOf = uint64(block.timestamp);
        (status.interruptionAsOf,) = MARKET.heartbeatOf(mic);
        (status.nextTransition,) = MARKET.transitionAfter(mic, uint40(block.timestamp));
        status.mic = mic;
    }

    /// @inheritdoc IERC8392Primary
    function primaryStatus() external view returns (Leg issuance, Leg redemption) {
        ControlWord control = TOKEN.control();
        ICustodyLedger.Terms memory terms = LEDGER.termsOf(address(TOKEN));
        if (terms.redemptionPeriod == 0) return (Leg.CLOSED, Leg.CLOSED);

        issuance = Leg.ACCEPTING;
        if (control.phase() == Control.SUSPENDED || control.isPaused(Control.PAUSE_MINT)) issuance = Leg.SUSPENDED;
        bool over = control.phase() == Control.PENDING || control.phase() == Control.WIND_DOWN
            || control.isLapsed(block.timestamp);
        if (over || terms.depositCap == 0) issuance = Leg.CLOSED;
        redemption = control.isPaused(Control.PAUSE_BURN) ? Leg.RESTRICTED : Leg.ACCEPTING;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC8392Reference).interfaceId || id == type(IERC8392Primary).interfaceId
            || id == type(IERC165).interfaceId;
    }
}
