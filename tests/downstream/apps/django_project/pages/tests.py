"""Tests against a live server, as a user of Django writes them."""

import http.client
import threading
import urllib.request

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.core.servers.basehttp import WSGIServer
from django.test import LiveServerTestCase
from django.test.testcases import LiveServerThread, QuietWSGIRequestHandler

from pages.models import Note


class OneThread(LiveServerThread):
    def _create_server(self, connections_override=None):
        return WSGIServer(
            (self.host, self.port), QuietWSGIRequestHandler, allow_reuse_address=False
        )


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class LiveTests(LiveServerTestCase):
    def test_hello(self):
        self.assertEqual(get(self.live_server_url + "/"), "Hello\n")

    def test_data_base_is_shared_with_the_server(self):
        Note.objects.create(text="one")
        Note.objects.create(text="two")
        self.assertEqual(get(self.live_server_url + "/count"), "2")

    def test_keep_alive(self):
        connection = http.client.HTTPConnection(self.server_thread.host, self.server_thread.port)
        for _ in range(3):
            connection.request("GET", "/")
            self.assertEqual(connection.getresponse().read(), b"Hello\n")
            self.assertIsNotNone(connection.sock)
        connection.close()

    def test_many_at_once(self):
        got = []
        threads = [
            threading.Thread(target=lambda: got.append(get(self.live_server_url + "/count")))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(got, ["0"] * 20)


class LiveTestsInOneThread(LiveServerTestCase):
    server_thread_class = OneThread

    def test_hello(self):
        for _ in range(3):
            self.assertEqual(get(self.live_server_url + "/"), "Hello\n")

    def test_beside_a_silent_client(self):
        silent = http.client.HTTPConnection(self.server_thread.host, self.server_thread.port)
        silent.request("GET", "/")
        self.assertEqual(silent.getresponse().read(), b"Hello\n")
        self.assertIsNone(silent.sock)  # Django says that the connection closes.
        self.assertEqual(get(self.live_server_url + "/"), "Hello\n")


class StaticTests(StaticLiveServerTestCase):
    def test_static_file(self):
        self.assertEqual(get(self.live_server_url + "/static/django.txt"), "A static file.\n")
