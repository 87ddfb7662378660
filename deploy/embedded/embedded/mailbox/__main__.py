"""`python -m embedded.mailbox`: catch mail by SMTP and show it, with settings from the environment.

MAILBOX_SMTP_BIND  host:port of SMTP, default 127.0.0.1:8106
MAILBOX_HTTP_BIND  host:port of the page, default 127.0.0.1:8107
MAILBOX_DATA       folder of the stored mails, required
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from flask import Flask

from embedded.mailbox.smtp import MailCatcher
from embedded.mailbox.store import MailStore
from embedded.mailbox.web import make_app
from embedded.web_server import RefusedAddressError, require_loopback, serve

CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # aiosmtpd logs every address at INFO.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    smtp_bind = os.environ.get("MAILBOX_SMTP_BIND", "127.0.0.1:8106")
    http_bind = os.environ.get("MAILBOX_HTTP_BIND", "127.0.0.1:8107")
    folder = os.environ.get("MAILBOX_DATA")
    if not folder:
        print("mailbox: MAILBOX_DATA is not set; set it to a folder for the stored mails", file=sys.stderr)
        return CONFIGURATION_ERROR
    try:
        require_loopback(smtp_bind)
        require_loopback(http_bind)
    except RefusedAddressError as error:
        print(f"mailbox: {error}", file=sys.stderr)
        return CONFIGURATION_ERROR
    host, _, port = smtp_bind.rpartition(":")
    catchers: list[MailCatcher] = []

    def start() -> Flask:
        store = MailStore(Path(folder))
        catcher = MailCatcher(store, host, int(port))
        catcher.start()
        catchers.append(catcher)
        return make_app(store)

    def stop() -> None:
        for catcher in catchers:
            catcher.stop()

    serve(http_bind, start, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
