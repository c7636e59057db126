"""Building what has changed, with whatever this machine has."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from local.images.agent import agent_archive
from local.images.archive import replacing
from local.images.checksum import checksum
from local.images.engine import build_with_engine, engine_answers
from local.images.recipe import Archive, architecture
from local.images.releases import app_archives
from local.images.workshop import Workshop
from local.problems import CommandFailedError

Report = Callable[[str], None]


def ensure_images(root: Path, report: Report) -> list[Path]:
    """Build the images of the clone at `root` that are missing or out of date.

    Returns their archives under `root`/.local/images: one for each service with all its releases,
    which share all layers but the last, and the agent's. Raises LocalStackError or
    CommandFailedError.
    """
    folder = root / ".local" / "images"
    answers = cache(engine_answers)
    workshop = Workshop(root, folder, report)
    built = []
    for archive in [*app_archives(root), agent_archive(root)]:
        out = folder / f"{archive.name}.tar"
        inputs = checksum(
            root,
            [*archive.inputs, *Path(__file__).parent.glob("*.py")],
            *(image.tag for image in archive.images),
            architecture(),
        )
        if not _is_current(out, inputs):
            _build(root, workshop, archive, out, report, with_engine=answers())
            _stamp(out, inputs)
        built.append(out)
    return built


def _build(
    root: Path,
    workshop: Workshop,
    archive: Archive,
    out: Path,
    report: Report,
    *,
    with_engine: bool,
) -> None:
    first, last = archive.images[0].tag, archive.images[-1].tag
    tags = first if first == last else f"{first} to {last.rpartition(':')[2]}"
    if with_engine:
        report(f"{tags}: building with Docker")
        try:
            build_with_engine(root, archive.images, out)
        except CommandFailedError as error:
            report(f"{tags}: Docker could not build them, trying Debian packages\n{error}")
        else:
            return
    report(f"{tags}: building from Debian packages")
    workshop.build(archive.images, out)


def _stamp_of(out: Path) -> Path:
    return out.with_suffix(".inputs")


def _is_current(out: Path, inputs: str) -> bool:
    stamp = _stamp_of(out)
    return out.exists() and stamp.exists() and stamp.read_text() == inputs


def _stamp(out: Path, inputs: str) -> None:
    with replacing(_stamp_of(out)) as partial:
        partial.write_text(inputs)
