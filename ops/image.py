"""Pure: a reference to a container image, `repository:tag` or `repository@sha256:…`."""


def version_of(image: str) -> str:
    """Tag or digest of an image's reference, the digest where it has both; empty for neither."""
    name, _, digest = image.partition("@")
    # A colon before the last slash belongs to the registry's port.
    return digest or name.rpartition("/")[2].partition(":")[2]


def with_version(image: str, version: str) -> str:
    """The same repository with this tag, or with this digest (`sha256:…`), and nothing else."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    separator = "@" if is_digest(version) else ":"
    return f"{folder}{slash}{name.partition(':')[0]}{separator}{version}"


def is_digest(version: str) -> bool:
    """Whether a version is a digest; otherwise it is a tag."""
    return version.startswith("sha256:")
