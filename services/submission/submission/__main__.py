"""The command line of the submission service: api, worker, migrate, check-config."""

from __future__ import annotations

import sys

from chassis.roles import Service, main
from submission import bootstrap
from submission.config import Settings

SERVICE = Service(
    name=bootstrap.SERVICE,
    settings_class=Settings,
    api=bootstrap.api,
    worker=bootstrap.worker,
    migrate=bootstrap.migrate,
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
