"""What an image's reference says of its version, wherever somebody asks."""

import pytest

from ops.image import version_of, with_version
from ops.rollback import facts


@pytest.mark.parametrize(
    ("image", "version", "wanted"),
    [
        ("app:v1", "v2", "app:v2"),
        ("registry:5000/team/app:v1", "v2", "registry:5000/team/app:v2"),
        ("registry:5000/team/app", "v2", "registry:5000/team/app:v2"),
        ("registry:5000/team/app@sha256:aa", "v2", "registry:5000/team/app:v2"),
        ("registry:5000/team/app:v1@sha256:aa", "v2", "registry:5000/team/app:v2"),
        ("registry:5000/team/app:v1", "sha256:bb", "registry:5000/team/app@sha256:bb"),
        ("app", "v2", "app:v2"),
    ],
)
def test_another_version_of_an_image_keeps_its_registry(
    image: str, version: str, wanted: str
) -> None:
    assert with_version(image, version) == wanted
    assert version_of(wanted) == version


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry:5000/app", ""),
        ("app", ""),
        ("", ""),
        ("registry:5000/app:v1@sha256:aa", "sha256:aa"),
    ],
)
def test_a_port_is_no_version_and_a_digest_goes_before_a_tag(image: str, version: str) -> None:
    assert version_of(image) == version
    assert facts.version([image]) == version
