"""A person before the console: opens pages, reads them, and notices what a browser complains of."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

GENEROUS_MS = 60_000
SERIOUS = ("serious", "critical")


class Looker:
    """A page of the console; `complaints` is what its program or the browser has to say."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._url = url
        page.set_default_timeout(GENEROUS_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def opens(self, place: str = "") -> "Looker":
        """Open a page of the console."""
        self.page.goto(f"{self._url}/console/{place}")
        return self

    def reads(self, *texts: str) -> "Looker":
        """Wait until all of these are to be read."""
        for text in texts:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()
        return self

    def is_served_well(self) -> None:
        """See that a blind person is served as well, and whoever sees little: axe finds nothing."""
        found = Axe().run(self.page).response["violations"]
        serious = [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in found
            if one["impact"] in SERIOUS
        ]
        assert not serious, serious

    def _heard(self, message: ConsoleMessage) -> None:
        # A refusal, or a gateway that is gone, is shown on the page; the browser tells it as well.
        told = "Failed to load resource" in message.text or "net::ERR" in message.text
        if message.type == "error" and not told:
            self.complaints.append(message.text)
