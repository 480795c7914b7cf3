"""`python -m deploy.demo.submit`: the demo's jobs on Flink, a line each as `tagstream jobs submit` and `learning submit` say it.

One process for both: the second is planned in a Java machine that is warm, before the first is deep in what it missed.
"""

from __future__ import annotations

import sys

from jobs import __main__ as tag_jobs
from jobs import learning


def main() -> int:
    """The status of the first submission that failed, else 0."""
    for app in (tag_jobs.app, learning.app):
        status = app(["submit"], standalone_mode=False)
        if status:
            return int(status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
