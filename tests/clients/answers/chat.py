"""Chat completions, read by the SDK of OpenAI and by those of others who speak its language.

Most are made by one generator, so that their chunks are alike; what each parses and keeps is its
own.
"""

from collections.abc import Iterable
from typing import Any

from tests.clients.answers.said import Calls, Said

MESSAGES: Any = [{"role": "user", "content": "Hello"}]
KEY = "none"


def openai(url: str, said: Said) -> None:
    import openai

    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def azure_openai(url: str, said: Said) -> None:
    import openai

    client = openai.AzureOpenAI(
        azure_endpoint=url, api_key=KEY, api_version="2024-10-21", max_retries=0
    )
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def groq(url: str, said: Said) -> None:
    import groq

    client = groq.Groq(base_url=url, api_key=KEY, max_retries=0)
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def cerebras(url: str, said: Said) -> None:
    from cerebras.cloud.sdk import Cerebras

    client = Cerebras(base_url=url, api_key=KEY, max_retries=0, warm_tcp_connection=False)
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def perplexity(url: str, said: Said) -> None:
    from perplexity import Perplexity

    client = Perplexity(base_url=url, api_key=KEY, max_retries=0)
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def writer(url: str, said: Said) -> None:
    from writerai import Writer

    client = Writer(base_url=url, api_key=KEY, max_retries=0)
    read_chunks(client.chat.chat(model="m", messages=MESSAGES, stream=True), said)


def writer_completion(url: str, said: Said) -> None:
    from writerai import Writer

    client = Writer(base_url=url, api_key=KEY, max_retries=0)
    for chunk in client.completions.create(model="m", prompt="p", stream=True):
        said.text += chunk.value


def z_ai(url: str, said: Said) -> None:
    from zai import ZaiClient

    client = ZaiClient(base_url=url, api_key="none.none", max_retries=0)
    read_chunks(client.chat.completions.create(model="m", messages=MESSAGES, stream=True), said)


def hugging_face(url: str, said: Said) -> None:
    from huggingface_hub import InferenceClient

    client = InferenceClient(base_url=url, api_key=KEY)
    read_chunks(client.chat_completion(MESSAGES, stream=True), said)


def mistral(url: str, said: Said) -> None:
    from mistralai.client import Mistral

    with Mistral(server_url=url, api_key=KEY) as client:
        events = client.chat.stream(model="m", messages=MESSAGES)
        read_chunks((event.data for event in events), said)


def open_router(url: str, said: Said) -> None:
    from openrouter import OpenRouter

    with OpenRouter(server_url=url, api_key=KEY) as client:
        read_chunks(client.chat.send(model="m", messages=MESSAGES, stream=True), said)


def read_chunks(chunks: Iterable[Any], said: Said) -> None:
    """The first choice of chunks, whoever's they are."""
    calls = Calls()
    try:
        for chunk in chunks:
            read_usage(part(chunk, "usage") or part(part(chunk, "x_groq"), "usage"), said)
            said.error = part(part(chunk, "error"), "message") or said.error
            for choice in part(chunk, "choices") or ():
                if not part(choice, "index"):
                    read_delta(part(choice, "delta"), calls, said)
                    said.finish_reason = part(choice, "finish_reason") or said.finish_reason
    finally:
        said.calls = calls.whole()


def read_usage(usage: Any, said: Said) -> None:
    if usage:
        said.prompt_tokens = part(usage, "prompt_tokens")
        said.output_tokens = part(usage, "completion_tokens")


def read_delta(delta: Any, calls: Calls, said: Said) -> None:
    for each in parts(part(delta, "content")):
        if part(each, "type") == "thinking":
            said.reasoning += "".join(part(piece, "text") for piece in part(each, "thinking"))
        elif part(each, "type") == "text":
            said.text += part(each, "text")
    said.text += part(part(delta, "audio"), "transcript") or ""
    said.reasoning += part(delta, "reasoning_content") or part(delta, "reasoning") or ""
    for call in part(delta, "tool_calls") or ():
        function = part(call, "function")
        calls.add(part(call, "index"), part(function, "name"), part(function, "arguments"))


def parts(content: Any) -> list[Any]:
    """Content that may be a string or, as Mistral's, a list of parts."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content if isinstance(content, list) else []


def part(value: Any, name: str) -> Any:
    """A field, of an object or, where an SDK leaves what it does not know as it came, of a dict."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
