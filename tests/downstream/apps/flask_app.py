"""An ordinary Flask application; ``python flask_app.py [KEYWORD=VALUE]…`` calls `app.run` so."""

import ast
import sys

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/")
def hello():
    return "Hello\n"


@app.post("/echo")
def echo():
    return Response(request.get_data(), mimetype="application/octet-stream")


@app.post("/form")
def form():
    file = request.files["file"]
    return {"field": request.form["field"], "name": file.filename, "size": len(file.read())}


@app.get("/stream")
def stream():
    return Response((f"part {number}\n" for number in range(3)), mimetype="text/plain")


if __name__ == "__main__":
    keywords = dict(word.split("=", 1) for word in sys.argv[1:])
    app.run(**{name: ast.literal_eval(value) for name, value in keywords.items()})
