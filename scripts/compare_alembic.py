"""What autogenerate of Alembic and of Revgraph say about the same changes. See compare-alembic.
Revgraph's loader imports this module too, to get at the same metadata: see `declared`."""

import argparse, json, os, pathlib, subprocess, sys, tempfile, warnings
from collections import Counter, namedtuple
from concurrent.futures import ProcessPoolExecutor

import sqlalchemy
from sqlalchemy import (
    DDL, CheckConstraint, Column, Computed, DateTime, Enum, ForeignKey, Identity, Index, Integer,
    MetaData, Numeric, PrimaryKeyConstraint, Sequence, String, Table, Text, UniqueConstraint,
    create_engine, event, text)
from sqlalchemy.dialects.postgresql import DOMAIN, ExcludeConstraint

LITE, PG, MARIA, MYSQL = "sqlite", "postgresql", "mariadb", "mysql"
MYSQLS = (MARIA, MYSQL)
ALL, SERVERS = (LITE, PG, *MYSQLS), (PG, *MYSQLS)
TITLES = {LITE: "SQLite", PG: "PostgreSQL", MARIA: "MariaDB", MYSQL: "MySQL"}
# The dialect that SQLAlchemy speaks to each; MariaDB's users write `mysql+pymysql://` too.
DIALECTS = {LITE: "sqlite", PG: "postgresql", MARIA: "mysql", MYSQL: "mysql"}
COLLATIONS = {"sqlite": "NOCASE", "postgresql": "C", "mysql": "utf8mb4_bin"}

# A change from one metadata to the next; expected: the engines on which Revgraph must see it (None: all).
Case = namedtuple("Case", "title engines before after flags expected", defaults=((), None))
CASES = []

def change(title, before, after, engines=ALL, **more):
    CASES.append(Case(title, engines, before, after, **more))

def comes_and_goes(what, without, having, engines=ALL, **more):
    change(f"add {what}", without, having, engines, **more)
    change(f"drop {what}", having, without, engines, **more)

def hero(*parts, name=lambda: String(20), options=lambda d: {}, **name_options):
    """Declares table `hero`; parts are made anew each time: SQLAlchemy binds them to a table."""
    def declare(metadata, dialect):
        columns = [Column("id", Integer, primary_key=True), Column("name", name(), **name_options),
                   Column("power", Integer)]
        Table("hero", metadata, *columns, *(part() for part in parts), **options(dialect))
    return declare

def column(*arguments, **options):
    return lambda: Column("extra", *arguments, **options)

def beside_hero(add):
    return lambda metadata, dialect: (PLAIN(metadata, dialect), add(metadata, dialect))

def with_ddl(*texts, **by_dialect):
    """What SQLAlchemy knows only as the text of a DDL event."""
    return beside_hero(lambda m, d: [event.listen(m, "after_create", DDL(one)) for one in texts or by_dialect[d]])

def with_table(*columns, name="villain"):
    return beside_hero(lambda m, d: Table(name, m, *(made() for made in columns)))

def with_sequence(**options):
    return beside_hero(lambda m, d: Sequence("numbers", metadata=m, **options))

def villain(*key, **options):
    return with_table(lambda: Column("id", Integer, primary_key=True),
                      lambda: Column("hero_id", Integer, *(ForeignKey(one, name="fk_hero", **options) for one in key)))

def computed(expression, persisted=True):
    return hero(column(Integer, Computed(expression, persisted=persisted)))

def unique(*columns, **options):
    return hero(lambda: UniqueConstraint(*columns, **options))

def check(condition, **options):
    return hero(lambda: CheckConstraint(condition, **options))

def index(*columns, **options):
    return hero(lambda: Index("ix", *(c if c.isidentifier() else text(c) for c in columns), **options))

def primary_key(*columns):
    return lambda m, d: Table("pair", m, Column("a", Integer, nullable=False),
        Column("b", Integer, nullable=False), PrimaryKeyConstraint(*columns, name="pk"))

