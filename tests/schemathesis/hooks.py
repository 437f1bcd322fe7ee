"""Adapts generated requests to rules of the API that JSON Schema cannot express."""

import schemathesis


@schemathesis.hook
def map_body(ctx, body):
    """Converts whole floats to integers, because JSON Schema accepts 3000.0 as an integer and the API does not."""
    if isinstance(body, dict) and ctx.operation is not None:
        for name in ["port", "id"]:
            number = body.get(name)
            if isinstance(number, float) and number.is_integer():
                body[name] = int(number)
        requests = body.get("requests")
        for request in requests if isinstance(requests, list) else []:
            if isinstance(request, dict):
                map_body(ctx, request.get("body"))
    return body
