"""Which object store the settings ask for."""

from pydantic import SecretStr

from streams.io.objects import ObjectStore
from streams.io.objects.directory import DirectoryStore
from streams.io.settings import Settings


def open_store(settings: Settings) -> ObjectStore:
    """Return the bucket that is set, or else a directory; nothing is asked of it yet."""
    objects = settings.objects
    if objects.s3_endpoint is None:
        return DirectoryStore(settings.data_dir / "objects")
    from minio import Minio  # slow to import, and few need it

    from streams.io.objects.s3 import S3Store

    client = Minio(
        objects.s3_endpoint,
        access_key=_clear(objects.s3_access_key),
        secret_key=_clear(objects.s3_secret_key),
        secure=objects.s3_secure,
    )
    return S3Store(client, objects.s3_bucket)


def _clear(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
