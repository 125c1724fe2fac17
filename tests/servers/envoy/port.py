"""Prints the port that Envoy listens at. The argument is the address of its administration."""

import json
import sys
import urllib.request

with urllib.request.urlopen(f"http://{sys.argv[1]}/listeners?format=json", timeout=10) as response:
    (listener,) = json.load(response)["listener_statuses"]
print(listener["local_address"]["socket_address"]["port_value"])
