"""python -m review api | worker | migrate | check-config | relearn"""

from __future__ import annotations

import sys

from chassis.roles import Service, main
from review import bootstrap
from review.config import Settings

SERVICE = Service(
    name=bootstrap.SERVICE,
    settings_class=Settings,
    api=bootstrap.api,
    worker=bootstrap.worker,
    migrate=bootstrap.migrate,
    extra={"relearn": bootstrap.relearn},
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
