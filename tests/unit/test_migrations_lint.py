"""SQL that must not run while two colors live is found; what is right there needs its reason."""

import re
import sys
from pathlib import Path

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.migrations import lint
from ops.migrations.image import Phase, Revision
from ops.migrations.rules import broken
from ops.migrations.statements import pieces, statements
from sample_app.backend.legal_ai.migrate import offline
from sample_app.backend.legal_ai.migrate.revisions import alembic_config, read_chain

LIMITS = "SET lock_timeout = '5s';\n\nSET statement_timeout = '60s';\n\n"
EXPAND, MIGRATE, CONTRACT = Phase


def printed(*bodies: str, limits: str = LIMITS) -> str:
    """As Alembic prints it: revisions a1, a2 …"""
    ids = ["", *(f"a{number}" for number in range(1, len(bodies) + 1))]
    return limits + "\n".join(
        f"BEGIN;\n\n-- Running upgrade {down} -> {up}\n\n{body}\n\nCOMMIT;\n"
        for down, up, body in zip(ids, ids[1:], bodies, strict=False)
    )


def revision(phase: Phase = EXPAND, number: int = 1, **ignored: str) -> Revision:
    ignore = {rule.replace("_", "-"): why for rule, why in ignored.items()}
    told = {"revision": f"a{number}", "down": None, "level": number, "phase": phase}
    return Revision.model_validate(told | {"squawk_ignore": ignore})


def rules(sql: str, phase: Phase = EXPAND) -> set[str]:
    return {finding.rule for finding in lint.lint(printed(sql), [revision(phase)])}


def concurrently(statement: str) -> str:
    """Outside a transaction, as `autocommit_block` prints it."""
    return f"COMMIT;\n{statement}\nBEGIN;"


UNLIMITED = "SET statement_timeout = 0;\nSET lock_timeout = 0;\n"


@pytest.mark.parametrize(
    ("sql", "phase", "rule"),
    [
        ("ALTER TABLE users RENAME COLUMN full_name TO name;", EXPAND, "rename"),
        ("ALTER TABLE users RENAME TO people;", CONTRACT, "rename"),
        ("ALTER TABLE users DROP COLUMN full_name;", EXPAND, "drop-outside-contract"),
        ("ALTER TABLE users DROP full_name;", MIGRATE, "drop-outside-contract"),
        ("DROP TABLE users;", EXPAND, "drop-outside-contract"),
        ("DROP TRIGGER keep ON users;", MIGRATE, "drop-outside-contract"),
        ("ALTER TABLE users DROP COLUMN full_name;", CONTRACT, "ban-drop-column"),
        ("CREATE INDEX ix ON users (email);", EXPAND, "require-concurrent-index-creation"),
        ("ALTER TABLE users ALTER email SET NOT NULL;", EXPAND, "not-null-in-expand"),
        ("ALTER TABLE users ADD n bigint NOT NULL;", EXPAND, "adding-required-field"),
        ("ALTER TABLE users ALTER n TYPE bigint;", EXPAND, "changing-column-type"),
        (
            "ALTER TABLE users ADD CONSTRAINT c CHECK (n > 0);",
            EXPAND,
            "constraint-missing-not-valid",
        ),
        (
            concurrently("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON users (email);"),
            EXPAND,
            "concurrent-index-limited",
        ),
        (UNLIMITED + "ALTER TABLE users ADD n bigint;", EXPAND, "no-lock-timeout"),
        (UNLIMITED + "TRUNCATE users;", MIGRATE, "no-statement-timeout"),
        ("-- squawk-ignore-file\nALTER TABLE users ADD n bigint;", EXPAND, "silenced-in-sql"),
    ],
)
def test_what_breaks_a_color_or_stops_the_public_is_found(
    sql: str, phase: Phase, rule: str
) -> None:
    assert rule in rules(sql, phase)


@pytest.mark.parametrize(
    ("sql", "phase"),
    [
        ("ALTER TABLE users ADD COLUMN display_name text;", EXPAND),
        ("INSERT INTO notes VALUES ('DROP TABLE users; -- squawk-ignore');", EXPAND),
        (
            concurrently(
                UNLIMITED + "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON users (email);\n"
                "RESET statement_timeout;\nRESET lock_timeout;\n"
                "ALTER TABLE users ADD COLUMN IF NOT EXISTS n bigint;"
            ),
            EXPAND,
        ),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN DROP TABLE users; "
            "END $x$;",
            EXPAND,
        ),
    ],
)
def test_what_neither_color_notices_passes(sql: str, phase: Phase) -> None:
    assert rules(sql, phase) == set()


