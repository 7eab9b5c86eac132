"""A few small files that survive a power cut."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

_FILE_MODE = 0o600
_UNFINISHED_SUFFIX = ".unfinished"


class DurableFiles:
    """Files in a directory that is made when it is missing and locked until `close`.

    What a method returned for is on the disk; a crash before that leaves the old content. The lock
    is SQLite's, which ends with the process however that ends, and is the one that the mesh's own
    programs take. Raises ValueError when another process holds it.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = sqlite3.connect(self._path / ".lock", timeout=0, isolation_level=None)
        try:
            self._lock.execute("PRAGMA journal_mode = MEMORY")
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self._lock.close()
            raise ValueError(f"{self._path} is in use by another process") from None

    def read(self, name: str) -> bytes | None:
        """Return a whole file, or nothing when it is not there."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Replace a whole file. Its content is never half old, half new."""
        unfinished = self._path / (name + _UNFINISHED_SUFFIX)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._path / name)
        self._sync_directory()

    def names(self, prefix: str) -> list[str]:
        """Return the names of all files that begin with `prefix`."""
        found = (path.name for path in self._path.iterdir())
        return sorted(n for n in found if n.startswith(prefix) and n.endswith(".bin"))

    def remove(self, name: str) -> None:
        """Take a file away; without effect when it is not there."""
        (self._path / name).unlink(missing_ok=True)
        self._sync_directory()

    def close(self) -> None:
        """Let another process have the directory."""
        self._lock.close()

    def _sync_directory(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
