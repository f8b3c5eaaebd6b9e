"""A small HTTP/1.1 server that shows and takes bytes where others hide them."""

from streamlab._http1.framing import BodyReader, ChunkedBody, CloseBody, body_reader
from streamlab._http1.listener import Listener
from streamlab._http1.server import Exchange, HttpRequest
from streamlab._http1.tls import server_tls
from streamlab._http1.wire import LAST_CHUNK, http_chunk, response_head, same_origin_path

__all__ = [
    "LAST_CHUNK",
    "BodyReader",
    "ChunkedBody",
    "CloseBody",
    "Exchange",
    "HttpRequest",
    "Listener",
    "body_reader",
    "http_chunk",
    "response_head",
    "same_origin_path",
    "server_tls",
]
