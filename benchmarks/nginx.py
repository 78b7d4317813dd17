"""nginx with a configuration of a few lines: the answer comes from it, and no program runs.

python -m benchmarks.nginx hello 8000
python -m benchmarks.nginx files 8000 --folder FOLDER
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.applications import LARGE_BODY

CONFIGURATION = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
{user}
events {{ worker_connections 15000; }}
http {{
    default_type text/plain;
    access_log {log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        {certificate}
        location / {{ {answer} }}
    }}
}}
"""

#: As Debian's nginx.conf has it, with listings.
_FILES = "root {served}; sendfile on; tcp_nopush on; autoindex on;"

ANSWERS = {
    "hello": r'return 200 "Hello, world\n";',
    "fields": r'return 200 "$http_user_agent\n$http_cookie\n$http_x_request_id\n";',
    "large": "root {folder}; try_files /large.bin =404;",
    "files": _FILES,
    "files-cached": f"{_FILES} open_file_cache max=1000;",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Run nginx until killed.")
    parser.add_argument("application", choices=ANSWERS)
    parser.add_argument("port", type=int)
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--certificate")
    parser.add_argument("--folder", help="what is served, of files", default="")
    arguments = parser.parse_args()
    # One folder, written anew each time: who ends nginx gives nobody the time to remove it.
    folder = Path(tempfile.gettempdir()) / f"basehttpserver-nginx-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    (folder / "large.bin").write_bytes(LARGE_BODY)
    folder.chmod(0o755)
    of_certificate = (
        f"ssl_certificate {arguments.certificate}; ssl_certificate_key {arguments.certificate};"
        if arguments.certificate
        else ""
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            user="user root;" if os.getuid() == 0 else "",
            log="/dev/stdout" if arguments.log else "off",
            port=arguments.port,
            tls=" ssl" if arguments.certificate else "",
            certificate=of_certificate,
            answer=ANSWERS[arguments.application].format(folder=folder, served=arguments.folder),
        ),
        "utf-8",
    )
    program = shutil.which("nginx") or "nginx"
    os.execv(program, ["nginx", "-c", str(configuration), "-p", str(folder)])


if __name__ == "__main__":
    main()
