"""The log, the wire format, the registry and the object store behind the protocols of floor 1."""
