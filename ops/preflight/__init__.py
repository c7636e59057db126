"""The runbook's pre-deployment checklist: what a machine can look at, and what people ticked.

A line that is unknown blocks a release just as one that is bad.
"""
