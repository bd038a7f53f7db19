CREATE TABLE [a;b] (id INTEGER PRIMARY KEY, "c;d" TEXT DEFAULT 'e''f;');
CREATE TRIGGER g AFTER INSERT ON [a;b] BEGIN UPDATE x SET n = CASE WHEN 1 THEN 2 END; DELETE FROM y; END;
----
PRAGMA foreign_keys = OFF; SELECT ';' /* ; */; -- ; end
SELECT x'00', `q;r`, 1 AS "é☃";
