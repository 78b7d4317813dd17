"""Reads a command line, and prints nothing of it that may be a password."""

import argparse
import re
from typing import Any, NoReturn

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where to read more."""

    #: Where the options are from that are read.
    origin = ""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the options, and print no word that is none of them: it may be a password."""
        options, others = self.parse_known_args(args, namespace)
        if others:
            flags = [word.partition("=")[0] for word in others if word.startswith("-")]
            self.error(
                f"{', '.join(flags)} is no option"
                if flags
                else "there is a word too much behind the options and the port"
            )
        return options

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        # By these two, too, argparse would print what may be a password.
        message = re.sub(r"(ambiguous option: [^=]*)=.* could match", r"\1 could match", message)
        message = re.sub(r"ignored explicit argument .*", "it has no value", message)
        self.exit(2, f"{self.prog}: error: {self.origin}{message} (--help shows the options)\n")
