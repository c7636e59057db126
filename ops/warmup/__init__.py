"""Warming a color up: constant reads through its preview host until its latency is steady."""

from ops.warmup.rules import READS, Rules
from ops.warmup.warm import Target, Warmed, WarmUp

__all__ = ["READS", "Rules", "Target", "WarmUp", "Warmed"]
