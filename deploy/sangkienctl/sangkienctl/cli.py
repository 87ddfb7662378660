"""The commands. Each is thin: it reads options, calls the module that does the work and shows the result."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from chassis.settings import SettingsError, load
from sangkienctl import engine_build, screen
from sangkienctl.consumer_command import consumer
from sangkienctl.databases import DatabaseEngine, EngineChoice
from sangkienctl.engine_command import engine as engine_commands
from sangkienctl.home import HOME_VARIABLE, REPOSITORY, PlatformError
from sangkienctl.jobs_command import jobs
from sangkienctl.kafka_access import KafkaAccess
from sangkienctl.mail_command import mail
from sangkienctl.platform import Platform
from sangkienctl.processes import EXTERNAL_DATABASES
from sangkienctl.seed_command import seed
from sangkienctl.service_roles import run_role

CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h
NOT_READY = 3

# In a file or a pipe there is no terminal width to fold tables to.
PIPE_WIDTH = 160
console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
errors = Console(stderr=True)


class Commands(click.Group):
    """Prints an expected failure as one line, without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except PlatformError as error:
            errors.print(f"sangkienctl: {error}", markup=False, highlight=False, soft_wrap=True)
            sys.exit(1)
        except SettingsError as error:
            for problem in error.problems:
                errors.print(f"sangkienctl: {problem}", markup=False, highlight=False, soft_wrap=True)
            sys.exit(CONFIGURATION_ERROR)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=HOME_VARIABLE,
    default=REPOSITORY / ".run",
    help="Folder for data, logs and records of the embedded platform.  [default: .run in the repository]",
)
@click.pass_context
def main(context: click.Context, home: Path) -> None:
    """Operate the Sáng Kiến platform."""
    context.obj = home


with_home: Callable[[Any], Any] = click.pass_obj


# ── the embedded platform ──


@main.command()
@click.option("--ports", type=click.Choice(["auto", "default"]), help="The default ports, or free ones.")
@click.option(
    "--kafka",
    type=click.Choice(["embedded", "apache", "apache-cluster"]),
    help="Our broker, Apache Kafka, or a cluster of three nodes (both need Java 17 and Maven).",
)
@click.option(
    "--engine",
    type=click.Choice([str(choice) for choice in EngineChoice]),
    help="Engine of the embedded databases. `make engine` builds fast once; auto uses it if it is built.",
)
@click.option(
    "--mongo",
    metavar="URI",
    envvar="SANGKIEN_MONGO",
    help="Use your own MongoDB instead: a replica set or a sharded cluster, one database per service.",
)
@click.option("--no-seed", is_flag=True, help="Start without the sample programme.")
@with_home
def up(
    home: Path, ports: str | None, kafka: str | None, engine: str | None, mongo: str | None, no_seed: bool
) -> None:
    """Start everything, load the sample programme once, and print the addresses."""
    if engine is not None and mongo is not None:
        raise click.UsageError("give either --engine or --mongo")
    with screen.Steps(console) as steps:
        platform = Platform(
            home, ports=ports, kafka=kafka, engine=engine, mongo=mongo, progress=steps
        ).start()
    if not no_seed:
        from sangkienctl import seed as seeding

        seeding.seed_once(platform, console)
    _show_addresses(platform)


def _show_addresses(platform: Platform) -> None:
    record = platform.record
    gateway = record["gateway"]
    rows = [
        ("start page", f"{gateway}/"),
        ("API reference", f"{gateway}/docs"),
        ("national progress", f"{gateway}/api/stats/v1/units/TLD/progress?campaign=evaluation"),
        ("caught mail", f"{gateway}/mail/"),
        ("event contracts", f"{gateway}/contracts/"),
        ("sign-in (OpenID Connect)", record["issuer"]),
        (f"Kafka ({record['kafka']})", record["kafka_bootstrap"]),
        ("databases", platform.engine.label),
        ("data and logs", record["home"]),
    ]
    console.print(screen.table("Sáng Kiến is up", ("what", "where"), rows))
    accounts = json.loads((REPOSITORY / "deploy" / "sample" / "accounts.json").read_text(encoding="utf-8"))
    shown = [account for account in accounts if account["username"] in SHOWN_ACCOUNTS]
    console.print(
        screen.table(
            "Demo accounts (evaluation only)",
            ("user", "password", "roles"),
            [
                (
                    account["username"],
                    account["password"],
                    ", ".join(f"{grant['role']} of {grant['unit']}" for grant in account["grants"]),
                )
                for account in shown
            ],
        )
    )
    console.print(
        "Next: bin/sangkienctl token --user apatit.member · bin/sangkienctl status · make logs · make down",
        highlight=False,
        soft_wrap=True,
    )
    if platform.engine is DatabaseEngine.PYTHON and engine_build.toolchain_is_there():
        console.print(ENGINE_HINT, highlight=False, soft_wrap=True)


