"""A steady mixed load leaves the server as it was: memory, descriptors, threads.

Some seconds here; `cargo xtask bench soak --minutes N` runs the same for as long as it is told.
"""

import json
import os
import time
from pathlib import Path

from soak import LOG_BYTES_MAX, Soak

WARM_BEATS = 4
BEATS = 12
# Before a run for minutes: the database's own files and caches grow for so long.
WARM_BEATS_LONG = 40
# Of a run for minutes.
BEAT_SECONDS = 2
SAMPLE_SECONDS = 6
# Pools and caches fill for some hundred beats; a long run shows that they stop.
RSS_GROWTH_MAX = 16 << 20
# Connections that end while the process is looked at, and the store's own.
DESCRIPTORS_GROWTH_MAX = 8


def test_a_steady_load_leaves_the_server_as_it_was(start_server, deploy_to):
    minutes = float(os.environ.get("CLARY_SOAK_MINUTES", "0"))
    server = start_server("--log", "warn", "--limit", f"log-bytes-max={LOG_BYTES_MAX}")
    soak = Soak(server, deploy_to(server))
    if minutes:
        soak.fill()
    for _ in range(WARM_BEATS_LONG if minutes else WARM_BEATS):
        soak.beat()
    warm = soak.sample()
    if minutes:
        run_for(soak, minutes)
    else:
        for _ in range(BEATS):
            soak.beat()
    end = soak.sample()
    if report := os.environ.get("CLARY_SOAK_REPORT"):
        Path(report).write_text(json.dumps(soak.report()))
    assert end.descriptors <= warm.descriptors + DESCRIPTORS_GROWTH_MAX, soak.samples
    assert end.threads <= warm.threads + DESCRIPTORS_GROWTH_MAX, soak.samples
    assert end.rss_bytes <= warm.rss_bytes + RSS_GROWTH_MAX, soak.samples


def run_for(soak: Soak, minutes: float) -> None:
    """A beat every two seconds, and a sample about ten times a minute."""
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        next_beat = time.monotonic() + BEAT_SECONDS
        soak.beat()
        if time.monotonic() - soak.started > soak.samples[-1].seconds + SAMPLE_SECONDS:
            soak.sample()
        time.sleep(max(0.0, next_beat - time.monotonic()))