def partial(condition):
    return index("name", sqlite_where=text(condition), postgresql_where=text(condition))

def routine(body):
    function = "CREATE FUNCTION twice(n integer) RETURNS integer "
    return with_ddl(postgresql=[f"{function} LANGUAGE sql AS 'SELECT {body}'"],
                    mysql=[f"{function} DETERMINISTIC RETURN {body}"])

def trigger(call):
    on, noisy = "CREATE TRIGGER noisy", "CREATE FUNCTION noise() RETURNS trigger LANGUAGE plpgsql"
    return with_ddl(
        sqlite=[f"{on} AFTER INSERT ON hero BEGIN UPDATE hero SET name = {call}(name); END"],
        postgresql=[f"{noisy} AS 'BEGIN NEW.name = {call}(NEW.name); RETURN NEW; END'",
                    f"{on} BEFORE INSERT ON hero FOR EACH ROW EXECUTE FUNCTION noise()"],
        mysql=[f"{on} BEFORE INSERT ON hero FOR EACH ROW SET NEW.name = {call}(NEW.name)"])

PLAIN = hero()
MOOD = [lambda values=values: Column("mood", Enum(*values, name="mood")) for values in (["sad"], ["sad", "happy"])]
SCARED = "CREATE VIEW scared AS SELECT id FROM hero WHERE power < "
PARTED, PART = "CREATE TABLE parted (n integer) PARTITION BY RANGE (n)", "CREATE TABLE part (n integer)"
BOUNDS = "FOR VALUES FROM (0) TO (9)"
POLICY = "CREATE POLICY strong ON hero USING (power > "
EVENT = "CREATE EVENT tick ON SCHEDULE EVERY 1 DAY DO DELETE FROM hero WHERE power < "

comes_and_goes("a table", PLAIN, villain())
comes_and_goes("a column", PLAIN, hero(column(Integer)))
change("type", PLAIN, hero(name=Text))
change("length of a type", PLAIN, hero(name=lambda: String(40)))
change("precision of a type", hero(column(Numeric(8, 2))), hero(column(Numeric(10, 2))))
change("collation", PLAIN, lambda m, d: hero(name=lambda: String(20, COLLATIONS[d]))(m, d))
change("NULL to NOT NULL", PLAIN, hero(nullable=False))
change("NOT NULL to NULL", hero(nullable=False), PLAIN)
comes_and_goes("a server default", PLAIN, hero(server_default="nobody"))
change("value of a server default", hero(server_default="nobody"), hero(server_default="somebody"))
change("server default, by expression", hero(column(DateTime, server_default=text("CURRENT_TIMESTAMP"))),
       hero(column(DateTime, server_default=text("'2000-01-01 00:00:00'"))))
comes_and_goes("identity", hero(column(Integer, nullable=False)), hero(column(Integer, Identity())), (PG,))
change("options of an identity", hero(column(Integer, Identity(increment=1))),
       hero(column(Integer, Identity(always=True, increment=5))), (PG,))
