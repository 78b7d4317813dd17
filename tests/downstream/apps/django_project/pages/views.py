"""The views of a small project."""

from django.http import HttpResponse, StreamingHttpResponse

from pages.models import Note


def hello(request):
    return HttpResponse("Hello\n", content_type="text/plain")


def echo(request):
    return HttpResponse(request.body, content_type="application/octet-stream")


def stream(request):
    return StreamingHttpResponse(f"part {number}\n" for number in range(3))


def fails(request):
    raise RuntimeError("on purpose")


def count(request):
    return HttpResponse(str(Note.objects.count()))
