-- Drop user preferences, with indexes and triggers.

DROP TABLE duiliocode.user_preferences;