change("AUTOINCREMENT", PLAIN, hero(options=lambda d: {"sqlite_autoincrement": True}), (LITE,))
comes_and_goes("a computed column", PLAIN, computed("power * 2"))
change("expression of a computed column", computed("power * 2"), computed("power * 3"))
change("plain to computed column", hero(column(Integer)), computed("power * 2"))
change("virtual to stored", computed("power * 2", persisted=False), computed("power * 2"), (LITE, *MYSQLS))
change("columns of the primary key", primary_key("a"), primary_key("a", "b"))
change("order in the primary key", primary_key("a", "b"), primary_key("b", "a"))
comes_and_goes("a primary key", primary_key(), primary_key("a"))
comes_and_goes("a unique constraint", PLAIN, unique("name", name="uq"))
comes_and_goes("a unique constraint without a name", PLAIN, unique("name"))
change("columns of a unique constraint", unique("name", name="uq"), unique("name", "power", name="uq"))
change("NULLS NOT DISTINCT", unique("name", name="uq"), unique("name", name="uq", postgresql_nulls_not_distinct=True), (PG,))
comes_and_goes("a foreign key", villain(), villain("hero.id"))
change("ON DELETE of a foreign key", villain("hero.id"), villain("hero.id", ondelete="CASCADE"))
change("ON UPDATE of a foreign key", villain("hero.id"), villain("hero.id", onupdate="CASCADE"))
change("deferral of a foreign key", villain("hero.id"), villain("hero.id", deferrable=True, initially="DEFERRED"), (LITE, PG))
comes_and_goes("a check with a name", PLAIN, check("power > 0", name="ck"))
comes_and_goes("a check without a name", PLAIN, check("power > 0"))
change("text of a check", check("power > 0", name="ck"), check("power > 1", name="ck"))
comes_and_goes("an exclusion constraint", PLAIN, hero(lambda: ExcludeConstraint(("power", "="), using="btree", name="ex")), (PG,))
comes_and_goes("an index", PLAIN, index("name"))
change("columns of an index", index("name"), index("name", "power"))
change("index becomes unique", index("name"), index("name", unique=True))
comes_and_goes("an index on an expression", PLAIN, index("lower(name)"), (LITE, PG))
change("expression of an index", index("lower(name)"), index("upper(name)"), (LITE, PG))
comes_and_goes("WHERE of an index", index("name"), partial("power > 0"), (LITE, PG))
change("WHERE of an index", partial("power > 0"), partial("power > 1"), (LITE, PG))
comes_and_goes("DESC in an index", index("power"), hero(lambda: Index("ix", sqlalchemy.column("power").desc())))
change("INCLUDE of an index", index("name"), index("name", postgresql_include=["power"]), (PG,))
change("method of an index", index("name"), index("name", postgresql_using="hash"), (PG,))
change("operator class of an index", index("name"), index("name", postgresql_ops={"name": "varchar_pattern_ops"}), (PG,))
change("prefix length of an index", index("name"), index("name", mysql_length=5), MYSQLS)
change("comment of a table", PLAIN, hero(options=lambda d: {"comment": "who"}), SERVERS)
change("comment of a column", PLAIN, hero(comment="who"), SERVERS)
change("enum value added", hero(MOOD[0]), hero(MOOD[1]), SERVERS)
change("enum value removed", hero(MOOD[1]), hero(MOOD[0]), SERVERS)
change("check of a domain", hero(lambda: Column("level", DOMAIN("level", Integer, check="VALUE > 0"))),
       hero(lambda: Column("level", DOMAIN("level", Integer, check="VALUE > 1"))), (PG,))
comes_and_goes("a sequence", PLAIN, with_sequence(), (PG, MARIA), expected=(PG,))
change("options of a sequence", with_sequence(), with_sequence(increment=5), (PG, MARIA), expected=(PG,))
comes_and_goes("a view (DDL event)", PLAIN, with_ddl(SCARED + "3"))
change("text of a view", with_ddl(SCARED + "3"), with_ddl(SCARED + "4"))
comes_and_goes("a trigger (DDL event)", PLAIN, trigger("upper"))
change("text of a trigger or its function", trigger("upper"), trigger("lower"))
comes_and_goes("a routine (DDL event)", PLAIN, routine("n + n"), SERVERS)
change("text of a routine", routine("n + n"), routine("n * 2"), SERVERS)
comes_and_goes("a partition (DDL event)", with_ddl(PARTED), with_ddl(PARTED, f"CREATE TABLE part PARTITION OF parted {BOUNDS}"), (PG,))
change("partition attached (DDL event)", with_ddl(PARTED, PART), with_ddl(PARTED, PART, f"ALTER TABLE parted ATTACH PARTITION part {BOUNDS}"), (PG,))
comes_and_goes("a policy (DDL event)", PLAIN, with_ddl(POLICY + "0)"), (PG,))
change("condition of a policy", with_ddl(POLICY + "0)"), with_ddl(POLICY + "1)"), (PG,))
comes_and_goes("an event (DDL event)", PLAIN, with_ddl(EVENT + "0"), MYSQLS)
change("text of an event", with_ddl(EVENT + "0"), with_ddl(EVENT + "1"), MYSQLS)
change("row-level security (DDL event)", PLAIN, with_ddl("ALTER TABLE hero ENABLE ROW LEVEL SECURITY"), (PG,))
change("engine of a table", PLAIN, hero(options=lambda d: {"mysql_engine": "MyISAM"}), MYSQLS)
change("rename a table", with_table(column(Integer)), with_table(column(Integer), name="rogue"), flags=("--rename", "villain:rogue"))
change("rename a column", hero(column(Integer)), hero(lambda: Column("strength", Integer)), flags=("--rename", "hero.extra:strength"))
change("order of columns", with_table(column(Integer), lambda: Column("id", Integer)),
       with_table(lambda: Column("id", Integer), column(Integer)), expected=())

