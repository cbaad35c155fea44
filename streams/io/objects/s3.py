"""Objects in an S3 bucket of any server that speaks S3, through the `minio` client."""

import io

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from streams.errors import NotStored, StoreAway
from streams.io.objects import address_of, checked, name_in

MISSING = {"NoSuchKey", "NoSuchObject"}


class S3Store:
    """An object store in one bucket, which must exist."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, content: bytes) -> str:
        """Put an object; to put the same content again is harmless."""
        address = address_of(content)
        try:
            self._client.put_object(
                self._bucket, name_in(address), io.BytesIO(content), len(content)
            )
        except (MinioException, urllib3.exceptions.HTTPError) as exc:
            raise self._away(f"put {address}", exc) from exc
        return address

    def get(self, address: str) -> bytes:
        """Get an object and check its hash."""
        try:
            with self._client.get_object(self._bucket, name_in(address)) as response:
                return checked(address, response.read())
        except S3Error as exc:
            if exc.code in MISSING:
                raise NotStored(f"{address} is not in bucket {self._bucket}") from exc
            raise self._away(f"get {address}", exc) from exc
        except (MinioException, urllib3.exceptions.HTTPError) as exc:
            raise self._away(f"get {address}", exc) from exc

    def _away(self, attempt: str, exc: Exception) -> StoreAway:
        return StoreAway(
            f"could not {attempt} in bucket {self._bucket}: {exc}",
            fix="check the object store's address, bucket and keys",
        )
