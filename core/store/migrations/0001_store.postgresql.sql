-- What has changed, for the caches of other processes (store/db.h, epochs).
CREATE TABLE store_epoch (
    name TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL
);

-- Node numbers for ids: each session takes the next one that no other has.
CREATE SEQUENCE store_node_number;
-- Its being there says that the sequence is.
CREATE TABLE store_node (since BIGINT NOT NULL);

-- sum() of bigint is numeric here and never overflows; ours does, as the
-- other store's. The sum of no rows is NULL on both.
CREATE AGGREGATE tenon_sum(bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);
CREATE AGGREGATE tenon_sum(integer) (
    SFUNC = int84pl, STYPE = bigint, INITCOND = '0'
);
CREATE AGGREGATE tenon_sum(double precision) (
    SFUNC = float8pl, STYPE = double precision, COMBINEFUNC = float8pl,
    PARALLEL = SAFE
);

-- The first day of the period that a moment or a day lies in (db.h).
CREATE FUNCTION period_unit(unit bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['day', 'week', 'month', 'quarter', 'year'])[unit + 1]
$$;
CREATE FUNCTION period(v bigint, unit bigint, zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(date_trunc(period_unit(unit),
                              to_timestamp(v / 1000.0) AT TIME ZONE zone),
                   'YYYY-MM-DD')
$$;
CREATE FUNCTION period(v text, unit bigint, zone text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN v ~ '^\d{4}-\d{2}-\d{2}$' THEN
        to_char(date_trunc(period_unit(unit), v::timestamp), 'YYYY-MM-DD')
    END
$$;