def declared(number, side, dialect):
    """The metadata of a side, "before" or "after", of the case with this number."""
    metadata = MetaData()
    getattr(CASES[number], side)(metadata, dialect)
    return metadata

def ask_alembic(engine, number, side, _flags=()):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "compare_server_default": True,
               "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]}
    with engine.connect() as connection, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, declared(number, side, engine.dialect.name))
    steps = [step for one in found for step in (one if isinstance(one, list) else [one])]
    return [f"`{step[0]}`" for step in steps], [f"warns “{w.message}”" for w in caught]

def ask_revgraph(engine, number, side, flags=()):
    rev, url = os.environ["REV_COMPARED"], engine.url.set(drivername=engine.dialect.name)
    shown = url.render_as_string(hide_password=False).replace("sqlite:///", "sqlite://")
    with tempfile.TemporaryDirectory() as folder:
        run = lambda *words: subprocess.run([rev, *words], cwd=folder, capture_output=True, text=True)
        run("init", "--template", "sqlalchemy", "-d", f"db1={shown}").check_returncode()
        models = pathlib.Path(folder, "app", "models.py")  # where the template looks at first
        models.parent.mkdir()
        models.write_text(f"import sys\nsys.path.append({str(pathlib.Path(__file__).parent)!r})\n"
                          "from compare_alembic import declared\n"
                          f"Base = declared({number}, {side!r}, {engine.dialect.name!r})\n")
        answer = json.loads(run("diff", "--format", "json", *flags).stdout)
    if "error" in answer:
        return [], [f"error: {answer['error']['message']}"]
    return [said for one in answer["databases"] for said in one["changes"]], []

def cell(ask, engine, number, case):
    """Whether the change was seen, whether one was seen where there is none, and how to say so."""
    try:
        (alarms, known), (said, remarks) = ask(engine, number, "before"), ask(engine, number, "after", case.flags)
    except Exception as error:  # a tool that fails has not seen it
        return False, False, f"**error**: {str(error).splitlines()[0]}"
    said = list((Counter(said) - Counter(alarms)).elements())
    halved = bool(case.flags) and any("`remove_" in one for one in said)
    seen = bool(said) and not halved
    remarks = [one for one in remarks if one not in known or one.startswith("error")]
    told = ["yes" if seen else "**as drop and add**" if halved else "**no**"] + ([": " + ", ".join(said)] if said else [])
    told += [f"; {one}" for one in remarks]
    told += [f"; **and with nothing changed**: {', '.join(alarms)}"] if alarms else []
    return seen, bool(alarms), " ".join("".join(told).replace("|", "\\|").split())

VARIABLES = {PG: "REV_TEST_POSTGRES_URL", MARIA: "REV_TEST_MARIADB_URL", MYSQL: "REV_TEST_MYSQL_URL"}

