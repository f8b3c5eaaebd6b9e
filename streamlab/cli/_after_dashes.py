"""A verb whose words end at `--`: what follows is a command and its arguments."""

import typer
from typer.core import TyperCommand

__all__ = ["WithCommand"]


class WithCommand(TyperCommand):
    """Leaves what follows the first `--` in `ctx.args`: a parser that takes options and arguments
    in any order would take it for more arguments."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """See `TyperCommand`."""
        at = args.index("--") if "--" in args else len(args)
        super().parse_args(ctx, args[:at])
        ctx.args = args[at + 1 :]
        if at < len(args) and not ctx.args:
            ctx.fail("no command after --")
        return ctx.args

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """See `TyperCommand`."""
        return [*super().collect_usage_pieces(ctx), "[-- CMD...]"]
