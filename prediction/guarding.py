"""Whether what a learner has learned may be served: judged window by window against the frozen baseline and chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from prediction.prequential import Scorer, Scores

BAD_FROM = {Scorer.FROZEN: 4.0, Scorer.CHANCE: 1.0}
"""Standard errors of a window. A learner may lag a good baseline for a while; one that knows anything is never behind chance."""
SURE = 4.0
"""Standard errors of bad windows on end, taken together. Chance alone brings a model so far once in 30,000 times."""
SEVERE = 6.0
"""So far above there is no second window to wait for: whatever is learned meanwhile is served to people."""
PATIENCE = 2


class Health(StrEnum):
    """What a learner's weights are good for.

    warming: no window with both labels has shown yet that they do no worse than the baselines; they are not served. good:
    served. doubtful: the newest window was bad; new weights are held back. frozen: nothing is learned until a person releases
    the model.
    """

    WARMING = "warming"
    GOOD = "good"
    DOUBTFUL = "doubtful"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Guard:
    """The judgement so far. `bad_windows`: how many were bad on end; `errors`: their standard errors added up; `reason`: why the
    model is not good.
    """

    health: Health = Health.WARMING
    bad_windows: int = 0
    errors: float = 0.0
    reason: str = ""

    def judge(self, window: int, scores: Scores) -> Guard:
        """The judgement after one more window.

        A window is bad where the learner's log-loss is above a baseline's by more than `BAD_FROM`. Bad ones on end that leave no
        doubt together (Stouffer's method), or a very bad one, freeze a model that was good; one that is warming is not served.
        """
        if self.health is Health.FROZEN:
            return self
        if self.health is Health.WARMING and len(set(scores.labels.tolist())) < 2:
            # Positives are decided at once and negatives when their time is over: until then there is nothing to tell apart.
            return replace(self, reason=f"window {window}: all labels are {int(scores.labels[0])}")
        found = {than: scores.worse_by(Scorer.ONLINE, than) for than in BAD_FROM}
        worst = max(found, key=lambda than: found[than] - BAD_FROM[than])
        if found[worst] <= BAD_FROM[worst]:
            return Guard(Health.GOOD)
        reason = f"window {window}: log-loss above that of {worst} by {found[worst]:.1f} standard errors"
        if self.health is Health.WARMING:
            return replace(self, reason=reason)
        bad, errors = self.bad_windows + 1, self.errors + found[worst]
        sure = bad >= PATIENCE and errors / math.sqrt(bad) >= SURE
        return Guard(Health.FROZEN if sure or found[worst] >= SEVERE else Health.DOUBTFUL, bad, errors, reason)
