"""The package as a whole: its public names, its docs, its own promises."""

import importlib
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

import streamlab
from streamlab.cassette import read_cassette
from streamlab.replay import serve
from tests.conftest import DONE, FINISH, chat_event, make_recording

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_public_names_are_there_and_sorted() -> None:
    """Each name of `__all__` can be had, and there are no others."""
    assert sorted(streamlab.__all__) == streamlab.__all__
    homes = [name for names in streamlab._HOMES.values() for name in names]
    assert sorted(homes) == streamlab.__all__
    for name in streamlab.__all__:
        assert getattr(streamlab, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = streamlab.nothing


def modules() -> list[str]:
    found = pkgutil.walk_packages(streamlab.__path__, "streamlab.")
    return [module.name for module in found if module.name != "streamlab.__main__"]


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_and_what_it_offers(name: str) -> None:
    """A docstring, and an `__all__` whose names exist."""
    module = importlib.import_module(name)
    assert module.__doc__, name
    for public in module.__all__:
        assert hasattr(module, public), (name, public)


def test_errors_are_drawn_as_the_tree_they_are() -> None:
    """The tree on top of errors.py lists every class."""
    from streamlab import errors

    drawn = re.findall(r"^[├└]── (\w+)", str(errors.__doc__), re.MULTILINE)
    assert sorted([*drawn, "StreamlabError"]) == errors.__all__


def test_changelog_and_version_agree() -> None:
    """The newest version of CHANGELOG.md is the package's."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert streamlab.__version__ == newest.group(1)


def test_nobody_is_told_to_install_somebody_elses_package() -> None:
    """`streamlab` on PyPI is not ours; our distribution is streamlab-toolkit."""
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("streamlab/**/*.py")]
    for path in texts:
        assert not re.search(r"pip install streamlab\b(?!-toolkit)", path.read_text("utf-8")), path
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "streamlab-toolkit" == project["name"]


def test_dependencies_are_justified() -> None:
    """docs/design.md has a line for each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    design = (ROOT / "docs/design.md").read_text("utf-8")
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["dev"], *extras["exports"]]
    for requirement in needed:
        if requirement.startswith(project["name"]):  # an extra of our own
            continue
        name = re.split(r"[~<>=]", requirement)[0]
        assert re.search(rf"^\| `{name}` \|", design, re.MULTILINE), name


def test_npm_locks_name_no_other_registry() -> None:
    """What `npm ci` fetches is pinned by its hash and comes from npm's own registry, or from the
    one that the machine is set up with."""
    for folder in ("examples/clients", "tests/clients/node"):
        lock = ROOT / folder / "package-lock.json"
        packages = json.loads(lock.read_text("utf-8"))["packages"]
        assert len(packages) > 1
        for name, package in packages.items():
            npm = "https://registry.npmjs.org/"
            assert package.get("resolved", npm).startswith(npm), name
            assert not name or package["integrity"].startswith("sha512-"), name


def test_links_between_the_docs_lead_somewhere() -> None:
    """Relative links of README and docs/ point at files that exist."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/*/README.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), (path.name, target)


def consoles() -> list[tuple[str, str]]:
    """The commands of README's console blocks, each with the output printed below it."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    found = []
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_readme_has_the_two_commands_that_set_everything_up() -> None:
    """`make demo` and `make test`; the Makefile has both, and CI runs both."""
    commands = [command for command, _ in consoles()]
    assert commands[:2] == ["make demo", "make test"]
    assert "make demo" in (ROOT / ".ci/run").read_text("utf-8")
    assert "make test" in (ROOT / ".ci/run").read_text("utf-8")


@pytest.mark.parametrize(
    ("command", "output"), [c for c in consoles() if c[0].startswith("streamlab ")]
)
def test_readme_commands_print_what_readme_shows(command: str, output: str) -> None:
    """Run as they stand, in the checkout; the output is the real one, line for line."""
    words = shlex.split(command)
    # Not what the process has without Python's knowing: pytest loads readline, which sets COLUMNS.
    environment = dict(os.environ)
    ran = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert output.rstrip("\n") == ran.stdout.rstrip("\n")


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    lines = [line.partition("     #")[0] for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(("export", "#"))]


def test_readme_shell_commands_work(tmp_path: Path) -> None:
    """Each of them as it stands, but for the hosts, which are a replay server here."""
    recordings = [
        read_cassette(ROOT / "fixtures/systems/assisters-chat.jsonl")[0],
        make_recording(
            chat_event("hi"), FINISH, DONE, url="http://a/stream", recording_id="2" * 12
        ),
    ]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    verbs = []
    with serve(recordings, speed=0) as upstream, ExitStack() as stack:
        environment["OPENAI_BASE_URL"] = f"{upstream.url}/v1"
        hosts = {"https://api.example": upstream.url}
        for line in shell_lines():
            command = line.replace("--port 8000", "--port 0")
            for host, url in hosts.items():
                command = command.replace(host, url)
            verbs.append(" ".join(command.split()[:2]))
            if verbs[-1] == "streamlab replay":
                server = stack.enter_context(
                    subprocess.Popen(
                        shlex.split(command), env=environment, text=True,
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    )
                )  # fmt: skip
                stack.callback(server.kill)
                assert server.stdout is not None
                hosts["http://127.0.0.1:8000"] = server.stdout.readline().strip()
            else:
                ran = subprocess.run(
                    command, shell=True, env=environment, capture_output=True, check=False
                )
                assert 0 == ran.returncode, (command, ran.stderr)
                assert ran.stdout, command
    assert ["streamlab record"] * 2 + ["streamlab replay", "curl -N"] == verbs[:4]
    assert "sqlite-utils streamlab.db" == verbs[4]


def test_readme_python_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block as it stands, in the checkout."""
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(block, str(README), "exec"), {})
    ttft_ns, url = capsys.readouterr().out.split()
    assert int(ttft_ns) > 0
    assert url.startswith("http://127.0.0.1:")


def test_make_demo_and_make_test() -> None:
    """`make demo` shows the whole job; `make test` (which runs this) would run the tests."""
    made = subprocess.run(
        ["make", "demo"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert "byte for byte, read for read the same" in made.stderr
    planned = subprocess.run(
        ["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "pytest" in planned.stdout
