"""`python -m embedded.issuer`: serve the issuer with settings from the environment."""

from __future__ import annotations

import logging
import os
import sys

from embedded.issuer.settings import SettingsError, load
from embedded.issuer.web import make_app
from embedded.web_server import RefusedAddressError, require_loopback, serve

CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load(os.environ)
        require_loopback(settings.bind)
    except (SettingsError, RefusedAddressError) as error:
        print(f"issuer: {error}", file=sys.stderr)
        return CONFIGURATION_ERROR
    serve(settings.bind, lambda: make_app(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