def fresh(server, folder):
    """An engine on an empty database."""
    if server == LITE:
        path = pathlib.Path(folder, "db1.sqlite")
        path.unlink(missing_ok=True)
        return create_engine(f"sqlite:///{path}")
    driver = "psycopg" if server == PG else "pymysql"
    url = sqlalchemy.make_url(os.environ[VARIABLES[server]]).set(drivername=f"{DIALECTS[server]}+{driver}")
    with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool).connect() as session:
        for statement in ("DROP DATABASE IF EXISTS compared", "CREATE DATABASE compared"):
            session.execute(text(statement))
    return create_engine(url.set(database="compared"), poolclass=sqlalchemy.NullPool)

def compare(server, word):
    """The rows of a database's table, what each saw, and what Revgraph got wrong."""
    rows, seen, wrong = [], Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(CASES):
            if server not in case.engines or word not in case.title:
                continue
            engine = fresh(server, folder)
            declared(number, "before", DIALECTS[server]).create_all(engine)
            theirs, their_noise, alembic = cell(ask_alembic, engine, number, case)
            ours, our_noise, revgraph = cell(ask_revgraph, engine, number, case)
            engine.dispose()
            rows.append(f"| {case.title} | {alembic} | {revgraph} |")
            seen.update(rows=1, theirs=theirs, ours=ours, their_noise=their_noise, our_noise=our_noise)
            expected = server in (case.engines if case.expected is None else case.expected)
            if expected and (our_noise or not ours):
                wrong.append(f"{TITLES[server]}: {case.title}: {revgraph}")
    return rows, seen, wrong

def main():
    options = argparse.ArgumentParser(prog="compare-alembic")
    options.add_argument("--write", metavar="FILE", help="write the table there")
    options.add_argument("--only", metavar="WORD", default="", help="only changes with this in their title")
    options = options.parse_args()
    import alembic

    engines = [LITE, *(it for it, variable in VARIABLES.items() if os.environ.get(variable, "unavailable") != "unavailable")]
    version = subprocess.run([os.environ["REV_COMPARED"], "--version"], capture_output=True, text=True, check=True)
    tools = f"Alembic {alembic.__version__} | Revgraph {version.stdout.split()[1]}"
    summary, tables, wrong = [], [], []
    with ProcessPoolExecutor() as pool:
        compared = list(pool.map(compare, engines, [options.only] * len(engines)))
    for dialect, (rows, seen, missed) in zip(engines, compared):
        wrong += missed
        summary.append(f"| {TITLES[dialect]} | {seen['rows']} | {seen['theirs']} | {seen['ours']} "
                       f"| {seen['their_noise']} | {seen['our_noise']} |")
        tables += ["", f"## {TITLES[dialect]}", "", f"| change | {tools} |", "|---|---|---|", *rows]
    page = "\n".join([HEAD.format(sqlalchemy=sqlalchemy.__version__), *summary, *tables]) + "\n"
    print(page, end="")
    if options.write:
        pathlib.Path(options.write).write_text(page)
    for line in wrong:
        print(f"not as expected: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)

HEAD = """\
# Autogenerate beside Alembic's

Pairs of SQLAlchemy {sqlalchemy} metadata: the first is applied to a database, the second declared to
both. Alembic is asked by `compare_metadata`, with `compare_type`, `compare_server_default` and its
opt-in plugin for checks; Revgraph by `rev diff`, with the loader of `rev init --template sqlalchemy`,
and with `--rename` for renames, where Alembic has no such flag. Made by:

```console
$ scripts/with-servers scripts/compare-alembic --write docs/autogenerate-compared.md
```

A cell says whether the change was seen, and what the tool said. False alarms are what it says while
the first metadata is still declared, when nothing differs. MariaDB is met as SQLAlchemy's users meet it,
by `mysql+pymysql://`: its loader writes for MySQL, which has no sequences, so Revgraph sees none declared
there. Neither tool compares the order of columns.

| | changes | Alembic saw | Revgraph saw | Alembic's false alarms | Revgraph's |
|---|---|---|---|---|---|"""

if __name__ == "__main__":
    main()
