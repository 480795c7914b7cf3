"""How the log is reached, and what a producer says when it cannot be."""

from __future__ import annotations

import pytest

from stores.kafka_client import KafkaUnavailable, Producer, client_options
from stores.settings import Kafka, Settings

NOWHERE = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"))


def test_credentials_and_certificates_come_from_the_settings():
    options = client_options(
        Kafka(
            bootstrap_servers="a:1,b:2",
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username="tagstream",
            sasl_password="secret",
            ssl_ca_file="/etc/ca.pem",
        )
    )
    wanted = {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "tagstream",
        "sasl.password": "secret",
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert {key: options[key] for key in wanted} == wanted


def test_a_plain_connection_names_no_credentials():
    assert not [key for key in client_options(Kafka()) if key.startswith(("sasl.", "ssl."))]


def test_a_message_that_is_not_delivered_is_an_error_that_names_the_servers():
    producer = Producer(NOWHERE, **{"message.timeout.ms": 300})
    producer.send("t", b"v", b"k")
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:1: message not delivered"):
        producer.flush(30)


def test_an_undelivered_message_is_told_once():
    producer = Producer(NOWHERE, **{"message.timeout.ms": 300})
    producer.send("t", b"v")
    with pytest.raises(KafkaUnavailable):
        producer.flush(30)
    producer.flush(30)


def test_a_flush_that_ends_too_early_is_an_error():
    producer = Producer(NOWHERE, **{"message.timeout.ms": 20_000})
    producer.send("t", b"v")
    with pytest.raises(KafkaUnavailable, match="1 messages not acknowledged"):
        producer.flush(0.1)


def test_a_message_that_is_too_large_is_refused_with_its_size():
    producer = Producer(NOWHERE, **{"message.max.bytes": 1_000})
    with pytest.raises(ValueError, match="topic t: a message of 5000 bytes"):
        producer.send("t", b"v" * 5_000)
