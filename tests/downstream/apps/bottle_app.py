"""A bottle application on bottle's default server, that of wsgiref, on a free port."""

import sys

import bottle

bottle.BaseRequest.MEMFILE_MAX = 1 << 24
application = bottle.Bottle()


@application.get("/hello/<name>")
def hello(name):
    return f"Hello {name}\n"


@application.post("/echo")
def echo():
    bottle.response.content_type = "application/octet-stream"
    return bottle.request.body.read()


@application.post("/upload")
def upload():
    file = bottle.request.files.get("file")
    return {"name": file.raw_filename, "bytes": len(file.file.read())}


@application.get("/file")
def file():
    return bottle.static_file("bottle_app.py", root=sys.path[0])


@application.get("/stream")
def stream():
    for number in range(5):
        yield f"{number}\n" * 1000


@application.get("/fails")
def fails():
    raise ValueError("as it should")


@application.get("/cookies")
def cookies():
    for number in range(3):
        bottle.response.add_header("Set-Cookie", f"c{number}={number}")
    return bottle.request.get_cookie("given", "none")


@application.route("/any", method="ANY")
def any_method():
    return bottle.request.method


if __name__ == "__main__":
    bottle.run(application, host="127.0.0.1", port=0)
