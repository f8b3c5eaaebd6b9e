"""Which variables point a program's SDKs at their API, so that they can point elsewhere: at the
proxy, or at a replay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streamlab.record.upstream import Upstream, parse_upstreams

__all__ = [
    "BASE_URLS",
    "BaseUrl",
    "proxied_environment",
    "replayed_environment",
    "upstreams_of",
    "with_keys",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseUrl:
    """A variable that an SDK reads its base URL from, and where that points if it is not set.

    `prefix` is the path on the proxy; "" for `default` means that it is only taken if set.
    """

    variable: str
    prefix: str
    default: str


BASE_URLS: Final = (
    BaseUrl(variable="OPENAI_BASE_URL", prefix="openai", default="https://api.openai.com/v1"),
    BaseUrl(variable="OPENAI_API_BASE", prefix="openai-old", default="https://api.openai.com/v1"),
    BaseUrl(variable="ANTHROPIC_BASE_URL", prefix="anthropic", default="https://api.anthropic.com"),
    BaseUrl(
        variable="GOOGLE_GEMINI_BASE_URL",
        prefix="gemini",
        default="https://generativelanguage.googleapis.com",
    ),
    BaseUrl(variable="GROQ_BASE_URL", prefix="groq", default="https://api.groq.com"),
    BaseUrl(variable="CO_API_URL", prefix="cohere", default="https://api.cohere.com"),
    BaseUrl(variable="TOGETHER_BASE_URL", prefix="together", default="https://api.together.xyz/v1"),
    BaseUrl(variable="OLLAMA_HOST", prefix="ollama", default="http://127.0.0.1:11434"),
    BaseUrl(variable="AZURE_OPENAI_ENDPOINT", prefix="azure", default=""),
)

# Where SDKs read their key from; of several any one will do.
_KEYS: Final = (
    ("OPENAI_API_KEY",),
    ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ("GROQ_API_KEY",),
    ("CO_API_KEY",),
    ("TOGETHER_API_KEY",),
    ("AZURE_OPENAI_API_KEY",),
)


def upstreams_of(
    environment: Mapping[str, str], bases: Sequence[BaseUrl] = BASE_URLS
) -> tuple[Upstream, ...]:
    """The APIs that a program with this environment talks to: the values that are set, else the
    SDKs' own. InputError if one that is set is no URL."""
    urls = [(base.prefix, environment.get(base.variable) or base.default) for base in bases]
    return parse_upstreams(f"{prefix}={_with_scheme(url)}" for prefix, url in urls if url)


def _with_scheme(url: str) -> str:
    # OLLAMA_HOST may be a bare host and port.
    return url if "://" in url else f"http://{url}"


def proxied_environment(
    environment: Mapping[str, str], proxy_url: str, bases: Sequence[BaseUrl] = BASE_URLS
) -> dict[str, str]:
    """The environment with each of these variables pointing at the proxy, which is not to be
    reached through another proxy."""
    changed = dict(environment)
    for base in bases:
        if environment.get(base.variable) or base.default:
            changed[base.variable] = f"{proxy_url}/{base.prefix}"
    return changed | _reached_directly(environment)


def replayed_environment(
    environment: Mapping[str, str],
    replay_url: str,
    api_key: str,
    bases: Sequence[BaseUrl] = BASE_URLS,
) -> dict[str, str]:
    """The environment with each of these variables pointing at a replay, and with `api_key` for
    the SDKs that have no key and would not start without one."""
    changed = with_keys(environment, api_key)
    for base in bases:
        changed[base.variable] = replay_url + urlsplit(base.default).path
    return changed | _reached_directly(environment)


def with_keys(environment: Mapping[str, str], api_key: str) -> dict[str, str]:
    """The environment with `api_key` for the SDKs that have no key in it."""
    missing = [names for names in _KEYS if not any(environment.get(name) for name in names)]
    return {**environment, **{names[0]: api_key for names in missing}}


def _reached_directly(environment: Mapping[str, str]) -> dict[str, str]:
    """What keeps a program from asking loopback through a proxy."""
    return {
        name: ",".join(filter(None, (environment.get(name), "127.0.0.1", "localhost")))
        for name in ("NO_PROXY", "no_proxy")
    }
