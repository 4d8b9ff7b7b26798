"""What schemathesis cannot know of the centre: how one signs in, and how its JSON writes a whole number."""

import json
import os
import urllib.request

import schemathesis


@schemathesis.auth(refresh_interval=None)
class Session:
    """Signs in once. A second time would end the first session."""

    def get(self, case, context):
        body = {"username": os.environ["OFFHOOK_USERNAME"], "password": "practice"}
        request = urllib.request.Request(
            os.environ["OFFHOOK_CENTRE"] + "/v1/sessions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["token"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


def whole(value):
    """JSON Schema calls 7.0 an integer, and writes it so; no program that has integers does."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    return whole(body)
