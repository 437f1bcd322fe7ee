"""What JSON Schema cannot say of the API."""

import schemathesis


@schemathesis.hook
def map_body(ctx, body):
    """Writes whole numbers as such: 3000.0 is an integer to JSON Schema, and no port to the API."""
    if isinstance(body, dict) and ctx.operation is not None:
        for name in ["port", "id"]:
            number = body.get(name)
            if isinstance(number, float) and number.is_integer():
                body[name] = int(number)
        # Those of a batch.
        requests = body.get("requests")
        for request in requests if isinstance(requests, list) else []:
            if isinstance(request, dict):
                map_body(ctx, request.get("body"))
    return body
