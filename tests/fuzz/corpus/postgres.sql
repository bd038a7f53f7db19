CREATE TABLE hero (id int PRIMARY KEY, "a;b" text DEFAULT 'it''s; fine');
INSERT INTO hero VALUES (1, E'it\'s; \\'), (2, 'C:\');
----
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; -- ;
END $body$;
SELECT $$a;b$$, $tag$ $$;$$ $tag$; /* /* nested ; */ */ SELECT 1
----
CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); SELECT CASE WHEN 1 = 1 THEN 2 END; END;
SELECT U&'\0061;''', B'01', x'1f' -- ; and on
  FROM "t;" WHERE a @> '{}' AND b ?| array['x'];
----
SET standard_conforming_strings = off; SELECT 'a\';'; RESET ALL; SELECT '\';
