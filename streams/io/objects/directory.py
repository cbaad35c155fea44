"""Objects as files: written beside their place, synced, then moved there in one step."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from streams.errors import NotStored, StoreAway
from streams.io.objects import address_of, checked, name_in, sized


class DirectoryStore:
    """An object store in a directory; several processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes) -> str:
        """Write a file and sync it and its folder, unless it is there already."""
        address = address_of(content)
        sized(address, len(content))
        path = self.root / name_in(address)
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._write(path, content)
        except OSError as exc:
            raise StoreAway(f"could not write {path}: {exc}", fix="check disk and rights") from exc
        return address

    def get(self, address: str) -> bytes:
        """Read a file and check its hash."""
        path = self.root / name_in(address)
        try:
            sized(address, path.stat().st_size)
            return checked(address, path.read_bytes())
        except FileNotFoundError as exc:
            raise NotStored(f"the payload {address} is not in {self.root}") from exc
        except OSError as exc:
            raise StoreAway(f"could not read {path}: {exc}", fix="check disk and rights") from exc

    def _write(self, path: Path, content: bytes) -> None:
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
