"""A deployment's own source tables in a process that is started with their folder."""

import subprocess
import sys
from pathlib import Path

from tagging.sources import CATALOG
from tests.unit.test_own_sources import REVIEWS

IN_A_PROCESS = """
from stores.settings import load
from stores.kafka import source_topics
from deploy.local.services.connect import shared_settings
from jobs.flink_sources import source_statements
from tagging.compiler import compile_tag
from tagging.definition import parse_definition
settings = load()
print(*(topic.name for topic in source_topics(settings)))
print(shared_settings("shop")["table.include.list"])
print("\\n".join(source_statements(["reviews"], settings, "tags")))
print(*compile_tag(parse_definition(open(sys.argv[1]).read())).sources)
"""
TAG = """-- name: happy_30d
-- title: Happy reviews
-- description: Reviews with four stars and more in thirty days.
-- type: integer
-- dimension: behaviour
-- owner: growth
SELECT user_id, COUNT(*) AS value FROM LAST(reviews, INTERVAL '30' DAY) WHERE stars >= 4 GROUP BY user_id
"""


def test_a_process_that_reads_its_settings_knows_ones_own_tables(tmp_path: Path):
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "reviews.toml").write_text(REVIEWS)
    (tmp_path / "tag.sql").write_text(TAG)
    found = subprocess.run(
        [sys.executable, "-c", "import sys" + IN_A_PROCESS, str(tmp_path / "tag.sql")],
        env={"TAGSTREAM_SOURCES": str(folder), "PATH": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert "cdc.shop.reviews" in found.splitlines()[0]
    assert found.splitlines()[1] == "shop.users,shop.products,shop.orders,shop.reviews"
    assert "CREATE TEMPORARY VIEW `reviews`" in found
    assert found.splitlines()[-1] == "reviews" and "reviews" not in CATALOG
