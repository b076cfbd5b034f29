"""A group of commands that loads only the one that is called: libraries of statistics take a second."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands lie in other modules: by name, the place (``module:function``) and one line of help."""

    def __init__(self, *args: Any, commands_of: Mapping[str, tuple[str, str]], **options: Any) -> None:
        """Every argument but ``commands_of`` is click's."""
        super().__init__(*args, **options)
        self.commands_of = commands_of

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click gives it
        """The names of the commands."""
        return sorted(self.commands_of)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click gives it
        """The command of a name; None for another name."""
        if cmd_name not in self.commands_of:
            return None
        module, function = self.commands_of[cmd_name][0].split(":")
        return getattr(import_module(module), function)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click gives ctx
        """The list of commands with their help, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.commands_of[name][1]) for name in sorted(self.commands_of)])
