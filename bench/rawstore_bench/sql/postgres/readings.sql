-- Readings, written many at a time.

-- name: put_readings(id bigint, sensor text, celsius float) :batch
INSERT INTO rawstore_bench.readings (id, sensor, celsius)
VALUES (:id, :sensor, :celsius)
ON CONFLICT (id) DO UPDATE
    SET sensor = excluded.sensor,
        celsius = excluded.celsius;
