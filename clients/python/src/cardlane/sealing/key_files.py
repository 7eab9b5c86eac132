"""The keys of one program: a folder with a JSON file for each."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from cardlane.keys.v1 import keys_pb2 as keys
from cardlane.sealing.certificates import TrustedRoots

M = TypeVar("M", bound=Message)

_KEY_FILE_MODE = 0o600


class KeyFolder:
    """A folder as CARDLANE_KEYS_DIR names it.

    Private keys are `<purpose>.key.json` or `<purpose>.<key id in hex>.key.json`, with the members
    `purpose`, `development` and `secretKey` (base64). Certificates and trusted roots are protobuf
    JSON. Everything raises ValueError naming the file that is missing or not usable.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read_key(self, purpose: str) -> bytes:
        """Return the only key of that purpose: 32 bytes, or 16 for AES-128."""
        return self._read_key_file(self.path / f"{purpose}.key.json", purpose)

    def read_keys(self, purpose: str) -> list[bytes]:
        """Return all keys of that purpose that are named by their key id."""
        names = sorted(self.path.glob(f"{purpose}.*.key.json"))
        return [self._read_key_file(name, purpose) for name in names]

    def write_key(self, purpose: str, secret_key: bytes) -> None:
        """Write a development key, readable by the owner alone."""
        content = {
            "purpose": purpose,
            "development": True,
            "secretKey": base64.b64encode(secret_key).decode(),
        }
        path = self.path / f"{purpose}.key.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _KEY_FILE_MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(content, indent=2) + "\n")

    def destroy_key(self, purpose: str) -> None:
        """Take a key away for good; without effect when it is not there."""
        (self.path / f"{purpose}.key.json").unlink(missing_ok=True)

    def read_certificate(self) -> keys.SignedEnvelope:
        """Return `certificate.json`, not verified."""
        return self._read_message(keys.SignedEnvelope, "certificate.json")

    def write_certificate(self, envelope: keys.SignedEnvelope) -> None:
        """Write `certificate.json`."""
        self._write_message("certificate.json", envelope)

    def read_trusted_roots(self) -> TrustedRoots:
        """Return the roots that this program trusts."""
        wire = self._read_message(keys.TrustedRoots, "trusted-roots.json")
        self._refuse_in_production("trusted-roots.json", is_development=wire.development)
        return TrustedRoots.parse(wire)

    def copy_trusted_roots(self, source: KeyFolder) -> None:
        """Write the roots that another folder trusts."""
        self._write_message(
            "trusted-roots.json", source._read_message(keys.TrustedRoots, "trusted-roots.json")
        )

    def _read_key_file(self, path: Path, purpose: str) -> bytes:
        content = self._read_json(path)
        if content.get("purpose") != purpose:
            raise ValueError(f"{path} is not a {purpose} key")
        is_development = content.get("development") is not False
        self._refuse_in_production(path.name, is_development=is_development)
        try:
            key = base64.b64decode(str(content.get("secretKey")), validate=True)
        except ValueError:
            key = b""
        if len(key) not in (16, 32):
            raise ValueError(f"{path} must hold 16 or 32 bytes in base64, got {len(key)}")
        return key

    def _read_message(self, message_type: type[M], name: str) -> M:
        content = self._read_json(self.path / name)
        try:
            return json_format.ParseDict(content, message_type())
        except json_format.ParseError:
            raise ValueError(f"{self.path / name} could not be read") from None

    def _write_message(self, name: str, message: Message) -> None:
        (self.path / name).write_text(json_format.MessageToJson(message) + "\n")

    @staticmethod
    def _read_json(path: Path) -> dict[str, object]:
        try:
            content = json.loads(path.read_text())
        except FileNotFoundError:
            raise ValueError(f"no file {path}") from None
        except (OSError, ValueError):
            # A parser's message quotes what it read, so it is not passed on.
            raise ValueError(f"{path} could not be read") from None
        if not isinstance(content, dict):
            raise ValueError(f"{path} must hold one JSON object")  # noqa: TRY004
        return content

    def _refuse_in_production(self, name: str, *, is_development: bool) -> None:
        if is_development and os.environ.get("CARDLANE_ENVIRONMENT") == "production":
            raise ValueError(f"{self.path / name} was made for development: refused in production")
