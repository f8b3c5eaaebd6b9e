"""The same request many times, some at once."""

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from streamlab.record.once import Options, record_once
from streamlab.recording import Recording, Request
from streamlab.store import Writer

__all__ = ["record_repeatedly"]


def _ignore(_: Recording) -> None:
    pass


def record_repeatedly(
    request: Request,
    writer: Writer,
    *,
    repeat: int,
    concurrency: int,
    options: Options | None = None,
    on_recorded: Callable[[Recording], None] = _ignore,
) -> list[Recording]:
    """Record `request` `repeat` times, up to `concurrency` at once, each on its own connection.

    `on_recorded` is told each as it ends, from any thread. What `record_once` raises is raised when
    those under way have ended; no further ones are begun.
    """

    def once() -> Recording:
        recording = record_once(request, writer, options=options)
        on_recorded(recording)
        return recording

    with ThreadPoolExecutor(concurrency, thread_name_prefix="streamlab-record") as pool:
        futures = [pool.submit(once) for _ in range(repeat)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(cancel_futures=True)
    return [future.result() for future in futures if not future.cancelled()]
