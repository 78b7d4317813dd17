"""`ThreadedMotoServer`: AWS on this machine, until standard input ends."""

import threading

from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    threading.Event().wait()
