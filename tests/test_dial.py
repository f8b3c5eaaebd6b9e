"""How the proxy reaches its upstreams: TLS, tunnels through other proxies, and what fails there."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from streamlab.recording import Recording
from streamlab.store import Library
from tests.conftest import chat_event
from tests.loop_thread import proxying
from tests.raw_client import api_error, read, rest_of
from tests.raw_server import assert_set, http_chunk, read_request, wait_until_left

TLS = Path(__file__).parent / "data" / "tls"
REQUEST = b"POST /v1/chat HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = http_chunk(chat_event("a"))
LAST = b"0\r\n\r\n"

Talk = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own authority, as users trust theirs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "ca.pem"))


@contextmanager
def server(talk: Talk, host: str = "127.0.0.1") -> Iterator[int]:
    """`talk`s to its first connection, if there comes one; its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)

    def run() -> None:
        with suppress(OSError):  # those that no client has come to, and those that it has left
            connection, _ = listener.accept()
            connection.settimeout(20)
            with connection:
                talk(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)
        assert not thread.is_alive()


def secured(connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    return context.wrap_socket(connection, server_side=True)


def answering(said: bytes, *, closes_tls: bool = False) -> Talk:
    """TLS, a request, and these bytes; then the end, said in TLS or not."""

    def talk(connection: socket.socket) -> None:
        with secured(connection) as tls:
            read_request(tls)
            tls.sendall(said)
            if closes_tls:
                tls.unwrap()

    return talk


def ask(library: Library, upstream: str, **options: float) -> tuple[bytes, Recording]:
    """What a client gets through the proxy, and what was recorded."""
    with proxying(library, upstream, **options) as run, run.connect() as client:
        client.sendall(REQUEST)
        answer = rest_of(client)
    (summary,) = library.summaries()
    return answer, library.load(summary.id)


def reason(recording: Recording) -> str:
    assert recording.end is not None
    return recording.end.reason


def unreachable(library: Library, upstream: str, **options: float) -> str:
    """A 502 in the API's error shape, recorded as what it was; its message."""
    answer, recording = ask(library, upstream, **options)
    status, message = api_error(answer)
    assert recording.end is not None
    assert (502, "unreachable", message) == (status, recording.end.reason, recording.end.detail)
    assert recording.response is None
    assert "request_sent" not in [mark.name for mark in recording.marks]
    return message


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("bound", "host"),
    [
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        pytest.param(
            "::1", "[::1]", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
        ),
    ],
)
def test_an_upstream_with_tls(library: Library, bound: str, host: str) -> None:
    """The stream comes whole; the marks say when it was connected, secured and asked."""
    with server(answering(HEAD + CHUNK + LAST), bound) as port:
        answer, recording = ask(library, f"https://{host}:{port}")
    assert (HEAD + CHUNK + LAST, "complete") == (answer, reason(recording))
    assert ["connected", "tls", "request_sent"] == [mark.name for mark in recording.marks]
    times_ns = [mark.at_ns for mark in recording.marks]
    assert recording.response is not None
    assert sorted(times_ns) == times_ns
    assert 0 < times_ns[0] < times_ns[1] <= recording.response.at_ns


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_an_upstream_with_ipv6_in_the_clear(library: Library) -> None:
    """Its address stands in brackets in the Host field."""
    asked: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(HEAD + LAST)

    with server(talk, "::1") as port:
        _, recording = ask(library, f"http://[::1]:{port}")
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in asked[0]
    assert "complete" == reason(recording)


@pytest.mark.parametrize(
    ("said", "closes_tls", "expected"),
    [
        (HEAD + CHUNK, False, "truncated"),
        (HEAD + CHUNK, True, "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", False, "truncated"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", False, "truncated"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", True, "complete"),
        (b"", False, "truncated"),
        (b"", True, "truncated"),
    ],
    ids=["chunked", "chunked, said so", "length", "until it closes", "until it closes, said so",
         "nothing", "nothing, said so"],
)  # fmt: skip
def test_an_end_that_tls_does_not_know_of_is_none(
    library: Library, said: bytes, closes_tls: bool, expected: str
) -> None:
    """Anybody on the way can close a connection; only the upstream can say so in TLS (RFC 9112,
    9.8). What came before has come."""
    with server(answering(said, closes_tls=closes_tls)) as port:
        answer, recording = ask(library, f"https://localhost:{port}")
    assert expected == reason(recording)
    assert said == answer


