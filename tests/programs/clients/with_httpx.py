"""Runs the session with httpx: with_httpx.py URL..., where a URL may be `unix:PATH`."""

import sys

import httpx

ALLOCATION = {"app": "shop", "instance": "main", "service": "web"}

for url in sys.argv[1:]:
    socket = url.removeprefix("unix:") if url.startswith("unix:") else None
    transport = httpx.HTTPTransport(uds=socket)
    with httpx.Client(base_url="http://localhost" if socket else url, transport=transport) as client:
        for method, words in (
            ("POST", {"json": ALLOCATION}),
            ("PUT", {"json": ALLOCATION}),
            ("POST", {"json": ALLOCATION}),
            ("GET", {"params": {"app": "shop"}}),
            ("DELETE", {"json": {"app": "shop"}}),
            ("GET", {"params": {"app": "shop"}}),
        ):
            response = client.request(method, "/v1/allocations", **words)
            print(response.text + str(response.status_code))
