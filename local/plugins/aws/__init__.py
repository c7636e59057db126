"""The AWS provider stand-in, in parts; `local/plugins/aws_provider.py` starts it."""
