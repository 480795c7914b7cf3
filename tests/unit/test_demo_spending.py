"""The shop's customers spend as real ones do: a model of expected spend learns from its past, without any service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from deploy.demo.generator import Generator
from deploy.demo.history import History, Tables
from deploy.demo.memory import MemoryLog, MemoryRows
from deploy.demo.order_states import is_last
from deploy.demo.personas import traits_of
from deploy.demo.shop import Shop
from deploy.demo.shop_state import ShopConfig, ShopState
from deploy.demo.stats import Stats
from jobs.models import definitions
from jobs.models.spending import SpendTrainer, buyer_of
from prediction.definition import parse_model
from prediction.lifetime import from_bytes
from prediction.lifetime_training import NORMAL_95
from prediction.training import part_of
from stores.features import DAY_MS
from stores.models.registry import ModelVersion
from stores.purchases import Bought, Period
from tests.fakes.memory_models import MemoryModels

END_MS = 20_700 * DAY_MS + 12_345
END = END_MS // DAY_MS
TEXT = definitions.builtin()["spends_in_30_days"]
MODEL = parse_model(TEXT)
SPLIT = END - MODEL.label.horizon_days
HISTORY = History(END_MS, messages=50_000, users=1_200)


class Orders:
    """Purchases of the rows of `orders` as sql/clickhouse/models/purchases.sql counts them, of a table known from its beginning."""

    def __init__(self, rows: Sequence[dict]) -> None:
        self.rows = rows

    def bought(self, orders, period, below, from_hash="") -> Sequence[Bought]:
        spent: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for row in self.rows:
            day = row["ordered_at"] // DAY_MS
            if row["status"] not in orders.without and period.from_day <= day < period.before_day:
                spent[row["user_id"]][day] += float(row["amount"])
        return [
            Bought(
                user_id,
                len(days),
                min(days),
                max(days),
                sum(days.values()),
                sum(amount for day, amount in days.items() if day >= period.recent_day),
            )
            for user_id, days in sorted(spent.items())
        ]


def past() -> tuple[Shop, Orders]:
    config = HISTORY.config(ShopConfig(seed=1))
    shop, tables = Shop(config, ShopState(config, "h", HISTORY.begins_ms)), Tables()

    def changes() -> Iterator:
        yield from shop.open(HISTORY.first_users).changes
        for now_ms, count in HISTORY.ticks():
            yield from shop.advance(now_ms, count, END_MS).changes

    for change in changes():
        tables.apply(change)
    return shop, Orders(list(tables.rows["orders"].values()))


@pytest.fixture(scope="module")
def shop() -> tuple[Shop, Orders]:
    return past()


@pytest.fixture(scope="module")
def trained(shop: tuple[Shop, Orders]) -> tuple[MemoryModels, ModelVersion]:
    models = MemoryModels()
    *_, made = SpendTrainer(models, shop[1], HISTORY.users).train(MODEL, TEXT, END_MS, "ann", END_MS)
    return models, made


def test_the_built_in_model_learns_from_the_shops_past_and_the_population_has_a_mean_spend(trained):
    models, made = trained
    spend = from_bytes(models.file(made.sha256)).spend
    assert 2 < spend.q < 8
    assert 50 < spend.expected(np.zeros(1), np.zeros(1))[0] < 300


def test_of_people_not_learned_from_it_says_more_than_the_mean(shop, trained):
    models, made = trained
    lifetime, orders = from_bytes(models.file(made.sha256)), MODEL.orders
    before, after = Period(SPLIT, END_MS), Period(END, END_MS, SPLIT)
    then = {each.user_id: each.spend for each in shop[1].bought(orders, after, "")}
    held = [each for each in shop[1].bought(orders, before, "") if part_of(each.user_id) < MODEL.training.held_out]
    said = [expected.value for expected in lifetime.expected([buyer_of(each, SPLIT) for each in held])]
    happened = [then.get(each.user_id, 0.0) for each in held]
    # The population's mean is one number for all, which correlates with nothing; by chance so many would with this width.
    assert np.corrcoef(said, happened)[0, 1] > NORMAL_95 / len(held) ** 0.5
    assert made.metrics["rmse"] < made.metrics["rmse_of_mean"]


def test_what_one_customer_spends_scatters_less_than_what_customers_do(shop):
    days: dict[str, list[float]] = defaultdict(list)
    for row in shop[1].rows:
        days[row["user_id"]].append(np.log(float(row["amount"])))
    often = [values for values in days.values() if len(values) > 2]
    within = np.mean([np.var(values, ddof=1) for values in often])
    between = np.var([np.mean(values) for values in often])
    assert len(often) > 100 and 0.1 < within < 1 and 0.1 < between < 1


def test_the_rows_alone_tell_who_has_left(shop):
    left = shop[0].state.left
    last = {row["user_id"] for row in shop[1].rows if is_last(1, row["order_id"], traits_of(1, row["user_id"]))}
    assert 50 < len(left) == len(last) and left == last


def test_who_left_is_not_back_when_the_shop_opens_again(tmp_path):
    file = tmp_path / "generator.json"
    made = Generator(MemoryLog(), MemoryRows(), Stats.load(file, 1), file, lambda: END_MS)
    made.make_history(20, 3_000, 200, lambda sent, total: None)
    opened = made.reopen(20_000)
    assert opened.state.left
    assert not {opened.state.draw_user() for _ in range(2_000)} & opened.state.left
