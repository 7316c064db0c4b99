"""`docs/events.md`: the code on it takes what the widget signs, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from widget.deliveries import signed, signing_key

PAGE = (Path(__file__).parents[1] / "docs" / "events.md").read_text(encoding="utf-8")
SECRET = "whsec_bmV3LXNlY3JldC1mb3ItdGVzdHM="
OTHER = "whsec_b2xkLXNlY3JldC1mb3ItdGVzdHM="
BODY = '{"type": "report.completed", "data": {"candidate_id": "Zoë"}}'.encode()

# What asks the code of the page about each case of `cases.json`.
ASKING = {
    "python": """
import json
import os
for headers, body in json.load(open("cases.json")):
    print("yes" if verified(headers, body.encode()) else "no")
""",
    "js": """
import { readFileSync } from "node:fs"
for (const [headers, body] of JSON.parse(readFileSync("cases.json")))
  console.log(verified(headers, Buffer.from(body)) ? "yes" : "no")
""",
    "php": """
foreach (json_decode(file_get_contents('cases.json')) as [$headers, $body]) {
    $server = [];
    foreach ((array) $headers as $name => $value) {
        $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
    }
    echo verified($server, $body) ? "yes\\n" : "no\\n";
}
""",
}
PROGRAMS = {
    "python": (sys.executable, "ask.py"),
    "js": ("node", "ask.mjs"),
    "php": ("php", "ask.php"),
}
RUNNABLE = [name for name, (program, _) in PROGRAMS.items() if shutil.which(program)]


@pytest.mark.threat(name="forged events")
@pytest.mark.parametrize("language", RUNNABLE)
def test_the_code_on_the_page_takes_what_the_widget_signs_and_nothing_else(
    language: str, tmp_path: Path
) -> None:
    now = int(time.time())
    good = signed("msg_1", now, BODY, [signing_key(OTHER), signing_key(SECRET)])
    wrong = [
        signed("msg_1", now, BODY, [signing_key(OTHER)]),
        signed("msg_1", now - 400, BODY, [signing_key(SECRET)]),
        good | {"webhook-id": "msg_2"},
        good | {"webhook-timestamp": str(now + 1)},
        good | {"webhook-timestamp": "soon"},
        good | {"webhook-signature": "v1,"},
        good | {"webhook-signature": "é"},
        *({name: good[name] for name in good if name != left_out} for left_out in good),
        {},
    ]
    cases = [(good, BODY.decode()), (good, BODY.decode() + " ")]
    cases += [(headers, BODY.decode()) for headers in wrong]
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    code = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert code
    program, name = PROGRAMS[language]
    (tmp_path / name).write_text(code[1] + ASKING[language], encoding="utf-8")
    answers = subprocess.run(
        [program, name],
        cwd=tmp_path,
        env=os.environ | {"WIDGET_EVENTS_SECRET": SECRET},
        check=True,
        capture_output=True,
        text=True,
    )
    assert answers.stdout.split() == ["yes"] + ["no"] * (len(cases) - 1), answers.stderr
    assert answers.stderr == ""
