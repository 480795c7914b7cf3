"""The stores Tagstream reads and writes: Kafka, MySQL, ClickHouse, HBase, Flink's REST. One module a store."""
