"""On what the figures were made: they mean nothing without it."""

import os
import platform
from pathlib import Path


def describe(folder: Path) -> str:
    """One line, to be taken before anything is started; says so when somebody else keeps the machine busy."""
    cores = os.cpu_count()
    load = os.getloadavg()[0]
    line = f"{cores} cores, Linux {platform.release()}, {_filesystem(folder)}, load {load:.1f} before the start"
    return line + ("\nThe machine was busy: trust ratios of CPU time at most." if load > cores / 4 else "")


def _filesystem(folder: Path) -> str:
    """The kind of filesystem that holds the folder: the longest mount point above it decides."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    above = [(len(point), kind) for _, point, kind, *_ in mounts if folder.is_relative_to(point)]
    return max(above)[1] if above else "unknown filesystem"
