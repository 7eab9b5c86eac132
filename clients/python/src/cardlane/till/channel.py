"""Connections to the programs of a mesh."""

from __future__ import annotations

import os
from pathlib import Path

import grpc

# Channels would otherwise share connections, also one that fell silent.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)


def open_channel(address: str) -> grpc.aio.Channel:
    """Connect to "host:port", with mutual TLS when CARDLANE_TLS_DIR names the files for it.

    That folder has `ca.pem`, `cert.pem` and `key.pem`. Every channel has a connection of its own.
    """
    folder = os.environ.get("CARDLANE_TLS_DIR")
    if not folder:
        return grpc.aio.insecure_channel(address, options=_OPTIONS)
    certificate_authority, certificate, key = (
        Path(folder, f"{name}.pem").read_bytes() for name in ("ca", "cert", "key")
    )
    credentials = grpc.ssl_channel_credentials(certificate_authority, key, certificate)
    return grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
