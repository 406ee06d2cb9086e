"""What lies at the partner that waits to be asked. Invented people only. Thread-safe."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bus.simulators.options import ListsOptions
from bus.simulators.people import AGENCY, AGENCY_NAME, officer, person, step_action

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")
_TOGETHER = 3  # rows that share one moment: a page's edge falls between them sooner or later


class ListsStore:
    """Rows and letters in memory."""

    def __init__(self, options: ListsOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._repeat_page = options.repeat_page
        self._page_most = options.page_most
        self._began = (datetime.now(_HERE) - timedelta(days=1)).replace(microsecond=0)
        self.reset()

    def reset(self) -> None:
        """Nothing lies there any more. Numbers go on."""
        with self._lock:
            self._rows: dict[str, dict[str, object]] = {}
            self._steps: list[dict[str, object]] = []
            self._letters: dict[str, dict[str, object]] = {}
            self._told: dict[str, list[str]] = {}
            self._next = getattr(self, "_next", self._options.first)

    def set(self, given: Mapping[str, object]) -> None:
        """What can be changed while it runs."""
        with self._lock:
            self._repeat_page = bool(given.get("repeat_page", self._repeat_page))
            most = given.get("page_most", self._page_most)
            if not isinstance(most, int) or most < 0:
                raise ValueError("page_most must be a number, 0 or more")
            self._page_most = most

    def add(self, dossiers: int, *, steps: int, letters: int) -> dict[str, object]:
        """New dossiers with their steps in the lists, and new letters in the inbox."""
        with self._lock:
            codes = [self._add_row(steps) for _ in range(dossiers)]
            ids = [self._add_letter() for _ in range(letters)]
        return {"codes": codes, "letters": ids}

    def _add_row(self, steps: int) -> str:
        number = self._take_number()
        code = f"{self._options.prefix}-{number:06d}"
        self._rows[code] = self._dossier(code, number)
        for step in range(1, steps + 1):
            at = self._began + timedelta(hours=step)
            worker = officer(step - 1)
            self._steps.append({
                "so": len(self._steps) + 1, "ma_ho_so": code, "nguoi_xu_ly": worker.name, "phong_ban": worker.office,
                "luc": at.isoformat(), "noi_dung": f"[{step}/{steps}] {step_action(step)}", "trang_thai": "4",
            })  # fmt: skip
        return code

    def _add_letter(self) -> str:
        number = self._take_number()
        id = f"VB-{self._options.seed}-{number:06d}"
        self._letters[id] = self._dossier(f"{self._options.prefix}-V{number:06d}", number)
        return id

    def _take_number(self) -> int:
        number, self._next = self._next, self._next + 1
        return number

    def _dossier(self, code: str, number: int) -> dict[str, object]:
        somebody = person(number, seed=self._options.seed + 400)
        row: dict[str, object] = {
            "ma_ho_so": code,
            "ma_thu_tuc": "9.999001",
            "ma_don_vi": AGENCY,
            "ten_don_vi": AGENCY_NAME,
            "nguoi_nop": {
                "ho_ten": somebody.name, "so_giay_to": somebody.identity, "dien_thoai": somebody.mobile,
                "dia_chi": somebody.address,
            },
            "trich_yeu": "Đề nghị cấp giấy phép thử nghiệm",
            "ngay_tiep_nhan": self._began.isoformat(),
            "ngay_hen_tra": (self._began + timedelta(days=20)).isoformat(),
            "trang_thai": "2",
            "cap_nhat_luc": self._moment(number),
        }  # fmt: skip
        coin = random.Random(f"invalid:{self._options.seed}:{number}").random()  # noqa: S311  # a simulator's dice
        if coin < self._options.invalid_rate:
            row["ngay_tiep_nhan"] = "31/02/2026"
        return row

    def _moment(self, number: int) -> str:
        at = self._began + timedelta(seconds=number // _TOGETHER + self._options.skew_s)
        return at.isoformat()

    def touch(self, count: int) -> list[str]:
        """The oldest rows change, and go to the end of the list."""
        with self._lock:
            codes = [str(row["ma_ho_so"]) for row in self._sorted()][:count]
            for code in codes:
                self._rows[code] |= {"trang_thai": "4", "cap_nhat_luc": self._moment(self._take_number())}
            return codes

    # ---------------------------------------------------------------- lists

    def dossiers(self, since: str, page: int, size: int) -> dict[str, object]:
        """Rows changed at or after a moment, sorted by it."""
        with self._lock:
            size = min(size, self._page_most) if self._page_most else size
            rows = [row for row in self._sorted() if not since or _at(row["cap_nhat_luc"]) >= _at(since)]
            start = 0 if self._repeat_page else (page - 1) * size
            if self._repeat_page:
                rows = self._sorted()
            return {"ma": "0", "con_lai": max(0, len(rows) - start - size), "ho_so": rows[start : start + size]}

    def _sorted(self) -> list[dict[str, object]]:
        return sorted(self._rows.values(), key=lambda row: (_at(row["cap_nhat_luc"]), str(row["ma_ho_so"])))

    def steps(self, since: int, size: int) -> dict[str, object]:
        """Steps numbered at or after a number."""
        with self._lock:
            size = min(size, self._page_most) if self._page_most else size
            found = self._steps[max(0, since - 1) :]
            return {"ma": "0", "con_lai": max(0, len(found) - size), "buoc": found[:size]}

    # ---------------------------------------------------------------- inbox

    def inbox(self, size: int) -> dict[str, object]:
        """Letters that nobody acknowledged."""
        with self._lock:
            waiting = [id for id in self._letters if not self._told.get(id)]
            listed = [{"docId": id, "messageType": "ho_so", "from": "H99.12"} for id in waiting[:size]]
            return {"status": "OK", "ErrorCode": "0", "total": len(waiting), "data": listed}

    def document(self, id: str) -> dict[str, object]:
        """One letter."""
        with self._lock:
            letter = self._letters.get(id)
            if letter is None:
                return {"status": "FAIL", "ErrorCode": "18", "ErrorDesc": "unknown docId"}
            return {"status": "OK", "ErrorCode": "0", "data": letter}

    def acknowledge(self, given: Mapping[str, object]) -> dict[str, object]:
        """One letter leaves the inbox."""
        id, status = str(given.get("docId", "")), str(given.get("status", ""))
        with self._lock:
            if id not in self._letters or status not in ("done", "fail", "processing"):
                return {"status": "FAIL", "ErrorCode": "18", "ErrorDesc": "unknown docId or status"}
            self._told.setdefault(id, []).append(status)
            return {"status": "OK", "ErrorCode": "0"}

    def offer_again(self) -> int:
        """As if all acknowledgements had been lost."""
        with self._lock:
            count = len(self._told)
            self._told.clear()
            return count

    # ---------------------------------------------------------------- looking

    def counts(self) -> dict[str, object]:
        """Sizes."""
        with self._lock:
            done = sum("done" in told for told in self._told.values())
            return {
                "rows": len(self._rows), "steps": len(self._steps), "inbox": len(self._letters), "done": done,
                "failed": sum("fail" in told for told in self._told.values()),
                "told_twice": sum(len(told) > 1 for told in self._told.values()),
            }  # fmt: skip

    def letters(self) -> dict[str, list[str]]:
        """What was said of each letter."""
        with self._lock:
            return {id: list(self._told.get(id, ())) for id in self._letters}

    def codes(self) -> list[str]:
        """Of all dossiers, in the lists and in the inbox."""
        with self._lock:
            return [*self._rows, *(str(letter["ma_ho_so"]) for letter in self._letters.values())]


def _at(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
