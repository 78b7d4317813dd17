"""The paths of a small project."""

from django.urls import path
from pages import views

urlpatterns = [
    path("", views.hello),
    path("echo", views.echo),
    path("stream", views.stream),
    path("fails", views.fails),
    path("count", views.count),
]
