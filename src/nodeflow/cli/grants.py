"""Options of `nodeflow run` that grant parts of the outside world, and the services that they make."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from nodeflow.cli.telling import BAD, Stop
from nodeflow.services import Databases, Environment, Files, Http, Processes, Secrets, Seed

LONGEST_SECRET: Final = 1024 * 1024

_OPTIONS: Final = (
    click.option("--seed", type=int, metavar="N", help="Make random nodes draw the same values each time."),
    click.option(
        "--allow-files",
        metavar="DIR[:rw]",
        help="Let nodes read the files below this folder; with `:rw`, write them too.",
    ),
    click.option(
        "--allow-http",
        multiple=True,
        metavar="URL-PREFIX",
        help="Let nodes send requests there: `https://api.example.com/v1/`, `api.example.com`, or `*` for all public "
        "servers. May be repeated.",
    ),
    click.option(
        "--allow-process",
        multiple=True,
        metavar="PROGRAM",
        help="Let nodes run this program; it sees `PATH` and what `--allow-env` names. May be repeated.",
    ),
    click.option(
        "--database",
        multiple=True,
        metavar="NAME=URL[:ro]",
        help="Let nodes use a database, `sqlite:FILE` or `postgresql://...`; with `:ro`, only read it. "
        "May be repeated.",
    ),
    click.option(
        "--secret",
        multiple=True,
        metavar="NAME=SOURCE",
        help="Let nodes use a secret that stands in a file (`@FILE`) or in a variable of the environment (`env:NAME`). "
        "May be repeated.",
    ),
    click.option(
        "--allow-env",
        multiple=True,
        metavar="NAME",
        help="Let nodes read this variable of the environment. May be repeated.",
    ),
)
"""In the order in which the help shows them."""


def takes_grants(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that grant something."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def services_of(
    *,
    seed: int | None,
    allow_files: str | None,
    allow_http: Sequence[str],
    allow_process: Sequence[str],
    database: Sequence[str],
    secret: Sequence[str],
    allow_env: Sequence[str],
) -> list[Any]:
    """The services that the options grant.

    Raises:
        Stop: One of them cannot be.
        click.UsageError: One of them is written wrongly.
    """
    services: list[Any] = []
    if seed is not None:
        services.append(Seed(seed))
    if allow_files is not None:
        services.append(_files(allow_files))
    if allow_http:
        services.append(_checked("--allow-http", lambda: Http(allow_http)))
    if allow_process:
        seen = {name: os.environ[name] for name in ("PATH", *allow_env) if name in os.environ}
        services.append(_checked("--allow-process", lambda: Processes(allow_process, env=seen)))
    if database:
        services.append(_databases(database))
    if secret:
        services.append(Secrets(_secrets(secret)))
    if allow_env:
        services.append(_checked("--allow-env", lambda: Environment(allow_env)))
    return services


def _checked(option: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _files(given: str) -> Files:
    folder, mode = (given[:-3], given[-2:]) if given.endswith((":rw", ":ro")) else (given, "ro")
    try:
        if not folder or not Path(folder).is_dir():
            raise Stop(BAD, f"nodeflow: --allow-files: there is no folder {folder!r}")
    except ValueError:
        raise click.UsageError(f"--allow-files: {folder!r} is no folder") from None
    return Files(folder, write=mode == "rw")


def _pairs(option: str, example: str, given: Sequence[str]) -> Mapping[str, str]:
    """What stands behind each name. No message shows it: it may be what nobody is to see."""
    found: dict[str, str] = {}
    for argument in given:
        name, equals, value = argument.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"{option} takes a name and more, as `{option} {example}`")
        if name in found:
            raise click.UsageError(f"{option}: {name!r} is given twice")
        found[name] = value
    return found


def _databases(given: Sequence[str]) -> Databases:
    urls = dict(_pairs("--database", "main=sqlite:data.db", given))
    read_only = {name for name, url in urls.items() if url.endswith(":ro")}
    plain = {name: url.removesuffix(":ro") for name, url in urls.items()}
    made: Databases = _checked("--database", lambda: Databases(plain, read_only=read_only))
    return made


def _secrets(given: Sequence[str]) -> Mapping[str, str]:
    sources = _pairs("--secret", "token=@token.txt", given)
    return {name: _secret(name, source) for name, source in sources.items()}


def _secret(name: str, source: str) -> str:
    kind, _, variable = source.partition(":")
    if kind == "env" and variable:
        if variable not in os.environ:
            raise Stop(BAD, f"nodeflow: --secret {name}: the environment variable {variable!r} is not set")
        return os.environ[variable]
    if not source.startswith("@") or len(source) == 1:
        raise click.UsageError(
            f"--secret {name}: say where it is, as `{name}=@FILE` or `{name}=env:VARIABLE`: everybody on the machine "
            "can see what stands on the command line"
        )
    return _read(name, source[1:])


def _read(name: str, file: str) -> str:
    try:
        with open(file, "rb") as opened:
            content = opened.read(LONGEST_SECRET + 1)
        if len(content) > LONGEST_SECRET:
            raise ValueError(f"it has more than {LONGEST_SECRET} bytes")
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        why = "it is not text in UTF-8"
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    raise Stop(BAD, f"nodeflow: --secret {name}: {file}: {why}")
