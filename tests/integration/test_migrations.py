"""The acts of `scripts/migrate.py` on a real PostgreSQL with real images: refusals and reruns."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from ops import failpoint, names, operations, schema_record
from ops.backups.engine import Engine
from ops.backups.model import TAG_VERIFIED_AT, Backup
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.migrations import jobs
from ops.migrations.migrations import Migrations
from ops.migrations.rehearse import rehearse
from ops.operations import Operations, parse
from ops.release.data import StackData
from ops.release.step import Step
from ops.stack import Stack
from ops.times import rfc3339
from tests.integration.jobs_cluster import REPOSITORY, JobsCluster
from tests.integration.postgres import PrivateServer
from tests.integration.releases import Image, Templates
from tests.integration.test_sample_app_rename import (
    CONTRACTED,
    EXPANDED,
    REQUIRED,
    Images,
    add_users,
    levels,
    query,
)
from tests.killed import Killed
from tests.releases import a_release

BLUE, GREEN = Color.BLUE, Color.GREEN


@dataclass(frozen=True)
class Configured(Stack):
    """A stack with a configuration, and no Pulumi."""

    versions: dict[Color, str] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        return {f"legal-ai:{color}": {"version": v} for color, v in self.versions.items()}


def facts(url: str, environment: str = "local") -> Operations:
    return parse(
        {
            "operations": {
                "environment": environment,
                "namespace": "legal-ai",
                "activeColor": "blue",
                "weights": {"blue": 100, "green": 0},
                "versions": {},
                "images": {},
                "publicUrl": "",
                "previewUrls": {},
                "redisUrl": "",
                "database": {"kind": "external", "engine": "postgres", "url": url, "adminUrl": url},
                "backups": {
                    "schedule": "hourly",
                    "pointInTime": False,
                    "retentionDays": 35,
                    "maxAgeMinutes": 60,
                    "verifiedWithinDays": 7,
                },
                "migrations": {
                    "enabled": True,
                    "service": "backend",
                    "command": ["python3", "-m", "legal_ai.migrate"],
                    "timeoutSeconds": 60,
                },
            }
        },
        "test",
    )


@dataclass
class Story:
    """A database at v1.1.0's schema, blue with v1.1.0 and all traffic, green configured newer."""

    server: PrivateServer
    database: str
    templates: Templates
    cluster: JobsCluster
    migrations: Migrations
    said: list[str]

    @property
    def levels(self) -> tuple[object, ...]:
        return levels(self.server, self.database)

    def configure(self, **versions: str) -> None:
        stack = cast(Configured, self.migrations.stack)
        for color, version in versions.items():
            stack.versions[Color(color)] = version

    def upgrade(self, color: Color, goal: str = "head") -> None:
        self.migrations.upgrade(self.migrations.target(color), goal, dry_run=False)

    def deploy(self, color: Color, version: str, replicas: int = 1) -> None:
        """Deploy it, and record its range, as `pulumi up` does."""
        self.configure(**{str(color): version})
        self.cluster.deploy(color, version, replicas)
        self.migrations.verify(self.migrations.target(color))

    def at_level(self, version: str) -> None:
        """Bring the schema to a release's without any act of ours."""
        self.templates.copy(version, self.database)


@pytest.fixture
def story(
    images: Images,
    server: PrivateServer,
    database: str,
    templates: Templates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Story]:
    monkeypatch.setattr(jobs, "POLL_SECONDS", 0.02)
    url = server.url(database)
    templates.copy("v1.1.0", database)
    cluster = JobsCluster(images, tmp_path)
    for color in Color:
        cluster.put_secret(f"app-{color}", {"DATABASE_URL": url, "MIGRATE_WAIT_SECONDS": "5"})
    cluster.deploy(BLUE, "v1.1.0")
    cluster.route(BLUE)
    said: list[str] = []
    stack = Configured("test", versions={BLUE: "v1.1.0", GREEN: "v1.2.0"})
    migrations = Migrations(stack, facts(url), cluster, said.append)
    yield Story(server, database, templates, cluster, migrations, said)
    cluster.kill_jobs()


