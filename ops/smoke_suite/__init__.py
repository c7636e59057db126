"""The runbook's smoke tests: eight checks of the API and one of the page, and cleaning up."""

from ops.smoke_suite.checks import CHECKS, Check
from ops.smoke_suite.suite import Suite

__all__ = ["CHECKS", "Check", "Suite"]
