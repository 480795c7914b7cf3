"""The shop itself: from tick to tick, with no clock and no I/O. The same seed and times give the same shop."""

from __future__ import annotations

from dataclasses import replace

import orjson

from deploy.demo.catalogue import build_catalogue
from deploy.demo.faults import Event, late_by_ms, repeat_after_ms, spoil
from deploy.demo.order_states import DELETED, Step, course, is_last, remaining
from deploy.demo.people import User, move, register
from deploy.demo.personas import Traits
from deploy.demo.shop_state import Batch, Change, Message, Order, ShopConfig, ShopState, Visit, row_of
from deploy.demo.visits import Move, Purchase, Walk

_DAY_MS = 86_400_000
_LONGEST_MEMBERSHIP_DAYS = 700


class Shop:
    """Takes the shop from tick to tick."""

    def __init__(self, config: ShopConfig, state: ShopState) -> None:
        self.config = config
        self.state = state

    def open(self, users: int) -> Batch:
        """The first rows: the catalogue, and users who registered in the two years before.

        Call once, on an empty state.
        """
        state, batch = self.state, Batch()
        state.stock(build_catalogue(self.config.seed, state.now_ms))
        batch.changes += [Change("products", "insert", key, row_of(product)) for key, product in state.products.items()]
        days = sorted(state.rng.uniform(0.01, _LONGEST_MEMBERSHIP_DAYS) for _ in range(users))
        for before in reversed(days):
            self._sign_up(state.now_ms - int(before * _DAY_MS), batch)
        return batch

    def advance(self, now_ms: int, count: int, logged_ms: int) -> Batch:
        """Everything that happens up to `now_ms`: order steps that are due, and `count` messages.

        `logged_ms`: when the log will stamp them, the wall clock's time (epoch ms) also while the past is made up.
        Raises ValueError when time goes backwards.
        """
        state, batch = self.state, Batch()
        if now_ms < state.now_ms:
            raise ValueError(f"time goes backwards: at {state.now_ms}, got {now_ms}")
        since_ms, state.now_ms = state.now_ms, now_ms
        while due := state.order_steps.take(now_ms):
            self._order_step(due[0] if due[0] > since_ms else now_ms, *due[1], batch)
        while len(batch.messages) < count:
            if due := state.repeats.take(now_ms):
                batch.messages.append(due[1])
            elif due := state.visits.take(now_ms):
                self._go_on(due[0], due[1], logged_ms, batch)
            else:
                self._begin(since_ms + int(state.rng.random() * (now_ms - since_ms)), batch)
        return batch

    def warm_up(self, visits: int, lasted_ms: int) -> None:
        """Have visits under way that began at any time in the last `lasted_ms`; what was done in them so far is left out.

        Without this a shop that opens sees nobody in its first minutes but people who have just come in.
        """
        state = self.state
        for _ in range(visits):
            at_ms = state.now_ms - int(state.rng.random() * lasted_ms)
            traits = state.traits[state.draw_user()]
            self._enter(traits, at_ms)
        while due := state.visits.take(state.now_ms - 1):
            due_ms, (_, visit) = due
            following = next(visit.moves, None)
            self._await(due_ms + following.wait_ms if following else due_ms, following, visit)

    def drain(self) -> Batch:
        """The duplicates that are still to come, whenever they are due."""
        batch = Batch()
        while due := self.state.repeats.take(2**62):
            batch.messages.append(due[1])
        return batch

    def _sign_up(self, at_ms: int, batch: Batch) -> Traits:
        state = self.state
        referrer = None
        if state.users and state.rng.random() < self.config.referral_chance:
            for _ in range(3):
                referrer = state.draw_user()
                if state.traits[referrer].persona.name == "sharer":
                    break
        user = register(state.rng, f"u{state.next_user:07d}", at_ms, referrer)
        batch.changes.append(Change("users", "insert", user.user_id, row_of(user)))
        return state.admit(user)

    def _begin(self, at_ms: int, batch: Batch) -> None:
        state, config = self.state, self.config
        chance = state.rng.random()
        if not state.users or chance < config.signup_chance:
            traits = self._sign_up(at_ms, batch)
        else:
            traits = state.traits[state.draw_user()]
            chance -= config.signup_chance
            if chance < config.erase_chance:
                # The newest user stays, so that the largest number in the table never goes down.
                if traits.user_id != f"u{state.next_user - 1:07d}":
                    self._erase(traits.user_id, batch)
                return
            if chance < config.erase_chance + config.move_chance:
                self._move_house(state.users[traits.user_id], at_ms, batch)
            elif chance < config.erase_chance + config.move_chance + config.reprice_chance:
                self._reprice(batch)
        self._enter(traits, at_ms)

    def _enter(self, traits: Traits, at_ms: int) -> None:
        state, config = self.state, self.config
        session_id = f"{state.run}-{state.next_visit}"
        state.next_visit += 1
        walk = Walk(state.rng, traits, state.shelves, session_id, config.think_ms)
        state.visiting.add(traits.user_id)
        moves = iter(walk.moves(self._buys(traits, at_ms)))
        self._await(at_ms, next(moves), Visit(traits.user_id, moves))

    def _buys(self, traits: Traits, at_ms: int) -> bool:
        last_ms = self.state.last_order_ms.get(traits.user_id)
        if traits.persona.honest and last_ms is not None and at_ms - last_ms < self.config.order_gap_ms:
            return False
        return self.state.rng.random() < min(0.95, self.config.conversion * traits.persona.buys)

    def _erase(self, user_id: str, batch: Batch) -> None:
        self.state.forget(user_id)
        batch.changes.append(Change("users", "erase", user_id, None))

    def _move_house(self, user: User, at_ms: int, batch: Batch) -> None:
        moved = move(self.state.rng, user, at_ms)
        self.state.users[user.user_id] = moved
        batch.changes.append(Change("users", "update", user.user_id, row_of(moved)))

    def _reprice(self, batch: Batch) -> None:
        state = self.state
        product = state.products[state.rng.choice(tuple(state.products))]
        cents = max(99, int(product.price_cents * state.rng.uniform(0.85, 1.18)))
        changed = state.reprice(product.product_id, cents)
        batch.changes.append(Change("products", "update", changed.product_id, row_of(changed)))

    def _go_on(self, due_ms: int, thing: tuple[Move, Visit], logged_ms: int, batch: Batch) -> None:
        state = self.state
        step, visit = thing
        if visit.user_id not in state.users:
            return
        if step.purchase:
            self._place(visit.user_id, step.purchase, due_ms, batch)
        self._send(visit.user_id, step, due_ms, logged_ms, batch)
        following = next(visit.moves, None)
        self._await(due_ms + following.wait_ms if following else due_ms, following, visit)

    def _await(self, due_ms: int, step: Move | None, visit: Visit) -> None:
        if step:
            self.state.visits.put(due_ms, (step, visit))
        else:
            self.state.visiting.discard(visit.user_id)

    def _send(self, user_id: str, step: Move, at_ms: int, logged_ms: int, batch: Batch) -> None:
        state, faults = self.state, self.config.faults
        event: Event = {
            "event_id": f"e{state.run}-{state.next_event}",
            "user_id": user_id,
            "event_type": step.event_type,
            "item_id": step.item_id,
            "properties": step.properties,
            "occurred_at": at_ms,
        }
        state.next_event += 1
        key = user_id.encode()
        fate = state.rng.random()
        if fate < faults.malformed:
            value, reason = spoil(state.rng, event, logged_ms)
            batch.messages.append(Message(key, value, "malformed", reason))
            return
        late = fate < faults.malformed + faults.late
        if late:
            event["occurred_at"] = at_ms - late_by_ms(state.rng)
        value = orjson.dumps(event)
        batch.messages.append(Message(key, value, "late" if late else "valid"))
        # Of the messages that may have a twin; the twins themselves and the broken ones are not among them.
        if state.rng.random() < faults.duplicate / (1 - faults.duplicate - faults.malformed):
            state.repeats.put(state.now_ms + repeat_after_ms(state.rng), Message(key, value, "duplicate"))

    def _place(self, user_id: str, purchase: Purchase, at_ms: int, batch: Batch) -> None:
        state = self.state
        order = Order(
            f"o{state.next_order:08d}",
            user_id,
            purchase.product_id,
            purchase.quantity,
            purchase.amount_cents,
            purchase.discount_cents,
            purchase.coupon,
            "placed",
            purchase.address,
            at_ms,
            at_ms,
        )
        state.next_order += 1
        state.last_order_ms[user_id] = at_ms
        batch.changes.append(Change("orders", "insert", order.order_id, row_of(order)))
        self.resume(order, at_ms)

    def resume(self, order: Order, after_ms: int) -> None:
        """Take up an order from the status that it has; its next step comes its time after `after_ms`.

        Its buyer leaves if it is the last one: what is under way is done, and then nothing more.
        """
        traits = self.state.traits.get(order.user_id)
        if traits is None:
            return
        if is_last(self.config.seed, order.order_id, traits):
            self.state.left.add(order.user_id)
        steps = remaining(course(self.config.seed, order.order_id, traits.persona), order.status)
        if steps:
            self.state.orders[order.order_id] = order
            self.state.schedule(order.order_id, after_ms, steps, self.config.order_speedup)

    def _order_step(self, at_ms: int, order_id: str, steps: tuple[Step, ...], batch: Batch) -> None:
        state = self.state
        order = state.orders.pop(order_id)
        if order.user_id not in state.users:
            return
        step, *rest = steps
        if step.status == DELETED:
            batch.changes.append(Change("orders", "delete", order_id, None))
            return
        order = replace(order, status=step.status, updated_ms=at_ms)
        batch.changes.append(Change("orders", "update", order_id, row_of(order)))
        if rest:
            state.orders[order_id] = order
            state.schedule(order_id, at_ms, tuple(rest), self.config.order_speedup)