def test_a_release_expands_the_schema_by_the_new_image_whatever_is_configured(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.configure(green="v1.1.0")
    monkeypatch.setattr(operations, "read", lambda _: story.migrations.operations)
    release = a_release("v1.2.0", Step.MIGRATE)
    told = StackData(story.migrations.stack, story.cluster, story.said.append).expand(release)
    assert any(EXPANDED in line for line in told)
    assert story.levels == (4, 1)
    assert story.cluster.images_run == {f"{REPOSITORY}:v1.2.0"}


def test_the_schema_comes_before_the_version_that_needs_it_and_is_recorded(story: Story) -> None:
    target = story.migrations.target(None)
    assert (target.color, target.image) == (GREEN, f"{REPOSITORY}:v1.2.0")
    ahead = story.migrations.upgrade(target, "head", dry_run=True)
    assert [one.id for one in ahead.todo] == [EXPANDED]
    assert story.levels == (3, 1)
    story.upgrade(GREEN)
    assert story.levels == (4, 1)
    record = schema_record.read(story.cluster)
    assert record.images[target.image].needs == 4
    assert record.database is not None
    assert (record.database.level, record.database.revision) == (4, EXPANDED)
    assert any(f"running {EXPANDED}" in line for line in story.said), "the Job's log is progress"


def test_a_plan_says_what_each_color_can_still_do_after_each_step(story: Story) -> None:
    story.migrations.verify(story.migrations.target(BLUE))
    story.configure(green="v1.4.0")
    ahead = story.migrations.ahead(story.migrations.target(GREEN), "head")
    assert [(one.phase, ahead.plan.after(one).floor) for one in ahead.todo] == [
        ("expand", 1),
        ("migrate", 1),
        ("contract", 5),
    ]
    (blue,) = ahead.tenants
    fits = [blue.problem(ahead.plan.after(one)) is None for one in ahead.todo]
    assert fits == [True, True, False]


def test_a_contract_waits_until_no_color_runs_or_can_go_back_to_what_needs_the_old_schema(
    story: Story,
) -> None:
    story.at_level("v1.3.0")
    story.deploy(GREEN, "v1.4.0")
    story.cluster.route(GREEN)
    story.deploy(BLUE, "v1.1.0")
    for replicas, why in (
        (1, r"blue runs v1\.1\.0"),
        (0, r"blue can be scaled up and gone back to with v1\.1\.0"),
    ):
        story.cluster.deploy(BLUE, "v1.1.0", replicas)
        with pytest.raises(Refused, match=rf"{why}.*contracted away"):
            story.upgrade(GREEN)
        assert story.levels == (5, 1)
    story.deploy(BLUE, "v1.3.0", 0)
    story.upgrade(GREEN)
    assert story.levels == (6, 5)


def test_a_contract_from_an_image_that_is_not_deployed_yet_counts_what_is(story: Story) -> None:
    story.at_level("v1.3.0")
    story.deploy(BLUE, "v1.3.0")
    story.deploy(GREEN, "v1.2.0")
    story.configure(green="v1.4.0")
    with pytest.raises(Refused, match=r"green runs v1\.2\.0"):
        story.upgrade(GREEN)
    assert story.levels == (5, 1)


def test_a_deployed_image_of_unknown_range_stops_a_contract_and_nothing_else(story: Story) -> None:
    story.configure(green="v1.4.0")
    story.upgrade(GREEN, EXPANDED)
    story.migrations.backfill(story.migrations.target(GREEN), 100, 0.0, 60)
    story.upgrade(GREEN, REQUIRED)
    with pytest.raises(CouldNotFindOut, match=r"verify --color blue --version v1\.1\.0"):
        story.upgrade(GREEN)
    assert story.levels == (5, 1)


MORE = """
from alembic import op

revision, down_revision, level, phase = "abc0", "{down}", 5, "expand"


def upgrade():
    op.execute("{sql}")
    op.execute("UPDATE schema_level SET level = 5")
"""


def with_revision(image: Image, folder: Path, sql: str) -> Image:
    """The image with one more migration."""
    tree = folder / "tree"
    shutil.copytree(image.tree, tree)
    text = MORE.format(down=EXPANDED, sql=sql)
    (tree / "legal_ai" / "migrations" / "versions" / "abc0.py").write_text(text)
    return replace(image, tree=tree)


def test_sql_that_breaks_the_other_color_is_refused_before_anything_is_run(
    story: Story, tmp_path: Path
) -> None:
    bad = "ALTER TABLE users DROP COLUMN full_name"
    story.cluster.images["v9"] = with_revision(story.cluster.images["v1.2.0"], tmp_path, bad)
    story.configure(green="v9")
    with pytest.raises(Refused, match=r"(?s)abc0: drop-outside-contract.*abc0: ban-drop-column"):
        story.upgrade(GREEN)
    assert story.levels == (3, 1)
    assert not [name for name in story.cluster.made if "upgrade" in name]


def test_two_heads_are_refused_with_the_images_own_words(story: Story, tmp_path: Path) -> None:
    image = with_revision(story.cluster.images["v1.3.0"], tmp_path, "SELECT 1")
    story.cluster.images["v9"] = image
    story.configure(green="v9")
    with pytest.raises(Refused, match=r"2 heads \(9be37a60d4f8, abc0\)"):
        story.upgrade(GREEN)
    assert story.levels == (3, 1)


def test_the_usual_color_is_the_standby_unless_its_image_is_known_to_be_the_older(
    story: Story,
) -> None:
    story.at_level("v1.4.0")
    story.deploy(BLUE, "v1.4.0")
    assert story.migrations.target(None).color is GREEN, "v1.2.0 was not asked for its range yet"
    story.deploy(GREEN, "v1.3.0")
    assert story.migrations.target(None).color is BLUE
    story.deploy(GREEN, "v1.4.0")
    assert story.migrations.target(None).color is GREEN


class Backups:
    """An engine of `backups`, which restores by copying the database."""

    def __init__(self, server: PrivateServer, database: str, backups: list[Backup]) -> None:
        self._server, self._database = server, database
        self._backups = backups
        self.held: str | None = None
        self.there: set[str] = set()

    def connect(self, operations: Operations, stack: str) -> Engine:
        assert stack == "test"
        return cast(Engine, self)

    def backups(self) -> list[Backup]:
        return self._backups

    def window(self) -> None:
        return None

    def scratches(self) -> list[str]:
        return sorted(self.there - {self.held})

    @contextmanager
    def scratch(self, purpose: str) -> Iterator[str]:
        for name in self.scratches():
            self._drop(name)
        self.held = f"legal_ai_scratch_{len(self._backups)}{purpose[-1]}{id(object())}"
        self.there.add(self.held)
        yield self.held
        self._drop(self.held)
        self.held = None

    def restore(self, source: Backup, target: str, say: Callable[[str], None]) -> str:
        copy = f'CREATE DATABASE "{target}" TEMPLATE "{self._database}"'
        with self._server.connect() as connection:
            connection.execute(copy.encode())
        return self._server.url(target)

    def _drop(self, name: str) -> None:
        with self._server.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self.there.discard(name)


def backup(age: timedelta, verified: timedelta | None) -> Backup:
    now = datetime.now(UTC)
    tags = {TAG_VERIFIED_AT: rfc3339(now - verified)} if verified is not None else {}
    return Backup("20260101T000000Z", "dump", now - age, tags=tags)


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_production_upgrades_only_with_something_fresh_and_proven_to_go_back_to(
    story: Story,
) -> None:
    migrations = story.migrations
    migrations.operations = facts(story.server.url(story.database), "production")
    for kept, told in (
        ([], "no restore point"),
        ([backup(61 * MINUTE, DAY)], "newest restore point"),
        ([backup(MINUTE, None)], "no backup was ever proven"),
        ([backup(MINUTE, 8 * DAY)], "last backup proven"),
    ):
        migrations.connect = Backups(story.server, story.database, kept).connect
        with pytest.raises(Refused, match=told):
            story.upgrade(GREEN)
        assert story.levels == (3, 1)
    good = [backup(MINUTE, DAY)]
    migrations.connect = Backups(story.server, story.database, good).connect
    story.upgrade(GREEN)
    assert story.levels == (4, 1)


def test_a_downgrade_comes_from_the_newest_image_and_not_under_a_color_with_traffic(
    story: Story,
) -> None:
    story.at_level("v1.4.0")
    story.deploy(BLUE, "v1.3.0")
    story.deploy(GREEN, "v1.4.0", 0)
    migrations = story.migrations
    assert migrations.newest() is GREEN
    with pytest.raises(Refused, match="does not have: use the newest image"):
        migrations.downgrade(migrations.target(BLUE), EXPANDED, dry_run=False)
    with pytest.raises(Refused, match=r"blue serves 100 % of the public with v1\.3\.0"):
        migrations.downgrade(migrations.target(GREEN), EXPANDED, dry_run=False)
    assert story.levels == (6, 5)
    taken = migrations.downgrade(migrations.target(GREEN), REQUIRED, dry_run=False)
    assert [one.id for one in taken] == [CONTRACTED]
    assert story.levels == (5, 1)
    record = schema_record.read(story.cluster)
    assert record.database is not None
    assert (record.database.level, record.database.floor) == (5, 1)


PLACES = ("migrate.job_created", "migrate.job_finished", "migrate.recorded")


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_an_upgrade_that_was_killed_is_finished_by_the_same_command(
    story: Story, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def die(name: str) -> None:
        if name == place and any("upgrade" in job for job in story.cluster.made):
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "reach", die)
        with pytest.raises(Killed):
            story.upgrade(GREEN)
    story.upgrade(GREEN)
    assert story.levels == (4, 1)
    record = schema_record.read(story.cluster)
    assert record.database is not None
    assert record.database.level == 4
    story.migrations.verify(story.migrations.target(GREEN))


def test_a_rerun_attaches_to_the_job_that_lives_instead_of_making_a_second(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_users(story.server, story.database, 500)
    story.upgrade(GREEN)
    target = story.migrations.target(GREEN)

    def run() -> None:
        story.migrations.backfill(target, 20, 0.1, 60)

    def die(name: str) -> None:
        if name == "migrate.job_created":
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "reach", die)
        with pytest.raises(Killed):
            run()
    run()
    assert len([name for name in story.cluster.made if "backfill" in name]) == 1
    assert any("attaching to it" in line for line in story.said)
    nameless = "SELECT count(*) FROM users WHERE display_name IS NULL"
    assert query(story.server, story.database, nameless) == [(0,)]
    run()
    assert story.cluster.made[-1].endswith("-2"), "what has ended is not taken for an answer"


def test_two_upgrades_at_once_run_each_migration_once_and_both_end_well(story: Story) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            story.upgrade(GREEN)
        except BaseException as error:
            failed.append(error)

    both = [threading.Thread(target=run) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert failed == []
    assert story.levels == (4, 1)
    upgrades = [name for name in story.cluster.made if "upgrade" in name]
    told = "".join(story.cluster.log(name, names.MIGRATE) for name in upgrades)
    assert told.count(f"running {EXPANDED}") == 1


def test_an_image_that_cannot_start_is_told_and_its_job_does_not_start_later(story: Story) -> None:
    story.configure(green="v0.0.1")
    with pytest.raises(Refused, match=r"ErrImageNeverPull: no such image.*nothing was changed"):
        story.upgrade(GREEN)
    assert not [key for key in story.cluster.objects if key[0] == "Job"]


def test_a_job_that_fails_is_shown_with_its_last_lines_and_replaced_by_the_next_run(
    story: Story,
) -> None:
    url = story.server.url(story.database)
    wrong = url.replace("not%20secret", "wrong")
    story.cluster.put_secret("app-blue", {"DATABASE_URL": wrong, "MIGRATE_WAIT_SECONDS": "0"})
    with pytest.raises(Refused, match="password authentication failed") as refused:
        story.upgrade(GREEN)
    assert "wrong" not in str(refused.value).replace("wrong environment", "")
    story.cluster.put_secret("app-blue", {"DATABASE_URL": url})
    story.upgrade(GREEN)
    assert story.levels == (4, 1)


def test_what_is_bad_afterwards_is_said_and_recorded_all_the_same(story: Story) -> None:
    with story.server.connect(story.database) as connection:
        connection.execute(b"ALTER TABLE users DROP COLUMN organization")
    with pytest.raises(Refused, match=r"column users\.organization is missing"):
        story.upgrade(GREEN)
    record = schema_record.read(story.cluster)
    assert record.database is not None
    assert record.database.level == 4


def test_a_stack_that_does_not_migrate_and_a_color_without_a_version_are_refused(
    story: Story,
) -> None:
    stack = cast(Configured, story.migrations.stack)
    del stack.versions[GREEN]
    assert story.migrations.target(None).color is BLUE, "the standby is not declared"
    with pytest.raises(UsageError, match=r"green has no version"):
        story.migrations.target(GREEN)
    assert story.migrations.target(GREEN, "v1.2.0").image == f"{REPOSITORY}:v1.2.0"
    off = story.migrations.operations.migrations.model_copy(update={"enabled": False})
    story.migrations.operations = story.migrations.operations.model_copy(update={"migrations": off})
    with pytest.raises(UsageError, match=r"migrations\.enabled is false"):
        story.migrations.target(BLUE)


@pytest.mark.long
def test_a_rehearsal_goes_up_down_and_up_on_a_restore_and_leaves_nothing(story: Story) -> None:
    add_users(story.server, story.database, 50)
    kept = Backups(story.server, story.database, [backup(DAY, None), backup(2 * DAY, DAY)])
    story.migrations.connect = kept.connect
    story.configure(green="v1.4.0")
    done = rehearse(story.migrations, story.migrations.target(GREEN), "head")
    assert [what.split()[0] for what, _ in done.steps] == [
        "restore",
        *("upgrade", "backfill", "upgrade"),
        "downgrade",
        *("upgrade", "backfill", "upgrade"),
    ]
    assert story.levels == (3, 1)
    assert kept.there == set()
    assert not [key for key in story.cluster.objects if key[0] == "Secret" and "app-" not in key[1]]
    assert ("ConfigMap", names.SCHEMA) not in story.cluster.objects, "a scratch was recorded"


@pytest.mark.long
def test_what_a_killed_rehearsal_left_is_taken_away_by_the_next(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Backups(story.server, story.database, [backup(DAY, DAY)])
    story.migrations.connect = kept.connect
    target = story.migrations.target(GREEN)
    with monkeypatch.context() as patched:

        def die(name: str) -> None:
            raise Killed

        patched.setattr(failpoint, "reach", die)
        patched.setattr(story.cluster, "delete", lambda *_: None)
        with pytest.raises(Killed):
            rehearse(story.migrations, target, "head")
    kept.held = None
    story.cluster.wait_for_jobs()
    assert len(kept.there) == 1
    left = [key for key in story.cluster.objects if key[0] == "Secret" and "app-" not in key[1]]
    assert len(left) == 1
    rehearse(story.migrations, target, "head")
    assert kept.there == set()
    assert left[0] not in story.cluster.objects


@pytest.mark.long
def test_the_secret_of_a_rehearsal_whose_scratch_others_dropped_goes_once_it_is_idle(
    story: Story,
) -> None:
    for name, minutes in (("live", 0.0), ("dead", 2.0)):
        metadata = {"name": name, "labels": {"app": "migrate-rehearsal"}}
        story.cluster.create({"kind": "Secret", "metadata": metadata, "stringData": {}})
        made = datetime.now(UTC) - timedelta(minutes=minutes)
        secret = story.cluster.objects[("Secret", name)]
        secret["metadata"]["creationTimestamp"] = rfc3339(made)
    kept = Backups(story.server, story.database, [backup(DAY, DAY)])
    story.migrations.connect = kept.connect
    story.configure(green="v1.1.0")
    rehearse(story.migrations, story.migrations.target(GREEN), "head")
    assert ("Secret", "live") in story.cluster.objects
    assert ("Secret", "dead") not in story.cluster.objects


def test_without_a_proven_backup_there_is_nothing_to_rehearse_on(story: Story) -> None:
    kept = Backups(story.server, story.database, [backup(MINUTE, None)])
    story.migrations.connect = kept.connect
    with pytest.raises(Refused, match=r"verify_backup\.py latest"):
        rehearse(story.migrations, story.migrations.target(GREEN), "head")


def test_no_password_is_in_any_job(story: Story) -> None:
    story.upgrade(GREEN)
    jobs = [body for (kind, _), body in story.cluster.objects.items() if kind == "Job"]
    assert jobs
    assert "not%20secret" not in json.dumps(jobs)
