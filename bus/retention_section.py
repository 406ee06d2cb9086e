"""The section of the settings that says how long bodies are kept, as pydantic reads it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bus.retention import MINIMUM_DAYS, RetentionRules


class RetentionSettings(BaseModel):
    """Off unless days are said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_days: int = Field(default=0, ge=0)  # after the end of a message's way; 0 = bodies stay
    kinds: Mapping[str, int] = Field(default_factory=dict)  # other days for a kind; 0 = its bodies stay

    @model_validator(mode="after")
    def _not_at_once(self) -> RetentionSettings:
        for name, days in (("body_days", self.body_days), *((f"kinds.{kind}", n) for kind, n in self.kinds.items())):
            if days < 0 or 0 < days < MINIMUM_DAYS:
                raise ValueError(
                    f"{name}: 0 (giữ mãi) hoặc ít nhất {MINIMUM_DAYS} ngày / 0 (kept) or at least {MINIMUM_DAYS} days"
                )
        return self

    def rules(self, *, stamped: bool) -> RetentionRules:
        """As the job takes them."""
        return RetentionRules(self.body_days, dict(self.kinds), stamped)
