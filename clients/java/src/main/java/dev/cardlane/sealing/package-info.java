/** What cardlane encrypts, signs and verifies: docs/protocol/bytes.md. */
package dev.cardlane.sealing;
