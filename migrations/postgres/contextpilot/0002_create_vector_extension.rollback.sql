-- Drop vector extension: it stays, for other stores of the database may have vectors too.
-- With comments alone this file would say that there is no way back.

SELECT 'the extension vector stays' AS note;
