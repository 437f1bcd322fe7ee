"""Adapts generated requests to rules of the API that JSON Schema cannot express."""

import schemathesis


def to_integer(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_body(ctx, body):
    """Converts whole floats to integers, because JSON Schema accepts 3000.0 as an integer and the API does not."""
    if isinstance(body, dict) and ctx.operation is not None:
        for name in {"port", "prefer", "id"} & body.keys():
            body[name] = to_integer(body[name])
        if isinstance(body.get("avoid"), list):
            body["avoid"] = [to_integer(port) for port in body["avoid"]]
        requests = body.get("requests")
        for request in requests if isinstance(requests, list) else []:
            if isinstance(request, dict):
                map_body(ctx, request.get("body"))
    return body
