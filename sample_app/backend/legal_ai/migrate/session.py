"""What every command of a migration works with."""

from dataclasses import dataclass
from functools import cached_property

from alembic.config import Config
from sqlalchemy import Engine

from ..release import Release
from .database import Say, make_engine, wait_until_up
from .options import Options
from .revisions import Chain, alembic_config, read_chain
from .state import State, read_state


@dataclass(frozen=True)
class Session:
    """The database, this image's migrations, and where to tell of progress."""

    options: Options
    release: Release
    say: Say
    config: Config
    chain: Chain

    @classmethod
    def open(
        cls, options: Options, release: Release, say: Say, config: Config | None = None
    ) -> "Session":
        """Read the image's migrations and wait for the database. Raises MigrateError."""
        found = config or alembic_config()
        session = cls(options, release, say, found, read_chain(found))
        wait_until_up(session.engine, options.wait)
        return session

    @cached_property
    def engine(self) -> Engine:
        """Where statements go; each use is a connection of its own."""
        return make_engine(self.options, self.release.version)

    def state(self) -> State:
        """Where the database stands now. Raises MigrateError."""
        with self.engine.connect() as connection:
            return read_state(connection)

    def is_ahead(self, state: State) -> bool:
        """Whether a newer image made the database's schema."""
        return state.revision is not None and not self.chain.knows(state.revision)
