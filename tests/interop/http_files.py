"""Serves and takes the files of a folder over HTTP/1.1: GET and PUT. Usage: http_files.py PORT FOLDER"""
import functools
import http.server
import pathlib
import sys


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        pathlib.Path(self.translate_path(self.path)).write_bytes(data)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


port, folder = int(sys.argv[1]), sys.argv[2]
http.server.ThreadingHTTPServer(("", port), functools.partial(Files, directory=folder)).serve_forever()
