"""The runbook's troubleshooting, done by the machine: what is wrong, how it shows, what mends it.

One module an issue of the runbook: `pods`, `errors`, `migration`, `slowness`.
"""
