"""The sources in Flink's words."""

import re

import pytest

from jobs.flink_sources import inputs_of, kafka_properties, literal, source_statements
from stores.settings import Flink, Kafka, Settings

ALL = ("events", "users", "products", "orders")
BARRIER = {
    topic: {0: 12, 1: 0}
    for topic in ("events", "identities", "clock", "cdc.shop.users", "cdc.shop.products", "cdc.shop.orders")
}


def without_bounds(statement):
    return re.sub(r",\s*'scan\.bounded[^,\n]*(,[^,\n]*offset:\d+)*'", "", statement)


@pytest.mark.parametrize("cdc_format", ["debezium", "canal"])
def test_stream_and_batch_differ_by_the_bounds_alone(cdc_format):
    settings = Settings(cdc_format=cdc_format)
    stream = source_statements(ALL, settings, "tags")
    batch = source_statements(ALL, settings, "tags", BARRIER)
    assert stream != batch
    for streamed, bounded in zip(stream, batch, strict=True):
        lines = [line for line in bounded.splitlines() if "scan.bounded" not in line]
        assert [line.rstrip(",") for line in lines] == [line.rstrip(",") for line in streamed.splitlines()]


def test_a_batch_run_reads_each_partition_up_to_the_barrier():
    text = "\n".join(source_statements(["events"], Settings(), "tags", BARRIER))
    assert "'scan.bounded.specific-offsets' = 'partition:0,offset:12;partition:1,offset:0'" in text


def test_both_formats_give_tags_the_same_columns():
    def views(cdc_format):
        statements = source_statements(ALL, Settings(cdc_format=cdc_format), "tags")
        found = [s for s in statements if "CREATE TEMPORARY VIEW" in s and "ROW_NUMBER" in s]
        return [s.split("FROM (")[0].split("CREATE TEMPORARY VIEW")[1] for s in found]

    assert views("debezium") == views("canal")


def test_a_column_that_mysql_no_longer_has_is_an_error_not_a_null():
    for cdc_format in ("debezium", "canal"):
        tables = [s for s in source_statements(["users"], Settings(cdc_format=cdc_format), "t") if "users_log` (" in s]
        assert tables and all("'json.fail-on-missing-field' = 'true'" in table for table in tables)


def test_identities_are_read_with_every_source_that_names_a_user_and_before_it():
    assert inputs_of(["products"], Settings()) == ["products", "clock"]
    assert inputs_of(["lifecycle__v1"], Settings()) == ["lifecycle__v1", "clock"]
    assert inputs_of(["orders", "events"], Settings()) == ["identities", "events", "orders", "clock"]


def test_where_nobody_can_be_merged_sources_are_read_as_they_were_logged():
    without = Settings(flink=Flink(merges=False))
    assert inputs_of(["orders", "events"], without) == ["events", "orders", "clock"]
    text = "\n".join(source_statements(["orders", "events"], without, "t"))
    assert "identities" not in text
    assert "VIEW `orders` AS" in text
    assert "as_logged" not in text


@pytest.mark.parametrize(
    ("source", "joined", "own"),
    [
        ("events", ["user_id"], None),
        ("orders", ["user_id"], None),
        ("users", ["user_id", "referred_by"], "user_id"),
        ("scores", ["user_id"], "user_id"),
        ("products", [], None),
    ],
)
@pytest.mark.parametrize("cdc_format", ["debezium", "canal"])
def test_a_column_that_names_a_user_has_the_canonical_id_and_an_own_row_is_left_out_unless_it_is_the_canonical_ids(
    cdc_format, source, joined, own
):
    text = "\n".join(source_statements([source], Settings(cdc_format=cdc_format), "tags"))
    assert re.findall(r"LEFT JOIN `identities` AS `(\w+)__is`", text) == joined
    mapped = re.findall(r"COALESCE\(`\w+__is`.`canonical`, `row`.`\w+`\) AS `(\w+)`", text)
    assert mapped == [column for column in joined if column != own]
    assert re.findall(r"WHERE COALESCE\(.*\) = `row`.`(\w+)`", text) == ([own] if own else [])


def test_a_quote_in_an_option_stays_inside_it():
    assert literal("it's") == "'it''s'"


def test_credentials_reach_the_connector_with_quotes_escaped():
    kafka = Kafka(
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username='a"b',
        sasl_password="p\\w",
        ssl_ca_file="/ca",
    )
    found = kafka_properties(kafka)
    assert found["properties.security.protocol"] == "SASL_SSL"
    assert "ScramLoginModule" in found["properties.sasl.jaas.config"]
    assert r'username="a\"b" password="p\\w";' in found["properties.sasl.jaas.config"]
    assert found["properties.ssl.truststore.location"] == "/ca"
