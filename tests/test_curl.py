"""curl commands: the request is the one that curl would send, whatever shell they were made for."""

import shlex
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import InputError
from streamlab.interop.curl import parse_curl
from streamlab.interop.shell_words import bash_words, cmd_words, octets
from tests.conftest import json_lines

CASES = json_lines("interop/curl_cases.jsonl")
VARIABLES = {"OPENAI_API_KEY": "sk-from-environment", "WHERE": "here"}
FILES = {"body.txt": b"two\r\nlines\n"}


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_commands(case: dict) -> None:
    """As browsers and documentation write them."""
    asked = parse_curl(case["command"], variables=VARIABLES, read_file=FILES.__getitem__)
    request = asked.request
    assert (case["method"], case["url"]) == (request.method, request.url)
    assert list(map(tuple, case["headers"])) == list(request.headers)
    assert case["body"].encode() == request.body
    assert case["notes"] == len(asked.notes)


words = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20))


@given(words)
def test_what_is_quoted_for_bash_comes_back(expected: list[str]) -> None:
    """Any words, as Python quotes them."""
    assert expected == bash_words(shlex.join(expected), {})


@given(words)
def test_ansi_quoting_comes_back(expected: list[str]) -> None:
    """Any words, with every character written as Chrome does it: in UTF-16 units."""
    quoted = []
    for word in expected:
        units = word.encode("utf-16-be")
        escaped = (f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
        quoted.append(f"$'{''.join(escaped)}'")
    assert expected == bash_words(" ".join(quoted), {})


@given(words)
def test_what_is_quoted_for_cmd_comes_back(expected: list[str]) -> None:
    """Any words on one line, by Microsoft's rules, with a caret before each special character."""
    expected = ["".join(word.splitlines()) for word in expected]
    line = " ".join(f'^"{cmd_quoted(word)}^"' for word in expected)
    assert expected == cmd_words(line)


def cmd_quoted(word: str) -> str:
    quoted, slashes = "", 0
    for character in word:
        if character == '"':
            quoted += "\\" * (slashes + 1)
        slashes = slashes + 1 if character == "\\" else 0
        quoted += f"^{character}"
    return quoted + "\\" * slashes


@given(st.binary(max_size=50).filter(lambda body: b"\0" not in body))
def test_any_body_comes_back(body: bytes) -> None:
    """Bytes that are not text, too: $'\\xff'."""
    escaped = "".join(f"\\x{octet:02x}" for octet in body)
    asked = parse_curl(f"curl https://a.example --data-raw $'{escaped}'")
    assert body == asked.request.body


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception than ours."""
    for command in (text, f"curl {text}", f'curl ^"{text}'):
        with suppress(InputError):
            parse_curl(command)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "does not start with curl"),
        ("wget https://a.example", "does not start with curl"),
        ("curl", "has no URL"),
        ("curl https://a.example https://b.example", "has 2 URLs"),
        ("curl 'https://a.example", "ends inside a quotation"),
        ("curl https://a.example; rm x", "needs a shell: ;"),
        ("curl https://a.example | jq .", "needs a shell: |"),
        ("curl https://a.example?a=1&b=2", "needs a shell: &"),
        ('curl -H "A: $(cat key)" https://a.example', "needs a shell: $("),
        ("curl -H `cat key` https://a.example", "needs a shell: `"),
        ("curl https://a.example/$NOT_SET", "$NOT_SET"),
        ("curl -F file=@x https://a.example", "'-F'"),
        ("curl --proxy http://p https://a.example", "'--proxy'"),
        ("curl https://a.example -H", "-H has no value"),
        ("curl https://a.example -H nonsense", "no header"),
        ("curl https://a.example -d @x", "'x'"),
        ("curl https://a.example -b cookies.txt", "--cookie names a file"),
        ("curl https://a.example -u me", "no password"),
    ],
)
def test_what_is_refused(command: str, words: str) -> None:
    """With the option or the piece that is the matter, and what to do."""
    with pytest.raises(InputError) as caught:
        parse_curl(command)
    assert words in caught.value.message
    assert caught.value.hint


def test_words_keep_their_bytes() -> None:
    """What is not UTF-8 is kept as surrogates."""
    (word,) = bash_words(r"$'a\xff'", {})
    assert b"a\xff" == octets(word)
