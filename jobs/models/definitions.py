"""The built-in models: files in `sql/models/`. Where the registry holds another text of one, the file's is the newer."""

from __future__ import annotations

from collections.abc import Mapping

import sql


def builtin() -> Mapping[str, str]:
    """Their texts by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sql.model_files()}
