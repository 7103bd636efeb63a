# Reads events as any program would, one JSON object a line, and prints them again in one canonical form.
# Refuses what RFC 8259 does not know: NaN and infinities.
import json
import sys


def refuse(word):
    raise ValueError(f"{word} is no JSON")


for line in sys.stdin.read().split("\n")[:-1]:
    event = json.loads(line, parse_constant=refuse)
    print(json.dumps(event, sort_keys=True, ensure_ascii=True))
