"""The servers under load: started on free loopback ports, checked once, watched through /proc, stopped."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN_SECS = 15
STOPPED_WITHIN_SECS = 15
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")


class Refused(Exception):
    """A server did not start, or did not answer as it should: nothing measured on it would mean anything."""


@dataclass
class Server:
    """One running server. Memory in MiB, times in milliseconds."""

    name: str
    port: int
    process: subprocess.Popen
    ready_ms: float
    credential: Path
    idle_mib: float = 0.0
    peak_mib: float = 0.0
    validate_body: Path | None = None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def post(self, path: str, body: dict, credential: Path | None = None) -> dict:
        """One request outside the measurement; raises `Refused` with what the server said."""
        bearer = (credential or self.credential).read_text()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
        request = urllib.request.Request(self.url(path), json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = error.read(300).decode(errors="replace")
            raise Refused(f"{self.name} answered {path} with {error.code}: {said}") from error
        except (OSError, ValueError) as error:
            raise Refused(f"{self.name} did not answer {path} properly: {error}") from error

    def cpu_secs(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SEC

    def note_memory(self) -> None:
        """Reads what it holds now; the first reading is the idle figure."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        held = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Vm")}
        self.idle_mib = self.idle_mib or int(held["VmRSS"]) / 1024
        self.peak_mib = int(held["VmHWM"]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOPPED_WITHIN_SECS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name: str, command: list, port: int, credential: Path, log: Path, ready_url: str | None = None) -> Server:
    """Starts a server and waits until it answers: on its port, and on `ready_url` where it has one."""
    with open(log, "ab") as output:
        began = time.perf_counter()
        words = [str(word) for word in command]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    server = Server(name, port, process, 0.0, credential)
    try:
        _wait_until_ready(server, began, ready_url)
    except BaseException:
        server.stop()
        raise
    server.ready_ms = (time.perf_counter() - began) * 1000
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_tokens(server: Server, generate: dict, secret: Path) -> str:
    """Sees that the server issues a token signed with the secret and finds it valid; gives the token back."""
    answer = server.post("/api/jitsi/generate-token", generate)
    token = answer.get("token", "")
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret.read_bytes(), signed.encode(), hashlib.sha256).digest()
    if signature != base64.urlsafe_b64encode(expected).rstrip(b"=").decode():
        raise Refused(f"{server.name} issued a token that the shared secret did not sign")
    for key in ("roomName", "joinUrl", "expiresAt", "embed"):
        if key not in answer:
            raise Refused(f"{server.name} left {key} out of its answer, so it does less work than the others")
    verdict = server.post("/api/jitsi/validate-token", {"token": token})
    if verdict.get("valid") is not True:
        raise Refused(f"{server.name} does not accept its own token: {verdict}")
    return token


def _wait_until_ready(server: Server, began: float, ready_url: str | None) -> None:
    while not _answers(server.port, ready_url):
        if server.process.poll() is not None:
            raise Refused(f"{server.name} ended with status {server.process.returncode}; --logs keeps what it said")
        if time.perf_counter() - began > READY_WITHIN_SECS:
            raise Refused(f"{server.name} was not ready within {READY_WITHIN_SECS} s; --logs keeps what it said")
        time.sleep(0.001)


def _answers(port: int, ready_url: str | None) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        if ready_url:
            urllib.request.urlopen(ready_url, timeout=1).close()
    except OSError:
        return False
    return True
