"""Where things are: every path of the local stack, from the repository's root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Paths under one clone of the repository; `.local` holds everything that is made."""

    root: Path

    @classmethod
    def of_this_clone(cls) -> "Places":
        """Return the places of the clone that this file belongs to."""
        return cls(Path(__file__).resolve().parent.parent)

    @property
    def local(self) -> Path:
        """The folder that `clean` deletes."""
        return self.root / ".local"

    @property
    def bin(self) -> Path:
        """Programs built here."""
        return self.local / "bin"

    @property
    def plugins(self) -> Path:
        """Launchers of Pulumi plugins; first on PATH."""
        return self.local / "plugins"

    @property
    def log(self) -> Path:
        """One log file a part."""
        return self.local / "log"

    @property
    def run(self) -> Path:
        """Pid files, sockets and locks: nothing that must outlive a stop."""
        return self.local / "run"

    @property
    def kubeconfig(self) -> Path:
        """For people, scripts and Pulumi; full rights."""
        return self.local / "kubeconfig"

    @property
    def env(self) -> Path:
        """What a plain shell sources."""
        return self.local / "env"

    @property
    def python(self) -> Path:
        """The interpreter with the project's packages."""
        return self.root / ".venv" / "bin" / "python"

    @property
    def build_modules(self) -> Path:
        """Go modules of ours that pin what is built."""
        return self.root / "local" / "build"

    @property
    def credentials(self) -> Path:
        """Keys, certificates, tokens and one kubeconfig a component."""
        return self.data("credentials")

    @property
    def containerd_socket(self) -> Path:
        """Where our own containerd listens."""
        return self.run / "containerd" / "containerd.sock"

    def data(self, part: str) -> Path:
        """Return the folder of what `part` keeps across a stop."""
        return self.local / "data" / part

    def make_folders(self) -> None:
        """Create the folders that everything else takes for granted."""
        for folder in (self.bin, self.plugins, self.log, self.run, self.local / "data"):
            folder.mkdir(parents=True, exist_ok=True)
