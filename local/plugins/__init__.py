"""Stand-ins for Pulumi's plugins, for machines that can't download the official ones."""
