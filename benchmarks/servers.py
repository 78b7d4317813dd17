"""The servers that are compared, and how each is run: as its own documentation would show it.

What is not said is the server's default. Where a peer's command logs requests by default, an option
says that it does not, but in the scenario of the log.

PROGRAM_SERVERS    run a program, benchmarks/scenarios.py says which
FILE_SERVERS       serve a folder
"""

import importlib.util
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 10

#: Where benchmarks/install.py has npm put the commands of peers/package.json.
NPM_COMMANDS = Path(sys.prefix) / "npm" / "node_modules" / ".bin"


@dataclass(frozen=True)
class Server:
    title: str
    #: The command; `python` is the interpreter that runs the benchmark.
    command: str
    #: What has to be installed: packages, and where no package is, a command.
    packages: tuple[str, ...] = ()
    program: str | None = None
    #: A package of npm, whose command has its name.
    npm_package: str | None = None
    #: Each connection ends after an answer: it speaks HTTP/1.0.
    closes: bool = False
    #: Options without a log of requests, and with one that goes to standard output or error; None:
    #: it has none.
    quiet: str = ""
    log: str | None = None
    #: Where a log of requests is its default, and goes to the null device here: what turns it off.
    silent: str = ""
    #: Options for HTTPS, where it can that; the certificate and the key are in one file.
    tls: str | None = None
    #: Options that let ten thousand connections in, and stay for as long as that scenario takes.
    patient: str = ""

    def why_missing(self) -> str | None:
        """Say what has to be installed, None where nothing has."""
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                return f"the package {package} is not installed"
        if self.program and shutil.which(self.program) is None:
            return f"{self.program} is not installed: apt-get install {self.program}"
        if self.npm_package and not (NPM_COMMANDS / self.npm_package).exists():
            return f"{self.npm_package} of npm is not installed"
        return None


@dataclass(frozen=True)
class Options:
    """How a scenario has a server run."""

    application: str = "hello"
    #: What is served, by a server of files.
    folder: str = "FOLDER"
    logs: bool = False
    is_silent: bool = False
    certificate: str | None = None
    is_patient: bool = False


HANDLERS = "python -m benchmarks.handlers {name} {application} {port}"
WSGI = "benchmarks.applications:{application}"
ASGI = "benchmarks.asgi_applications:{application}"
GRANIAN = "python -m granian --port {port}"
GRANIAN_TLS = "--ssl-certificate {certificate} --ssl-keyfile {key}"
FASTPYSGI = "python -c 'import fastpysgi; fastpysgi.run_from_cli()'"


def handlers(title: str, log: str | None = "") -> Server:
    """Describe one of benchmarks/handlers.py."""
    return Server(title, HANDLERS, log=log, silent="--quiet", tls="--certificate {certificate}")


def granian(title: str, options: str, application: str) -> Server:
    return Server(
        title,
        f"{GRANIAN} {options} {application}",
        packages=("granian",),
        log="--access-log",
        tls=GRANIAN_TLS,
        patient="--backlog 16384 --backpressure 16384",
    )


#: By name, in the order of the tables.
PROGRAM_SERVERS = {
    "ours-threading": handlers("`basehttpserver.ThreadingHTTPServer`"),
    "ours-threading-quiet": handlers(
        "`basehttpserver.ThreadingHTTPServer`, `log_message` overridden", log=None
    ),
    "ours-single": handlers("`basehttpserver.HTTPServer`"),
    "ours-serve": handlers("`basehttpserver.serve()`"),
    "cpython": handlers("`http.server.ThreadingHTTPServer`"),
    "cpython-tuned": handlers(
        "`http.server.ThreadingHTTPServer`, writes buffered, no Nagle's algorithm"
    ),
    "cheroot": Server(
        "cheroot", f"python -m cheroot --bind 127.0.0.1:{{port}} {WSGI}", packages=("cheroot",)
    ),
    "waitress": Server(
        "waitress",
        f"python -m waitress --listen=127.0.0.1:{{port}} {WSGI}",
        packages=("waitress",),
    ),
    "waitress-64": Server(
        "waitress, 64 threads",
        f"python -m waitress --listen=127.0.0.1:{{port}} --threads=64 {WSGI}",
        packages=("waitress",),
    ),
    "gunicorn": Server(
        "gunicorn, 4 threads",
        f"python -m gunicorn --bind 127.0.0.1:{{port}} --threads 4 {WSGI}",
        packages=("gunicorn",),
        log="--access-logfile -",
        tls="--certfile {certificate} --keyfile {key}",
    ),
    "gunicorn-64": Server(
        "gunicorn, 64 threads",
        f"python -m gunicorn --bind 127.0.0.1:{{port}} --threads 64 {WSGI}",
        packages=("gunicorn",),
    ),
    "uvicorn": Server(
        "uvicorn, with httptools and uvloop",
        f"python -m uvicorn --port {{port}} --http httptools --loop uvloop {ASGI}",
        packages=("uvicorn", "httptools", "uvloop"),
        quiet="--no-access-log",
        log="--access-log",
        tls="--ssl-certfile {certificate} --ssl-keyfile {key}",
        patient="--timeout-keep-alive 75",
    ),
    "hypercorn": Server(
        "hypercorn",
        f"python -m hypercorn --bind 127.0.0.1:{{port}} {ASGI}",
        packages=("hypercorn",),
        log="--access-logfile -",
        tls="--certfile {certificate} --keyfile {key}",
        patient="--keep-alive 75",
    ),
    "granian": granian("granian, WSGI", "--interface wsgi", WSGI),
    "granian-1": granian(
        "granian, WSGI, one blocking thread", "--interface wsgi --blocking-threads 1", WSGI
    ),
    "granian-asgi": granian("granian, ASGI", "--interface asgi", ASGI),
    "aiohttp": Server(
        "aiohttp",
        "python -m benchmarks.peers.on_aiohttp {application} {port}",
        packages=("aiohttp",),
        log="--log",
        tls="--certificate {certificate}",
    ),
    "tornado": Server(
        "tornado",
        "python -m benchmarks.peers.on_tornado {application} {port}",
        packages=("tornado",),
        log="--log",
    ),
    "socketify": Server(
        "socketify",
        "python -m benchmarks.peers.on_socketify {application} {port}",
        packages=("socketify",),
    ),
    "fastpysgi": Server(
        "fastpysgi, WSGI",
        f"{FASTPYSGI} --host 127.0.0.1 --port {{port}} {WSGI}",
        packages=("fastpysgi",),
    ),
    "bare-loop": Server(
        "no server: a bare loop in Python, fixed bytes",
        "python -m benchmarks.peers.bare_loop fixed {port}",
    ),
    "bare-loop-api": Server(
        "no server: a bare loop in Python that calls the handler",
        "python -m benchmarks.peers.bare_loop api {port}",
    ),
    "nginx": Server(
        "nginx, `return 200`",
        "python -m benchmarks.nginx {application} {port}",
        program="nginx",
        log="--log",
        tls="--certificate {certificate}",
    ),
}


