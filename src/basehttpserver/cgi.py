"""``CGIHTTPRequestHandler``: runs the scripts in some folders, serves the files in the others.

Its API is that of CPython 3.14 and before; 3.15 has none. The order of calls:

    do_GET, do_HEAD                          do_POST
      send_head
        is_cgi                               is_cgi         which folder, what is behind it
        run_cgi                              run_cgi
          translate_path, is_python, is_executable
          send_response … end_headers        when the script has said the head of its answer
          wfile.write                        as the output comes

The body of the request goes to a temporary file first, which is the script's standard input: no
script waits for a slow client, and CONTENT_LENGTH is right for a body that came in chunks, too.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from basehttpserver._cgi.answer import AnswerHead, HeadReader, MalformedAnswerError
from basehttpserver._cgi.body import spooled_body
from basehttpserver._cgi.meta_variables import (
    as_received,
    authorization_variables,
    field_variables,
    inherited_variables,
    search_words,
)
from basehttpserver._cgi.script import ClientGoneError, Script, ScriptSilentError
from basehttpserver._cgi.target import Target, collapse_path, has_control_character, paths_through
from basehttpserver._files.paths import MAX_PATH_CHARACTERS, has_windows_meaning
from basehttpserver.files import SimpleHTTPRequestHandler

if TYPE_CHECKING:
    import io

__all__ = ["CGIHTTPRequestHandler", "executable", "nobody_uid"]

_ON_WINDOWS = os.name == "nt"

#: Why a script could not be started, where that is not its own fault.
_SHORT_OF_RESOURCES = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)

#: CPython's name for it, which programs and tests use.
_url_collapse_path = collapse_path

#: The number of `nobody`, once `nobody_uid` has found it.
nobody: int | None = None


def nobody_uid() -> int:
    """Return the number of the user who scripts run as where the server runs as root.

    -1 where users have no numbers.
    """
    global nobody
    if nobody:
        return nobody
    try:
        import pwd
    except ImportError:
        return -1
    try:
        nobody = pwd.getpwnam("nobody").pw_uid
    except KeyError:
        nobody = 1 + max(user.pw_uid for user in pwd.getpwall())
    return nobody


def executable(path: str) -> bool:
    """Tell whether we may execute the file `path`."""
    return os.access(path, os.X_OK)


class CGIHTTPRequestHandler(SimpleHTTPRequestHandler):
    """Runs the programs in `cgi_directories` as CGI scripts (RFC 3875), by GET, HEAD and POST.

    What is elsewhere below `directory` is served as `SimpleHTTPRequestHandler` does, but never by
    another name what is a script.

    Where the server runs as root, scripts run as `nobody`.
    """

    #: Paths whose files are scripts, those in folders below them included.
    cgi_directories: list[str] = ["/cgi-bin", "/htbin"]  # noqa: RUF012 (programs append to it)

    #: Whether the system executes a script by itself. Where it does not, or a program says so,
    #: Python scripts are given to this interpreter, and need no permission to be executed.
    have_fork: bool = hasattr(os, "fork")

    #: A script that has written nothing for so long is ended; ``None``: it may take any time.
    #: As Apache's Timeout was for long, and far beyond what browsers and proxies wait for.
    script_silence_seconds: float | None = 300.0

    # As in CPython, whose scripts read the socket themselves.
    rbufsize: ClassVar[int] = 0

    #: What `is_cgi` found: the folder of scripts, and what is behind it, with the query.
    cgi_info: tuple[str, str]

    def do_POST(self) -> None:
        """Run the script that the target names; 501 for anything else."""
        try:
            is_script = self.is_cgi()
        except IndexError:
            self._send_not_found()
            return
        if is_script:
            self.run_cgi()
        else:
            self.send_error(HTTPStatus.NOT_IMPLEMENTED, "Can only POST to CGI scripts")

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Run the script that the target names, or do as `SimpleHTTPRequestHandler` does."""
        try:
            is_script = self.is_cgi()
        except IndexError:
            self._send_not_found()
            return None
        if is_script:
            return self.run_cgi()
        if self._is_script_by_another_name():
            self._send_not_found()
            return None
        return super().send_head()

    def is_cgi(self) -> bool:
        """Tell whether `path` names something in `cgi_directories`; set `cgi_info` if it does.

        Raises ``IndexError`` for a path that climbs above the root.
        """
        collapsed = collapse_path(self.path)
        end = collapsed.find("/", 1)
        while end > 0 and collapsed[:end] not in self.cgi_directories:
            end = collapsed.find("/", end + 1)
        if end > 0:
            self.cgi_info = collapsed[:end], collapsed[end + 1 :]
        return end > 0

    def is_executable(self, path: str) -> bool:
        """Tell whether we may execute the file `path`."""
        return executable(path)

    def is_python(self, path: str) -> bool:
        """Tell whether a file of this name is a Python script."""
        return os.path.splitext(path)[1].lower() in (".py", ".pyw")

    def run_cgi(self) -> io.BytesIO | BinaryIO | None:
        """Run the script that `cgi_info` names, and send what it answers.

        Returns what `send_head` is to return: ``None``, since the answer is complete.
        """
        target = self._find_script()
        if target is not None and self._may_run(target):
            script = self._start(target)
            if script is not None:
                with script:
                    self._answer_with(script)
        return None

    def _start(self, target: Target) -> Script | None:
        """Start a script once the body of the request is here; send an error if that fails."""
        arguments = search_words(self.command or "", target.query)
        with spooled_body(self.rfile, self._peer, self.headers) as (body, size):
            try:
                return Script(
                    **self._make_command(target, arguments),
                    environment=self._make_variables(target, size),
                    body=body,
                    credentials=_credentials(),
                    log=self._log_line_of_script,
                )
            except (OSError, ValueError) as error:
                self._refuse_to_run(target, error)
                return None

    # What is asked for.

    def _find_script(self) -> Target | None:
        """Take `cgi_info` apart; ``None`` and 404 for what can be the path of no script."""
        folder, rest = self.cgi_info
        rest, query = self._split_query(rest)
        if has_control_character(folder + rest):
            self._send_not_found()
            return None
        names = rest.split("/")
        folder = folder.rstrip("/")
        # Folders below the one of scripts, as far as there are any.
        while len(names) > 1 and self._served_folder.is_folder(
            self._translate_decoded(f"{folder}/{names[0]}")
        ):
            folder = f"{folder}/{names.pop(0)}"
        name = f"{folder}/{names[0]}"
        path_info = "".join(f"/{part}" for part in names[1:])
        return Target(name, self._translate_decoded(name), path_info, query)

    def _split_query(self, rest: str) -> tuple[str, str]:
        _, _, query = self.path.partition("?")
        if query and rest.endswith("?" + query):
            return rest[: -len(query) - 1], query
        if not query and "%3f" in self.path.lower():
            return rest, ""  # A question mark in the path itself.
        rest, _, query = rest.partition("?")  # What an override of is_cgi has made.
        return rest, query

    def _translate_decoded(self, path: str) -> str:
        """Return the local path; `translate_path` decodes, and once was enough."""
        return self.translate_path(urllib.parse.quote(path))

    def _may_run(self, target: Target) -> bool:
        """Tell whether there is such a script; send an error if not."""
        file, shown = target.file, ascii(target.name)
        if not self._served_folder.has(file) or (_ON_WINDOWS and has_windows_meaning(file)):
            self.send_error(HTTPStatus.NOT_FOUND, f"No such CGI script ({shown})")
        elif not self._served_folder.is_file(file):
            self.send_error(HTTPStatus.FORBIDDEN, f"CGI script is not a plain file ({shown})")
        elif not self._is_interpreted(target) and not self.is_executable(file):
            self.send_error(HTTPStatus.FORBIDDEN, f"CGI script is not executable ({shown})")
        else:
            return True
        return False

    def _is_interpreted(self, target: Target) -> bool:
        return not self.have_fork and self.is_python(target.name)

    def _send_not_found(self) -> None:
        self.send_error(HTTPStatus.NOT_FOUND, "File not found")

    def _is_script_by_another_name(self) -> bool:
        """Tell whether the target leads to a script by a name that `is_cgi` does not know.

        Such as a symbolic link, or what `translate_path` understands otherwise than `is_cgi` does.
        """
        folders = {url: self._translate_decoded(url) for url in self.cgi_directories}
        path = self._locate()
        if len(path) > MAX_PATH_CHARACTERS:
            return True  # No file has it, and looking at each folder on the way takes seconds.
        files = [path]
        if path.endswith("/"):
            files += [os.path.join(path, name) for name in self.index_pages]
        try:
            return any(
                self._would_run(url) for file in files for url in paths_through(file, folders)
            )
        except ValueError:  # NUL, or a lone surrogate: there is no such file.
            return False

    def _would_run(self, path: str) -> bool:
        asked, self.path = self.path, urllib.parse.quote(path)
        try:
            return self.is_cgi()
        except IndexError:
            return False
        finally:
            self.path = asked

    # What the script is told.

    def _make_variables(self, target: Target, body_size: int | None) -> dict[str, str]:
        """Return the environment of the script: ours, and the meta-variables (RFC 3875 4.1)."""
        variables = inherited_variables()
        variables |= field_variables(self.headers.items())
        variables |= authorization_variables(self.headers.get("Authorization", ""))
        content_type = self.headers.get("Content-Type")
        if content_type is None:
            content_type = self.headers.get_content_type()
        address = self.client_address
        variables |= {
            "SERVER_SOFTWARE": self.version_string(),
            "SERVER_NAME": str(getattr(self.server, "server_name", "")),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": self.protocol_version,
            "SERVER_PORT": str(getattr(self.server, "server_port", "")),
            "REQUEST_METHOD": self.command or "",
            "PATH_INFO": target.path_info,
            "PATH_TRANSLATED": self._translate_decoded(target.path_info),
            "SCRIPT_NAME": target.name,
            "QUERY_STRING": as_received(target.query),
            "REMOTE_HOST": "",
            "REMOTE_ADDR": str(address[0]) if isinstance(address, tuple) and address else "",
            "CONTENT_TYPE": as_received(content_type),
            "CONTENT_LENGTH": "" if body_size is None else str(body_size),
        }
        return variables

    def _make_command(self, target: Target, arguments: list[str]) -> dict[str, Any]:
        # A path without a slash would be looked for in PATH.
        file = os.path.abspath(target.file)
        if self._is_interpreted(target):
            interpreter = sys.executable
            if interpreter.lower().endswith("w.exe"):
                interpreter = interpreter[:-5] + interpreter[-4:]  # pythonw.exe has no output.
            command = [interpreter, "-u", file, *arguments]
            return {"command": command, "executable": None}
        if _ON_WINDOWS:
            # A batch file would take arguments for commands.
            return {"command": [file], "executable": None}
        return {"command": [os.path.basename(target.name), *arguments], "executable": file}

    # What the script answers.

    def _refuse_to_run(self, target: Target, error: OSError | ValueError) -> None:
        self.log_error("CGI script %s cannot be started: %s", ascii(target.name), error)
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EACCES:
            status = HTTPStatus.FORBIDDEN
        elif number in _SHORT_OF_RESOURCES:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        self.send_error(status, f"CGI script cannot be started ({target.name!a})")

    def _answer_with(self, script: Script) -> None:
        head = HeadReader()
        is_answered = False
        try:
            for data in script.output(self.script_silence_seconds, self._is_client_gone):
                if is_answered:
                    self._send_body(data)
                    continue
                found = head.feed(data)
                if found is not None:
                    is_answered = True
                    self._send_head_of_script(found[0])
                    self._send_body(found[1])
        except ClientGoneError:
            self.log_error("CGI script was ended: its client went away")
            self._abort_exchange()
            return
        except ScriptSilentError:
            self.log_error("CGI script was ended: silent for %s s", self.script_silence_seconds)
            self._fail(HTTPStatus.GATEWAY_TIMEOUT, is_answered=is_answered)
            return
        except MalformedAnswerError as error:
            self.log_error("CGI script gave no answer: %s", error)
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, is_answered=is_answered)
            return
        self._end_answer(script.exit_code, is_answered=is_answered, is_empty=head.is_empty)

    def _end_answer(self, exit_code: int, *, is_answered: bool, is_empty: bool) -> None:
        if exit_code:
            self.log_error("CGI script exit code %d", exit_code)
        if not is_answered:
            what = "it wrote nothing" if is_empty else "its head has no empty line behind it"
            self.log_error("CGI script gave no answer: %s", what)
        if not is_answered or exit_code < 0:
            # By a signal: nobody knows whether that was all it had to say.
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, is_answered=is_answered)

    def _fail(self, status: HTTPStatus, *, is_answered: bool) -> None:
        """Send an error, or cut what was begun, so that the client can tell."""
        if is_answered:
            self._abort_exchange()
        else:
            self.send_error(status)

    def _send_head_of_script(self, head: AnswerHead) -> None:
        self.send_response(head.status, head.reason)
        for name, value in head.fields:
            self.send_header(name, value)
        if self._peer is None:
            self.send_header("Connection", "close")  # Only that ends the body.
        self.end_headers()

    def _send_body(self, data: bytes) -> None:
        if data and self.command != "HEAD":
            self.wfile.write(data)

    def _log_line_of_script(self, line: str) -> None:
        self.log_error("%s", line)

    def _is_client_gone(self) -> bool:
        """Tell whether the connection was reset; one that is half closed still wants its answer."""
        if not hasattr(select, "poll"):
            return False
        try:
            poll = select.poll()
            poll.register(self.connection.fileno(), 0)
            return bool(poll.poll(0))
        except (AttributeError, OSError, ValueError):  # Not a socket, or closed.
            return False


def _credentials() -> dict[str, Any]:
    """Return as whom a script is to run, in arguments of ``subprocess.Popen``.

    Stricter: CPython gives away root's user, and keeps root's groups.
    """
    if _ON_WINDOWS or os.geteuid() != 0:
        return {}
    import pwd

    user = nobody_uid()
    try:
        group = pwd.getpwuid(user).pw_gid
    except KeyError:
        group = user
    return {"user": user, "group": group, "extra_groups": []}
