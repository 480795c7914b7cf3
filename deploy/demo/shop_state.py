"""What the shop is set to do, what it remembers, and what one tick of it brings forth."""

from __future__ import annotations

import heapq
import itertools
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from deploy.demo.catalogue import Product, by_category
from deploy.demo.faults import FaultRates
from deploy.demo.order_states import Step
from deploy.demo.people import User
from deploy.demo.personas import Traits, traits_of
from deploy.demo.visits import Move, Shelves, money

HOUR_MS = 3_600_000
Kind = Literal["valid", "late", "duplicate", "malformed"]


@dataclass(frozen=True)
class ShopConfig:
    """How the shop behaves. Chances are per visit, 0..1.

    `order_speedup` divides the hours between an order's steps; `order_gap_ms` is how long an honest user waits
    from one order to the next.
    """

    seed: int = 1
    conversion: float = 0.035
    signup_chance: float = 0.02
    referral_chance: float = 0.25
    move_chance: float = 0.004
    reprice_chance: float = 0.004
    erase_chance: float = 0.0004
    order_speedup: float = 600.0
    order_gap_ms: int = HOUR_MS // 2
    think_ms: float = 4_000
    faults: FaultRates = field(default_factory=FaultRates)


@dataclass(frozen=True)
class Order:
    """A row of `orders`; times are epoch ms, money is cents."""

    order_id: str
    user_id: str
    product_id: str
    quantity: int
    amount_cents: int
    discount_cents: int
    coupon: str | None
    status: str
    shipping_address: str
    ordered_ms: int
    updated_ms: int


class Message(NamedTuple):
    """One message for the topic `events`. `reason` is why a malformed one is to be refused."""

    key: bytes
    value: bytes
    kind: Kind
    reason: str | None = None


class Change(NamedTuple):
    """One change of a row. `erase` deletes a user together with their orders."""

    table: Literal["users", "products", "orders"]
    action: Literal["insert", "update", "delete", "erase"]
    key: str
    row: dict[str, Any] | None


@dataclass
class Batch:
    """What one tick brought forth, in order."""

    messages: list[Message] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def row_of(entity: User | Product | Order) -> dict[str, Any]:
    """The columns of a row; times stay epoch ms (`*_at`), money is text with two decimals."""
    found: dict[str, Any] = {}
    for name, value in vars(entity).items():
        if name.endswith("_ms"):
            found[name[:-3] + "_at"] = value
        elif name.endswith("_cents"):
            found[name[:-6]] = money(value)
        else:
            found[name] = value
    return found


class Visit(NamedTuple):
    """A visit under way: whose it is, and what is still to come."""

    user_id: str
    moves: Iterator[Move]


class Queue:
    """Things that are due at a time; those due at the same time come out in the order they were put in."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Any]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, due_ms: int, thing: Any) -> None:
        """Keep `thing` until `due_ms`."""
        heapq.heappush(self._heap, (due_ms, next(self._order), thing))

    def take(self, now_ms: int) -> tuple[int, Any] | None:
        """(due, thing) of the first thing that is due by now, or None."""
        if not self._heap or self._heap[0][0] > now_ms:
            return None
        due_ms, _, thing = heapq.heappop(self._heap)
        return due_ms, thing


class ShopState:
    """Everything the shop remembers. `run` makes the event ids of this run unlike those of any other."""

    def __init__(self, config: ShopConfig, run: str, now_ms: int) -> None:
        self.run = run
        self.rng = random.Random(f"shop:{config.seed}:{run}")
        self.now_ms = now_ms
        self.next_user = self.next_order = self.next_event = self.next_visit = 1
        self.products: dict[str, Product] = {}
        self.users: dict[str, User] = {}
        self.traits: dict[str, Traits] = {}
        self.orders: dict[str, Order] = {}
        self.last_order_ms: dict[str, int] = {}
        self.visiting: set[str] = set()
        self.left: set[str] = set()
        self.visits = Queue()
        self.order_steps = Queue()
        self.repeats = Queue()
        self.shelves = Shelves({}, {})
        self._visitors: list[str] = []
        self._weights: list[float] = []
        self._seed = config.seed

    def stock(self, products: Iterable[Product]) -> None:
        """Put products on the shelves, or give those that are there a new price."""
        for product in products:
            self.products[product.product_id] = product
        self.shelves = Shelves(self.products, by_category(tuple(self.products.values())))

    def reprice(self, product_id: str, price_cents: int) -> Product:
        """Change a price; the product keeps its place on the shelf."""
        product = replace(self.products[product_id], price_cents=price_cents, updated_ms=self.now_ms)
        self.products[product_id] = product
        return product

    def admit(self, user: User) -> Traits:
        """Take in a user who may come from now on."""
        traits = traits_of(self._seed, user.user_id)
        self.users[user.user_id] = user
        self.traits[user.user_id] = traits
        self._visitors.append(user.user_id)
        self._weights.append(traits.weight + (self._weights[-1] if self._weights else 0.0))
        self.next_user = max(self.next_user, int(user.user_id[1:]) + 1)
        return traits

    def forget(self, user_id: str) -> None:
        """Drop a user; what they had under way ends without a trace."""
        del self.users[user_id], self.traits[user_id]
        self.visiting.discard(user_id)
        self.left.discard(user_id)
        self.last_order_ms.pop(user_id, None)

    def draw_user(self) -> str:
        """A user by how often they come, one who has not left and is not visiting at the moment if such a one is soon found."""
        for attempt in range(50):
            at = bisect_right(self._weights, self.rng.random() * self._weights[-1])
            user_id = self._visitors[min(at, len(self._visitors) - 1)]
            comes = user_id in self.users and user_id not in self.left
            if comes and (attempt > 2 or user_id not in self.visiting):
                return user_id
        return next(iter(self.users))

    def schedule(self, order_id: str, after_ms: int, steps: tuple[Step, ...], speedup: float) -> None:
        """Await the next of an order's steps."""
        if steps:
            self.order_steps.put(after_ms + int(steps[0].hours * HOUR_MS / speedup), (order_id, steps))
