"""How good a version of a model is, in a line."""

from __future__ import annotations

from collections.abc import Mapping


def measures(found: Mapping[str, object]) -> str:
    """The few numbers that tell how good a version is, on people it has not seen."""
    if "rmse" in found:
        return (
            f"error {found['rmse']:.2f} (last period {found['rmse_of_last_period']:.2f}, mean {found['rmse_of_mean']:.2f}), gain "
            f"{found['gain']:.1%} (95 %: {found['gain_low']:.1%} to {found['gain_high']:.1%}), {found['rows']} people"
        )
    if "auc" in found and found["auc"] is not None:
        return (
            f"AUC {found['auc']:.3f} ± {found['auc_error']:.3f}, log-loss {found['log_loss']:.4f} "
            f"(chance {found['log_loss_of_chance']:.4f}), calibration error {found['calibration_error']:.3f}, "
            f"{found['rows']} rows"
        )
    return (
        f"accuracy {found['accuracy']:.3f} (chance {found['accuracy_of_chance']:.3f}), log-loss {found['log_loss']:.4f} "
        f"(chance {found['log_loss_of_chance']:.4f}), {found['rows']} rows"
    )
