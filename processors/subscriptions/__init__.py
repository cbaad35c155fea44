"""Subscriptions: nodes hear of texts that come near to a sentence of theirs."""