ENGINE_HINT = "Faster: `make engine` builds the databases' Rust program once, then `make down` and `make up`."
SHOWN_ACCOUNTS = frozenset(
    {
        "apatit.member",
        "apatit.support",
        "hoachat.reviewer",
        "congthuong.official",
        "tld.admin",
        "tld.operator",
    }
)


@main.command()
@with_home
def down(home: Path) -> None:
    """Stop everything; data are kept."""
    with screen.Steps(console) as steps:
        Platform(home, progress=steps).stop()
    console.print("Stopped; the data are kept. `make up` starts again, `make reset` deletes them.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@with_home
def status(home: Path, as_json: bool) -> None:
    """Show every process; exit code 3 unless all are ready."""
    platform = Platform(home)
    statuses = platform.status()
    if as_json:
        click.echo(json.dumps([vars(entry) for entry in statuses], indent=2))
    else:
        console.print(screen.status_table(statuses))
        console.print(f"Databases: {platform.engine.label}", highlight=False)
        if not platform.running:
            console.print("The platform is down; `make up` starts it.")
    if not all(entry.ready for entry in statuses):
        sys.exit(NOT_READY)


@main.command()
@click.argument("name", required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines.")
@click.option("-n", "--lines", default=40, show_default=True, help="How many of the last lines of each log.")
@with_home
def logs(home: Path, name: str | None, follow: bool, lines: int) -> None:
    """Show the log of one process, or of all."""
    platform = Platform(home)
    files = sorted(platform.home.logs.glob("*.log"))
    if name is not None:
        files = [file for file in files if file.stem == name]
        if not files:
            known = ", ".join(sorted(file.stem for file in platform.home.logs.glob("*.log")))
            raise PlatformError(f"there is no log of {name!r}; there are: {known or 'none yet'}")
    for file in files:
        for line in screen.tail(file, lines):
            _show_line(file.stem, line, name)
    if follow:
        try:
            for process, line in screen.follow(files):
                _show_line(process, line, name)
        except KeyboardInterrupt:
            return


def _show_line(process: str, line: str, only: str | None) -> None:
    click.echo(line if only else f"{process:<18} {line}")


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_home
def reset(home: Path, yes: bool) -> None:
    """Stop everything and delete all data, logs and secrets of this home."""
    platform = Platform(home)
    if not yes:
        click.confirm(f"Delete all data of the platform in {platform.home.path}?", abort=True)
    platform.stop()
    external = platform.home.record().get("engine") == DatabaseEngine.EXTERNAL
    with platform.home.locked():
        for folder in (platform.home.data, platform.home.logs, platform.home.secrets):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (platform.home.record_file, platform.home.supervisor_config):
            file.unlink(missing_ok=True)
    if external:
        names = ", ".join(EXTERNAL_DATABASES.values())
        console.print(f"The databases {names} in your MongoDB were not touched; drop them there.")
    console.print("Deleted. `make up` starts with an empty platform.")


@main.command()
@click.option("--user", help="A demo account, such as apatit.member.")
@click.option("--role", "roles", multiple=True, type=click.Choice(["admin", "operator"]))
@with_home
def token(home: Path, user: str | None, roles: tuple[str, ...]) -> None:
    """Print an access token for a demo account, or with --role for this command itself."""
    if (user is None) == (not roles):
        raise click.UsageError("give either --user NAME or --role ROLE")
    platform = Platform(home)
    click.echo(platform.token(user) if user is not None else platform.service_token(*roles))


main.add_command(seed)
main.add_command(mail)
main.add_command(engine_commands)
main.add_command(consumer)
main.add_command(jobs)


# ── Kafka ──


def _kafka_access(home: Path) -> KafkaAccess:
    """The Kafka of the environment if KAFKA_BOOTSTRAP is set, else the one of the embedded platform."""
    if os.environ.get("KAFKA_BOOTSTRAP"):
        return load(KafkaAccess, os.environ)
    return KafkaAccess(kafka_bootstrap=Platform(home).addresses.kafka)


@main.group()
def topics() -> None:
    """Topics of the contracts."""


@topics.command()
@click.option("--wait", default=0.0, metavar="SECONDS", help="How long to retry while Kafka is unavailable.")
@with_home
def apply(home: Path, wait: float) -> None:
    """Create and update all topics; repeating it changes nothing."""
    from sangkienctl.topics import apply_topics

    changes = apply_topics(_kafka_access(home), wait)
    for change in changes:
        click.echo(change)
    click.echo(f"{len(changes)} changes" if changes else "all topics are as declared")


@main.command()
@with_home
def lag(home: Path) -> None:
    """Show how far each consumer group is behind, in records."""
    from sangkienctl.topics import lag as measure

    rows = [
        (
            line.group,
            line.topic,
            str(line.behind),
            " ".join(map(str, line.partitions)) if line.behind else "",
            "" if line.committed else "nothing committed",
        )
        for line in measure(_kafka_access(home))
    ]
    console.print(screen.table("", ("group", "topic", "behind", "by partition", ""), rows))


@main.group()
def dlq() -> None:
    """Dead letters: records that a service could not handle."""


@dlq.command("list")
@click.argument("group", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@with_home
def list_dead_letters(home: Path, group: str | None, limit: int) -> None:
    """List the dead letters that were not replayed or discarded, the oldest first."""
    from sangkienctl import dead_letters

    access = _kafka_access(home)
    rows = [
        (
            letter.group,
            str(letter.offset),
            letter.reasons.get("time", ""),
            f"{letter.topic}/{letter.reasons.get('partition', '')}@{letter.reasons.get('offset', '')}",
            f"{letter.reasons.get('error_class', '')}: {letter.reasons.get('error_code', '')}",
            letter.header("ce_subject"),
        )
        for name in ([group] if group else dead_letters.groups())
        for letter in dead_letters.pending(access, name, limit)
    ]
    console.print(screen.table("", ("group", "offset", "when", "record", "why", "subject"), rows))


@dlq.command()
@click.argument("group")
@click.argument("offset", type=int)
@with_home
def show(home: Path, group: str, offset: int) -> None:
    """Show one dead letter in full."""
    from sangkienctl import dead_letters

    letter = dead_letters.find(_kafka_access(home), group, offset)
    for name, text in sorted(letter.reasons.items()):
        click.echo(f"{name}: {text}")
    for name, value in letter.headers:
        click.echo(f"header {name}: {value.decode('utf-8', 'replace')}")
    click.echo(f"key: {(letter.key or b'').decode('utf-8', 'replace')}")
    click.echo((letter.value or b"").decode("utf-8", "replace"))


def _count(command: Any) -> Any:
    return click.option(
        "--count", default=1, show_default=True, type=click.IntRange(min=1), help="How many."
    )(command)


@dlq.command()
@click.argument("group")
@_count
@with_home
def replay(home: Path, group: str, count: int) -> None:
    """Send the oldest dead letters of GROUP to their topics again."""
    from sangkienctl import dead_letters

    click.echo(f"{dead_letters.replay(_kafka_access(home), group, count)} sent again")


@dlq.command()
@click.argument("group")
@_count
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_home
def discard(home: Path, group: str, count: int, yes: bool) -> None:
    """Mark the oldest dead letters of GROUP as handled, without sending them again."""
    from sangkienctl import dead_letters

    if not yes:
        click.confirm(f"Discard the {count} oldest dead letters of {group}?", abort=True)
    click.echo(f"{dead_letters.discard(_kafka_access(home), group, count)} discarded")


# ── statistics ──


@main.group()
def stats() -> None:
    """Counters: rebuild and check."""


@stats.command()
@with_home
def rebuild(home: Path) -> None:
    """Recompute all counters from the events."""
    run_role(home, "stats", "rebuild")


@stats.command()
@with_home
def reconcile(home: Path) -> None:
    """Compare the counters with their source data; exit code 1 on a difference."""
    run_role(home, "stats", "reconcile")
