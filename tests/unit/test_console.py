"""Exit codes of scripts: 0 done, 1 bad, 2 usage, 3 could not find out."""

import os
import signal

import pytest

from ops.errors import CouldNotFindOut, Refused, UsageError
from scripts.console import application, main


@pytest.mark.parametrize(
    ("error", "code"),
    [(None, 0), (Refused("x"), 1), (UsageError("x"), 2), (CouldNotFindOut("x"), 3)],
)
def test_an_error_ends_a_script_with_its_own_exit_code(error: Exception | None, code: int) -> None:
    def act() -> None:
        if error:
            raise error

    with pytest.raises(SystemExit) as ended:
        main(act)
    assert ended.value.code == code


def test_an_unknown_option_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    app = application("Help.")
    app.command()(lambda: None)
    monkeypatch.setattr("sys.argv", ["script", "--nonsense"])
    with pytest.raises(SystemExit) as ended:
        main(app)
    assert ended.value.code == 2


def test_an_interrupted_script_says_that_it_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = application("Help.")

    @app.command()
    def act() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["script"])
    with pytest.raises(SystemExit) as ended:
        main(app)
    assert ended.value.code == 130
    assert capsys.readouterr().err.count("run the same command again") == 1


def test_a_cancelled_ci_job_ends_a_script_as_an_interrupt_does() -> None:
    def act() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    with pytest.raises(SystemExit) as ended:
        main(act)
    assert ended.value.code == 130
