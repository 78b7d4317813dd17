"""A folder on aiohttp, as its documentation shows it.

python -m benchmarks.peers.files_on_aiohttp FOLDER 8000
"""

import sys

from aiohttp import web


def main(folder: str, port: str) -> None:
    application = web.Application()
    application.router.add_static("/", folder, show_index=True)
    web.run_app(application, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
