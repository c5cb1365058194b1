"""Renders the movie templates with airspeed-ext, for `cargo xtask bench vtl`.

Its argument is the folder of the templates. The protocol is that of
crates/gateway/examples/render_speed.rs.
"""

import sys
import time
from pathlib import Path

import airspeed

BATCHES = 41
CALLS = 20
PREDICTIONS = [{"scores": [3.0 + item * 0.0137]} for item in range(100)]


class Input:
    items = ",".join(str(item) for item in range(100, 200))

    def params(self, name):
        return {"items": self.items, "user_id": "321"}.get(name)

    def path(self, path):
        return PREDICTIONS if path == "$.predictions" else None


def java_hash(text):
    value = 0
    for character in text:
        value = (value * 31 + ord(character)) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def microseconds(call):
    batches = []
    for _ in range(BATCHES):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        batches.append((time.perf_counter() - start) * 1e6 / CALLS)
    return sorted(batches)[BATCHES // 2]


def main():
    folder = Path(sys.argv[1])
    names = ("request", "response")
    templates = {name: airspeed.Template((folder / f"{name}.vtl").read_text()) for name in names}

    def render(name):
        return templates[name].merge({"input": Input(), "esc": {"newline": "\n"}})

    for line in sys.stdin:
        words = line.split()
        text = render(words[-1])
        if words[0] == "check":
            plain = "".join(text.split())
            print(len(plain), java_hash(plain), flush=True)
        else:
            print(f"{microseconds(lambda: render(words[-1])):.3f}", flush=True)


if __name__ == "__main__":
    main()
