"""What the doctor looks at, step by step. A step yields findings and never raises: what it meets is a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bus.doctor import encryption, hours, moving, partners, stores, surroundings
from bus.doctor.finding import Finding
from bus.ownership import owner
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    settings: Settings
    pid: int  # of the `lienthong up` that runs on the data folder; 0 = none
    quick: bool = False  # leave out what takes long: the whole chain of the journal

    @classmethod
    def of(cls, settings: Settings, *, quick: bool = False) -> Patient:
        """The bus these settings describe."""
        return cls(settings, owner(settings.data), quick)


@dataclass(frozen=True, slots=True)
class Step:
    """One look."""

    name: str
    vi: str  # for the progress line
    run: Callable[[Patient], Iterator[Finding]]
    waits: bool = False  # for somebody who may not answer: begun first, beside the others


STEPS = (
    Step("data", "thư mục dữ liệu", lambda p: surroundings.look_at_data(p.settings)),
    Step("bus", "bus", lambda p: surroundings.look_at_bus(p.settings, pid=p.pid), waits=True),
    Step("journal", "nhật ký", lambda p: stores.look_at_journal(p.settings)),
    Step("encryption", "khóa nội dung", lambda p: encryption.look_at_encryption(p.settings, quick=p.quick)),
    Step("chain", "chuỗi bằng chứng", lambda p: iter(()) if p.quick else stores.look_at_chain(p.settings)),
    Step("queue", "hàng đợi", lambda p: stores.look_at_queue(p.settings, running=bool(p.pid)), waits=True),
    Step("watch", "tiến triển", lambda p: moving.look_at_moving(p.settings, running=bool(p.pid)), waits=True),
    Step("clock", "đồng hồ", lambda p: surroundings.look_at_clock(p.settings)),
    Step("keys", "khoá và bí mật", lambda p: partners.look_at_keys(p.settings)),
    Step("systems", "hệ thống và tuyến", lambda p: partners.look_at_systems(p.settings)),
    Step("hours", "giờ nhận", lambda p: hours.look_at_hours(p.settings)),
    Step("endpoints", "điểm nhận", lambda p: partners.look_at_endpoints(p.settings), waits=True),
)


def _all(step: Step, patient: Patient) -> list[Finding]:
    return list(step.run(patient))


def look_at_all(patient: Patient, *, on_step: Callable[[Step], None] = lambda _: None) -> Iterator[Finding]:
    """All findings, in the order of the steps. Who does not answer is waited for once, not one after the other."""
    waiting = [step for step in STEPS if step.waits]
    with ThreadPoolExecutor(max_workers=len(waiting)) as threads:
        answers = {step.name: threads.submit(_all, step, patient) for step in waiting}
        for step in STEPS:
            on_step(step)
            yield from answers[step.name].result() if step.waits else step.run(patient)
