"""Files that the options name, and that nobody is to see who visits the folder: passwords, keys."""

import argparse
import glob
import os

__all__ = ["globs_of_secrets"]


def globs_of_secrets(options: argparse.Namespace) -> list[str]:
    """Return globs, as of ``--hide``, for those of the files that are in the directory.

    They easily are: both are, by default, looked for in the current one.
    """
    # A certificate without a key beside it has the key in it.
    certificate = options.tls_cert if options.tls_key is None else None
    files = (
        options.auth_file,
        options.upload_auth_file,
        options.tls_key,
        options.tls_password_file,
        certificate,
    )
    found = {
        relative
        for file in files
        if file is not None
        for absolute in (os.path.abspath, os.path.realpath)
        if (relative := _below(absolute(options.directory), absolute(file))) is not None
    }
    # With a slash, so that it is for that file alone.
    return sorted("/" + glob.escape(relative).replace(os.sep, "/") for relative in found)


def _below(directory: str, path: str) -> str | None:
    top = os.path.join(directory, "")
    return path[len(top) :] if path.startswith(top) else None
