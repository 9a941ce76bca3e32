"""Mrkdwn and dates are drawn as Slack draws them, and text never becomes markup of ours."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.bot.sandbox import canned
from tests.bot.sandbox.browser import OpenPage, pages
from tests.bot.sandbox.console.console_stub import ConsoleStub

Draw = Callable[[str], Locator]

# The page's own modules, as they are loaded: what is drawn here is drawn by the code that draws messages.
DRAW = """async (text) => {
  const { mrkdwn } = await import('/page/mrkdwn.js');
  const { reader } = await import('/page/state.js');
  const place = document.createElement('div');
  place.id = 'drawn';
  place.append(mrkdwn(text, reader()));
  document.querySelector('#drawn')?.remove();
  document.querySelector('#log').append(place);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all texts: Alice's, at noon in Berlin's winter."""
    console = ConsoleStub()
    with pages(browser) as opener:
        yield opener(console.url)
    console.stop()


@pytest.fixture
def draw(page: Page) -> Draw:
    """Draws a text and returns where."""

    def draw_(text: str) -> Locator:
        page.evaluate(DRAW, text)
        return page.locator("#drawn")

    return draw_


@pytest.mark.parametrize(
    ("text", "selector", "shown"),
    [
        ("say *bold* now", "strong", "bold"),
        ("say _slanted_ now", "em", "slanted"),
        ("say ~struck~ now", "s", "struck"),
        ("say *_both_* now", "strong em", "both"),
        ("run `Get-TransportConfig *x*`", "code", "Get-TransportConfig *x*"),
        ("```one\n*two* &lt;3```", "pre", "one\n*two* <3"),
        ("before\n&gt; quoted\nafter", "blockquote", "quoted"),
        ("&gt;&gt;&gt; one\ntwo", "blockquote", "one\ntwo"),
        ("ask <@U0BOB> first", ".pill", "@bob"),
        ("ask <@U0GONE|gone> first", ".pill", "@gone"),
        ("ask <@U0ALICE> first", ".pill-me", "@alice"),
        ("in <#C0GENERAL|general>", "button.pill", "#general"),
        ("ask <!subteam^S0SEC|@security>", ".pill", "@security"),
        ("ask <!subteam^S0MAIL>", ".pill", "@mail-owners"),
        ("ask <!subteam^S0GONE>", ".pill", "@S0GONE"),
        ("<!channel> look", ".pill-all", "@channel"),
        ("<!here> look", ".pill-all", "@here"),
        ("done :white_check_mark:", ".emoji", "✅"),
        ("good :+1::skin-tone-3:", ".emoji", "👍🏼"),
        ("*<https://example.com/a|the _page_>*", "strong a", "the _page_"),
        ("<https://example.com/?a=1&amp;b=2>", "a[href='https://example.com/?a=1&b=2'][rel~=noopener]", "https://example.com/?a=1&b=2"),
    ],
)  # fmt: skip
def test_mrkdwn_is_drawn_as_slack_draws_it(draw: Draw, text: str, selector: str, shown: str) -> None:
    assert draw(text).locator(selector).first.text_content() == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("at 10:30:00 sharp", "at 10:30:00 sharp"),
        ("a &lt;!channel&gt; &amp;lt; b", "a <!channel> &lt; b"),
        ("an ``` open fence", "an ``` open fence"),
        ("* not bold *", "* not bold *"),
        ("*not\nbold*", "*not\nbold*"),
        (":no_such_emoji: :constructor:", ":no_such_emoji: :constructor:"),
        ("<javascript:alert(1)|click>", "<javascript:alert(1)|click>"),
        ("&lt;img src=x onerror=alert(1)&gt;", "<img src=x onerror=alert(1)>"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ],
)
def test_what_is_no_markup_stays_text(draw: Draw, text: str, shown: str) -> None:
    drawn = draw(text)
    assert drawn.text_content() == shown
    expect(drawn.locator("*")).to_have_count(0)


@pytest.mark.parametrize(
    ("pattern", "seconds", "shown"),
    [
        ("{date_num}", 0, "2026-11-23"),
        ("{date}", 0, "November 23rd, 2026"),
        ("{date_long} at {time}", 0, "Monday, November 23rd, 2026 at 15:30"),
        ("{date_short}", 86400 * 8, "Dec 1, 2026"),
        ("{date_pretty}", 0, "today"),
        ("{date_pretty}", -86400, "yesterday"),
        ("{date_short_pretty}", 86400, "tomorrow"),
        ("{date_pretty}", 86400 * 9, "December 2nd, 2026"),
        ("{date_long}", 86400 * 18, "Friday, December 11th, 2026"),
        ("{time_secs}", 5, "15:30:05"),
        ("{ago}", -7200, "2 hours ago"),
        ("{ago}", 86400 * 3, "in 3 days"),
        ("{no_such_token}", 0, "fallback"),
    ],
)
def test_each_date_token_counts_by_the_sandboxs_clock(
    draw: Draw, pattern: str, seconds: int, shown: str
) -> None:
    assert draw(f"<!date^{canned.AT + seconds}^{pattern}|fallback>").locator("time").text_content() == shown


def test_a_date_may_be_a_link_and_a_broken_one_is_its_fallback(draw: Draw) -> None:
    linked = draw(f"<!date^{canned.AT}^{{date_num}}^https://example.com/|fallback>")
    expect(linked.locator("a[href='https://example.com/'] time")).to_have_text("2026-11-23")
    assert draw("<!date^soon^{date_num}|fallback>").text_content() == "fallback"


@pytest.mark.parametrize(("person", "shown"), [("U0BOB", "at 14:30"), ("U0CAROL", "at 09:30")])
def test_a_date_is_told_in_the_zone_of_whoever_reads(
    console: ConsoleStub, open_page: OpenPage, person: str, shown: str
) -> None:
    text = f"<!date^{canned.AT}^at {{time}}|fallback>"
    console.state["messages"][canned.CHANNEL].append(canned.message(canned.AT, "U0LEGACY", text))
    page = open_page(f"{console.url}/?as={person}")
    expect(page.locator(".message").last.locator(".mrkdwn time")).to_have_text(shown)
