/** What the panel offers to send. Any other type may be typed in. */
export const EVENT_TYPES = [
  'main',
  'catalog',
  'product1',
  'product2',
  'search',
  'cart',
  'coupon_click',
  'share',
  'review',
  'delivery_choice',
  'delivery_courier',
  'delivery_pickup',
  'payment_choice',
  'payment_card',
  'payment_cash',
  'payment_done',
  'lost',
]
export const PROPERTY_NAMES = ['session_id', 'device', 'campaign', 'coupon', 'query', 'price']
export const MOST_AT_ONCE = 50
