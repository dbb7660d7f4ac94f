// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Test only: asks one contract many questions in a single `eth_call`, and returns what it answers or reverts with.
contract Asker {
    function ask(address target, bytes[] calldata questions) external returns (bytes[] memory answers) {
        answers = new bytes[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) {
            (, answers[i]) = target.call(questions[i]);
        }
    }
}
