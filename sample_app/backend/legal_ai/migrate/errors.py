"""The one error of migrations, with the exit code that the process ends with."""

from typing import Final

FAILED: Final = 1
USAGE: Final = 2
REFUSED: Final = 3


class MigrateError(Exception):
    """It could not be done; the message says what to do next. `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
