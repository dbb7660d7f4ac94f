// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvestorRegistry} from "../../../contracts/registry/InvestorRegistry.sol";
import {ShareToken} from "../../../contracts/token/ShareToken.sol";
import {BalanceWord} from "../../../contracts/types/BalanceWord.sol";
import {svm, vm} from "./Cheats.sol";
import {Fact, fact} from "./Decision.sol";

/// @dev An authority that lets anyone do anything, so that only the movement's own rules remain.
contract Permissive {
    function hasRole(uint64, address) external pure returns (bool, uint32) {
        return (true, 0);
    }
}

/// @dev What the token's books say of the two accounts of a movement and of one that has no part in it.
struct Books {
    uint256 supply;
    BalanceWord from;
    BalanceWord to;
    BalanceWord third;
}

struct Parties {
    address from;
    address to;
    address third;
}

/// @dev The token, with one more view.
contract GlassToken is ShareToken {
    constructor(Wiring memory wiring_) ShareToken(wiring_) {}

    function books(Parties calldata p) external view returns (Books memory) {
        return Books(totalSupply(), _account(p.from).word, _account(p.to).word, _account(p.third).word);
    }
}

/// @title What each movement does to balances, frozen amounts and supply, from any state of token and registry, at any time.
/// @dev A state is any content of the two contracts' storage in which the balances of the accounts looked at do not exceed
/// the supply together, nor the supply 2^128. Every function is proven to change these words by the amount alone, and so to
/// keep that: by induction it holds for every three accounts. What a transfer by another than the holder, and a batch of two
/// rows, change is proven for a token in order (ACTIVE, not lapsed, halted or paused), whose reasons to refuse are fewer.
/// @custom:kind conservation
/// @custom:access ShareToken
contract Movements {
    address private constant LEDGER = address(0x1ed6e4);

    GlassToken private token;
    InvestorRegistry private registry;

    function setUp() public {
        registry = new InvestorRegistry(address(new Permissive()));
        token = new GlassToken(
            ShareToken.Wiring({
                authority: address(new Permissive()),
                registry: address(registry),
                ledger: LEDGER,
                listings: address(0),
                factory: address(0),
                reasonText: address(0)
            })
        );
        svm.enableSymbolicStorage(address(registry));
        svm.enableSymbolicStorage(address(token));
    }

    // ---------------------------------------------------------------- conservation

    function check_transfer__anyState__movesTheAmountAlone(Parties memory p, uint256 amount, uint256 time) public {
        Books memory before = open(p, time);
        vm.prank(p.from);
        token.transfer(p.to, amount);
        moved(p, before, amount, 0);
    }

    function check_transferFrom__tokenInOrder__movesTheAmountAlone(
        Parties memory p,
        address operator,
        uint256 amount,
        uint256 time
    ) public {
        Books memory before = open(p, time);
        inOrder(time);
        vm.prank(operator);
        token.transferFrom(p.from, p.to, amount);
        moved(p, before, amount, 0);
    }

    /// @dev Two rows to one receiver, where a row could count twice or not at all; the receiver may be the holder himself.
    function check_batchTransfer__twoRowsOfATokenInOrder__movesTheAmountsAlone(
        Parties memory p,
        uint256 amount,
        uint256 otherAmount,
        uint256 time
    ) public {
        Books memory before = open(p, time);
        inOrder(time);
        address[] memory receivers = new address[](2);
        (receivers[0], receivers[1]) = (p.to, p.to);
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (amount, otherAmount);
        vm.prank(p.from);
        token.batchTransfer(receivers, amounts);
        unchecked {
            moved(p, before, amount + otherAmount, 0);
        }
    }

    /// @dev The whole balance moves, and what was frozen of it stays frozen with whom the registry names.
    function check_recoverBalance__anyState__movesBalanceAndFreezeAlone(Parties memory p, address officer, uint256 time)
        public
    {
        vm.assume(time < 2 ** 40);
        vm.warp(time);
        (p.to,) = registry.recoveryOf(p.from);
        Books memory before = open(p, time);
        vm.prank(officer);
        token.recoverBalance(p.from);
        if (p.from != p.to) {
            uint256 frozen = before.from.frozen() + before.to.frozen();
            uint256 most = type(uint128).max;
            before.to = pack(frozen > most ? most : frozen, before.to.balance() + before.from.balance());
            before.from = pack(0, 0);
        }
        same(before, p);
    }

    function check_mint__anyState__raisesSupplyByTheAmount(Parties memory p, uint256 amount, bytes32 ref, uint256 time)
        public
    {
        p.from = address(0);
        Books memory before = open(p, time);
        vm.prank(LEDGER);
        token.mint(p.to, amount, ref);
        assert(amount != 0);
        unchecked {
            before.supply += amount;
        }
        before.to = added(before.to, amount);
        same(before, p);
    }

    function check_burn__anyState__lowersSupplyByTheAmount(
        Parties memory p,
        address holder,
        uint256 amount,
        bytes32 ref,
        uint256 time
    ) public {
        (p.from, p.to) = (LEDGER, address(0));
        Books memory before = open(p, time);
        vm.prank(LEDGER);
        token.burn(holder, amount, ref);
        unchecked {
            before.supply -= amount;
        }
        before.from = lowered(before.from, amount, 0);
        same(before, p);
    }

    function check_escrow__anyState__movesTheAmountAlone(Parties memory p, uint256 amount, bytes32 ref, uint256 time)
        public
    {
        p.to = LEDGER;
        Books memory before = open(p, time);
        vm.prank(LEDGER);
        token.escrow(p.from, amount, ref);
        moved(p, before, amount, 0);
    }

    function check_giveBack__anyState__movesTheAmountAlone(Parties memory p, uint256 amount, bytes32 ref, uint256 time)
        public
    {
        p.from = LEDGER;
        Books memory before = open(p, time);
        vm.prank(LEDGER);
        token.giveBack(p.to, amount, ref);
        moved(p, before, amount, 0);
    }

    function check_forceEscrow__anyState__movesTheAmountAlone(
        Parties memory p,
        uint256 amount,
        bytes32 ref,
        uint256 time
    ) public {
        p.from = LEDGER;
        Books memory before = open(p, time);
        vm.prank(LEDGER);
        token.forceEscrow(p.to, amount, ref);
        moved(p, before, amount, taken(before.from, amount));
    }

    /// @dev frozen' = frozen - max(0, amount - unfrozen).
    function check_forcedTransfer__anyState__thawsWhatItTakesBeyondTheUnfrozen(
        Parties memory p,
        address officer,
        uint256 amount,
        uint256 time
    ) public {
        Books memory before = open(p, time);
        vm.prank(officer);
        token.forcedTransfer(p.from, p.to, amount);
        moved(p, before, amount, taken(before.from, amount));
    }

    // ---------------------------------------------------------------- to oneself

    function check_transfer__toOneself__changesNothing(Parties memory p, uint256 amount, uint256 time) public {
        p.to = p.from;
        Books memory before = open(p, time);
        inOrder(time);
        vm.prank(p.from);
        token.transfer(p.from, amount);
        same(before, p);
    }

    function check_forcedTransfer__toOneself__changesNothing(
        Parties memory p,
        address officer,
        uint256 amount,
        uint256 time
    ) public {
        p.to = p.from;
        Books memory before = open(p, time);
        vm.prank(officer);
        token.forcedTransfer(p.from, p.from, amount);
        same(before, p);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev A force reaches into frozen tokens, so it does lower the frozen amount.
    function check_refuted_forcedTransfer__anyState__keepsTheFrozenAmount(
        Parties memory p,
        address officer,
        uint256 amount,
        uint256 time
    ) public {
        Books memory before = open(p, time);
        vm.prank(officer);
        token.forcedTransfer(p.from, p.to, amount);
        moved(p, before, amount, 0);
    }

    /// @dev A transfer to another account does change a balance.
    function check_refuted_transfer__anyState__changesNothing(Parties memory p, uint256 amount, uint256 time) public {
        Books memory before = open(p, time);
        vm.prank(p.from);
        token.transfer(p.to, amount);
        same(before, p);
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Any state at any time; the third account is neither of the two.
    function open(Parties memory p, uint256 time) private returns (Books memory before) {
        vm.assume(time < 2 ** 40);
        vm.warp(time);
        vm.assume(p.third != p.from && p.third != p.to);
        before = token.books(p);
        vm.assume(before.supply < 2 ** 128);
        uint256 receiver = p.from == p.to ? 0 : before.to.balance();
        vm.assume(before.from.balance() + receiver + before.third.balance() <= before.supply);
    }

    function inOrder(uint256 time) private view {
        uint256 control = token.control().settings();
        vm.assume(uint8(control) == 1 && time < control >> 32);
    }

    function moved(Parties memory p, Books memory before, uint256 amount, uint256 thawed) private view {
        if (p.from != p.to) {
            before.from = lowered(before.from, amount, thawed);
            before.to = added(before.to, amount);
        }
        same(before, p);
    }

    /// @dev What a force takes from the frozen part.
    function taken(BalanceWord word, uint256 amount) private pure returns (uint256) {
        uint256 unfrozen = word.unfrozen();
        return amount > unfrozen ? amount - unfrozen : 0;
    }

    function lowered(BalanceWord word, uint256 amount, uint256 thawed) private pure returns (BalanceWord) {
        unchecked {
            return pack(word.frozen() - thawed, word.balance() - amount);
        }
    }

    function added(BalanceWord word, uint256 amount) private pure returns (BalanceWord) {
        unchecked {
            return pack(word.frozen(), word.balance() + amount);
        }
    }

    /// @dev A sum beyond 128 bits would show in the frozen half.
    function pack(uint256 frozen, uint256 balance) private pure returns (BalanceWord) {
        unchecked {
            return BalanceWord.wrap((frozen << 128) + balance);
        }
    }

    /// @dev One term, so that the solver is asked once for each way through the token.
    function same(Books memory expected, Parties memory p) private view {
        Books memory found = token.books(p);
        Fact equal = fact(found.supply == expected.supply) & equals(found.from, expected.from)
            & equals(found.to, expected.to) & equals(found.third, expected.third);
        assert(Fact.unwrap(equal) == 1);
    }

    function equals(BalanceWord a, BalanceWord b) private pure returns (Fact) {
        return fact(BalanceWord.unwrap(a) == BalanceWord.unwrap(b));
    }
}