CPYTHON_FILES = "python -m http.server --bind 127.0.0.1 --directory {folder}"
NGINX_FILES = "python -m benchmarks.nginx {application} {{port}} --folder {{folder}}"

#: The same for a folder.
FILE_SERVERS = {
    "files-ours": Server(
        "`python -m basehttpserver`",
        "python -m basehttpserver --bind 127.0.0.1 --directory {folder} {port}",
    ),
    "files-ours-threading": Server(
        "`basehttpserver.ThreadingHTTPServer`, `SimpleHTTPRequestHandler`",
        "python -m benchmarks.file_handlers {folder} {port}",
    ),
    "files-cpython": Server("`python -m http.server`", f"{CPYTHON_FILES} {{port}}", closes=True),
    "files-cpython-1.1": Server(
        "`python -m http.server --protocol HTTP/1.1`",
        f"{CPYTHON_FILES} --protocol HTTP/1.1 {{port}}",
    ),
    "files-aiohttp": Server(
        "aiohttp, `add_static`",
        "python -m benchmarks.peers.files_on_aiohttp {folder} {port}",
        packages=("aiohttp",),
    ),
    "files-twisted": Server(
        "twisted web",
        "python -m twisted --log-level=warn web --listen=tcp:{port}:interface=127.0.0.1 "
        "--path={folder}",
        packages=("twisted",),
    ),
    "files-serve": Server(
        "serve, of npm",
        "serve --listen tcp://127.0.0.1:{port} --no-clipboard {folder}",
        npm_package="serve",
        quiet="--no-request-logging",
    ),
    "files-http-server": Server(
        "http-server, of npm",
        "http-server {folder} -a 127.0.0.1 -p {port}",
        npm_package="http-server",
        quiet="--silent",
    ),
    "files-nginx": Server("nginx", NGINX_FILES.format(application="files"), program="nginx"),
    "files-nginx-cached": Server(
        "nginx, `open_file_cache`",
        NGINX_FILES.format(application="files-cached"),
        program="nginx",
    ),
}

SERVERS = PROGRAM_SERVERS | FILE_SERVERS


def is_ours(name: str) -> bool:
    return "basehttpserver" in SERVERS[name].title


def make_arguments(name: str, options: Options, port: int) -> list[str]:
    """Return the words of the command that runs a server."""
    places = {"python": sys.executable}
    if package := SERVERS[name].npm_package:
        places[package] = str(NPM_COMMANDS / package)
    command, *words = shlex.split(make_command(name, options, port))
    return [places.get(command, command), *words]


def make_command(name: str, options: Options, port: int) -> str:
    server = SERVERS[name]
    if options.logs and server.log is None:
        raise ValueError(f"{name} keeps no log of requests")
    if options.certificate and server.tls is None:
        raise ValueError(f"{name} serves no HTTPS here")
    words = [
        server.command,
        (server.log or "") if options.logs else server.quiet,
        server.silent if options.is_silent else "",
        (server.tls or "") if options.certificate else "",
        server.patient if options.is_patient else "",
    ]
    return " ".join(filter(None, words)).format(
        name=name,
        application=options.application,
        folder=options.folder,
        port=port,
        certificate=options.certificate,
        key=options.certificate,
    )
