"""A small HTTP/1.1 server that shows and takes bytes where others hide them."""

from streamlab._http1.framing import BodyReader, ChunkedBody, CloseBody, body_reader
from streamlab._http1.limits import Limits
from streamlab._http1.listener import Listener
from streamlab._http1.reply import error_response, json_message, json_response, openai_error
from streamlab._http1.server import Exchange, HttpRequest
from streamlab._http1.strict import header_pairs
from streamlab._http1.tls import server_tls
from streamlab._http1.wire import (
    LAST_CHUNK,
    connection_options,
    head_fault,
    http_chunk,
    response_head,
    same_origin_path,
)

__all__ = [
    "LAST_CHUNK",
    "BodyReader",
    "ChunkedBody",
    "CloseBody",
    "Exchange",
    "HttpRequest",
    "Limits",
    "Listener",
    "body_reader",
    "connection_options",
    "error_response",
    "head_fault",
    "header_pairs",
    "http_chunk",
    "json_message",
    "json_response",
    "openai_error",
    "response_head",
    "same_origin_path",
    "server_tls",
]
