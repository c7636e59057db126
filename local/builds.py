"""Programs built from the Go module proxy, each once: a stamp says from what it was built."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.commands import run
from local.places import Places

COMPONENT_VERSION = "k8s.io/component-base/version"
# No debug information (a tenth of the time), and paths that do not depend on this machine.
FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")


@dataclass(frozen=True)
class Build:
    """Programs built together, from the Go module in local/build/`name`; or only files of it."""

    name: str
    packages: tuple[str, ...]
    version_of: str = ""
    """The module whose version the programs tell."""
    version_flags: Callable[[str], str] = lambda _: ""
    files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(module, paths or globs) of files to take from the module cache as well."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs."""
        return tuple(program_of(package) for package in self.packages)


def program_of(package: str) -> str:
    """Return the name that Go gives a package's program: a major version does not count."""
    path = Path(package)
    return path.parent.name if re.fullmatch(r"v\d+", path.name) else path.name


def pulumi_version(version: str) -> str:
    """Return the linker flags that tell Pulumi its version."""
    return f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version.lstrip('v')}"


def kubernetes_version(version: str) -> str:
    """Return the linker flags that tell the Kubernetes programs their version."""
    major, minor = version.lstrip("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X {COMPONENT_VERSION}.{key}={value}" for key, value in values.items())


# Contour and kube-state-metrics are built with Kubernetes, from one module: so what they have in
# common is compiled once.
CLUSTER = Build(
    "cluster",
    (
        *(
            f"k8s.io/kubernetes/cmd/{program}"
            for program in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-proxy",
                "kube-scheduler",
                "kubectl",
                "kubelet",
            )
        ),
        "github.com/projectcontour/contour/cmd/contour",
        "k8s.io/kube-state-metrics/v2",
    ),
    version_of="k8s.io/kubernetes",
    version_flags=kubernetes_version,
    files=(
        ("github.com/projectcontour/contour", ("examples/contour/01-crds.yaml",)),
        ("sigs.k8s.io/gateway-api", ("config/crd/experimental/*.k8s.io_*.yaml",)),
    ),
)
# The operator itself is not built: only what the API server must know to check its objects.
OPERATOR_TYPES = Build(
    "operator-types",
    (),
    files=(
        (
            "github.com/prometheus-operator/prometheus-operator",
            tuple(
                f"example/prometheus-operator-crd/monitoring.coreos.com_{kinds}.yaml"
                for kinds in ("alertmanagerconfigs", "podmonitors", "prometheusrules")
            ),
        ),
    ),
)
PULUMI = Build(
    "pulumi",
    ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
    version_of="github.com/pulumi/pulumi/pkg/v3",
    version_flags=pulumi_version,
)
PAUSE = Build("pause", ("legal-ai/local/build/pause",))
KWOK = Build("kwok", ("sigs.k8s.io/kwok/cmd/kwok",))


class Builder:
    """Builds into .local/bin; the Go caches are the user's own."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def is_built(self, build: Build) -> bool:
        """Whether what is there was built from the same module, flags and compiler rules."""
        stamp = self._stamp(build)
        made = [self.places.bin / program for program in build.programs]
        made += [self.manifests(module) for module, _ in build.files]
        return (
            stamp.exists()
            and stamp.read_text() == self._fingerprint(build)
            and all(path.exists() for path in made)
        )

    def build(self, build: Build) -> None:
        """Build whatever `is_built` does not find; a program appears whole or not at all."""
        module = self.places.build_modules / build.name
        fresh = self.places.bin / f".{build.name}.{os.getpid()}"
        for left in self.places.bin.glob(f".{build.name}.[0-9]*"):  # of builds that were killed
            shutil.rmtree(left, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            if build.packages:
                go = ["setpriv", "--pdeathsig=TERM", "--", "go", "build", *FLAGS]
                run(
                    [*go, f"-ldflags={self._linker_flags(build)}", f"-o={fresh}/", *build.packages],
                    cwd=module,
                    env=go_environment(),
                )
            for source, patterns in build.files:
                self._copy_files(module, source, patterns)
            for program in build.programs:
                (fresh / program).replace(self.places.bin / program)
            self._stamp(build).write_text(self._fingerprint(build))
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def manifests(self, module: str) -> Path:
        """Return the folder of the files taken from `module`."""
        return self.places.data("manifests") / module.replace("/", "_")

    def version(self, build: Build) -> str:
        """Return the version of the module that the programs tell, as go.mod requires it."""
        text = (self.places.build_modules / build.name / "go.mod").read_text()
        return required_version(text, build.version_of)

    def _linker_flags(self, build: Build) -> str:
        version = self.version(build) if build.version_of else ""
        return f"-s -w {build.version_flags(version)}".strip()

    def _stamp(self, build: Build) -> Path:
        return self.places.bin / f".{build.name}.stamp"

    def _fingerprint(self, build: Build) -> str:
        """Return what a rebuild depends on, in short."""
        made_of = (FLAGS, self._linker_flags(build), build.packages, build.files)
        digest = hashlib.sha256(repr(made_of).encode())
        for path in sorted((self.places.build_modules / build.name).iterdir()):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _copy_files(self, cwd: Path, module: str, patterns: tuple[str, ...]) -> None:
        shown = run(["go", "mod", "download", "-json", module], cwd=cwd, env=go_environment())
        folder = Path(json.loads(shown)["Dir"])
        target = self.manifests(module)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in (path for pattern in patterns for path in folder.glob(pattern)):
            (target / path.name).write_bytes(path.read_bytes())


def go_environment() -> dict[str, str]:
    """Return the environment for the Go command: no C compiler, collector less eager."""
    return dict(os.environ) | {"CGO_ENABLED": "0", "GOGC": "400", "GOWORK": "off"}


def required_version(go_mod: str, module: str) -> str:
    """Return the version of `module` that the text of a go.mod requires."""
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError(f"go.mod does not require {module}")
    return found.group(1)
