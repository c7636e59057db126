"""The Job that `pulumi up` declares for a color: what it runs, says, and never repeats."""

import pytest

from ops.color import Color
from tests.unit.engine import Declared
from tests.unit.test_program import both_colors, pod


@pytest.fixture(scope="module")
def jobs() -> dict[str, Declared]:
    return both_colors("production").of("Job")


def test_a_wrong_environment_and_a_refusal_are_not_tried_again(jobs: dict[str, Declared]) -> None:
    for job in jobs.values():
        spec = job.inputs["spec"]
        (rule,) = spec["podFailurePolicy"]["rules"]
        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"]["values"] == [2, 3]
        assert rule["onExitCodes"]["containerName"] == pod(job)["containers"][0]["name"]
        assert spec["backoffLimit"] > 0, "what failed for the moment is tried again"
        assert pod(job)["restartPolicy"] == "Never", "a failure policy needs it"


def test_a_migration_that_failed_is_made_anew_by_the_next_up(jobs: dict[str, Declared]) -> None:
    for job in jobs.values():
        notes = job.inputs["metadata"]["annotations"]
        assert notes["pulumi.com/replaceUnready"] == "true"


def test_an_image_that_leaves_no_message_leaves_its_last_lines(jobs: dict[str, Declared]) -> None:
    for job in jobs.values():
        container = pod(job)["containers"][0]
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_what_a_migration_says_is_recorded_after_it_was_made_or_changed(
    jobs: dict[str, Declared],
) -> None:
    for job in jobs.values():
        assert job.hooks == {
            "after_create": ("gate-after-migration",),
            "after_update": ("gate-after-migration",),
        }


def test_the_gate_finds_the_pods_by_the_labels_that_the_job_gives_them(
    jobs: dict[str, Declared],
) -> None:
    found = {
        (job.inputs["spec"]["template"]["metadata"]["labels"]["app"], str(color))
        for color in Color
        for name, job in jobs.items()
        if str(color) in name
    }
    assert found == {("migrate", "blue"), ("migrate", "green")}


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_no_stack_lets_a_bare_up_run_all_migrations(stack: str) -> None:
    """`upgrade head` would run contracts: the image's own default never does."""
    for job in both_colors(stack).of("Job").values():
        assert pod(job)["containers"][0]["command"] == ["python3", "-m", "legal_ai.migrate"]
