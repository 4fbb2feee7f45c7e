"""One run of wrk against one server, and what it came to."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.servers import Refused, Server

SCRIPTS = Path(__file__).parent.parent / "wrk"
ANSWER_WITHIN_SECS = 10


@dataclass(frozen=True)
class Load:
    """What wrk sends: a script with its arguments, to one path, over so many connections."""

    script: str
    path: str
    connections: int
    arguments: tuple = ()


@dataclass(frozen=True)
class Outcome:
    """Answers a second without the refused ones, latency in milliseconds, the server's own CPU per answer."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    refused: int
    broken: int


def threads(connections: int) -> int:
    """How many threads wrk gets: no more than two, so that it leaves the server most of a small machine."""
    return min(connections, 2)


def drive(server: Server, load: Load, seconds: int) -> Outcome:
    """Keeps every connection busy for so many seconds: the next request goes out when the answer is there."""
    busy_before = server.cpu_secs()
    said = _run(server.url(load.path), load, seconds)
    busy = server.cpu_secs() - busy_before
    served = said["requests"] - said["refused"]
    return Outcome(
        rate=served / (said["duration_us"] / 1e6),
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        cpu_us=busy * 1e6 / max(said["requests"], 1),
        refused=said["refused"],
        broken=said["broken"],
    )


@contextmanager
def kept_busy(server: Server, load: Load, seconds: int):
    """Drives another load beside what is done inside, and sees that it was served."""
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(_run, server.url(load.path), load, seconds)
        yield
    said = other.result()
    if said["refused"] or said["broken"] or not said["requests"]:
        raise Refused(f"the load beside it was not served: {said}")


def _run(url: str, load: Load, seconds: int) -> dict:
    command = ["wrk", "-t", threads(load.connections), "-c", load.connections, "-d", f"{seconds}s"]
    command += ["--timeout", f"{ANSWER_WITHIN_SECS}s", "-s", SCRIPTS / load.script, url, "--", *load.arguments]
    environment = os.environ | {"LUA_PATH": f"{SCRIPTS}/?.lua;;"}
    ran = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
    for line in ran.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise Refused(f"wrk gave no result for {url}: {ran.stderr.strip() or ran.stdout.strip()}")
