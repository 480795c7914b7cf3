-- The shop's source tables, read through the binlog. Run in the shop's database; running it again changes nothing.
-- Times are UTC. No foreign keys: InnoDB carries out ON DELETE CASCADE without writing the rows to the binlog,
-- so a cascaded delete would never reach the log.

CREATE TABLE IF NOT EXISTS users (
  user_id        VARCHAR(64)  NOT NULL,
  gender         VARCHAR(255),
  birth_year     INT,
  city           VARCHAR(255),
  country        VARCHAR(255),
  signup_channel VARCHAR(255),
  referred_by    VARCHAR(64),
  email          VARCHAR(255),
  phone          VARCHAR(255),
  registered_at  DATETIME(3)  NOT NULL,
  updated_at     DATETIME(3)  NOT NULL,
  PRIMARY KEY (user_id),
  KEY users_by_referrer (referred_by),
  KEY users_by_registration (registered_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS products (
  product_id VARCHAR(64)    NOT NULL,
  title      VARCHAR(255)   NOT NULL,
  category   VARCHAR(255)   NOT NULL,
  brand      VARCHAR(255),
  price      DECIMAL(12, 2) NOT NULL,
  updated_at DATETIME(3)    NOT NULL,
  PRIMARY KEY (product_id),
  KEY products_by_category (category)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders (
  order_id         VARCHAR(64)    NOT NULL,
  user_id          VARCHAR(64)    NOT NULL,
  product_id       VARCHAR(64)    NOT NULL,
  quantity         INT            NOT NULL,
  amount           DECIMAL(12, 2) NOT NULL,
  discount         DECIMAL(12, 2) NOT NULL DEFAULT 0,
  coupon           VARCHAR(255),
  status           VARCHAR(255)   NOT NULL,
  shipping_address VARCHAR(255),
  ordered_at       DATETIME(3)    NOT NULL,
  updated_at       DATETIME(3)    NOT NULL,
  PRIMARY KEY (order_id),
  KEY orders_by_user (user_id, ordered_at),
  KEY orders_by_time (ordered_at),
  KEY orders_by_status (status, updated_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
