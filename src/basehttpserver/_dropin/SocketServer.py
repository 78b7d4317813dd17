"""Python 2's ``SocketServer``: Python 3's ``socketserver`` itself, under its old name."""

import socketserver
import sys

sys.modules[__name__] = socketserver
