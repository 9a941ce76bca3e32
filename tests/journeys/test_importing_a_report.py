"""A report is given to a form in Slack: fetched from Slack with the bot's token, read as at the command line,
once."""

from handlers.slack.views.device_forms import FILE
from tests.journeys.stage import ALICE, DAVE, Stage
from tests.journeys.test_devices_in_forms import registered
from tests.journeys.words import JSON, words
from tests.sentences import says

REPORT = (
    b"Sender address,TLS 1.0 %,TLS 1.1 %,TLS 1.2 "
    b"%,Messages\nscanner@contoso.com,100,0,0,7\nfax@contoso.com,0,50,50,4\n"
)


def give(stage: Stage, name: str, content: bytes, **filled: object) -> str:
    """Import a file; returns the private answer in words."""
    view = stage.form(ALICE, "devices import")
    file = stage.slack.give_file(name, content)
    return words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, view["id"], {FILE: [file], **filled})))


def test_a_report_is_read_once_and_held_against_the_register(stage: Stage) -> None:
    scanner = registered(stage, "Scanner", stage.day(9))
    said = give(stage, "report.csv", REPORT)
    assert says("still_on_old_tls_registered") in said
    assert says("still_on_old_tls_unlisted", sender="fax@contoso.com") in said
    assert says("imported_before") in give(stage, "again.csv", REPORT)
    assert stage.record(lambda reader: reader.devices.device(scanner.id)) == scanner


def test_what_is_not_understood_is_said_and_nothing_is_kept(stage: Stage) -> None:
    before = stage.record(lambda reader: reader.head())
    assert says("zip_or_workbook") in give(stage, "report.csv", b"PK\x03\x04,a\n1,2\n" * 3)
    assert says("list_lacks_columns") in give(
        stage, "list.csv", b"device,sender,owner,due\nFax,f@contoso.com,U0DAVE,2026-12-24\n"
    )
    assert stage.record(lambda reader: reader.head()) == before


def test_a_list_of_our_own_is_proposed_whole_once_and_its_owner_hears_of_it(stage: Stage) -> None:
    row = '"Fax {at}","fax{at}@contoso.com","","U0DAVE","smtp-auth","Its firmware is old","A new one","{due}"'
    rows = [row.format(at=at, due=stage.day(9)) for at in (1, 2)]
    content = "\n".join(["device,sender,site,owner,protocol,reason,plan,due", *rows]).encode()
    told = stage.told(DAVE, lambda: give(stage, "list.csv", content), says("you_answer_for_them"))
    assert told["text"].startswith(":label:")
    assert says("on_the_register_already") in give(stage, "again.csv", content)


def test_a_file_that_lies_elsewhere_is_not_fetched(stage: Stage) -> None:
    view = stage.form(ALICE, "devices import")
    file = stage.slack.give_file("report.csv", REPORT) | {
        "url_private_download": "https://files.slack.com.evil.example/report.csv"
    }
    said = words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, view["id"], {FILE: [file]})))
    assert says("not_one_of_slacks") in said


def test_a_period_that_ends_before_it_begins_stays_in_the_form(stage: Stage) -> None:
    view = stage.form(ALICE, "devices import")
    values: JSON = {
        FILE: [stage.slack.give_file("report.csv", REPORT)],
        "from": "2026-11-20",
        "to": "2026-11-01",
    }
    assert set(stage.slack.submit(ALICE, view["id"], values) or {}) == {"to"}


def test_who_may_not_add_devices_gets_no_form(stage: Stage) -> None:
    assert says("you_are_not_one_of_the_operators_2") in stage.command(DAVE, "devices import")
    assert stage.slack.views(DAVE) == []
