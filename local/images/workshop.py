"""Images from Debian packages: which builder makes which."""

from collections.abc import Callable, Sequence
from pathlib import Path

from local.images.agent import AgentImage, agent_image
from local.images.archive import Image, write_images
from local.images.backend import backend_image
from local.images.frontend import frontend_image
from local.images.layers import LayerStore
from local.images.recipe import Recipe
from local.images.releases import AppImage


class Workshop:
    """Builds images of the clone at `root`, keeping layers below `folder`."""

    def __init__(self, root: Path, folder: Path, report: Callable[[str], None]) -> None:
        self._root = root
        self._store = LayerStore(root, folder / "layers", report)

    def build(self, images: Sequence[Recipe], out: Path) -> None:
        """Build `images` into the archive `out`."""
        write_images(out, [self._image(image) for image in images])

    def _image(self, image: Recipe) -> Image:
        match image:
            case AgentImage():
                return agent_image(self._root, image, self._store)
            case AppImage(service="backend"):
                return backend_image(self._root, image, self._store)
            case AppImage(service="frontend"):
                return frontend_image(self._root, image, self._store)
        raise ValueError(f"nobody builds {image.tag} from Debian packages")
