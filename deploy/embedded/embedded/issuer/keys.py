"""The issuer's signing key: one ES256 key, created at the first start. It never leaves the data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"


class SigningKeys:
    """The key pair in `folder`/signing-key.pem."""

    def __init__(self, folder: Path) -> None:
        file = folder / "signing-key.pem"
        if not file.exists():
            _write_private(file, ECKey.generate_key("P-256", private=True).as_pem(private=True))
        key = ECKey.import_key(file.read_bytes(), {"use": "sig", "alg": ALGORITHM})
        key.ensure_kid()
        self.signing = key
        self.key_id = key.kid
        self.key_set = KeySet([key])

    def public_document(self) -> dict[str, Any]:
        """The JWKS document: public parts only."""
        return {"keys": [self.signing.as_dict(private=False)]}


def _write_private(file: Path, content: bytes) -> None:
    # The file is complete or absent: an interrupted first start must not leave half a key.
    partial = file.with_suffix(".partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    partial.replace(file)
