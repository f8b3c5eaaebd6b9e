"""A small HTTP/1.1 server that shows and takes bytes where others hide them."""

from streamlab._http1.server import Exchange, HttpRequest, ServerConnection
from streamlab._http1.wire import LAST_CHUNK, http_chunk, response_head, same_origin_path

__all__ = [
    "LAST_CHUNK",
    "Exchange",
    "HttpRequest",
    "ServerConnection",
    "http_chunk",
    "response_head",
    "same_origin_path",
]
