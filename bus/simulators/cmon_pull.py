"""The desk's other half: fetches online dossiers, keeps them once, acknowledges, then works on them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from lxml import etree

from bus.simulators.book import Book, Taken
from bus.simulators.cmon_scripts import DeskDossier, Scripts
from bus.simulators.cmon_soap import Voice, read_reply, returned_element
from bus.simulators.desk import Desk, Line, Meaning, Reply
from bus.simulators.ledger import Item
from bus.simulators.options import CmonOptions
from bus.simulators.switches import Fate


class Puller:
    """One thread that fetches every so often, or when told to."""

    def __init__(self, book: Book, options: CmonOptions, voice: Voice, *, scripts: Scripts, desk: Desk) -> None:
        self._book, self._options, self._voice = book, options, voice
        self._scripts, self._desk = scripts, desk
        self._line = Line(options.timeout_s)
        self._known: dict[int, str] = {}  # onlineId → our code
        self._random = random.Random(f"ack:{options.seed}")  # noqa: S311  # a simulator's dice
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.ack_loss = options.ack_loss
        self.every_s = options.pull_s
        self._thread: threading.Thread | None = None

    def know(self, online_id: int, code: str) -> None:
        """An earlier run has it already."""
        self._known[online_id] = code

    def start(self) -> None:
        """Begins to fetch by itself, if it is to."""
        self._thread = threading.Thread(target=self._work, name="puller", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            every_s = self.every_s
            if every_s > 0:
                self.pull()
            self._stop.wait(every_s or 0.2)

    def pull(self) -> int:
        """Fetches until nothing more is said to wait. Returns how many new dossiers came."""
        with self._lock:
            fresh = 0
            while not self._stop.is_set():
                new, more = self._once()
                fresh += new
                if not more:
                    return fresh
        return fresh

    def _once(self) -> tuple[int, bool]:
        begin = time.time()
        call = self._book.next_call()
        reply = self._line.post(self._options.door, self._voice.envelope("pullDocument"), self._voice.headers())
        said, returned = read_reply(reply), returned_element(reply)
        if said.meaning is not Meaning.ACCEPTED or returned is None:
            self._book.mark(f"pull_code_{said.code}")
            return 0, False
        documents = returned.findall("onlineDocumentSoapList")
        if not documents:
            return 0, False
        kept = [self._keep(one) for one in documents]
        taken = [one for one, _ in kept]
        self._book.received(call, "pullDocument", taken, begin=begin, fate=Fate.NORMAL, code=said.code)
        self._book.answered(call, "replied")
        self._acknowledge([int(one.findtext("onlineId", "0")) for one in documents])
        new = [dossier for _, dossier in kept if dossier is not None]
        if self._options.pulled_steps:
            self._desk.submit(self._scripts.online(dossier) for dossier in new)
        # A page of nothing but old acquaintances was not acknowledged: come again later.
        return len(new), returned.findtext("conTiep", "0") == "1" and bool(new)

    def _keep(self, document: etree._Element) -> tuple[Taken, DeskDossier | None]:
        def text(name: str) -> str:
            return document.findtext(name, "").strip()

        online_id = int(text("onlineId") or "0")
        again = online_id in self._known
        kind = text("maLoaiHoSo") or "ON"
        code = self._known.setdefault(online_id, f"{kind}-ON-{self._options.seed:02d}{online_id:06d}")
        names = tuple(one for one in (code, f"online:{online_id}", text("email").lower(), text("soCmnd")) if one)
        name = text("chuSoHuuHoSo")
        item = Item("ho_so", code, 0, names=names, content={"name": name} if name else {})
        dossier = None if again else DeskDossier(code, names[:2], online_id, self._options.pulled_steps)
        return Taken(item, committed=True, again=again), dossier

    def _acknowledge(self, ids: list[int]) -> None:
        told = [one for one in ids if self._random.random() >= self.ack_loss]
        self._book.marks["acks_forgotten"] += len(ids) - len(told)
        if not told:
            return
        reply = self._repeat(
            lambda: self._line.post(self._options.door, self._voice.signal(told), self._voice.headers())
        )
        self._book.mark(f"ack_code_{read_reply(reply).code}")

    def _repeat(self, post: Callable[[], Reply]) -> Reply:
        """Acknowledging may be repeated; after a few tries the dossier is simply offered again."""
        reply = post()
        for _ in range(3):
            if read_reply(reply).meaning is not Meaning.AGAIN or self._stop.wait(self._options.retry_s):
                break
            reply = post()
        return reply

    def close(self) -> None:
        """Stops fetching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        self._line.close()
