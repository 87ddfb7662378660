"""Which declared benefits need more than the amount: packaged data of the programme, read once."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from submission.domain.completeness import BenefitLimits


@cache
def benefit_limits() -> BenefitLimits:
    """The limits of data/benefit.json."""
    text = resources.files("submission").joinpath("data/benefit.json").read_text(encoding="utf-8")
    return BenefitLimits(**json.loads(text))
