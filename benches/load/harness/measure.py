"""What is measured, in which order: rounds in which everybody takes a turn, so that a slow minute hits all alike."""

import time
from dataclasses import dataclass
from pathlib import Path

from harness import floors
from harness import listeners as crowd
from harness.samples import ALONE, CONNECTIONS, CROWDED, DISK_FLUSHES, RAW_SIGNING, RAW_SLED, USHER, Samples
from harness.servers import Refused, Server
from harness.workspace import DOMAIN, GENERATE, Workspace
from harness.wrk import Load, drive, kept_busy, threads

ROOMS = 10_000
PEOPLE = 50


@dataclass
class Plan:
    """How long and how often."""

    seconds: int
    rounds: int
    examples: Path
    workspace: Workspace


def tokens(plan: Plan, servers: list[Server], samples: Samples) -> None:
    """Issuing and validating over HTTP, every server at every number of connections."""
    for what in ("generate", "validate"):
        for server in servers:
            _warm_up(server, _token_load(plan, server, what, 16))
        for connections in CONNECTIONS:
            for turn in range(plan.rounds):
                for server in _rotated(servers, turn):
                    load = _token_load(plan, server, what, connections)
                    samples.add(what, connections, server.name, drive(server, load, plan.seconds))


def logins(plan: Plan, usher: Server, samples: Samples) -> None:
    """Issuing while 50 people are always signing in with a password, against issuing alone."""
    paper = plan.workspace
    load = _token_load(plan, usher, "generate", 16)
    people = Load("same.lua", "/sso/api/login/", PEOPLE, (paper.login_body, paper.api_key))
    _warm_up(usher, load)
    _warm_up(usher, people)
    for _ in range(plan.rounds):
        samples.add(ALONE, 16, USHER, drive(usher, load, plan.seconds))
        with kept_busy(usher, people, plan.seconds):
            samples.add(CROWDED, 16, USHER, drive(usher, load, plan.seconds))


def listeners(plan: Plan, usher: Server, samples: Samples) -> None:
    """Ten thousand who follow live events and mostly hear nothing."""
    for _ in range(plan.rounds):
        samples.add_crowd(crowd.gather(usher, plan.workspace))


def rs256(plan: Plan, usher: Server, samples: Samples) -> None:
    """Issuing with RSA against bare signing."""
    paper = plan.workspace
    load = Load("same.lua", "/api/jitsi/generate-token", 64, (paper.generate_body, paper.rsa_api_key))
    usher.post(load.path, GENERATE, paper.rsa_api_key)
    _warm_up(usher, load)
    for _ in range(plan.rounds):
        samples.add_floor(RAW_SIGNING, floors.signatures(plan.examples, paper.rsa_der, plan.seconds))
        samples.add("rs256", 64, USHER, drive(usher, load, plan.seconds))


def bookings(plan: Plan, usher: Server, samples: Samples) -> None:
    """Meetings booked, each on the disk before its answer, by one caller and by 64."""
    paper = plan.workspace
    booked = usher.post("/api/jitsi/create-room", {"appointmentId": "check"})
    if "meetingId" not in booked:
        raise Refused(f"usher booked no meeting: its answer has only {', '.join(booked)}")
    _warm_up(usher, _booking_load(paper, 64, "warm-up"))
    for turn in range(plan.rounds):
        samples.add_floor(DISK_FLUSHES, floors.disk_flushes(paper.folder, plan.seconds))
        samples.add("booking", 1, USHER, drive(usher, _booking_load(paper, 1, f"one-{turn}"), plan.seconds))
        samples.add_floor(RAW_SLED, floors.sled_writes(plan.examples, paper.folder, 64, plan.seconds))
        samples.add("booking", 64, USHER, drive(usher, _booking_load(paper, 64, f"many-{turn}"), plan.seconds))


def ingest(plan: Plan, usher: Server, samples: Samples) -> None:
    """People joining and leaving 10,000 rooms that are open at once, as event_sync reports them."""
    paper = plan.workspace
    usher.post("/events/occupant/joined", _joined("check"), paper.prosody_secret)
    _warm_up(usher, _occupant_load(paper, "warm-up"))
    for turn in range(plan.rounds):
        samples.add("ingest", 64, USHER, drive(usher, _occupant_load(paper, f"round-{turn}"), plan.seconds))


def _token_load(plan: Plan, server: Server, what: str, connections: int) -> Load:
    body = plan.workspace.generate_body if what == "generate" else server.validate_body
    return Load("same.lua", f"/api/jitsi/{what}-token", connections, (body, server.credential))


def _booking_load(paper: Workspace, callers: int, run: str) -> Load:
    """The name of the run keeps appointments apart: one that is asked for again makes no new meeting."""
    return Load("bookings.lua", "/api/jitsi/create-room", callers, (run, paper.api_key))


def _occupant_load(paper: Workspace, run: str) -> Load:
    arguments = (run, paper.prosody_secret, ROOMS // threads(64))
    return Load("occupants.lua", "/events/occupant/joined", 64, arguments)


def _joined(room: str) -> dict:
    """What event_sync says when somebody comes in; wrk/occupants.lua writes the same."""
    address = f"{room}@conference.{DOMAIN}"
    occupant = {"occupant_jid": f"check@{DOMAIN}/check", "joined_at": int(time.time()), "id": "ann", "name": "Ann"}
    return {
        "event_name": "muc-occupant-joined",
        "room_name": room,
        "room_jid": address,
        "is_breakout": False,
        "active_occupants_count": 1,
        "occupant": occupant,
    }


def _warm_up(server: Server, load: Load) -> None:
    """A second that does not count. Ends the run where the server refuses what it should serve."""
    outcome = drive(server, load, seconds=1)
    if outcome.refused:
        raise Refused(f"{server.name} refused {outcome.refused} of the first requests to {load.path}; a rate limit?")


def _rotated(servers: list[Server], turn: int) -> list[Server]:
    cut = turn % len(servers)
    return servers[cut:] + servers[:cut]
