"""GET /sources: the catalogue as an editor offers it."""

from api import create_app
from stores.settings import Settings
from tagging.sources import CATALOG
from tests.fakes.api_stores import AT_MS, seeded


def test_every_source_is_told_with_what_a_form_may_name():
    client = create_app(Settings(), seeded().stores(), clock=lambda: AT_MS).test_client()
    found = {source["name"]: source for source in client.get("/api/v1/sources").json["sources"]}
    assert list(found) == sorted(CATALOG)
    assert [name for name in found if found[name]["in_forms"]] == ["events", "orders", "users"]
    assert [name for name in found if found[name]["one_row_a_user"]] == ["users"]
    assert found["events"]["texts"] == ["event_type", "item_id", "event_id"]
    orders = found["orders"]
    assert orders["numbers"] == ["quantity", "amount", "discount"]
    assert orders["texts"] == ["product_id", "coupon", "status", "shipping_address", "order_id"]
    assert {"name": "amount", "type": "DECIMAL(12, 2)"} in orders["columns"]
    assert (orders["key"], orders["time_column"]) == ("order_id", "ordered_at")
