"""What JSON Schema cannot say of the API."""

import schemathesis


@schemathesis.hook
def map_body(ctx, body):
    """Writes whole numbers as such: 3000.0 is an integer to JSON Schema, and no port to the API."""
    if isinstance(body, dict):
        port = body.get("port")
        if isinstance(port, float) and port.is_integer() and ctx.operation is not None:
            body["port"] = int(port)
    return body
