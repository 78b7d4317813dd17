"""The standard library's `xmlrpc.server`: simple, documenting, with threads."""

import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.downstream.clients import ask
from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

APP = APPS / "xmlrpc_app.py"


@pytest.fixture(scope="module", params=["simple", "doc", "threading"])
def program(request, launch):
    with launch(APP, request.param) as program:
        yield program


@pytest.fixture
def proxy(program):
    with xmlrpc.client.ServerProxy(program.url(), allow_none=True) as proxy:
        yield proxy


def test_calls_on_one_connection(program, proxy, side):
    assert [proxy.add(number, 1) for number in range(5)] == [1, 2, 3, 4, 5]
    if side == "basehttpserver":
        assert program.lanes == PROGRAMS["xmlrpc.server"].lanes


def test_introspection(proxy):
    assert "add" in proxy.system.listMethods()
    assert proxy.system.methodHelp("add") == "Add two numbers."


def test_multicall(proxy):
    calls = xmlrpc.client.MultiCall(proxy)
    calls.add(1, 2)
    calls.add(3, 4)
    calls.fail()
    results = calls()
    assert [results[0], results[1]] == [3, 7]
    with pytest.raises(xmlrpc.client.Fault, match="on purpose"):
        results[2]


def test_fault(proxy):
    with pytest.raises(xmlrpc.client.Fault, match="on purpose"):
        proxy.fail()
    assert proxy.add(1, 1) == 2


def test_large_call(proxy):
    """Both ways in gzip, which the client chooses above a kilobyte or two."""
    data = xmlrpc.client.Binary(bytes(range(256)) * 4096 * 2)
    assert proxy.echo(data) == data


def test_many_at_once(program):
    def call(number):
        with xmlrpc.client.ServerProxy(program.url()) as proxy:
            return proxy.add(number, number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(40))) == list(range(0, 80, 2))


def test_wrong_path(program):
    assert ask(program, "POST", "/nowhere", body=b"x")[0].status == 404


def test_get(program, request):
    """The one that documents answers with a page."""
    response, body = ask(program, "GET", "/")
    is_doc = b"XML-RPC Server Documentation" in body
    assert response.status == (200 if is_doc else 501)
    assert is_doc == ("doc" in request.node.callspec.id)
