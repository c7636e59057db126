"""Services of others that the application can't do without, where nobody configured them."""

from typing import Final

AI_PROVIDERS: Final = ("https://api.openai.com/v1/models", "https://api.anthropic.com/v1/models")
"""Asked without a key: any answer but an error of its own (5xx) says that one is there."""
