"""OpenAI's other APIs, read by its SDK."""

from typing import Any

from tests.clients.answers.said import Calls, Said, value_of

KEY = "none"


def client_of(url: str) -> Any:
    import openai

    return openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)


def completions(url: str, said: Said) -> None:
    for chunk in client_of(url).completions.create(model="m", prompt="p", stream=True):
        for choice in chunk.choices or ():
            if not choice.index:
                said.text += choice.text or ""
                said.finish_reason = choice.finish_reason or said.finish_reason
        if chunk.usage:
            said.prompt_tokens = chunk.usage.prompt_tokens
            said.output_tokens = chunk.usage.completion_tokens


def responses(url: str, said: Said) -> None:
    for event in client_of(url).responses.create(model="m", input="p", stream=True):
        match event.type:
            case "response.output_text.delta":
                said.text += event.delta
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                said.reasoning += event.delta
            case "response.output_item.done":
                read_item(event.item, said)
            case "response.completed" | "response.incomplete" | "response.failed":
                read_response(event.response, said)


def read_item(item: Any, said: Said) -> None:
    """A call of a function, or of a tool that the server runs."""
    match item.type:
        case "function_call" | "mcp_call":
            said.calls.append((item.name, value_of(item.arguments)))
        case "custom_tool_call":
            said.calls.append((item.name, value_of(item.input)))
        case "code_interpreter_call":
            said.calls.append(("code_interpreter", value_of(item.code)))
        case "apply_patch_call":
            said.calls.append(("apply_patch", item.operation.diff))


def read_response(response: Any, said: Said) -> None:
    details = response.incomplete_details
    said.finish_reason = (details and details.reason) or response.status
    if response.error:
        said.error = response.error.message
    if response.usage:
        said.prompt_tokens = response.usage.input_tokens
        said.output_tokens = response.usage.output_tokens


def assistants(url: str, said: Said) -> None:
    runs, calls = client_of(url).beta.threads.runs, Calls()
    for event in runs.create("t", assistant_id="a", stream=True):
        match event.event:
            case "thread.message.delta":
                for part in event.data.delta.content or ():
                    if part.type == "text":
                        said.text += part.text.value or ""
            case "thread.run.step.delta":
                read_step(event.data, calls)
            case "thread.run.completed" | "thread.run.requires_action" | "thread.run.failed":
                read_run(event.data, said)
    said.calls = calls.whole()


def read_step(step: Any, calls: Calls) -> None:
    for call in getattr(step.delta.step_details, "tool_calls", None) or ():
        key = (step.id, call.index)
        match call.type:
            case "function":
                calls.add(key, call.function.name, call.function.arguments)
            case "code_interpreter":
                calls.add(key, call.type, call.code_interpreter.input)
            case _:
                calls.add(key, call.type, "")


def read_run(run: Any, said: Said) -> None:
    said.finish_reason = run.status
    if run.usage:
        said.prompt_tokens = run.usage.prompt_tokens
        said.output_tokens = run.usage.completion_tokens


def transcriptions(url: str, said: Said) -> None:
    audio = client_of(url).audio.transcriptions
    for event in audio.create(model="m", file=b"", stream=True):
        if event.type == "transcript.text.delta":
            said.text += event.delta
        elif event.type == "transcript.text.segment":
            said.text += event.text
        elif event.type == "transcript.text.done" and event.usage:
            said.prompt_tokens = event.usage.input_tokens
            said.output_tokens = event.usage.output_tokens
