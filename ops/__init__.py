"""The library under the program, the hooks, the scripts and the agent; knows nothing of Pulumi."""
