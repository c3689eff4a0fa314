-- Drop user preferences, with indexes and triggers.

DROP TABLE user_preferences;
