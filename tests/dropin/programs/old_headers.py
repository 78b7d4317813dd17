"""What Python 2's `self.headers` tells; knows Python 2's names only, in syntax that 3 reads."""

import json
import sys

import BaseHTTPServer
import SocketServer


class Tell(BaseHTTPServer.BaseHTTPRequestHandler):
    def do_POST(self):
        headers = self.headers
        names = ["content-type", "X-Twice", "Date", "From", "Missing"]
        told = {
            "type": [headers.typeheader, headers.type, headers.maintype, headers.subtype],
            "get types": [headers.gettype(), headers.getmaintype(), headers.getsubtype()],
            "parameters": [headers.plist, headers.getplist(), headers.plisttext],
            "param": [headers.getparam("Charset"), headers.getparam("none")],
            "param names": headers.getparamnames(),
            "encoding": [headers.encodingheader, headers.getencoding()],
            "dict": headers.dict,
            "headers": headers.headers,
            "status": [headers.status, headers.unixfrom],
            "length": int(headers.getheader("Content-Length", 0)),
            "contains": ["x-twice" in headers, "x-none" in headers],
        }
        for name in names:
            told[name] = {
                "has_key": bool(headers.has_key(name)),
                "getheader": headers.getheader(name),
                "getheader with default": headers.getheader(name, "default"),
                "getheaders": headers.getheaders(name),
                "getrawheader": headers.getrawheader(name),
                "getallmatchingheaders": headers.getallmatchingheaders(name),
                "getfirstmatchingheader": headers.getfirstmatchingheader(name),
            }
        for name in ("From", "Missing"):
            told[name]["getaddr"] = headers.getaddr(name)
            told[name]["getaddrlist"] = headers.getaddrlist(name)
        for name in ("Date", "Missing"):
            told[name]["getdate"] = headers.getdate(name)
            told[name]["getdate_tz"] = headers.getdate_tz(name)
        self.rfile.read(told["length"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told, sort_keys=True).encode("ascii"))


class Server(SocketServer.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    pass


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Tell)
    sys.stdout.write("port %d\n" % server.server_port)
    sys.stdout.flush()
    server.serve_forever()