def test_missing_limits_are_found_by_us_and_by_squawk() -> None:
    sql = printed("ALTER TABLE users ADD n bigint;", limits="")
    found = {finding.rule for finding in lint.lint(sql, [revision()])}
    assert {"no-lock-timeout", "no-statement-timeout", "require-lock-timeout"} <= found


def test_a_finding_is_let_through_only_with_a_reason_in_its_own_revision() -> None:
    sql = printed("ALTER TABLE users DROP COLUMN a;", "ALTER TABLE users DROP COLUMN b;")
    justified = {"ban_drop_column": "nobody names it since v3"}
    first, second = revision(CONTRACT, 1, **justified), revision(CONTRACT, 2)
    findings = lint.lint(sql, [first, second])
    assert [bool(finding.justified) for finding in findings] == [True, False]
    with pytest.raises(Refused, match=r"(?s)a2: ban-drop-column.*Nothing was changed") as refused:
        lint.enforce(findings)
    assert "a1:" not in str(refused.value)
    lint.enforce([finding for finding in findings if finding.revision == "a1"])
    blank = lint.lint(sql, [revision(CONTRACT, 2, ban_drop_column=" ")])
    with pytest.raises(Refused):
        lint.enforce(blank)


def test_no_reason_lifts_a_comment_that_silences_the_linter() -> None:
    sql = printed("-- squawk-ignore ban-drop-column\nALTER TABLE users DROP COLUMN a;")
    findings = lint.lint(sql, [revision(CONTRACT, 1, silenced_in_sql="please")])
    with pytest.raises(Refused, match="silenced-in-sql"):
        lint.enforce(findings)


def test_only_the_revisions_that_are_asked_for_are_judged_and_a_missing_one_is_refused() -> None:
    sql = printed("ALTER TABLE users DROP COLUMN a;", "ALTER TABLE users ADD b bigint;")
    assert lint.lint(sql, [revision(EXPAND, 2)]) == []
    with pytest.raises(Refused, match="no SQL for a3"):
        lint.lint(sql, [revision(EXPAND, 3)])


def test_sql_that_cannot_be_read_is_not_taken_for_clean() -> None:
    assert rules("ALTER TABLE users ADD COLUMN ((;") >= {"syntax-error"}


def test_a_linter_that_is_not_there_is_not_taken_for_no_findings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotFindOut, match="squawk is missing"):
        lint.lint(printed("SELECT 1;"), [revision()])


def test_statements_end_where_postgresql_ends_them() -> None:
    sql = "SELECT ';', \"a;b\" -- c;\n, $$ ; $$ /* ; */;\nSELECT\n  2;"
    assert list(statements(sql)) == ["SELECT '…', \"a;b\" , $…$", "SELECT 2"]


def test_a_revisions_piece_has_the_limits_and_nothing_of_its_neighbours() -> None:
    first, second = pieces(printed("SELECT 1;", "SELECT 2;"))
    assert (first.revision, second.revision) == ("a1", "a2")
    for piece, other in ((first, "SELECT 2"), (second, "SELECT 1")):
        assert piece.sql.startswith(LIMITS)
        assert other not in piece.sql
        assert len(re.findall("BEGIN;", piece.sql)) == len(re.findall("COMMIT;", piece.sql)) == 1


def test_what_is_reset_goes_back_to_the_limits_of_the_start() -> None:
    sql = LIMITS + "BEGIN;\nSET lock_timeout = 0;\nRESET lock_timeout;\nALTER TABLE a ADD b int;"
    assert list(broken(sql, EXPAND)) == []


def test_every_migration_of_the_sample_app_passes_and_says_why_where_it_must() -> None:
    chain = read_chain(alembic_config())
    revisions = [Revision.model_validate(one.as_json()) for one in chain.revisions]
    findings = lint.lint(offline.sql("base:head"), revisions)
    lint.enforce(findings)
    used = {(finding.revision, finding.rule) for finding in findings}
    named = {(one.id, rule) for one in revisions for rule in one.squawk_ignore}
    assert used == named, "a reason for what is not found would hide what comes later"
