"""`python -m local`: says what is missing even where nothing of ours can be imported yet."""

import sys

OLDEST = (3, 11)


def main() -> None:
    """Run the command line; exit 2 where Python or its packages are not as needed."""
    if sys.version_info < OLDEST:
        sys.exit("Python 3.11 or newer is needed. Say which one: make up PYTHON=python3.12")
    try:
        from local.cli import app  # noqa: PLC0415 - the check comes first
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("local"):
            raise
        sys.stderr.write(
            f"The Python package {error.name!r} is missing. First: make .venv/.installed\n"
        )
        sys.exit(2)
    app(prog_name="python -m local")


if __name__ == "__main__":
    main()
