"""Fakes of our own ports, for unit tests."""

from streams.errors import UnknownSchema


class NumberedRegistry:
    """A registry that numbers schemas as they come and accepts every one of them."""

    at_once = 1

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.subjects: dict[str, list[int]] = {}

    def check(self, subject: str, schema: str) -> None:
        """Would take everything."""

    def register(self, subject: str, schema: str) -> int:
        if schema not in self.texts:
            self.texts.append(schema)
        schema_id = self.texts.index(schema) + 1
        self.subjects.setdefault(subject, []).append(schema_id)
        return schema_id

    def id_of(self, subject: str, schema: str) -> int | None:
        known = schema in self.texts and self.texts.index(schema) + 1
        return known if known in self.subjects.get(subject, ()) else None

    def schema(self, schema_id: int) -> str:
        if not 0 < schema_id <= len(self.texts):
            raise UnknownSchema(f"no schema {schema_id}")
        return self.texts[schema_id - 1]
