"""What a server waits for, and for how long; and that an answer has all the time it wants."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from streamlab._http1 import Exchange, HttpRequest, Limits, Listener, response_head
from tests.loop_thread import Running, running
from tests.raw_client import api_error, read, rest_of

PATIENT = Limits(head_s=3600, body_s=3600, idle_s=3600, linger_s=3600)
HEAD = b"POST /v1/chat HTTP/1.1\r\nHost: a\r\n"
LENGTH = HEAD + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
REQUEST = HEAD + b"\r\n"
OK = response_head(200, (("Content-Length", "2"),)) + b"ok"


class Held:
    """A handler that answers when it is told to."""

    exchange: Exchange

    def take(self, _: HttpRequest, exchange: Exchange) -> None:
        self.exchange = exchange

    def answer(self) -> None:
        answer(self.exchange)


def take(_: HttpRequest, exchange: Exchange) -> None:
    answer(exchange)


def answer(exchange: Exchange) -> None:
    exchange.send_raw(OK)
    exchange.finish(keep_alive=True)


@contextmanager
def listening(limits: Limits, handle=take) -> Iterator[tuple[Running, Listener]]:
    listener = Listener(handle, limits=limits)

    async def start() -> Listener:
        await listener.start("127.0.0.1", 0)
        return listener

    with running(start) as run:
        yield run, listener


@pytest.mark.parametrize(
    ("limits", "sent", "part"),
    [
        (replace(PATIENT, head_s=0.05), b"", "head"),
        (replace(PATIENT, head_s=0.05), HEAD, "head"),
        (replace(PATIENT, body_s=0.05), LENGTH + b"{", "body"),
        (replace(PATIENT, body_s=0.05), CHUNKED + b"2\r\n{}", "body"),
    ],
    ids=["nothing", "half a head", "half a body", "no last chunk"],
)
@pytest.mark.parametrize("after_another", [False, True])
def test_a_request_that_is_not_whole_in_time_is_refused(
    limits: Limits, sent: bytes, part: str, after_another: bool
) -> None:
    """408 in the API's error shape, and closed; others are answered."""
    with listening(limits) as (run, _), run.connect() as slow:
        if after_another:
            slow.sendall(REQUEST)
            assert OK == read(slow, len(OK))
            sent = sent or b"G"
        slow.sendall(sent)
        expected = f"the {part} of the request was not whole within 0.05 s"
        assert (408, expected) == api_error(rest_of(slow))
        with run.connect() as other:
            other.sendall(REQUEST)
            assert OK == read(other, len(OK))


@pytest.mark.parametrize(
    ("limits", "begun"),
    [(replace(PATIENT, head_s=0.05), HEAD + b"X: "), (replace(PATIENT, body_s=0.05), LENGTH)],
    ids=["head", "body"],
)
def test_dripping_does_not_help(limits: Limits, begun: bytes) -> None:
    """Each byte comes soon after the one before it, and all of them too late (slowloris)."""
    with listening(limits) as (run, _), run.connect() as slow:
        slow.sendall(begun)
        for _ in range(2000):
            if select.select([slow], [], [], 0.01)[0]:
                break
            slow.sendall(b"x")
        assert 408 == api_error(rest_of(slow))[0]


def test_a_connection_is_not_kept_for_ever() -> None:
    """One that has had its answer, and asks nothing more, is closed without a word."""
    with listening(replace(PATIENT, idle_s=0.05)) as (run, _), run.connect() as idle:
        idle.sendall(REQUEST)
        assert OK == rest_of(idle)


def test_an_answer_has_all_the_time_it_wants() -> None:
    """Others run out of each of the limits, while it is under way."""
    held = Held()
    limits = Limits(head_s=0.02, body_s=0.02, idle_s=0.02, linger_s=0.02)
    with listening(limits, held.take) as (run, _), run.connect() as patient:
        patient.sendall(REQUEST)
        for sent in (b"", HEAD, LENGTH):
            with run.connect() as other:
                other.sendall(sent)
                assert 408 == api_error(rest_of(other))[0]
        run.call(held.answer)
        assert OK == rest_of(patient)


def test_who_was_refused_has_to_go() -> None:
    """It has read its answer, and stays."""
    with listening(replace(PATIENT, linger_s=0.05)) as (run, listener), run.connect() as client:
        client.sendall(b"\0")
        assert 400 == api_error(rest_of(client))[0]
        run.wait_until(lambda: not listener.connections)


def test_a_connection_leaves_no_timer_behind() -> None:
    """Whatever it was waiting for when it went."""
    with listening(PATIENT) as (run, listener):
        for sent in (b"", HEAD, LENGTH, REQUEST, b"\0"):
            with run.connect() as client:
                client.sendall(sent)
                run.wait_until(lambda: bool(listener.connections))
                (connection,) = run.call(lambda: list(listener.connections))
            run.wait_until(lambda: not listener.connections)
            assert connection._timer is None
