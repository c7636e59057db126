"""The images that the local stack's pods run, as tars that `ctr images import` reads.

Built with a Docker engine from the Dockerfiles in sample_app/ and agent/ where one answers, else
from Debian packages; built again only when something that goes into them has changed.
"""

from local.images.build import ensure_images

__all__ = ["ensure_images"]
