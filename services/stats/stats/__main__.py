"""python -m stats api | worker | migrate | check-config | relearn | rebuild | reconcile"""

from __future__ import annotations

import sys

from chassis.roles import Service, main
from stats import bootstrap
from stats.config import Settings

SERVICE = Service(
    name=bootstrap.SERVICE,
    settings_class=Settings,
    api=bootstrap.api,
    worker=bootstrap.worker,
    migrate=bootstrap.migrate,
    extra={"relearn": bootstrap.relearn, "rebuild": bootstrap.rebuild, "reconcile": bootstrap.reconcile},
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