def test_garbage_within_tls(library: Library) -> None:
    """What came before it has come; what it meant, nobody can say."""
    has_come = threading.Event()

    def talk(connection: socket.socket) -> None:
        tls = secured(connection)
        read_request(tls)
        tls.sendall(HEAD + CHUNK)
        assert_set(has_come)
        with socket.socket(fileno=tls.detach()) as bare:
            bare.sendall(b"no TLS record at all")
            wait_until_left(bare)

    with (
        server(talk) as port,
        proxying(library, f"https://localhost:{port}") as run,
        run.connect() as client,
    ):
        client.sendall(REQUEST)
        assert HEAD + CHUNK == read(client, len(HEAD + CHUNK))
        has_come.set()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    (summary,) = library.summaries()
    assert "protocol_error" == summary.end_reason


def handshake(connection: socket.socket) -> None:
    secured(connection).close()


def test_an_upstream_that_leaves_right_after_the_handshake(library: Library) -> None:
    """Before or while it is asked: that is a race, but there is an end."""
    with server(handshake) as port:
        _, recording = ask(library, f"https://localhost:{port}")
    assert reason(recording) in ("unreachable", "truncated", "reset")


def test_an_upstream_that_answers_before_it_is_asked(library: Library) -> None:
    """Nothing of what it says is lost."""

    def talk(connection: socket.socket) -> None:
        with secured(connection) as tls:
            tls.sendall(HEAD + CHUNK + LAST)
            wait_until_left(tls)

    with server(talk) as port:
        answer, recording = ask(library, f"https://localhost:{port}")
    assert (HEAD + CHUNK + LAST, "complete") == (answer, reason(recording))


