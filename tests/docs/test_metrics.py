"""Metrics are documented, and the example alert rules speak of metrics that exist."""

from __future__ import annotations

import re

import pytest

from bus.watch.liveness import Condition
from bus.watch.stuck import Reason
from bus.web.metric_list import METRICS, Kind
from tests.docs.generate import ROOT, pages

RULES = ROOT / "docs" / "examples" / "canh_bao" / "lienthong.rules.yml"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_metric_condition_and_reason_is_documented(language: str) -> None:
    """What an operator may see in a dashboard can be looked up."""
    page = pages()[f"{language}/metrics.md"]
    names = [metric.name for metric in METRICS] + [one.value for one in (*Condition, *Reason)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_alert_rules_name_metrics_that_exist() -> None:
    """A rule over a metric that does not exist never fires, and nobody notices."""
    known = set()
    for metric in METRICS:
        ends = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        known |= {metric.name + end for end in ends}
    text = RULES.read_text(encoding="utf-8")
    used = {name for line in re.findall(r"expr: (.*)", text) for name in re.findall(r"\blienthong_\w+", line)}
    assert used - known == set()
    assert len(used) > 8


def test_alert_rules_speak_both_languages() -> None:
    """Each alert has its sentence in Vietnamese and in English, and says how urgent it is."""
    alerts = RULES.read_text(encoding="utf-8").split("- alert: ")[1:]
    assert len(alerts) > 8
    for alert in alerts:
        assert re.search(r'^ +vi: ".+"$', alert, re.MULTILINE), alert
        assert re.search(r'^ +en: ".+"$', alert, re.MULTILINE), alert
        assert re.search(r"severity: (page|ticket)", alert), alert
