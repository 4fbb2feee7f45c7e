"""The tables that are printed: medians, ratios, and the goals beside what was reached."""

from dataclasses import asdict, dataclass

from harness.samples import ALONE, BARE, CONNECTIONS, CROWDED, DISK_FLUSHES, EXPRESS, RAW_SIGNING, RAW_SLED, TUNED, USHER, Samples
from harness.servers import Server


@dataclass(frozen=True)
class Goal:
    """What should be reached: a figure, its bound, and on which side of the bound it should be."""

    what: str
    measured: float | None
    bound: float
    unit: str
    at_most: bool = False

    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        met = self.measured <= self.bound if self.at_most else self.measured >= self.bound
        return "met" if met else "MISSED"

    def row(self) -> list[str]:
        side = "<=" if self.at_most else ">="
        bound = f"{side} {_figure(self.bound, self.unit)}"
        return [self.what, _figure(self.measured, self.unit), bound, self.verdict()]


def goals(samples: Samples, usher: Server | None) -> list[Goal]:
    """The goals that this script can measure; ratios are of the same run."""
    return [
        Goal("generate: usher / bare warp, 16 connections", samples.ratio("generate", 16, USHER, BARE), 0.80, "%"),
        Goal("generate: usher / bare warp, 64 connections", samples.ratio("generate", 64, USHER, BARE), 0.80, "%"),
        Goal("generate: usher / tuned Express, 64 connections", samples.ratio("generate", 64, USHER, TUNED), 14, "x"),
        Goal("generate: p99, 64 connections", samples.of("generate", 64, USHER, "p99_ms"), 3, "ms", at_most=True),
        Goal("validate: usher / bare warp, 16 connections", samples.ratio("validate", 16, USHER, BARE), 0.90, "%"),
        Goal("validate: usher / bare warp, 64 connections", samples.ratio("validate", 64, USHER, BARE), 0.90, "%"),
        Goal("generate: with 50 signing in / with nobody", samples.share(CROWDED, ALONE, 16), 0.50, "%"),
        Goal("RS256 issue / raw signing, all cores", samples.floor_ratio("rs256", 64, RAW_SIGNING), 0.95, "%"),
        Goal("booking, 64 callers / sled + fdatasync", samples.floor_ratio("booking", 64, RAW_SLED), 0.60, "%"),
        Goal("booking, 64 callers: p99", samples.of("booking", 64, USHER, "p99_ms"), 10, "ms", at_most=True),
        Goal("booking, 1 caller / disk's fdatasync", samples.floor_ratio("booking", 1, DISK_FLUSHES), 0.60, "%"),
        Goal("ingest, 64 connections, 10,000 rooms", samples.of("ingest", 64, USHER), 20_000, "/s"),
        Goal("memory, idle", usher.idle_mib if usher else None, 15, "MiB", at_most=True),
        Goal("start to ready, empty store", usher.ready_ms if usher else None, 50, "ms", at_most=True),
    ]


def text(samples: Samples, servers: list[Server], machine: str) -> str:
    usher = next((server for server in servers if server.name == USHER), None)
    parts = [machine] + [_tokens(samples, what, servers) for what in ("generate", "validate")]
    parts += [_durable(samples), _crowds(samples), _servers(servers)]
    if usher:
        parts.append(_table("Goals", ["", "measured", "goal", ""], [goal.row() for goal in goals(samples, usher)]))
    if spoilt := samples.spoilt():
        lines = "\n".join(f"  {cell}" for cell in spoilt)
        parts.append(f"Requests were refused or lost here, so these figures say nothing:\n{lines}")
    return "\n\n".join(part for part in parts if part)


def data(samples: Samples, servers: list[Server], machine: str) -> dict:
    """Every round's figures, for programs."""
    usher = next((server for server in servers if server.name == USHER), None)
    return {
        "machine": machine,
        "outcomes": [
            {"what": what, "connections": connections, "server": server, "rounds": [asdict(one) for one in rounds]}
            for (what, connections, server), rounds in samples.outcomes.items()
        ],
        "floors": samples.floors,
        "crowds": [asdict(crowd) for crowd in samples.crowds],
        "servers": [
            {"name": one.name, "ready_ms": one.ready_ms, "idle_mib": one.idle_mib, "peak_mib": one.peak_mib}
            for one in servers
        ],
        "goals": [asdict(goal) | {"verdict": goal.verdict()} for goal in goals(samples, usher)],
    }


def _tokens(samples: Samples, what: str, servers: list[Server]) -> str:
    cells = [(connections, server.name) for connections in CONNECTIONS for server in servers]
    rows = [_token_row(samples, what, *cell) for cell in cells if samples.of(what, *cell) is not None]
    head = ["conns", "server", "rate", "p50", "p99", "CPU us", "/ bare", "rate / bare", "/ tuned", "/ express"]
    return _table(f"{what}-token over HTTP, HS256", head, rows)


def _token_row(samples: Samples, what: str, connections: int, server: str) -> list[str]:
    def share(other: str, figure: str = "rate") -> str:
        ratio = samples.ratio(what, connections, server, other, figure)
        return "" if ratio is None or server == other else f"{ratio:.2f}"

    cpu = f"{samples.of(what, connections, server, 'cpu_us'):,.1f}"
    rates = [share(BARE), share(TUNED), share(EXPRESS)]
    return [str(connections), server, *_speed(samples, what, connections, server), cpu, share(BARE, "cpu_us"), *rates]


def _durable(samples: Samples) -> str:
    rows = [[name, "", _figure(samples.floor(name), "/s"), "", ""] for name in samples.floors]
    for what, connections, server in samples.outcomes:
        if what not in ("generate", "validate"):
            rows.append([f"usher: {what}", str(connections), *_speed(samples, what, connections, server)])
    return _table("RS256, durable writes, and their floors", ["", "conns", "rate", "p50", "p99"], rows)


def _crowds(samples: Samples) -> str:
    times = ("booked_ms", "median_ms", "last_ms")
    head = ["listeners", "bytes each", "booked", "half have heard", "all have heard"]
    row = [f"{crowd:,.0f}" for crowd in (samples.of_crowds("listeners"), samples.of_crowds("bytes_each")) if crowd]
    row += [_figure(samples.of_crowds(figure), "ms") for figure in times]
    return _table("Live events, from the request that books a meeting", head, [row] if samples.crowds else [])


def _speed(samples: Samples, what: str, connections: int, server: str) -> list[str]:
    units = (("rate", "/s"), ("p50_ms", "ms"), ("p99_ms", "ms"))
    return [_figure(samples.of(what, connections, server, figure), unit) for figure, unit in units]


def _servers(servers: list[Server]) -> str:
    rows = [[one.name, f"{one.ready_ms:,.0f} ms", f"{one.idle_mib:,.1f}", f"{one.peak_mib:,.1f}"] for one in servers]
    return _table("Start and memory", ["", "ready after", "idle MiB", "peak MiB"], rows)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "%":
        return f"{value * 100:.0f} %"
    if unit == "/s":
        return f"{value:,.0f}/s"
    return f"{value:,.2f} {unit}" if unit == "ms" else f"{value:,.1f} {unit}"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_line(row, widths) for row in [head, *rows]]
    return "\n".join([title, "-" * len(title), *lines])


def _line(row: list[str], widths: list[int]) -> str:
    """Words to the left, figures to the right."""
    cells = zip(row, widths)
    return "  ".join(cell.rjust(width) if _is_figure(cell) else cell.ljust(width) for cell, width in cells).rstrip()


def _is_figure(cell: str) -> bool:
    return cell[:1].isdigit() or cell == "-"
