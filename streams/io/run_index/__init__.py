"""Where every run lies in the log: a read model that is made of the log and may be deleted."""
