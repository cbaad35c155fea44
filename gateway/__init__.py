"""The doors: requests come in as events and go out as the answers the log gives them."""
