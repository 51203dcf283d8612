"""Chromium without a window, driven over its DevTools protocol through two pipes: no port, and no library."""

import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import time

import servers

#: Widths and heights in CSS pixels, and whether the device is a phone.
PHONE, DESKTOP = (360, 780, True), (1280, 900, False)

#: What a screenshot shows: the colour of its first pixel, and how many colours there are.
_LOOK = """
(async () => {
  const bytes = Uint8Array.from(atob(%s), each => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const [first] = pixels;
  return {ground: [first & 255, first >> 8 & 255, first >> 16 & 255], colours: new Set(pixels).size,
          width: image.width, height: image.height};
})()
"""

#: Text that somebody sees, and its contrast to what is behind it by WCAG 2, the lowest first.
_CONTRASTS = """
(() => {
  const part = each => (each /= 255) <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = numbers(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, style")) continue;
    const [one, other] = [light(numbers(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()
"""


class BrowserFailed(Exception):
    """Chromium ended, did not answer in time, or a script in a page failed."""


def program():
    return next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


class Browser:
    """One process; pages are opened one after the other, each in a tab of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._number, self._rest, self._events = 0, b"", []

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def hand_over():
            servers.die_with_parent()
            # Out of the way of the numbers that Chromium expects them under.
            ends = [os.dup2(each, 100 + each) for each in (to_browser, from_browser)]
            for number, each in zip((3, 4), ends):
                os.dup2(each, number)
        with open(self.folder / "chromium.log", "wb") as log:
            self.process = subprocess.Popen(
                [program(), "--headless", "--remote-debugging-pipe", f"--user-data-dir={self.folder}/profile",
                 # The sandbox wants a user that is not root, and a kernel that allows user namespaces.
                 "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"],
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(3, 4), preexec_fn=hand_over,
                start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        return self

    def __exit__(self, *_):
        os.close(self._out)
        os.close(self._in)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder / "profile", ignore_errors=True)

    # The protocol: JSON documents, each ended by a zero byte

    def call(self, method, session=None, **parameters):
        """The result of a command; events that come meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self._next(deadline)
            if answer.get("id") != self._number:
                self._events.append(answer)
            elif "error" in answer:
                raise BrowserFailed(f"{method}: {answer['error']}")
            else:
                return answer["result"]
        raise BrowserFailed(f"no answer to {method}\n{self._log()}")

    def _next(self, deadline):
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BrowserFailed(f"no answer in time\n{self._log()}")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise BrowserFailed(f"Chromium ended\n{self._log()}")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _log(self):
        return (self.folder / "chromium.log").read_bytes()[-3000:].decode(errors="replace")

    def events(self, session):
        """Those of a page that came so far."""
        return [each for each in self._events if each.get("sessionId") == session]

    def wait(self, session, method, seconds=30):
        deadline = time.monotonic() + seconds
        while not any(each["method"] == method for each in self.events(session)):
            self._events.append(self._next(deadline))

    def open(self, file, screen=DESKTOP, theme="light"):
        """A `Page` that shows a file, once it is loaded."""
        return Page(self, pathlib.Path(file).as_uri(), screen, theme)

    def look(self, picture):
        """What a screenshot (PNG) shows."""
        page = Page(self, "about:blank", DESKTOP, "light")
        try:
            return page.run(_LOOK % json.dumps(base64.b64encode(picture).decode()))
        finally:
            page.close()


class Page:
    """A tab. Whatever it asked for or complained about is in `requests` and `complaints`."""

    def __init__(self, browser, url, screen, theme):
        self._browser, self.url = browser, url
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        width, height, is_phone = screen
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=2 if is_phone else 1, mobile=is_phone)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        browser._events = [each for each in browser._events if each.get("sessionId") != self._session]
        self._call("Page.navigate", url=url)
        browser.wait(self._session, "Page.loadEventFired")

    def _call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def close(self):
        self._browser.call("Target.closeTarget", targetId=self._target)

    def run(self, script):
        """The value of an expression in the page, or of the promise that it gives."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserFailed(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    @property
    def requests(self):
        """Addresses that it asked for, besides its own."""
        asked = [each["params"]["request"]["url"] for each in self._browser.events(self._session)
                 if each["method"] == "Network.requestWillBeSent"]
        return [each for each in asked if each != self.url]

    @property
    def complaints(self):
        """What stands in the console: errors, refusals by the page's policy, and all else."""
        said = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        return [each["params"] for each in self._browser.events(self._session) if each["method"] in said]

    def contrasts(self):
        return self.run(_CONTRASTS)

    # As somebody who sits before it

    def click(self, selector):
        place = self.run(f"(() => {{ const each = document.querySelector({json.dumps(selector)});"
                         "each.scrollIntoView({block: 'center'}); const box = each.getBoundingClientRect();"
                         "return {x: box.x + box.width / 2, y: box.y + box.height / 2} })()")
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def type(self, text):
        self._call("Input.insertText", text=text)

    def picture(self):
        """A screenshot of the whole page, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"])
