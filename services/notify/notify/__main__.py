"""The command line of the notification service: the roles of every service, doubtful and jobs."""

from __future__ import annotations

import sys

from chassis.roles import Service, main
from notify import bootstrap
from notify.config import Settings

SERVICE = Service(
    name=bootstrap.SERVICE,
    settings_class=Settings,
    api=bootstrap.api,
    worker=bootstrap.worker,
    migrate=bootstrap.migrate,
    extra={"relearn": bootstrap.relearn, "doubtful": bootstrap.doubtful, "jobs": bootstrap.jobs},
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
