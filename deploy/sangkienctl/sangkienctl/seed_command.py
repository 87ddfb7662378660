"""The command `seed`: reads the target platform and the credentials, and calls the loader."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from sangkienctl.platform import Platform
from sangkienctl.remote import Client, RemotePlatform

REALM = "/auth/realms/sangkien"


@click.command()
@click.option(
    "--initiatives", type=click.IntRange(min=1), help="Create that many more, along the published growth."
)
@click.option("--connections", default=8, show_default=True, type=click.IntRange(1, 64))
@click.option("--programme-only", is_flag=True, help="Only units, campaigns, contacts and targets.")
@click.option("--url", envvar="SANGKIENCTL_URL", help="Load into the platform at this public address.")
@click.option("--issuer", envvar="SANGKIENCTL_ISSUER", help=f"Its issuer.  [default: URL{REALM}]")
@click.option("--client-id", envvar="SANGKIENCTL_CLIENT_ID", default="sangkienctl", show_default=True)
@click.option("--client-secret", envvar="SANGKIENCTL_CLIENT_SECRET", help="Better set in the environment.")
@click.option("--token", envvar="SANGKIENCTL_TOKEN", help="An administrator's token, instead of a client.")
@click.pass_obj
def seed(
    home: Path,
    initiatives: int | None,
    connections: int,
    programme_only: bool,
    url: str | None,
    issuer: str | None,
    client_id: str,
    client_secret: str | None,
    token: str | None,
) -> None:
    """Load the sample programme through the public API; repeating it changes nothing.

    Without --url it loads into the embedded platform. With --url, the client needs the role admin over the
    whole tree; set its secret in SANGKIENCTL_CLIENT_SECRET, or a token in SANGKIENCTL_TOKEN.
    """
    from sangkienctl import seed as seeding

    console = Console()
    if url is None:
        platform = Platform(home)
        load = seeding.seed_programme if programme_only else seeding.seed_sample
        load(platform, console)
        if initiatives is not None:
            seeding.seed_growth(platform, console, initiatives, connections)
        return
    if initiatives is not None:
        raise click.UsageError(
            "--initiatives is for the embedded platform: its home records the earlier batches"
        )
    if (client_secret is None) == (token is None):
        raise click.UsageError("--url needs either --client-secret or --token")
    if token is not None and not programme_only:
        raise click.UsageError("--token cannot sign in demo accounts; add --programme-only, or give a client")
    gateway = url.rstrip("/")
    client = (
        Client((issuer or gateway + REALM).rstrip("/"), client_id, client_secret) if client_secret else None
    )
    passwords = {account.username: account.password for account in seeding.Sample().accounts}
    remote = RemotePlatform(gateway, client=client, token=token, passwords=passwords)
    (seeding.seed_programme if programme_only else seeding.seed_sample)(remote, console)
