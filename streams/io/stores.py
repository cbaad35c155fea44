"""Which object store the settings ask for."""

from pydantic import SecretStr

from streams.io.objects import ObjectStore
from streams.io.objects.directory import DirectoryStore
from streams.io.settings import Settings


def open_store(settings: Settings) -> ObjectStore:
    """Return the bucket that is set, or else a directory; nothing is asked of it yet.

    Raises Misconfigured for an endpoint that is no address.
    """
    objects = settings.objects
    if objects.s3_endpoint is None:
        return DirectoryStore(settings.data_dir / "objects")
    from streams.io.objects.s3 import S3Store  # slow to import, and few need it

    return S3Store.at(
        objects.s3_endpoint,
        objects.s3_bucket,
        _clear(objects.s3_access_key),
        _clear(objects.s3_secret_key),
        secure=objects.s3_secure,
    )


def _clear(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
