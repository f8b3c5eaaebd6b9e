"""SDKs of APIs that are like no other: Cohere's, Ollama's, Replicate's, Hugging Face's."""

from typing import Any

from tests.clients.answers.said import Calls, Said

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def cohere(url: str, said: Said) -> None:
    import cohere

    client = cohere.ClientV2(api_key="none", base_url=url)
    calls = Calls()
    for event in client.chat_stream(model="m", messages=MESSAGES):
        message = getattr(getattr(event, "delta", None), "message", None)
        match event.type:
            case "content-start" | "content-delta":
                said.text += getattr(message.content, "text", None) or ""
                said.reasoning += getattr(message.content, "thinking", None) or ""
            case "tool-plan-delta":
                said.reasoning += message.tool_plan
            case "tool-call-start" | "tool-call-delta":
                function = message.tool_calls.function
                calls.add(event.index, getattr(function, "name", None), function.arguments)
            case "message-end":
                said.finish_reason = event.delta.finish_reason
                said.prompt_tokens = event.delta.usage.tokens.input_tokens
                said.output_tokens = event.delta.usage.tokens.output_tokens
    said.calls = calls.whole()


def ollama_chat(url: str, said: Said) -> None:
    import ollama

    for part in ollama.Client(host=url).chat("m", MESSAGES, stream=True):
        said.text += part.message.content or ""
        said.reasoning += part.message.thinking or ""
        for call in part.message.tool_calls or ():
            said.calls.append((call.function.name, dict(call.function.arguments)))
        read_end(part, said)


def ollama_generate(url: str, said: Said) -> None:
    import ollama

    for part in ollama.Client(host=url).generate("m", "p", stream=True):
        said.text += part.response
        said.reasoning += part.thinking or ""
        read_end(part, said)


def read_end(part: Any, said: Said) -> None:
    if part.done:
        said.finish_reason = part.done_reason
        said.prompt_tokens = part.prompt_eval_count
        said.output_tokens = part.eval_count


def ollama_pull(url: str, said: Said) -> None:
    """Progress, which is no output."""
    import ollama

    assert list(ollama.Client(host=url).pull("m", stream=True))


def text_generation(url: str, said: Said) -> None:
    from huggingface_hub import InferenceClient

    client = InferenceClient(model=url)
    for part in client.text_generation("p", stream=True, details=True):
        said.text += "" if part.token.special else part.token.text
        if part.details:
            said.finish_reason = part.details.finish_reason
            said.prompt_tokens = part.details.input_length
            said.output_tokens = part.details.generated_tokens


def replicate(url: str, said: Said) -> None:
    import httpx
    from replicate.stream import EventSource

    with httpx.Client() as client, client.stream("GET", url) as response:
        for event in EventSource(None, response):
            said.text += str(event)
