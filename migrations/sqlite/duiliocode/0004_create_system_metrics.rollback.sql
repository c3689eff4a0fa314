-- Drop system metrics, with indexes.

DROP TABLE system_metrics;
