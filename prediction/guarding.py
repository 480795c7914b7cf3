"""Whether what a learner has learned may be served: judged window by window against the frozen baseline and chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from prediction.prequential import Scorer, Scores

DOUBTFUL = 4.0
"""Standard errors. So far above a baseline's loss chance alone brings a model in one of 30,000 windows."""
SEVERE = 8.0
"""So far above there is no second window to wait for: whatever is learned meanwhile is served to people."""
PATIENCE = 2


class Health(StrEnum):
    """What a learner's weights are good for.

    warming: no window with both labels has shown yet that they do no worse than the baselines; they are not served. good: served. doubtful: the
    newest window was bad; new weights are held back. frozen: nothing is learned until a person releases the model.
    """

    WARMING = "warming"
    GOOD = "good"
    DOUBTFUL = "doubtful"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Guard:
    """The judgement so far. `bad_windows`: how many were bad on end; `reason`: why it is doubtful or frozen."""

    health: Health = Health.WARMING
    bad_windows: int = 0
    reason: str = ""

    def judge(self, window: int, scores: Scores) -> Guard:
        """The judgement after one more window.

        A window is bad where the learner's log-loss is above a baseline's by more than chance explains. `PATIENCE` bad ones on
        end, or a very bad one, freeze a model that was good; one that is still warming is not served anyway.
        """
        if self.health is Health.FROZEN:
            return self
        if self.health is Health.WARMING and len(set(scores.labels.tolist())) < 2:
            # Positives are decided at once and negatives when their time is over: until then there is nothing to tell apart.
            return replace(self, reason=f"window {window}: all labels are {int(scores.labels[0])}")
        found = {than: scores.worse_by(Scorer.ONLINE, than) for than in (Scorer.FROZEN, Scorer.CHANCE)}
        worst = max(found, key=found.__getitem__)
        if found[worst] <= DOUBTFUL:
            return Guard(Health.GOOD)
        reason = f"window {window}: log-loss above that of {worst} by {found[worst]:.1f} standard errors"
        if self.health is Health.WARMING:
            return replace(self, reason=reason)
        bad = self.bad_windows + 1
        freezes = bad >= PATIENCE or found[worst] > SEVERE
        return Guard(Health.FROZEN if freezes else Health.DOUBTFUL, bad, reason)
