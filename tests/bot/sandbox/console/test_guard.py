"""Nobody but the sandbox's own page may drive it: a web page elsewhere, open in the same browser, is
refused."""

import pytest
import requests
from slack_sdk import WebClient

from bot.sandbox.slack.simulation import Slack

SAY = {"as": "U0ALICE", "channel": "C0CHANGES", "text": "x"}


def _say(slack: Slack, **headers: str) -> requests.Response:
    return requests.post(f"{slack.url}/console/say", json=SAY, headers=headers, timeout=20)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_a_foreign_origin_is_refused(slack: Slack, origin: str) -> None:
    assert _say(slack, Origin=origin).status_code == 403
    assert slack.messages("C0CHANGES") == []


def test_the_pages_own_origin_is_welcome(slack: Slack) -> None:
    assert _say(slack, Origin=slack.url).json() == {"ok": True}
    assert len(slack.messages("C0CHANGES")) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_can_send_is_refused(slack: Slack, content_type: str) -> None:
    assert _say(slack, **{"Content-Type": content_type}).status_code == 415
    assert slack.messages("C0CHANGES") == []


def test_a_foreign_name_for_this_machine_is_refused(slack: Slack) -> None:
    for path in ("/", "/console/state?as=U0ALICE", "/page/app.js"):
        answer = requests.get(slack.url + path, headers={"Host": "rebound.example"}, timeout=20)
        assert answer.status_code == 403, path


def test_the_web_api_is_not_for_browsers_elsewhere_either(slack: Slack) -> None:
    """Its token is no secret, so the origin has to be one."""
    form = {"token": slack.environment["SLACK_BOT_TOKEN"], "channel": "C0CHANGES", "text": "x"}
    url = slack.environment["SLACK_API_URL"] + "chat.postMessage"
    assert (
        requests.post(url, data=form, headers={"Origin": "https://evil.example"}, timeout=20).status_code
        == 403
    )
    assert slack.messages("C0CHANGES") == []


@pytest.mark.parametrize("name", ["..%2Fslack.py", "%2e%2e/slack.py", "nothing.js", "..%2F__init__.py"])
def test_only_the_pages_files_are_served(slack: Slack, name: str) -> None:
    assert requests.get(f"{slack.url}/page/{name}", timeout=20).status_code == 404


def test_the_page_and_its_scripts_are_served_as_what_they_are(slack: Slack) -> None:
    index = requests.get(slack.url, timeout=20)
    assert index.headers["Content-Type"].startswith("text/html")
    assert '<script type="module" src="/page/app.js">' in index.text
    script = requests.get(f"{slack.url}/page/app.js", timeout=20)
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert script.headers["X-Content-Type-Options"] == "nosniff"


def test_an_uploaded_file_is_never_shown_as_a_page(slack: Slack, client: WebClient) -> None:
    client.files_upload_v2(channel="C0CHANGES", content="<script>alert(1)</script>", filename="x.html")
    (shared,) = slack.messages("C0CHANGES")[0]["files"]
    answer = requests.get(shared["url_private"], timeout=20)
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Type"] == "application/octet-stream"
