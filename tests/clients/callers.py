"""Load on an endpoint while it changes: threads that call it, and what they were answered."""

import threading


def ask(runtime, name: str, **members) -> float:
    """What a model of one leaf answers."""
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n", **members)
    return float(answer["Body"].read())


class Callers:
    """Threads that call an endpoint until told to stop. No call may fail: the tests that use it
    look at `failures`."""

    def __init__(self, runtime, name: str, threads: int = 4):
        self._runtime, self._name = runtime, name
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(threads)]
        self.answers: list[float] = []
        self.failures: list[Exception] = []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self):
        while not self._stop.is_set():
            try:
                self.answers.append(ask(self._runtime, self._name))
            except Exception as failure:  # noqa: BLE001: whatever it is, the test must show it
                self.failures.append(failure)
