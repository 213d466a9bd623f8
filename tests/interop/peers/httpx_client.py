"""httpx over HTTP/2: `python3 httpx_client.py URL CA`. Prints what it saw as one line of JSON."""
import json
import sys

import httpx

url, ca = sys.argv[1:]
upload = bytes(range(256)) * 4096
with httpx.Client(http2=True, verify=ca) as client:
    small = client.get(url + "/")
    echo = client.post(url + "/", content=upload)
    large = client.get(url + "/bytes/1000000")
    print(json.dumps({
        "small": {"status": small.status_code, "text": small.text, "version": small.http_version},
        "echo": {"status": echo.status_code, "equal": echo.content == upload},
        "large": len(large.content),
    }))
