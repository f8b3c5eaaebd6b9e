"""Which SDK reads which body of the corpus, and where it reads something else than streamlab."""

import re
from typing import Any

__all__ = ["DIFFERENCES", "READERS", "WHOLE_DIFFERENCES", "reader_of", "whole_reader_of"]

# The reader of a body, by the start or the middle of its id and the path of its request; the first
# that matches counts. Where an SDK refuses what a body holds, the next best reads it.
READERS = (
    # A result without `messageId` and `content`, and USAGE_METADATA: older than the SDK's events.
    (r"ag-ui-ag-ui-(001|010|011|014|015) ", "plain.ag_ui"),
    (r"ag-ui-", "agents.ag_ui"),
    (r"mcp-", "agents.mcp"),
    (r"google-adk-vercel-", "plain.vercel_ui"),
    (r"openai-assistants-", "openai_apis.assistants"),
    (r"openai-audio-transcriptions-", "openai_apis.transcriptions"),
    (r"(openai|localhost)-completions-", "openai_apis.completions"),
    (r"-responses-", "openai_apis.responses"),
    (r"vertex-ai-messages-", "messages.vertex"),
    (r"-messages-", "messages.anthropic"),
    # The SDK asks for events, and reads nothing else.
    (r"vertex-ai-generatecontent-json-array-", "plain.gemini_array"),
    (r"vertex-ai-generatecontent-", "google.vertex"),
    (r"gemini-generatecontent-", "google.gemini"),
    (r"gemini-interactions-", "google.interactions"),
    (r"bedrock-converse-", "aws.converse"),
    (r"bedrock-agent-", "aws.agent"),
    (r"bedrock-invoke-.*anthropic\.claude-instant-", "aws.invoke"),
    (r"bedrock-invoke-.*anthropic\.", "messages.bedrock"),
    (r"bedrock-invoke-", "aws.invoke"),
    (r"cohere-chat-v2-", "others.cohere"),
    (r"ollama-api-chat-", "others.ollama_chat"),
    (r"ollama-api-generate-", "others.ollama_generate"),
    (r"ollama-api-pull-", "others.ollama_pull"),
    (r"-text-generation-inference-", "others.text_generation"),
    (r"replicate-", "others.replicate"),
    (r"watsonx-", "plain.watsonx"),
    (r"writer-chat-", "chat.writer"),
    (r"writer-completions-", "chat.writer_completion"),
    (r"azure-openai-chat-", "chat.azure_openai"),
    (r"cerebras-chat-", "chat.cerebras"),
    (r"groq-chat-", "chat.groq"),
    (r"huggingface-chat-", "chat.hugging_face"),
    (r"mistral-chat-", "chat.mistral"),
    # An error without the `error_type`, and `logprobs` that are a list, which the SDK refuses.
    (r"openrouter-chat-completions-(024|036) ", "chat.openai"),
    (r"openrouter-chat-", "chat.open_router"),
    (r"perplexity-chat-", "chat.perplexity"),
    (r"z-ai-chat-", "chat.z_ai"),
    (r"-chat-completions-", "chat.openai"),
)


def reader_of(entry: dict[str, Any]) -> str:
    """The reader of a body, by its line in the manifest."""
    name = f"{entry['id']} {entry['request_path']}"
    return next(reader for pattern, reader in READERS if re.search(pattern, name))


# Who reads the whole answers that are put together from streams.
_WHOLE_READERS = {
    "anthropic": "whole.messages",
    "bedrock.converse": "whole.converse",
    "cohere.v2": "whole.cohere",
    "gemini": "whole.gemini",
    "ollama": "whole.ollama",
    "openai.chat": "whole.chat",
    "openai.completions": "whole.completions",
    "openai.responses": "whole.responses",
}


def whole_reader_of(dialect: str | None, answer: dict[str, Any]) -> str:
    """The reader of a whole answer of the dialect."""
    is_generated = dialect == "ollama" and "response" in answer
    return "whole.ollama_generated" if is_generated else _WHOLE_READERS[dialect or ""]


# Where an SDK and streamlab differ: in what, and why.
DIFFERENCES: dict[str, tuple[set[str], str]] = {
    "anthropic-messages-013": (
        {"calls"},
        "the SDK puts no input together for mcp_tool_use; it is in the stream",
    ),
    "anthropic-messages-028": (
        {"text"},
        "several messages in one file, the later ones' blocks numbered anew: the SDK goes on with "
        "those of the first",
    ),
    "gemini-generatecontent-014": (
        {"error"},
        "the file has lost its empty lines: no event for streamlab, broken JSON for the SDK",
    ),
    "ollama-api-chat-011": (
        {"text", "prompt_tokens", "output_tokens", "finish_reason"},
        "a whole answer, which to the SDK is a stream of one line and to streamlab no stream",
    ),
    "openrouter-chat-completions-003": (
        {"error"},
        "the SDK takes `[DONE] ` with a space for a chunk; streamlab, as most, for the end",
    ),
    "openrouter-chat-completions-024": (
        {"calls", "finish_reason"},
        "calls with ids of their own that are all numbered 0, and a chunk after that of the error",
    ),
}

# The same where streamlab has put the whole answer together.
WHOLE_DIFFERENCES: dict[str, tuple[set[str], str]] = {
    "anthropic-messages-028": (
        {"text", "calls"},
        "several messages in one file: the whole answer is the last of them",
    ),
    "vertex-ai-generatecontent-014": (
        {"calls"},
        "arguments that came value by value: the answer has the object that they make up",
    ),
}
