"""The backend's environment: what is missing or wrong is named all at once."""

import pytest

from sample_app.backend.legal_ai.settings import SettingsError, read_settings

LEAST = {
    "DATABASE_URL": "postgresql+psycopg://db/legal_ai",
    "REDIS_URL": "redis://cache",
    "JWT_SECRET": "s",
}


def test_the_pool_is_sized_by_the_environment() -> None:
    env = {**LEAST, "SQLALCHEMY_POOL_SIZE": "20", "SQLALCHEMY_MAX_OVERFLOW": "40"}
    settings = read_settings(env)
    assert (settings.pool_size, settings.max_overflow) == (20, 40)


def test_faults_are_off_unless_enabled_with_1() -> None:
    assert not read_settings({**LEAST, "FAULTS_ENABLED": "0"}).faults_enabled
    assert read_settings({**LEAST, "FAULTS_ENABLED": "1"}).faults_enabled


def test_connections_are_kept_longer_than_any_proxy_keeps_them() -> None:
    envoys_idle_timeout = 3600
    assert read_settings(LEAST).keep_alive > envoys_idle_timeout


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"REDIS_URL": "redis://cache", "SQLALCHEMY_POOL_SIZE": "many"})
    message = str(raised.value)
    assert "DATABASE_URL is not set" in message
    assert "JWT_SECRET is not set" in message
    assert "SQLALCHEMY_POOL_SIZE='many'" in message
