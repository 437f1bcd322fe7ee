"""Runs the session with requests: with_requests.py URL..."""

import sys

import requests

ALLOCATION = {"app": "shop", "instance": "main", "service": "web"}

for url in sys.argv[1:]:
    url += "/v1/allocations"
    with requests.Session() as session:
        for response in (
            session.post(url, json=ALLOCATION),
            session.put(url, json=ALLOCATION),
            session.post(url, json=ALLOCATION),
            session.get(url, params={"app": "shop"}),
            session.delete(url, json={"app": "shop"}),
            session.get(url, params={"app": "shop"}),
        ):
            print(response.text + str(response.status_code))
