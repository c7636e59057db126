"""Building what has changed, with whatever this machine has."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from local.images.archive import replacing
from local.images.checksum import checksum
from local.images.engine import build_with_engine, engine_answers
from local.images.layers import Workshop
from local.images.releases import APP, AppImage, app_images, architecture
from local.problems import CommandFailedError

Report = Callable[[str], None]


def ensure_images(root: Path, report: Report) -> list[Path]:
    """Build the images of the clone at `root` that are missing or out of date.

    Returns their archives under `root`/.local/images, one for each service with all its releases:
    those share all layers but the last. Raises LocalStackError or CommandFailedError.
    """
    folder = root / ".local" / "images"
    answers = cache(engine_answers)
    workshop = Workshop(root, folder, report)
    built = []
    for service, images in app_images(root).items():
        out = folder / f"legal-ai-{service}.tar"
        inputs = checksum(
            root,
            [root / APP / service, *Path(__file__).parent.glob("*.py")],
            *(image.tag for image in images),
            architecture(),
        )
        if not _is_current(out, inputs):
            _build(root, workshop, images, out, report, with_engine=answers())
            _stamp(out, inputs)
        built.append(out)
    return built


def _build(
    root: Path,
    workshop: Workshop,
    images: Sequence[AppImage],
    out: Path,
    report: Report,
    *,
    with_engine: bool,
) -> None:
    tags = f"{images[0].tag} to {images[-1].release.version}"
    if with_engine:
        report(f"{tags}: building with Docker")
        try:
            build_with_engine(root, images, out)
        except CommandFailedError as error:
            report(f"{tags}: Docker could not build them, trying Debian packages\n{error}")
        else:
            return
    report(f"{tags}: building from Debian packages")
    workshop.build(images, out)


def _stamp_of(out: Path) -> Path:
    return out.with_suffix(".inputs")


def _is_current(out: Path, inputs: str) -> bool:
    stamp = _stamp_of(out)
    return out.exists() and stamp.exists() and stamp.read_text() == inputs


def _stamp(out: Path, inputs: str) -> None:
    with replacing(_stamp_of(out)) as partial:
        partial.write_text(inputs)
