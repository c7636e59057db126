"""The whole production release: fourteen steps in order, journaled, resumed and aborted."""
