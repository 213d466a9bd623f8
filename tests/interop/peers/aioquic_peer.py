"""An HTTP/3 peer on aioquic: `aioquic_peer.py serve PORT CERT KEY` `aioquic_peer.py get PORT CA [BYTES]`
for a whole set of requests, `aioquic_peer.py one PORT CA PATH` for one, or
`aioquic_peer.py burst PORT CA PATH N` for N at once, of which it prints those that went well.

The server prints `ready`, then a line for each upload to /sink; the client prints what it saw as one line of JSON.
"""
import asyncio
import hashlib
import json
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamReset


class Server(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = None
        self.requests = {}

    def quic_event_received(self, event):
        if self.http is None:
            self.http = H3Connection(self._quic)
        if isinstance(event, StreamReset) and event.stream_id in self.requests:
            print(f"upload {self.requests.pop(event.stream_id)['bytes']} aborted", flush=True)
        if isinstance(event, ConnectionTerminated):
            for request in self.requests.values():
                print(f"upload {request['bytes']} aborted", flush=True)
            self.requests.clear()
        for http_event in self.http.handle_event(event):
            self.http_event(http_event)

    def http_event(self, event):
        stream = event.stream_id
        if isinstance(event, HeadersReceived) and stream not in self.requests:
            fields = dict(event.headers)
            self.requests[stream] = {"method": fields[b":method"], "path": fields[b":path"].decode(), "bytes": 0}
            if self.requests[stream]["method"] == b"POST" and self.requests[stream]["path"] != "/sink":
                self.http.send_headers(stream, [(b":status", b"200")])
        elif isinstance(event, DataReceived) and stream in self.requests:
            request = self.requests[stream]
            request["bytes"] += len(event.data)
            if request["method"] == b"POST" and request["path"] != "/sink":
                self.http.send_data(stream, event.data, False)
        if getattr(event, "stream_ended", False) and stream in self.requests:
            self.finish(stream, self.requests.pop(stream))
        self.transmit()

    def finish(self, stream, request):
        path = request["path"]
        ok = [(b":status", b"200")]
        if request["method"] == b"POST" and path == "/sink":
            print(f"upload {request['bytes']} complete", flush=True)
            self.http.send_headers(stream, ok)
            self.http.send_data(stream, str(request["bytes"]).encode(), True)
        elif request["method"] == b"POST":
            self.http.send_data(stream, b"", True)
        elif path.startswith("/bytes/"):
            size = int(path[7:])
            self.http.send_headers(stream, ok + [(b"content-length", str(size).encode())])
            self.http.send_data(stream, b"x" * size, True)
        elif path == "/trailers":
            self.http.send_headers(stream, ok)
            self.http.send_data(stream, b"body", False)
            self.http.send_headers(stream, [(b"x-sum", b"42")], True)
        elif path == "/early":
            self.http.send_headers(stream, [(b":status", b"103"), (b"link", b"</a.css>; rel=preload")])
            self.http.send_headers(stream, ok)
            self.http.send_data(stream, b"Hello world\n", True)
        elif path == "/abort":
            self.http.send_headers(stream, ok)
            self.http.send_data(stream, b"x" * 10000, False)
            self._quic.reset_stream(stream, 0x102)
        else:
            self.http.send_headers(stream, ok)
            self.http.send_data(stream, b"Hello world\n", True)


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.seen = {}
        self.ended = {}

    def quic_event_received(self, event):
        if isinstance(event, StreamReset):
            self.end(event.stream_id, f"reset 0x{event.error_code:x}")
        if isinstance(event, ConnectionTerminated):
            for stream in list(self.ended):
                self.end(stream, f"closed 0x{event.error_code:x}")
        for http_event in self.http.handle_event(event):
            seen = self.seen.get(http_event.stream_id)
            if seen is None:
                continue
            if isinstance(http_event, HeadersReceived):
                fields = {name.decode(): value.decode() for name, value in http_event.headers}
                if ":status" not in fields:
                    seen["trailers"] = fields
                elif fields[":status"].startswith("1"):
                    seen["interim"].append(int(fields[":status"]))
                else:
                    seen["status"] = int(fields[":status"])
            elif isinstance(http_event, DataReceived):
                seen["bytes"] += len(http_event.data)
                seen["digest"].update(http_event.data)
            if http_event.stream_ended:
                self.end(http_event.stream_id, "")

    def end(self, stream, error):
        if stream in self.ended and not self.ended[stream].done():
            self.seen[stream]["error"] = error
            self.ended[stream].set_result(None)

    async def exchange(self, method, path, body=b""):
        stream = self._quic.get_next_available_stream_id()
        self.seen[stream] = {"status": 0, "bytes": 0, "interim": [], "trailers": {}, "error": "",
                             "digest": hashlib.sha256()}
        self.ended[stream] = asyncio.get_running_loop().create_future()
        self.http.send_headers(stream, [
            (b":method", method.encode()), (b":scheme", b"https"), (b":authority", b"localhost"),
            (b":path", path.encode())], end_stream=not body)
        if body:
            self.http.send_data(stream, body, True)
        self.transmit()
        await asyncio.wait_for(self.ended[stream], 60)
        del self.ended[stream]
        seen = self.seen.pop(stream)
        seen["sha256"] = seen.pop("digest").hexdigest()
        return seen


def configure(ca):
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name="localhost")
    configuration.load_verify_locations(ca)
    configuration.max_data = configuration.max_stream_data = 1 << 27
    return configuration


async def one(port, ca, path):
    async with connect("127.0.0.1", port, configuration=configure(ca), create_protocol=Client) as client:
        print(json.dumps(await client.exchange("GET", path)))


async def burst(port, ca, path, count):
    async with connect("127.0.0.1", port, configuration=configure(ca), create_protocol=Client) as client:
        seen = await asyncio.gather(*(client.exchange("GET", f"{path}?{i}") for i in range(count)))
        print(json.dumps([i for i in range(count) if seen[i]["status"] == 200 and not seen[i]["error"]]))


async def get(port, ca):
    report = {}
    async with connect("127.0.0.1", port, configuration=configure(ca), create_protocol=Client) as client:
        for size in (0, 1, 1 << 16, int(sys.argv[4]) if len(sys.argv) > 4 else 4 << 20):
            body = (b"tandem 7" * (size // 8 + 1))[:size]
            report[f"down{size}"] = await client.exchange("GET", f"/bytes/{size}")
            report[f"echo{size}"] = await client.exchange("POST", "/", body)
            report[f"sent{size}"] = hashlib.sha256(body).hexdigest()
        report["early"] = await client.exchange("GET", "/early")
        report["trailers"] = await client.exchange("GET", "/trailers")
        many = await asyncio.gather(*(client.exchange("GET", "/bytes/1000") for _ in range(100)))
        report["many"] = sum(seen["status"] == 200 and seen["bytes"] == 1000 for seen in many)
        report["abort"] = await client.exchange("GET", "/abort")
    print(json.dumps(report))


async def run_server(port, cert, key):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(cert, key)
    configuration.max_data = configuration.max_stream_data = 1 << 27
    await serve("127.0.0.1", port, configuration=configuration, create_protocol=Server)
    print("ready", flush=True)
    await asyncio.Future()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(run_server(int(sys.argv[2]), sys.argv[3], sys.argv[4]))
    elif sys.argv[1] == "one":
        asyncio.run(one(int(sys.argv[2]), sys.argv[3], sys.argv[4]))
    elif sys.argv[1] == "burst":
        asyncio.run(burst(int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
    else:
        asyncio.run(get(int(sys.argv[2]), sys.argv[3]))
