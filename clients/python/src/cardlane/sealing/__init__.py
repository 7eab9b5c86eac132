"""What cardlane encrypts, signs and verifies: docs/protocol/bytes.md."""
