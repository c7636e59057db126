"""Documents that have passed a check, one file each; what does not pass leaves the one before."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from local.credentials import write
from local.problems import CommandFailedError

log = logging.getLogger(__name__)
SUFFIX = ".yaml"
Check = Callable[[str, Path], None]
"""Takes a document's name and a file with it; raises ValueError or CommandFailedError."""


class Shelf:
    """A folder of files `NAMESPACE.NAME.yaml` for documents called `NAMESPACE/NAME`."""

    def __init__(self, folder: Path, check: Check) -> None:
        self.folder = folder
        self._check = check

    def sync(self, wanted: Mapping[str, str]) -> bool:
        """Make the files those of `wanted` (texts by name); return whether any is another now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self.documents()
        for name, text in wanted.items():
            if before.get(name) != text and self._passes(name, text):
                write(self._path(name), text)
        for name in before.keys() - wanted.keys():
            self._path(name).unlink()
            log.info("%s is gone", name)
        return self.documents() != before

    def documents(self) -> dict[str, str]:
        """Return the texts that are there, by name."""
        return {_name(path): path.read_text() for path in sorted(self.folder.glob(f"*{SUFFIX}"))}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace('/', '.', 1)}{SUFFIX}"

    def _passes(self, name: str, text: str) -> bool:
        with TemporaryDirectory() as folder:  # its owner's alone: there may be tokens in the text
            candidate = Path(folder) / f"candidate{SUFFIX}"
            candidate.write_text(text)
            try:
                self._check(name, candidate)
            except (ValueError, CommandFailedError) as error:
                log.error("%s is not taken, what was there before stays: %s", name, error)  # noqa: TRY400
                return False
        log.info("%s is taken", name)
        return True


def _name(path: Path) -> str:
    """Return the document's name; a namespace has no dot in it."""
    return path.name.removesuffix(SUFFIX).replace(".", "/", 1)
