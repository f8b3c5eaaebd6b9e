"""Reads streams with SDKs for test_answers.py, in the environment that has them.

A job is a line of JSON: the reader, as module.function of tests/clients/answers, and the URL that
answers whatever is asked. The answer's text is what was read, as JSON.
"""

import importlib
import json
import ssl
import sys
import warnings
from dataclasses import asdict
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.clients.answers.said import Said


def done(reader: str, url: str) -> dict[str, str]:
    module, _, function = reader.partition(".")
    read = getattr(importlib.import_module(f"tests.clients.answers.{module}"), function)
    said = Said()
    try:
        read(url, said)
    except Exception as raised:
        said.error = f"{type(raised).__name__}: {raised}"
    return {"text": json.dumps(asdict(said)), "error": ""}


def main() -> None:
    warnings.simplefilter("ignore")
    # Each client of an SDK loads the certificates of the whole world, which nobody needs here.
    ssl.create_default_context = cache(ssl.create_default_context)
    for line in sys.stdin:
        print(json.dumps(done(**json.loads(line))), flush=True)


main()
