"""ClickHouse's HTTP interface over the embedded engine (chDB): clients use it exactly as they would a server."""
