"""The project that is set up in the checkouts: three servers, a test suite, a portctl.toml and a Compose file."""

import os

# Answers with its name and that of its checkout, and with the answer of the service behind it.
SERVICE = '''"""Serves web, api or db: python3 service.py NAME"""
import http.server, os, sys, urllib.request

name = sys.argv[1]
checkout = os.path.basename(os.getcwd())
port = int(os.environ.get(name.upper() + "_PORT", USUAL[name]))
behind = {
    "web": os.environ.get("API_URL", "http://localhost:%d" % USUAL["api"]),
    "api": os.environ.get("DB_URL", "http://localhost:%d" % USUAL["db"]),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lines = [name + "@" + checkout]
        if name in behind:
            try:
                lines.append(urllib.request.urlopen(behind[name], timeout=5).read().decode())
            except OSError as error:
                lines.append("no answer from %s: %s" % (behind[name], error))
        body = " ".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
'''

# Starts the server that it tests, as many suites do, and waits for the suites of the other checkouts.
SUITE = '''"""Tests web: starts it on WEB_PORT, and writes the result into result.txt."""
import os, subprocess, sys, time, urllib.request

port = int(os.environ.get("WEB_PORT", USUAL["web"]))
checkout = os.path.basename(os.getcwd())
meeting = os.environ.get("SUITES", os.path.join(os.path.dirname(os.getcwd()), "suites"))
server = subprocess.Popen([sys.executable, "service.py", "web"])
answer = ""
end = time.monotonic() + 30
while not answer and time.monotonic() < end and server.poll() is None:
    try:
        answer = urllib.request.urlopen("http://localhost:%d" % port, timeout=5).read().decode()
    except OSError:
        time.sleep(0.02)
os.makedirs(meeting, exist_ok=True)
open(os.path.join(meeting, checkout), "w").close()
while len(os.listdir(meeting)) < 8 and time.monotonic() < end:
    time.sleep(0.02)
passed = server.poll() is None and answer.startswith("web@%s " % checkout)
server.kill()
server.wait()
together = len(os.listdir(meeting)) == 8
result = "passed" if passed and together else "failed: %s" % ("not together" if passed else "wrong server")
with open("result.txt", "w") as file:
    file.write(result)
sys.exit(result != "passed")
'''

DECLARATION = '''[services]
web = {web}
api = {api}
db = {db}

[env]
API_URL = "${{api.url}}"
DB_URL = "${{db.url}}"
'''

COMPOSE = '''services:
  db:
    image: postgres
    ports: ["{db}:5432"]
  cache:
    image: redis
    ports: ["{cache}:6379"]
  worker:
    image: busybox
    ports: ["9000"]
'''


def write_project(folder, usual):
    """Writes the project's files. Without usual ports, the servers need them from the environment."""
    os.makedirs(folder)
    ports = usual or dict.fromkeys(("web", "api", "db"), 1)
    files = {
        "service.py": SERVICE.replace("import http", f"USUAL = {ports}\nimport http", 1),
        "suite.py": SUITE.replace("import os", f"USUAL = {ports}\nimport os", 1),
        ".gitignore": "result.txt\nreport.txt\nurls.txt\n",
    }
    if usual:
        files["portctl.toml"] = DECLARATION.format(**usual)
    for name, content in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)
