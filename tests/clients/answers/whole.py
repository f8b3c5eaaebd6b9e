"""Whole answers, put together from streams: read by the SDKs as what their APIs send when nobody
asks for a stream."""

from tests.clients.answers.aws import client_of as aws_client_of
from tests.clients.answers.chat import MESSAGES, part, read_delta, read_usage
from tests.clients.answers.google import read_candidate
from tests.clients.answers.google import read_usage as read_googles_usage
from tests.clients.answers.messages import read_blocks
from tests.clients.answers.openai_apis import client_of, read_item, read_response
from tests.clients.answers.others import read_end
from tests.clients.answers.said import Calls, Said, value_of


def chat(url: str, said: Said) -> None:
    completion = client_of(url).chat.completions.create(model="m", messages=MESSAGES)
    calls = Calls()
    for choice in completion.choices or ():
        if not choice.index:
            read_delta(choice.message, Calls(), said)
            for number, call in enumerate(choice.message.tool_calls or ()):
                calls.add(number, call.function.name, call.function.arguments)
            said.finish_reason = choice.finish_reason
    said.calls = calls.whole()
    read_usage(completion.usage or part(part(completion, "x_groq"), "usage"), said)


def completions(url: str, said: Said) -> None:
    completion = client_of(url).completions.create(model="m", prompt="p")
    for choice in completion.choices:
        if not choice.index:
            said.text, said.finish_reason = choice.text, choice.finish_reason
    read_usage(completion.usage, said)


def responses(url: str, said: Said) -> None:
    response = client_of(url).responses.create(model="m", input="p")
    said.text = response.output_text
    for item in response.output:
        read_item(item, said)
        if item.type == "reasoning":
            pieces = [*item.summary, *(item.content or ())]
            said.reasoning += "".join(piece.text for piece in pieces)
    read_response(response, said)


def messages(url: str, said: Said) -> None:
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
    read_blocks(client.messages.create(model="m", messages=MESSAGES, max_tokens=64), said)


def converse(url: str, said: Said) -> None:
    runtime = aws_client_of("bedrock-runtime", url)
    message = {"role": "user", "content": [{"text": "Hello"}]}
    answer = runtime.converse(modelId="m", messages=[message])
    for block in answer["output"]["message"]["content"]:
        match block:
            case {"text": text}:
                said.text += text
            case {"citationsContent": {"content": pieces}}:
                said.text += "".join(piece["text"] for piece in pieces)
            case {"reasoningContent": {"reasoningText": {"text": text}}}:
                said.reasoning += text
            case {"toolUse": use}:
                said.calls.append((use["name"], use["input"]))
    said.finish_reason = answer["stopReason"]
    said.prompt_tokens = answer["usage"]["inputTokens"]
    said.output_tokens = answer["usage"]["outputTokens"]


def gemini(url: str, said: Said) -> None:
    from google import genai

    client = genai.Client(api_key="none", http_options={"base_url": url})
    answer = client.models.generate_content(model="m", contents="Hello")
    calls = Calls()
    for candidate in answer.candidates or ():
        if not candidate.index:
            read_candidate(candidate, calls, said)
    said.calls = calls.whole()
    if answer.prompt_feedback and answer.prompt_feedback.block_reason:
        said.finish_reason = answer.prompt_feedback.block_reason.value
    if answer.usage_metadata:
        read_googles_usage(answer.usage_metadata, said)


def cohere(url: str, said: Said) -> None:
    import cohere

    answer = cohere.ClientV2(api_key="none", base_url=url).chat(model="m", messages=MESSAGES)
    said.reasoning = answer.message.tool_plan or ""
    for block in answer.message.content or ():
        said.text += getattr(block, "text", "")
        said.reasoning += getattr(block, "thinking", "")
    for call in answer.message.tool_calls or ():
        said.calls.append((call.function.name, value_of(call.function.arguments)))
    said.finish_reason = answer.finish_reason
    said.prompt_tokens = answer.usage.tokens.input_tokens
    said.output_tokens = answer.usage.tokens.output_tokens


def ollama(url: str, said: Said) -> None:
    import ollama

    answer = ollama.Client(host=url).chat("m", MESSAGES)
    said.text, said.reasoning = answer.message.content or "", answer.message.thinking or ""
    for call in answer.message.tool_calls or ():
        said.calls.append((call.function.name, dict(call.function.arguments)))
    read_end(answer, said)


def ollama_generated(url: str, said: Said) -> None:
    import ollama

    answer = ollama.Client(host=url).generate("m", "p")
    said.text, said.reasoning = answer.response, answer.thinking or ""
    read_end(answer, said)
