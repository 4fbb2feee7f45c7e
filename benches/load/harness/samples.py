"""Every figure of a run, and what they come to over the rounds."""

import sys
from dataclasses import dataclass, field
from statistics import median

from harness.listeners import Crowd
from harness.wrk import Outcome

CONNECTIONS = (1, 16, 64, 256)
EXPRESS, TUNED, BARE, USHER = "express", "express-tuned", "bare", "usher"
ALONE, CROWDED = "generate, nobody signing in", "generate, 50 signing in"
RAW_SIGNING, DISK_FLUSHES, RAW_SLED = "raw signing", "disk flushes", "raw sled"


@dataclass
class Samples:
    """Every figure of every round: outcomes of servers by (what, connections, server), floors by name."""

    outcomes: dict = field(default_factory=dict)
    floors: dict = field(default_factory=dict)
    crowds: list[Crowd] = field(default_factory=list)

    def add_crowd(self, crowd: Crowd) -> None:
        self.crowds.append(crowd)
        each = f"{crowd.bytes_each:10,.0f} bytes each"
        tell(f"listeners {crowd.listeners:6,} {each}  last heard after {crowd.last_ms:8.2f} ms")

    def of_crowds(self, figure: str) -> float | None:
        """The median over the rounds."""
        return median(getattr(crowd, figure) for crowd in self.crowds) if self.crowds else None

    def add(self, what: str, connections: int, server: str, outcome: Outcome) -> None:
        self.outcomes.setdefault((what, connections, server), []).append(outcome)
        doubtful = f"  ({outcome.refused} refused, {outcome.broken} broken)" if outcome.refused + outcome.broken else ""
        tell(f"{what:9} {connections:4} {server:14} {outcome.rate:10,.0f}/s  p99 {outcome.p99_ms:8.2f} ms{doubtful}")

    def add_floor(self, name: str, rate: float) -> None:
        self.floors.setdefault(name, []).append(rate)
        tell(f"{name:29} {rate:10,.0f}/s")

    def of(self, what: str, connections: int, server: str, figure: str = "rate") -> float | None:
        """The median over the rounds, or nothing where it was not measured."""
        figures = self._all(what, connections, server, figure)
        return median(figures) if figures else None

    def floor(self, name: str) -> float | None:
        return median(self.floors[name]) if name in self.floors else None

    def ratio(self, what: str, connections: int, server: str, other: str, figure: str = "rate") -> float | None:
        """The median of the rounds' own ratios of two servers: what the machine did meanwhile cancels out."""
        return _ratio(self._all(what, connections, server, figure), self._all(what, connections, other, figure))

    def share(self, what: str, of: str, connections: int) -> float | None:
        """The same for two things that usher did."""
        return _ratio(self._all(what, connections, USHER, "rate"), self._all(of, connections, USHER, "rate"))

    def floor_ratio(self, what: str, connections: int, floor: str) -> float | None:
        """The same for usher and a floor."""
        return _ratio(self._all(what, connections, USHER, "rate"), self.floors.get(floor, []))

    def spoilt(self) -> list[str]:
        """Cells in which a server refused or dropped requests: their figures say nothing."""
        return [
            f"{what}, {connections} connections, {server}"
            for (what, connections, server), outcomes in self.outcomes.items()
            if any(outcome.refused or outcome.broken for outcome in outcomes)
        ]

    def _all(self, what: str, connections: int, server: str, figure: str) -> list[float]:
        return [getattr(outcome, figure) for outcome in self.outcomes.get((what, connections, server), [])]


def tell(line: str) -> None:
    """Progress, beside the report."""
    print(line, file=sys.stderr, flush=True)


def _ratio(own: list[float], others: list[float]) -> float | None:
    pairs = [mine / theirs for mine, theirs in zip(own, others) if theirs]
    return median(pairs) if pairs else None
