"""Objects in an S3 bucket of any server that speaks S3, through the `minio` client."""

import io

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from streams.errors import AetherError, Misconfigured, NotStored, StoreAway
from streams.io.objects import address_of, checked, name_in, sized

MISSING = {"NoSuchKey", "NoSuchObject"}
_KEYS = "check `objects.s3_access_key` and `objects.s3_secret_key`"
#: What a server says that no patience will change, and what to do about it.
WRONG = {
    "NoSuchBucket": "create the bucket, or name another one: `objects.s3_bucket`",
    "InvalidBucketName": "name another bucket: `objects.s3_bucket`",
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "AuthorizationHeaderMalformed": _KEYS,
    "AccessDenied": "allow these keys s3:GetObject, s3:PutObject and s3:ListBucket on the bucket",
    "PermanentRedirect": "the bucket is in another region: set `objects.s3_endpoint` to that one's",
}
#: What passes though its status says it is the client's fault.
PASSING = {"RequestTimeout", "SlowDown", "TooManyRequests", "OperationAborted"}
BUSY = (500, 502, 503, 504)
CONNECT_S, READ_S, RETRIES = 5.0, 30.0, 2


class S3Store:
    """An object store in one bucket, which must exist."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def at(
        cls, endpoint: str, bucket: str, access: str | None, secret: str | None, *, secure: bool
    ) -> "S3Store":
        """Return a bucket of the server at `host:port`; nothing is asked of it yet.

        Raises Misconfigured for what is no address.
        """
        retries = urllib3.Retry(RETRIES, backoff_factor=0.1, status_forcelist=BUSY)
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        pool = urllib3.PoolManager(timeout=timeout, retries=retries)
        try:
            client = Minio(
                endpoint, access_key=access, secret_key=secret, secure=secure, http_client=pool
            )
        except ValueError as exc:
            raise Misconfigured(
                f"{endpoint!r} is no address of an object store: {exc}",
                fix="set `objects.s3_endpoint` to host:port",
            ) from exc
        return cls(client, bucket)

    def put(self, content: bytes) -> str:
        """Put an object; to put the same content again is harmless."""
        address = address_of(content)
        sized(address, len(content))
        try:
            self._client.put_object(
                self._bucket, name_in(address), io.BytesIO(content), len(content)
            )
        except (MinioException, urllib3.exceptions.HTTPError, ValueError) as exc:
            raise self._translated(f"put {address}", exc) from exc
        return address

    def get(self, address: str) -> bytes:
        """Get an object and check its hash."""
        name = name_in(address)
        try:
            with self._client.get_object(self._bucket, name) as response:
                sized(address, int(response.headers.get("content-length", 0)))
                return checked(address, response.read())
        except (MinioException, urllib3.exceptions.HTTPError, ValueError) as exc:
            raise self._translated(f"get {address}", exc) from exc

    def _translated(self, attempt: str, exc: Exception) -> AetherError:
        message = f"could not {attempt} in bucket {self._bucket}: {exc}"
        if isinstance(exc, ValueError):  # the client itself refuses the bucket's name
            return Misconfigured(message, fix=WRONG["InvalidBucketName"])
        if isinstance(exc, S3Error) and exc.code in MISSING:
            return NotStored(message)
        # servers have names of their own for keys they do not know
        if isinstance(exc, S3Error) and exc.response.status < 500 and exc.code not in PASSING:
            return Misconfigured(message, fix=WRONG.get(exc.code or "", _KEYS))
        return StoreAway(message, fix="check that the object store runs: `objects.s3_endpoint`")
