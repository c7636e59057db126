"""The AWS API of the local stack: moto, made repeatable, with what it lacks for us added."""

from importlib import import_module

MENDED = ("backup", "rds")
"""Services of moto that get something added, each by the module of its name."""


def mend(service: str) -> None:
    """Add what one of moto's services lacks; nothing for those that lack nothing."""
    if service in MENDED:
        import_module(f"local.aws_api.{service}").install()


def install() -> None:
    """Mend moto in this process, for tests that run it there. Done twice it is done once."""
    import_module("local.aws_api.repeatable").install()
    for service in MENDED:
        mend(service)