def plain_http(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    wait_until_left(connection)


def leave(connection: socket.socket) -> None:
    connection.recv(10)


def test_a_certificate_that_nobody_trusts(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Said with the reason."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with server(handshake) as port:
        assert "CERTIFICATE_VERIFY_FAILED" in unreachable(library, f"https://localhost:{port}")


def test_a_certificate_of_somebody_else(library: Library) -> None:
    """It has another name for the same address."""
    with server(handshake) as port:
        message = unreachable(library, f"https://127.1:{port}")
    assert "certificate is not valid for '127.1'" in message


@pytest.mark.parametrize(
    ("talk", "word"),
    [
        (plain_http, "SSL"), (leave, "onnection"), (lambda c: c.sendall(b"\x16\x03\x01"), ""),
        (lambda c: c.sendall(b"\x15\x03\x01\0\x02\x02\x28"), "SSL"), (lambda _: None, ""),
    ],
    ids=["plain HTTP", "leaves", "half a record", "an alert", "leaves at once"],
)  # fmt: skip
def test_a_handshake_that_fails(library: Library, talk: Talk, word: str) -> None:
    """Nothing was sent."""
    with server(talk) as port:
        message = unreachable(library, f"https://localhost:{port}")
    assert f"cannot reach https://localhost:{port}: " in message
    assert word in message


def test_a_handshake_that_hangs(library: Library) -> None:
    """The limit counts for connecting with all that belongs to it."""
    with server(wait_until_left) as port:
        message = unreachable(library, f"https://localhost:{port}", connect_s=0.05)
    assert f"cannot reach https://localhost:{port}: connect timeout after 0.05 s" == message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64 + ".invalid"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_is_no_host(library: Library, scheme: str, host: str) -> None:
    """Whoever finds that out."""
    assert host in unreachable(library, f"{scheme}://{host}:1")


# Through another proxy.


@contextmanager
def tunnelling(
    monkeypatch: pytest.MonkeyPatch, *, answer: bytes, then: Talk, userinfo: str = ""
) -> Iterator[list[bytes]]:
    """HTTPS_PROXY points at a stand-in, which is the upstream as well; what it was asked."""
    asked: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(answer)
        then(connection)

    with server(talk) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{userinfo}127.0.0.1:{port}")
        yield asked


OPENED = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"


@pytest.mark.parametrize(
    ("userinfo", "pair"),
    [("", b""), ("me:p%40ss@", b"me:p@ss"), ("me@", b"me:")],
    ids=["without credentials", "with", "without a password"],
)
@pytest.mark.parametrize("opened", [OPENED, b"HTTP/1.0 204\r\n\r\n"])
def test_a_tunnel(
    library: Library, monkeypatch: pytest.MonkeyPatch, userinfo: str, pair: bytes, opened: bytes
) -> None:
    """The upstream is asked through it, with TLS of its own; the proxy sees only where."""
    then = answering(HEAD + CHUNK + LAST)
    with tunnelling(monkeypatch, answer=opened, then=then, userinfo=userinfo) as asked:
        answer, recording = ask(library, "https://localhost:4433")
    credentials = b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n"
    assert [
        b"CONNECT localhost:4433 HTTP/1.1\r\nHost: localhost:4433\r\n"
        + (credentials if pair else b"") + b"\r\n"
    ] == asked  # fmt: skip
    assert (HEAD + CHUNK + LAST, "complete") == (answer, reason(recording))
    assert ["connected", "tls", "request_sent"] == [mark.name for mark in recording.marks]


def test_a_tunnel_to_an_address(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of IPv6 stands in brackets."""
    then = answering(HEAD + LAST)
    with tunnelling(monkeypatch, answer=OPENED, then=then) as asked:
        _, recording = ask(library, "https://[::1]:4433")
    assert asked[0].startswith(b"CONNECT [::1]:4433 HTTP/1.1\r\nHost: [::1]:4433\r\n")
    assert "complete" == reason(recording)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused the tunnel: HTTP/1.1 407"),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "refused the tunnel: HTTP/1.1 302"),
        (b"no proxy 200 here\r\n\r\n", "refused the tunnel: no proxy"),
        (b"HTTP/1.1 200" + b"x" * 10_000 + b"\r\n\r\n", "refused the tunnel"),
        (OPENED + b"HTTP/1.1 200 OK\r\n\r\n", "before it was used"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000, "has no end"),
        (b"", "closed the connection before its answer"),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection before its answer"),
        (OPENED, "onnection"),
    ],
    ids=["407", "a login page", "no HTTP", "no status", "bytes in the tunnel", "endless", "closed",
         "half an answer", "closed after it"],
)  # fmt: skip
def test_a_tunnel_that_does_not_open(
    library: Library, monkeypatch: pytest.MonkeyPatch, answer: bytes, word: str
) -> None:
    """Said with what the proxy said, and without the credentials."""
    with tunnelling(monkeypatch, answer=answer, then=lambda _: None, userinfo="me:secret-123456@"):
        message = unreachable(library, "https://localhost:4433")
    assert word in message
    assert "secret" not in message
    assert len(message) < 500


def test_a_tunnel_that_hangs(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of connecting counts for it, too."""
    with tunnelling(monkeypatch, answer=b"", then=wait_until_left):
        message = unreachable(library, "https://localhost:4433", connect_s=0.05)
    assert "connect timeout after 0.05 s" in message


@pytest.mark.parametrize(
    ("proxy", "word"),
    [
        ("https://me:secret-123456@127.0.0.1:1", "HTTPS_PROXY is https://127.0.0.1"),
        ("socks5://me:secret-123456@127.0.0.1:1", "HTTPS_PROXY is socks5://127.0.0.1"),
        ("http://me:secret-123456@127.0.0.1:port", "no URL"),
        ("http://", "HTTPS_PROXY is http://"),
        ("http://me:secret-123456@127.0.0.1:1", "Connect call failed"),
        ("127.0.0.1:1", "Connect call failed"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    library: Library, monkeypatch: pytest.MonkeyPatch, proxy: str, word: str
) -> None:
    """Nor are its credentials sent to what does not speak plain HTTP."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    message = unreachable(library, "https://localhost:4433")
    assert word in message
    assert "secret" not in message


@pytest.mark.parametrize("names", ["localhost", "a.example, localhost", "localhost:{port}", "*"])
def test_no_proxy_is_respected(
    library: Library, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    """By name, by name and port, or for all."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with server(answering(HEAD + LAST)) as port:
        monkeypatch.setenv("NO_PROXY", names.format(port=port))
        _, recording = ask(library, f"https://localhost:{port}")
    assert "complete" == reason(recording)


def test_what_is_in_the_clear_is_asked_directly(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No tunnel is needed to read it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + LAST)

    with server(talk) as port:
        _, recording = ask(library, f"http://127.0.0.1:{port}")
    assert "complete" == reason(recording)
