"""The folder of one run: secrets, keys, request bodies, and usher's configuration."""

import hashlib
import json
import secrets
import shutil
import subprocess
from pathlib import Path

APP_ID = "bench-app"
DOMAIN = "meet.bench.test"

GENERATE = {
    "roomName": "ataraxia-12345-1699999999999",
    "userName": "Dr. Sarah Johnson",
    "userEmail": "sarah.johnson@example.com",
    "userId": "therapist-123",
    "isModerator": True,
    "expiresIn": 7200,
}

USHER_TOML = """\
[http]
listen = "127.0.0.1:{public}"
public_url = "http://127.0.0.1:{public}"
trusted_proxies = ["127.0.0.1/32"]

[ops]
listen = "127.0.0.1:{ops}"

[store]
kind = "sled"
path = "{store}"

[[jitsi]]
name = "main"
domain = "{domain}"
app_id = "{app_id}"
app_secret_file = "{folder}/app.secret"
muc_domain = "conference.{domain}"
prosody_secret_file = "{folder}/prosody.secret"

[[jitsi]]
name = "rsa"
domain = "rsa.bench.test"
app_id = "bench-rsa"
signing_keys = [{{ kid = "bench", file = "{folder}/rsa.pem", from = "2020-01-01T00:00:00Z" }}]
muc_domain = "conference.rsa.bench.test"
"""

USERS_TOML = """\
["{user}"]
id = "bench-user"
password = "{hash}"
"""

CLIENTS_TOML = """\
[bench]
redirect_uris = ["{callback}"]
name = "Load"
keys = ["sha256:{bench}"]
scopes = ["tokens:issue", "tokens:validate", "meetings:write"]
rooms = ["*"]
include_email = true
requests_per_second = 1000000
backend = "jitsi:main"

[bench-rsa]
name = "Load, RS256"
keys = ["sha256:{rsa}"]
scopes = ["tokens:issue"]
rooms = ["*"]
include_email = true
requests_per_second = 1000000
backend = "jitsi:rsa"
"""


# One client alone may not have so many listeners.
LISTENING_CLIENTS = 4
LISTENING_TOML = """\

[bench-live-{number}]
name = "Load, listening"
keys = ["sha256:{key}"]
scopes = ["admin"]
requests_per_second = 1000000
"""

USER = "bench@example.com"
CALLBACK = "https://app.bench.test/callback"


class Workspace:
    """Paths below one folder that is made afresh. All secrets are random and end with the folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.app_secret = folder / "app.secret"
        self.prosody_secret = folder / "prosody.secret"
        self.api_key = folder / "bench.key"
        self.rsa_api_key = folder / "bench-rsa.key"
        self.listening_keys = [folder / f"bench-live-{number}.key" for number in range(LISTENING_CLIENTS)]
        self.rsa_der = folder / "rsa.der"
        self.generate_body = folder / "generate.json"
        self.login_body = folder / "login.json"
        self.config = folder / "config"
        self.store = folder / "store"

    def make(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.config.mkdir(parents=True, mode=0o700)
        secret = (self.app_secret, self.prosody_secret, self.api_key, self.rsa_api_key, *self.listening_keys)
        for path in secret:
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32))
        self._make_rsa_key()
        self.generate_body.write_text(json.dumps(GENERATE))

    def configure_usher(self, public_port: int, ops_port: int, usher: Path) -> None:
        """Writes usher's own files, as `config.md` describes them."""
        daemon = USHER_TOML.format(
            public=public_port, ops=ops_port, store=self.store, folder=self.folder, domain=DOMAIN, app_id=APP_ID
        )
        clients = CLIENTS_TOML.format(
            bench=_sha256(self.api_key), rsa=_sha256(self.rsa_api_key), callback=CALLBACK
        )
        for number, key in enumerate(self.listening_keys):
            clients += LISTENING_TOML.format(number=number, key=_sha256(key))
        (self.config / "usher.toml").write_text(daemon)
        self._make_user(usher)
        (self.config / "clients.toml").write_text(clients)

    def validate_body(self, server: str, token: str) -> Path:
        path = self.folder / f"validate-{server}.json"
        path.write_text(json.dumps({"token": token}))
        return path

    def _make_user(self, usher: Path) -> None:
        """A user whose password is hashed as `usher password` hashes it, and the body that signs them in."""
        password = secrets.token_hex(16)
        made = subprocess.run([usher, "password"], input=f"{password}\n", capture_output=True, text=True, check=True)
        (self.config / "users.toml").write_text(USERS_TOML.format(user=USER, hash=made.stdout.strip()))
        login = {"username": USER, "password": password, "client_id": "bench", "redirect_uri": CALLBACK}
        self.login_body.write_text(json.dumps(login))

    def _make_rsa_key(self) -> None:
        pem = self.folder / "rsa.pem"
        pem.touch(mode=0o600)
        _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pem)
        _openssl("pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER", "-out", self.rsa_der)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _openssl(*arguments) -> None:
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
