"""Public traffic moved to the other color and watched there: at once, or by a canary's steps."""
