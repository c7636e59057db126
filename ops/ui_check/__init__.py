"""The runbook's manual checklist, done in a real browser."""

from ops.ui_check.walk import Walk

__all__ = ["Walk"]
