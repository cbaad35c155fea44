"""Text that can be written down: Unicode without stray surrogates, which UTF-8 cannot say."""


def wellformed(text: str) -> str:
    """Join halves of surrogate pairs, and replace those that stand alone by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_wellformed(text: str) -> bool:
    """Say whether UTF-8 can write the text."""
    return wellformed(text) == text
