"""One number for everything that goes into an image, so that it is built only when that changes."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def checksum(root: Path, inputs: Iterable[Path], *facts: str) -> str:
    """Return a checksum over the files (or folders of files) `inputs`, and over `facts`.

    Names count relative to `root`; bytecode doesn't count, and neither do times and owners.
    """
    digest = hashlib.sha256()
    files = {file for one in inputs for file in _files(one)}
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        executable = bool(file.stat().st_mode & 0o100)
        digest.update(f"{file.relative_to(root)}\0{executable}\0{content}\n".encode())
    for fact in facts:
        digest.update(f"{fact}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    found = (file for file in path.rglob("*") if file.is_file())
    return [file for file in found if "__pycache__" not in file.parts and file.suffix != ".pyc"]
