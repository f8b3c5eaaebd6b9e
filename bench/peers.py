"""Other people's tools, each installed in an environment of its own under `bench/.peers`.

    python bench/peers.py [NAME ...]

installs those that are not there yet (`aiperf`, which is large, only if it is named); `make bench`
does so as well. What cannot be installed is told, and reported as not installed in the tables.
"""

import json
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

FOLDER = Path(__file__).parent / ".peers"
AIMOCK = FOLDER / "node_modules" / ".bin" / "llmock"
# What is installed in which environment, and which of it is the peer: the first.
ENVIRONMENTS = {
    "mitmproxy": ("mitmproxy",),
    "reel": ("reel-vcr", "pytest"),
    "llmock": ("llmock", "pytest"),
    "starlette": ("starlette", "uvicorn[standard]"),
    "vcrpy": ("vcrpy", "pytest-recording", "httpx"),
    "cassetter": ("cassetter", "pytest", "httpx"),
    "parsers": ("httpx-sse", "sseclient-py", "httpx"),
}
_LARGE = {"aiperf": ("aiperf",)}
_PACKAGE = "@copilotkit/aimock"


def program(environment: str, name: str = "python") -> Path:
    """A program of one of the environments, whether it is there or not."""
    return FOLDER / environment / "bin" / name


def install(names: tuple[str, ...] = ()) -> None:
    """Install those of that name (all but the large ones, if none is named) that are not there."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or ("aimock", *ENVIRONMENTS):
        try:
            if name == "aimock":
                _install_with_npm()
            else:
                _install_with_pip(FOLDER / name, (ENVIRONMENTS | _LARGE)[name])
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} cannot be installed: {error}", file=sys.stderr)


def _install_with_npm() -> None:
    if AIMOCK.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm")
    subprocess.run([npm, "install", "--silent", "--prefix", FOLDER, _PACKAGE], check=True)


def _install_with_pip(environment: Path, packages: tuple[str, ...]) -> None:
    # Written at the end: an environment without it is one that was left half made.
    made = environment / "made_of.json"
    if made.exists() and json.loads(made.read_text("utf-8")) == list(packages):
        return
    print(f"installing {', '.join(packages)}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "-qq", *packages]
    subprocess.run([*pip, "--disable-pip-version-check"], check=True)
    made.write_text(json.dumps(packages), "utf-8")


def versions() -> dict[str, str]:
    """The version of each peer that is installed, by the name of its distribution."""
    found = _version_of_aimock()
    for name, packages in ENVIRONMENTS.items():
        wanted = {package.partition("[")[0] for package in packages}
        folders = [str(each) for each in (FOLDER / name).glob("lib/python*/site-packages")]
        for each in distributions(path=folders) if folders else ():
            if each.name in wanted and each.name not in {"httpx", "pytest"}:
                found[each.name] = each.version
    return found


def _version_of_aimock() -> dict[str, str]:
    manifest = FOLDER / "node_modules" / _PACKAGE / "package.json"
    if not manifest.exists():
        return {}
    return {"aimock": json.loads(manifest.read_text("utf-8"))["version"]}


if __name__ == "__main__":
    install(tuple(sys.argv[1:]))
