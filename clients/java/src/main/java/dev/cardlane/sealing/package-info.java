/** What cardlane encrypts, signs and verifies: docs/protocol.md, "Exact rules". */
package dev.cardlane.sealing;
