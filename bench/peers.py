"""Other people's proxies, installed where nothing else is: `bench/.peers`.

    python bench/peers.py

installs them; a benchmark that finds one there measures it beside streamlab in the same run.
"""

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / ".peers"
AIMOCK = FOLDER / "node_modules" / ".bin" / "llmock"
MITMDUMP = FOLDER / "mitmproxy" / "bin" / "mitmdump"

# By default mitmproxy collects a body and then passes it on.
_STREAM_BODIES = "def responseheaders(flow):\n    flow.response.stream = True\n"


def install() -> None:
    """Install each of them that this machine can."""
    FOLDER.mkdir(exist_ok=True)
    if shutil.which("npm"):
        subprocess.run(["npm", "install", "--silent", "--prefix", FOLDER, "@copilotkit/aimock"],
                       check=True)  # fmt: skip
    subprocess.run([sys.executable, "-m", "venv", MITMDUMP.parents[1]], check=True)
    subprocess.run([MITMDUMP.parent / "pip", "install", "-q", "mitmproxy"], check=True)


def proxies(upstream: str, port: int, folder: Path) -> dict[str, list[str | Path]]:
    """The commands of recording proxies before `upstream`, by name; those that are installed."""
    script = folder / "stream_bodies.py"
    script.write_text(_STREAM_BODIES)
    commands: dict[str, list[str | Path]] = {
        "mitmproxy": [
            MITMDUMP, "-q", "--mode", f"reverse:{upstream}", "-p", str(port), "-s", script,
            "-w", folder / "flows", "--listen-host", "127.0.0.1",
        ],
        "aimock --record": [
            AIMOCK, "--record", "-p", str(port), "-f", folder, "--provider-openai", upstream,
            "--log-level", "silent",
        ],
    }  # fmt: skip
    return {name: command for name, command in commands.items() if Path(command[0]).exists()}


if __name__ == "__main__":
    install()
