"""An identity provider as small as can be: OAuth's client credentials for signed JSON Web Tokens.

It knows a few clients. One gets tokens that are over before they are given, so that tests see what
comes of them.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from engines.ports import LOOPBACK

ISSUER, AUDIENCE = "http://identity.test", "kafka"
VALID_S = 300


class Account(NamedTuple):
    """Who may ask for tokens, and for how long they last."""

    secret: str
    valid_s: int = VALID_S


class Tokens:
    """The provider; `url` is its token endpoint, `keys` what its signatures are verified with."""

    def __init__(self, accounts: dict[str, Account], keys: Path) -> None:
        self._accounts = accounts
        self._key = RSAKey.generate_key(2048, {"kid": "of-the-test", "alg": "RS256", "use": "sig"})
        keys.write_text(json.dumps(KeySet([self._key]).as_dict(private=False)))
        self.keys = keys
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}/token"

    def issued(self, client: str) -> str:
        """Return a token of a client."""
        now = int(time.time())
        valid_s = self._accounts[client].valid_s
        issued = min(now, now + valid_s - VALID_S)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": client, "iat": issued}
        return jwt.encode(
            {"alg": "RS256", "kid": "of-the-test"}, {**claims, "exp": now + valid_s}, self._key
        )

    @contextmanager
    def serving(self) -> Iterator["Tokens"]:
        """Answer requests while a block lasts."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        accounts, issued = self._accounts, self.issued

        class Asked(BaseHTTPRequestHandler):
            """One request, with the client's name and secret in its head or its body."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                client, secret = self._who(body)
                known = accounts.get(client)
                if known is None or known.secret != secret:
                    return self._say(401, {"error": "invalid_client"})
                token = {"access_token": issued(client), "token_type": "Bearer"}
                return self._say(200, {**token, "expires_in": known.valid_s})

            def _who(self, body: str) -> tuple[str, str]:
                kind, _, said = self.headers.get("authorization", "").partition(" ")
                if kind == "Basic":
                    client, _, secret = base64.b64decode(said).decode().partition(":")
                    return client, secret
                form = parse_qs(body)
                return form["client_id"][0], form["client_secret"][0]

            def _say(self, status: int, told: object) -> None:
                frame = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(frame)))
                self.end_headers()
                self.wfile.write(frame)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Asked
