-- What a switch keeps of an authorization: cards and their accounts, merchants, the payment with its
-- message, and its posting. Half of each page of a balance is free, for updates in place.

CREATE TABLE card (pan text PRIMARY KEY, status text NOT NULL, account_id bigint NOT NULL);

CREATE TABLE account (
  account_id bigint PRIMARY KEY,
  balance bigint NOT NULL,
  credit bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE merchant (merchant_id text PRIMARY KEY, balance bigint NOT NULL)
  WITH (fillfactor = 50);

CREATE TABLE payment (
  payment_id uuid PRIMARY KEY,
  merchant_id text NOT NULL,
  terminal_id text NOT NULL,
  trace_number text NOT NULL,
  reference_number text NOT NULL UNIQUE,
  amount bigint NOT NULL,
  currency int NOT NULL,
  response_code text NOT NULL,
  message bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE posting (
  payment_id uuid NOT NULL,
  account_id bigint NOT NULL,
  merchant_id text NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (payment_id, account_id)
);

INSERT INTO account SELECT n, 0, 1000000000000 FROM generate_series(1, 100) AS n;
INSERT INTO card
  SELECT '42424242424242' || lpad((n - 1)::text, 2, '0'), 'ACTIVE', n FROM generate_series(1, 100) AS n;
INSERT INTO merchant
  SELECT 'M' || lpad((n - 1)::text, 14, '0'), 0 FROM generate_series(1, 1000) AS n;
ANALYZE;
