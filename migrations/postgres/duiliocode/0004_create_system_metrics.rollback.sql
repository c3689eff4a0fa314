-- Drop system metrics, with indexes.

DROP TABLE duiliocode.system_metrics;
