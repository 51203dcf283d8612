"""The HTML report in a browser: on a phone and on a desk, by day and by night, with names made to break it."""

import time

import pytest

import samples
import servers as real
from auditing import Places
from browser import DESKTOP, PHONE, Browser
from test_audit_packages import apk

REPORTS = real.REPOSITORY / "Fixtures/Reports"
THEMES = ["light", "dark"]
HOSTILE = ["<img src=x onerror=alert(1)>", "</td></table><script>alert(1)</script>", "\"><svg onload=alert(1)>",
           "https://example.com/x.png", "right\u202eto\u202cleft", "\u0007bell", "<!--", "k" * 900, "a/" * 200 + "leaf"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(fleet, tmp_path_factory):
    """A page with a finding of each kind, an APK that is damaged, a way to mend it, and a server out of reach."""
    folder = tmp_path_factory.mktemp("page")
    places = Places([fleet["sandbox"], fleet["sandbox-2"]], folder)
    rows = {}

    def put(state, *bodies, key):
        places.put(*bodies, key=key)
        rows[key] = state
    put("differs", b"1", b"2", key="other-bytes.txt")
    put("differs", b"1", b"22", key="folder/other-size.txt")
    put("missing", b"only here", None, key="folder/missing.txt")
    put("extra", None, b"only there", key="folder/extra.txt")
    put("identical", b"same", key="same.txt")
    for number, key in enumerate(HOSTILE):
        put(["missing", "differs", "extra"][number % 3], *[[b"x", None], [b"x", b"y"], [None, b"x"]][number % 3], key=key)
    put("differs", apk("v2"), apk("unsigned"), key="app/app.apk")
    rows["parts.bin"] = "unverifiable"
    samples.put_parts(places.clients[0], places.bucket, "parts.bin", [5 * samples.MIB, 10])
    places.put(None, samples.bytes_of(5 * samples.MIB + 10, "other"), key="parts.bin")
    page = folder / "audit.html"
    nowhere = places.servers[0].mc_host.replace(str(places.servers[0].port), str(real.free_ports(1)[0]))
    environment = places.environment | {"MC_HOST_third": nowhere}
    places.run("--all", "--repair-plan", "--retry", "0", "--output", page, "--format", "html", expect=3,
               places=[*places.names, "third/apks"], environment=environment)
    yield page, rows
    for client in places.clients:
        for key in rows:
            client.delete_object(Bucket=places.bucket, Key=key)


#: Lines that the first words of each of these elements take.
_LINES = """[...document.querySelectorAll("%s")].map(each => {
  const range = document.createRange();
  range.selectNodeContents(each.firstChild);
  return range.getClientRects().length;
})"""


def visible(page):
    """The rows that somebody sees: state and text of each."""
    return page.run("[...document.querySelectorAll('#findings tbody tr')].filter(each => each.checkVisibility() &&"
                    " each.getBoundingClientRect().height > 0).map(each => [each.dataset.state, each.innerText])")


def filtered(page, count):
    """Waits until the filter, which waits for the end of a word, has left so many rows."""
    deadline = time.monotonic() + 10
    while len(visible(page)) != count and time.monotonic() < deadline:
        time.sleep(0.03)
    return visible(page)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_is_whole_readable_and_quiet(browser, report, theme, screen):
    file, rows = report
    page = browser.open(file, screen, theme)
    assert sorted(state for state, _ in visible(page)) == sorted(rows.values())
    text = page.run("document.body.innerText")
    for key in ["other-bytes.txt", "folder/missing.txt", "app/app.apk", "same.txt", *HOSTILE[:4], "k" * 900]:
        assert key in text, f"{key} is not to be read"
    for word in ["third/apks", "not read to its end", "minio-sync mirror --once --remove", "com.example.app"]:
        assert word in text
    width = screen[0]
    assert page.run("innerWidth") == width
    assert page.run("document.documentElement.scrollWidth") <= width, "it has to be moved sideways"
    wide = page.run(f"[...document.body.querySelectorAll('*')].filter(each => each.checkVisibility() &&"
                    f" !each.closest('.away, thead') && each.getBoundingClientRect().right > {width} + 0.5)"
                    ".map(each => each.outerHTML.slice(0, 80))")
    assert wide == [], "what does not fit is cut off"
    assert page.run(_LINES % "#places th[scope=row]") == [1, 1, 1], "the name of a place is broken"
    page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.run("document.documentElement.scrollWidth") <= width
    low = [each for each in page.contrasts() if each[0] < 4.5]
    assert low == [], "text that is hard to read"
    # What keys say is text.
    assert page.run("document.querySelectorAll('img, svg, iframe, object, link').length") == 0
    assert page.run("document.scripts.length") == 1
    assert page.requests == [] and page.complaints == []
    page.close()


@pytest.mark.parametrize("name", [each.name for each in sorted(REPORTS.iterdir()) if each.is_dir()])
def test_pages_of_known_audits_fit_and_are_quiet(browser, name):
    for screen, theme in [(PHONE, "dark"), (DESKTOP, "light")]:
        page = browser.open(REPORTS / name / "report.html", screen, theme)
        page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.run("document.documentElement.scrollWidth") <= screen[0]
        assert [each for each in page.contrasts() if each[0] < 4.5] == []
        assert page.requests == [] and page.complaints == []
        page.close()


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_both_themes_are_pictures_of_their_own(browser, report, screen):
    looks = []
    for theme in THEMES:
        page = browser.open(report[0], screen, theme)
        looks.append(browser.look(page.picture()))
        page.close()
    light, dark = looks
    assert (light["width"], light["height"]) == (dark["width"], dark["height"])
    assert min(light["ground"]) > 200 and max(dark["ground"]) < 60, looks
    assert all(each["colours"] > 100 for each in looks), "there is nothing to be seen"


def test_the_filter_narrows_the_rows_down(browser, report):
    file, rows = report
    page = browser.open(file, PHONE, "dark")
    page.click("#filter input[type=search]")
    page.type("FOLDER/")
    found = filtered(page, 3)
    assert sorted(state for state, _ in found) == ["differs", "extra", "missing"]
    assert all("folder/" in text for _, text in found)
    assert page.run("document.getElementById('shown').innerText") == f"3 of {len(rows)} shown"
    page.type(" size")
    assert [text.count("folder/other-size.txt") > 0 for _, text in filtered(page, 1)] == [True]
    page.run("document.querySelector('#filter input').select()")
    page.type("nothing has this")
    assert filtered(page, 0) == []
    page.run("document.querySelector('#filter input').select()")
    page.type(" ")
    assert len(filtered(page, len(rows))) == len(rows)
    page.click("#filter input[value=missing]")
    left = [state for state in rows.values() if state != "missing"]
    assert sorted(state for state, _ in filtered(page, len(left))) == sorted(left)
    page.click("#filter input[value=missing]")
    assert len(filtered(page, len(rows))) == len(rows)
    assert page.run("document.getElementById('shown').innerText") == ""
    assert page.requests == [] and page.complaints == []
    page.close()


def test_a_thousand_rows_are_filtered_while_somebody_types(browser, fleet, tmp_path):
    places = Places([fleet["sandbox"], fleet["sandbox-2"]], tmp_path)
    samples.put_many(places.clients[0], places.bucket, [(f"folder/{number:04}.apk.txt", b"x") for number in range(1000)])
    file = tmp_path / "audit.html"
    places.run("--output", file, "--format", "html", expect=1)
    page = browser.open(file, PHONE, "light")
    assert len(visible(page)) == 1000
    page.click("#filter input[type=search]")
    page.type("042")
    assert len(filtered(page, 11)) == 11  # 042 and 0420 to 0429
    page.close()
