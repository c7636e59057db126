"""The runbook's troubleshooting, done by the machine: what is wrong, how it shows, what mends it.

By the issues of the runbook: `pods` and `missing`, `errors` and `reported`, `migration`, and of
slowness `latency`, `slowness` (the database) and `pool`.
"""
