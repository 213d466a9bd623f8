"""An ASGI application for hypercorn: POST comes back, `/bytes/N` gives N bytes, anything else a short text."""


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    if scope["method"] == "POST":
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
    elif scope["path"].startswith("/bytes/"):
        body = b"x" * int(scope["path"][7:])
    else:
        body = b"Hello world\n"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})
