"""The session route in Python, with nothing but its standard library: API_URL=… API_KEY=… python3 session_route.py"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

API_URL = os.environ["API_URL"]
API_KEY = os.environ["API_KEY"]

# THE PLACE FOR YOUR OWN LOGIN: read your cookie or your session here. This one believes a header, which is good for
# trying things out on your own machine, and for nothing else.
PEOPLE = {"ann": "Ann Lindqvist", "bo": "Bo Tanaka"}


def find_logged_in_user(headers):
    user_id = headers.get("x-demo-user")
    return (user_id, PEOPLE[user_id]) if user_id in PEOPLE else None


# docs:start(route)
def call_sendsar(method, path, body=None):
    headers = {"x-api-key": API_KEY, "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(API_URL + path, data, headers, method=method), timeout=4) as answer:
        return json.load(answer)


def open_chat_session(user_id, name):
    """Answers the status and the body of the session route, for a user who is logged in."""
    try:
        user = call_sendsar("POST", "/users", {"id": user_id, "username": name})
        if user["deactivatedAt"] is not None:
            return 403, {"error": "You cannot chat any more"}
        session = call_sendsar("POST", "/auth/token", {"userId": user_id})
        settings = call_sendsar("GET", "/tenant/settings")
    except HTTPError as error:
        if error.code == 429 or error.code >= 500:
            return 503, {"error": "Chat cannot be reached right now"}
        print(f"unable to open a chat session: {error.code} {error.read()}", file=sys.stderr)
        return 500, {"error": "Chat does not work right now"}
    except OSError:
        return 503, {"error": "Chat cannot be reached right now"}
    return 200, {
        "token": session["token"],
        "expiresAt": session["expiresAt"],
        "apiUrl": API_URL,
        "chatUserId": user_id,
        "displayName": name,
        "chatSettings": settings["chat"],
    }
# docs:end(route)


class SessionRoute(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        if self.path != "/api/chat/session":
            return self.answer(404, {"error": "Not found"})
        user = find_logged_in_user(self.headers)
        if user is None:
            return self.answer(401, {"error": "Log in to chat"})
        self.answer(*open_chat_session(*user))

    do_POST = do_GET


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3003"))
    with ThreadingHTTPServer(("127.0.0.1", port), SessionRoute) as server:
        print(f"http://127.0.0.1:{port}/api/chat/session", flush=True)
        server.serve_forever()
