"""What the machine can do at best, measured beside usher: the disk's flushes, sled's shared flushes, RSA signatures."""

import os
import shutil
import subprocess
import time
from pathlib import Path

RECORD = b"x" * 1024


def disk_flushes(folder: Path, seconds: int) -> float:
    """1 KiB appends a second, each with its own fdatasync, by one writer on the disk that holds the folder."""
    path = folder / "floor.log"
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC, 0o600)
    try:
        flushed = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.write(file, RECORD)
            os.fdatasync(file)
            flushed += 1
        return flushed / (time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()


def sled_writes(examples: Path, folder: Path, writers: int, seconds: int) -> float:
    """Acknowledged 1 KiB writes a second to a fresh sled, every one of them on the disk, all sharing flushes."""
    store = folder / "floor.sled"
    shutil.rmtree(store, ignore_errors=True)
    try:
        return _number(examples / "raw_sled", store, writers, seconds)
    finally:
        shutil.rmtree(store, ignore_errors=True)


def signatures(examples: Path, key: Path, seconds: int) -> float:
    """RS256 signatures a second by all cores."""
    return _number(examples / "raw_signing", key, seconds)


def _number(*command) -> float:
    ran = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return float(ran.stdout)
