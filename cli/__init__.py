"""The `aether` command: data on stdout, the rest on stderr, exit codes that mean something."""
