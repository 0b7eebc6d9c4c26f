"""A small OpenID Connect provider in a process of its own, signing with another library than the server's.

usage: provider_process.py

Prints its port. It signs everybody in as Anna, without asking. POST /next with JSON says what is wrong with the
next ID token: {"claims": {...}, "without": [...], "how": "RS256" | "none" | "HS256" | "other key" | "ES256"}.
GET /seen gives what the token endpoint was sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "swath-client", "of-the-client"
RSA = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    codes: ClassVar[dict[str, dict[str, str]]] = {}
    wanted: ClassVar[dict[str, Any]] = {}
    seen: ClassVar[list[dict[str, str]]] = []

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/realm"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/realm/.well-known/openid-configuration":
            self._give(self._discovery())
        elif parts.path == "/realm/keys":
            self._give({"keys": [key.as_dict(private=False) for key in (RSA, EC)]})
        elif parts.path == "/realm/authorize":
            self._authorize({k: v[0] for k, v in parse_qs(parts.query).items()})
        elif parts.path == "/seen":
            self._give(self.seen)
        else:
            self._give({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/next":
            Provider.wanted = json.loads(body)
            self._give({})
        elif self.path == "/realm/token":
            self._token(dict(parse_qsl(body.decode())))
        else:
            self._give({}, 404)

    def _discovery(self) -> dict[str, str]:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return {**told, **self.wanted.get("discovery", {})}

    def _authorize(self, asked: dict[str, str]) -> None:
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], **self.wanted.get("back", {})}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _token(self, sent: dict[str, str]) -> None:
        self.seen.append(sent)
        asked = self.codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or sent["redirect_uri"] != asked["redirect_uri"]
            or sent.get("client_secret") != SECRET
        ):
            self._give({"error": "invalid_grant"}, 400)
            return
        self._give({"token_type": "Bearer", "id_token": self._id_token(asked["nonce"])})

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "4711",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "preferred_username": "Anna",
            "groups": ["/Imagery", "not a group's name!", 7],
            **self.wanted.get("claims", {}),
        }
        for name in self.wanted.get("without", ()):
            claims.pop(name)
        how = self.wanted.get("how", "RS256")
        if how == "none":
            head, body = ({"alg": "none", "kid": "one"}, claims)
            parts = [json.dumps(part).encode() for part in (head, body)]
            return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts) + "."
        if how == "HS256":
            # The public key as a secret: what a library falls for that takes any algorithm.
            secret = OctKey.import_key(RSA.as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, secret)
        if how == "ES256":
            return jwt.encode({"alg": "ES256", "kid": "two"}, claims, EC)
        if how == "unknown key":
            return jwt.encode({"alg": "RS256", "kid": "three"}, claims, OTHER)
        key = OTHER if how == "other key" else RSA
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if how == "changed":
            head, body, proof = token.split(".")
            padded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            body = base64.urlsafe_b64encode(padded.replace(b"Anna", b"Root")).rstrip(b"=").decode()
            return f"{head}.{body}.{proof}"
        return token

    def _give(self, document: object, status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


def main() -> None:
    """Listen until killed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


main()
