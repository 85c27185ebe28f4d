#!/usr/bin/env python3
"""Locks well-known projects that are in no fixture, with uv and with another command, against the
live index, and compares bytes.

    live.py --tool "lockwright lock" [--uv uv] [--python PY] [--folder DIR] [NAME...]

The index is the one that pip is configured for. Each project's newest sdist is fetched once into
DIR; its folder is what gets locked. Projects that uv itself cannot lock are counted, not compared.
Both tools ask a server of ours, which asks the index once for each page and keeps what it said in
DIR: mirrors do not always say the same, and releases appear between two runs.
"""
from __future__ import annotations

import argparse, collections, html, http.server, os, re, shlex, shutil, subprocess, sys, tarfile, tempfile, threading, urllib.error, urllib.parse, urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAMES = """
flask click jinja2 werkzeug itsdangerous markupsafe requests httpx httpcore h11 anyio starlette fastapi pydantic
uvicorn rich typer textual attrs structlog loguru pytest pluggy iniconfig tox nox virtualenv platformdirs filelock
packaging hatchling hatch flit-core build wheel setuptools pip black ruff isort mypy pylint flake8 coverage
pytest-asyncio pytest-cov pytest-xdist hypothesis sphinx mkdocs mkdocs-material furo myst-parser docutils jsonschema
referencing sqlalchemy alembic django djangorestframework celery kombu redis boto3 aiohttp yarl multidict frozenlist
pandas polars networkx sympy tqdm dask distributed xarray marshmallow apispec trio outcome sniffio urllib3 certifi
idna charset-normalizer tenacity arrow pendulum python-dateutil tomlkit tomli rpds-py cattrs msgspec orjson
prompt-toolkit pygments ipython jupyter-client nbformat nbconvert traitlets scrapy twisted tornado gunicorn litestar
strawberry-graphql graphql-core dependency-injector pydantic-settings sqlmodel pipx poetry-core pdm copier cookiecutter
datasette httpie black-primer cibuildwheel scikit-build-core meson-python maturin twine keyring pre-commit
""".split()


def index() -> str:
    for key in ("global.index-url", "install.index-url", "user.index-url"):
        said = subprocess.run([sys.executable, "-m", "pip", "config", "get", key], capture_output=True, text=True)
        if said.returncode == 0 and said.stdout.strip():
            return said.stdout.strip()
    sys.path.insert(0, "")
    from pip._internal.models.index import PyPI

    return PyPI.simple_url


class Pages(http.server.BaseHTTPRequestHandler):
    """Repeats an index, always by its first answer."""

    base: str
    folder: Path
    locks: dict[str, threading.Lock] = collections.defaultdict(threading.Lock)
    protocol_version = "HTTP/1.1"
    ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

    def do_GET(self) -> None:
        name = self.path.strip("/").removeprefix("simple/")
        kept = self.folder / f"{urllib.parse.quote(name, safe='')}.page"
        with self.locks[name]:
            if not kept.exists():
                part = kept.with_suffix(".part")
                part.write_bytes(self.upstream(name) if name else b"404\n\n")
                part.replace(kept)
        head, kind, body = kept.read_bytes().split(b"\n", 2)
        self.send_response(int(head))
        self.send_header("Content-Type", kind.decode())
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def upstream(self, name: str) -> bytes:
        page = f"{self.base.rstrip('/')}/{name}/"
        try:
            request = urllib.request.Request(page, headers={"Accept": self.ACCEPT})
            with urllib.request.urlopen(request, timeout=60) as answer:
                kind = answer.headers.get("Content-Type", "text/html")
                return b"200\n" + kind.encode() + b"\n" + answer.read()
        except urllib.error.HTTPError as error:
            return f"{error.code}\ntext/plain\n".encode()

    def log_message(self, *_: object) -> None:
        pass


