"""Catalogue, personas, orders and the walk down the funnel."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.catalogue import CATEGORIES, build_catalogue, by_category, category_of, product_ids
from deploy.demo.order_states import DELETED, LEGAL, course, remaining
from deploy.demo.people import move, register
from deploy.demo.personas import PERSONAS, Traits, traits_of
from deploy.demo.visits import COUPONS, LONGEST_WAIT_MS, Move, Shelves, Walk, money

EVENT_TYPES = {
    "main", "catalog", "product1", "product2", "cart", "delivery_choice", "delivery_courier", "delivery_pickup",
    "payment_choice", "payment_card", "payment_cash", "payment_done", "lost", "share", "review", "coupon_click",
    "search",
}  # fmt: skip
CATALOGUE = build_catalogue(1, 0)
SHELVES = Shelves({product.product_id: product for product in CATALOGUE}, by_category(CATALOGUE))


def walk(traits: Traits, buys: bool, seed: int = 0) -> list[Move]:
    return Walk(random.Random(seed), traits, SHELVES, "s", 9_000).moves(buys)


def users_like(persona: str, count: int) -> list[Traits]:
    """The first users of a persona."""
    found = (traits_of(1, f"u{number:07d}") for number in range(1, 1_000_000))
    matching = (traits for traits in found if traits.persona.name == persona)
    return [next(matching) for _ in range(count)]


def test_the_catalogue_has_300_products_in_12_categories_with_brands_and_prices() -> None:
    assert len(CATALOGUE) == 300 and len({product.category for product in CATALOGUE}) == 12
    assert all(product.price_cents >= 99 and product.brand in product.title for product in CATALOGUE)


def test_the_catalogue_is_the_same_for_the_same_seed_and_its_ids_for_every_seed() -> None:
    assert build_catalogue(1, 0) == CATALOGUE != build_catalogue(2, 0)
    assert tuple(p.product_id for p in build_catalogue(2, 0)) == product_ids()


def test_the_category_of_an_id_is_that_of_the_catalogues_product() -> None:
    assert all(category_of(product.product_id) == product.category for product in CATALOGUE)
    with pytest.raises(ValueError, match="not a product"):
        category_of("x17")


def test_a_shelf_goes_from_the_cheapest_to_the_dearest() -> None:
    for ids in SHELVES.categories.values():
        prices = [SHELVES.products[product_id].price_cents for product_id in ids]
        assert prices == sorted(prices) and len(prices) == 25


def test_the_personas_shares_add_up_to_one() -> None:
    assert sum(persona.share for persona in PERSONAS) == pytest.approx(1)


def test_traits_follow_from_seed_and_user_alone() -> None:
    assert traits_of(1, "u0000001") == traits_of(1, "u0000001") != traits_of(2, "u0000001")


def test_personas_are_drawn_by_their_shares() -> None:
    drawn = Counter(traits_of(1, f"u{number:07d}").persona.name for number in range(5_000))
    for persona in PERSONAS:
        assert drawn[persona.name] / 5_000 == pytest.approx(persona.share, abs=0.03)


def test_a_fraudster_has_many_addresses_and_others_have_few() -> None:
    assert min(len(traits.addresses) for traits in users_like("fraudster", 20)) >= 8
    assert max(len(traits.addresses) for traits in users_like("regular", 50)) <= 2


def test_interests_are_categories_of_the_catalogue() -> None:
    names = {category.name for category in CATEGORIES}
    assert all(set(traits_of(1, f"u{n}").interests) <= names for n in range(200))


@given(seed=st.integers(0, 10_000), number=st.integers(1, 9_999_999), buys=st.booleans())
def test_every_walk_uses_known_event_types_and_text_properties(seed: int, number: int, buys: bool) -> None:
    moves = walk(traits_of(seed, f"u{number:07d}"), buys, seed)
    assert moves[0].event_type in ("main", "catalog") and moves[0].wait_ms == 0
    for step in moves:
        assert step.event_type in EVENT_TYPES
        assert all(type(value) is str for pair in step.properties.items() for value in pair)
        assert 0 <= step.wait_ms <= LONGEST_WAIT_MS
        assert (step.item_id is not None) == (
            step.event_type in ("product1", "product2", "cart", "payment_done", "share", "review")
        )


@given(seed=st.integers(0, 10_000), number=st.integers(1, 9_999_999))
def test_a_walk_that_buys_goes_through_the_whole_funnel_and_one_that_does_not_never_pays(
    seed: int, number: int
) -> None:
    traits = traits_of(seed, f"u{number:07d}")
    types = [step.event_type for step in walk(traits, True, seed)]
    at = [types.index(stage) for stage in ("cart", "delivery_choice", "payment_choice", "payment_done")]
    assert at == sorted(at)
    assert traits.persona.burst[0] <= types.count("payment_done") <= traits.persona.burst[1]
    assert not any(step.purchase or step.event_type == "payment_done" for step in walk(traits, False, seed))


@given(seed=st.integers(0, 10_000), number=st.integers(1, 9_999_999))
def test_what_is_paid_is_price_times_quantity_less_the_coupon(seed: int, number: int) -> None:
    for step in walk(traits_of(seed, f"u{number:07d}"), True, seed):
        if step.purchase:
            bought = step.purchase
            full = SHELVES.products[bought.product_id].price_cents * bought.quantity
            assert bought.discount_cents == (full * COUPONS[bought.coupon] // 100 if bought.coupon else 0)
            assert bought.amount_cents == full - bought.discount_cents > 0


def average_price(persona: str) -> float:
    paid = defaultdict(list)
    for traits in users_like(persona, 60):
        for seed in range(5):
            for step in walk(traits, True, seed):
                if step.purchase:
                    ids = SHELVES.categories[SHELVES.products[step.purchase.product_id].category]
                    paid[persona].append(ids.index(step.purchase.product_id) / len(ids))
    return sum(paid[persona]) / len(paid[persona])


def test_bargain_hunters_buy_from_the_cheap_end_of_the_shelf_and_big_spenders_from_the_dear_end() -> None:
    assert average_price("bargain_hunter") < 0.35 < average_price("regular") < 0.62 < average_price("big_spender")


def part_with(persona: str, event_type: str) -> float:
    walks = [walk(traits, False, seed) for traits in users_like(persona, 60) for seed in range(5)]
    return sum(any(step.event_type == event_type for step in steps) for steps in walks) / len(walks)


def test_bargain_hunters_click_coupons_and_sharers_share_more_than_others() -> None:
    assert part_with("bargain_hunter", "coupon_click") > 4 * part_with("regular", "coupon_click")
    assert part_with("sharer", "share") > 4 * part_with("regular", "share")


@given(seed=st.integers(0, 10_000), number=st.integers(1, 99_999_999), persona=st.sampled_from(PERSONAS))
def test_the_course_of_an_order_is_legal_and_the_same_each_time(seed: int, number: int, persona) -> None:
    steps = course(seed, f"o{number:08d}", persona)
    assert steps == course(seed, f"o{number:08d}", persona)
    before = "placed"
    for step in steps:
        assert step.status in LEGAL[before] and step.hours > 0
        before = step.status
    assert before in ("delivered", "refunded", "cancelled", DELETED)


@given(number=st.integers(1, 99_999_999), persona=st.sampled_from(PERSONAS))
def test_what_remains_of_a_course_goes_on_from_the_status_reached(number: int, persona) -> None:
    steps = course(1, f"o{number:08d}", persona)
    reached = ["placed", *(step.status for step in steps)]
    for done, status in enumerate(reached[:-1]):
        assert remaining(steps, status) == steps[done:]
    assert remaining(steps, reached[-1]) == ()


def test_refunders_have_most_of_their_orders_refunded() -> None:
    def refunded(name: str) -> float:
        persona = next(p for p in PERSONAS if p.name == name)
        ends = [course(1, f"o{n:08d}", persona)[-1].status for n in range(1_000)]
        return ends.count("refunded") / 1_000

    assert refunded("refunder") > 0.5 > 0.15 > refunded("regular")


def test_a_user_who_moves_keeps_who_they_are_and_gets_another_city() -> None:
    rng = random.Random(5)
    for number in range(300):
        user = register(rng, f"u{number:07d}", 1_000, None)
        moved = move(rng, user, 9_000)
        assert moved.city != user.city and moved.updated_ms == 9_000
        assert (moved.user_id, moved.email, moved.registered_ms) == (user.user_id, user.email, user.registered_ms)


def test_who_was_referred_came_through_a_referral_and_nobody_else_did() -> None:
    rng = random.Random(5)
    assert register(rng, "u0000002", 0, "u0000001").signup_channel == "referral"
    assert all(register(rng, f"u{n:07d}", 0, None).signup_channel != "referral" for n in range(200))


def test_some_attributes_are_unknown_for_some_users() -> None:
    rng = random.Random(5)
    users = [register(rng, f"u{n:07d}", 0, None) for n in range(500)]
    for name in ("gender", "birth_year", "city", "email", "phone"):
        assert 0 < sum(getattr(user, name) is None for user in users) < 250, name


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (123_456, "1234.56")])
def test_money_has_two_decimals(cents: int, text: str) -> None:
    assert money(cents) == text
