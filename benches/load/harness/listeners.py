"""A crowd that follows live events: what each costs while nothing happens, and how soon all of them hear of something."""

import resource
import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.servers import Refused, Server
from harness.workspace import Workspace

CROWD = 10_000
# They come a few at a time: a request costs more than a listener, and what all of them would need at once would hide it.
AT_ONCE = 100
EVENTS = 5
ANSWERED_WITHIN_SECS = 60
READ_BYTES = 65_536


@dataclass(frozen=True)
class Crowd:
    """One crowd. Bytes of resident memory for each, and milliseconds from the booking's request to each one's event."""

    listeners: int
    bytes_each: float
    booked_ms: float
    median_ms: float
    last_ms: float


class Listeners:
    """Open streams; each is read with epoll, since one thread must be quick enough for all."""

    def __init__(self, usher: Server, paper: Workspace):
        self.usher = usher
        self.keys = [path.read_text() for path in paper.listening_keys]
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}

    def add(self, count: int) -> None:
        """Further listeners, who have been answered when this returns. Their addresses are as different as people's are."""
        fresh = set()
        for _ in range(count):
            number = len(self.sockets)
            stream = socket.create_connection(("127.0.0.1", self.usher.port))
            head = (
                f"GET /api/events HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: 10.0.{number >> 8}.{number & 255}\r\n"
                f"Authorization: Bearer {self.keys[number % len(self.keys)]}\r\n\r\n"
            )
            stream.sendall(head.encode())
            stream.setblocking(False)
            self.sockets[stream.fileno()] = stream
            self.poll.register(stream.fileno(), select.EPOLLIN)
            fresh.add(stream.fileno())
        self._until(fresh, b"retry: ")

    def hear(self) -> list[float]:
        """When each of them has heard of the next event, by `time.perf_counter`, in order."""
        return self._until(set(self.sockets), b"\nevent: ")

    def close(self) -> None:
        for stream in self.sockets.values():
            stream.close()
        self.poll.close()

    def _until(self, waiting: set[int], sign: bytes) -> list[float]:
        """Reads until each of these has sent something with the sign in it."""
        heard, deadline = [], time.perf_counter() + ANSWERED_WITHIN_SECS
        while waiting:
            if time.perf_counter() > deadline:
                raise Refused(f"{len(waiting)} listeners have not heard {sign!r}")
            for number, _ in self.poll.poll(1, 1024):
                read = self.sockets[number].recv(READ_BYTES)
                if not read or b"HTTP/1.1 200" not in read and read.startswith(b"HTTP/"):
                    raise Refused(f"a listener was sent away: {read[:200]!r}")
                if number in waiting and sign in read:
                    waiting.discard(number)
                    heard.append(time.perf_counter())
        return heard


def gather(usher: Server, paper: Workspace) -> Crowd:
    """Brings the crowd together, counts what it costs, and lets something happen a few times."""
    count = min(CROWD, open_files() - 100)
    listeners = Listeners(usher, paper)
    try:
        # What the first listeners bring with them does not grow with the others.
        listeners.add(AT_ONCE)
        before = _resident_bytes(usher)
        while len(listeners.sockets) < count:
            listeners.add(min(AT_ONCE, count - len(listeners.sockets)))
        bytes_each = (_resident_bytes(usher) - before) / (count - AT_ONCE)
        rounds = [_tell(usher, listeners, number) for number in range(EVENTS)]
    finally:
        listeners.close()
    booked, middle, last = (median(figures) for figures in zip(*rounds))
    return Crowd(count, bytes_each, booked, middle, last)


def _tell(usher: Server, listeners: Listeners, number: int) -> tuple[float, float, float]:
    began = time.perf_counter()
    usher.post("/api/jitsi/create-room", {"appointmentId": f"heard-{number}-{began}"})
    booked = time.perf_counter()
    heard = listeners.hear()
    return tuple((moment - began) * 1000 for moment in (booked, heard[len(heard) // 2], heard[-1]))


def open_files() -> int:
    """Lets this process, and those that it starts from now on, open as many files as may be; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _resident_bytes(usher: Server) -> int:
    pages = int(Path(f"/proc/{usher.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()