def fetch(base: str, name: str, folder: Path) -> Path | None:
    done = sorted(folder.glob(f"{name}/*/pyproject.toml"))
    if done:
        return done[-1].parent
    page = f"{base.rstrip('/')}/{name}/"
    with urllib.request.urlopen(page, timeout=60) as answer:
        text = answer.read().decode()
    links = [html.unescape(link) for link in re.findall(r'href="([^"#]+\.tar\.gz)', text)]
    links = [link for link in links if not re.search(r"\d(a|b|rc|\.dev)\d*\.tar\.gz$", link)]
    if not links:
        return None
    url = urllib.parse.urljoin(page, links[-1])
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    archive = target / url.rsplit("/", 1)[1]
    with urllib.request.urlopen(url, timeout=120) as answer:
        archive.write_bytes(answer.read())
    with tarfile.open(archive) as members:
        members.extractall(target, filter="data")
    done = sorted(target.glob("*/pyproject.toml"))
    return done[-1].parent if done else None


def version(python: str) -> str:
    """The `X.Y` of an interpreter: that of a project which declares no Python."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def lock(command: str, source: Path, pythons: list[str], environment: dict[str, str]) -> tuple[str | None, str, str]:
    with tempfile.TemporaryDirectory(prefix="live-") as work:
        project = Path(work) / source.name
        shutil.copytree(source, project, symlinks=True)
        (project / "uv.lock").unlink(missing_ok=True)
        run, python = None, ""
        for python in pythons:
            words = [*shlex.split(command), "--python", python]
            try:
                run = subprocess.run(words, cwd=project, capture_output=True, text=True, env=environment, timeout=240)
            except subprocess.TimeoutExpired:
                return None, "timed out", python
            if "requested interpreter resolved to" not in run.stderr:
                break
        written = project / "uv.lock"
        return (written.read_text() if run.returncode == 0 and written.is_file() else None), run.stderr, python


def first_difference(wanted: str, got: str) -> str:
    for number, (theirs, ours) in enumerate(zip(wanted.splitlines(), got.splitlines()), 1):
        if theirs != ours:
            return f"line {number}: expected {theirs.strip()[:120]!r}, got {ours.strip()[:120]!r}"
    return "one is longer than the other"


def cause(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    found = [line for line in lines if re.match(r"(error|×|cause|help)", line)] or lines[-1:]
    return " / ".join(found)[:200]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "lockwright-live")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    base = index()
    Pages.base, Pages.folder = base, arguments.folder / "pages"
    Pages.folder.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served = f"http://127.0.0.1:{server.server_port}/simple"
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("UV_", "LOCKWRIGHT_"))}
    cache = str(arguments.folder / "cache")
    environment = clean | {"UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", "UV_DEFAULT_INDEX": served, "LOCKWRIGHT_PUBLIC_INDEX": served,
                           "UV_CACHE_DIR": cache + "/uv", "LOCKWRIGHT_CACHE_DIR": cache + "/ours"}

    def one(name: str) -> tuple[str, str, str]:
        try:
            source = fetch(base, name, arguments.folder)
        except OSError as error:
            return name, "not fetched", str(error)
        if source is None:
            return name, "no sdist with a pyproject.toml", ""
        pythons = arguments.python or [sys.executable]
        wanted, theirs, python = lock(f"{arguments.uv} lock", source, pythons, environment)
        if wanted is None:
            return name, "uv fails", cause(theirs)
        got, ours, _ = lock(arguments.tool, source, [version(python)], environment)
        if got is None:
            return name, "missed", cause(ours)
        if got == wanted:
            return name, "identical", ""
        if arguments.keep:
            (arguments.keep / name).mkdir(parents=True, exist_ok=True)
            (arguments.keep / name / "uv.lock").write_text(wanted)
            (arguments.keep / name / "ours.lock").write_text(got)
        return name, "missed", first_difference(wanted, got)

    tally: dict[str, int] = {}
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for name, verdict, why in pool.map(one, arguments.names or dict.fromkeys(NAMES)):
            tally[verdict] = tally.get(verdict, 0) + 1
            if verdict != "identical":
                print(f"{name}: {verdict}: {why}", flush=True)
    compared = tally.get("identical", 0) + tally.get("missed", 0)
    print(f"live: {tally.get('identical', 0)}/{compared} identical {tally}")
    sys.exit(1 if tally.get("missed") else 0)


if __name__ == "__main__":
    main()
