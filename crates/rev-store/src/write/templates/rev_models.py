"""Prints the tables that SQLAlchemy models declare, as SQL, for `rev`.

`rev revision --autogenerate`, `rev diff` and `rev check --models` run this in the
folder of rev.yaml. REV_DATABASE is the database's name there, and REV_SERVER is
sqlite, postgres, mysql or mariadb. No database is opened, and no driver is needed.
"""

import importlib
import os
import sys

from sqlalchemy import MetaData, create_mock_engine

# For each database: where its declarative base (or its MetaData) is, as
# "module:name". A base in a module of its own knows nothing of the models until they
# are imported, so name their modules after it:
#   "db1": ["shop.base:Base", "shop.customers", "shop.orders"],
MODELS = {
    # {MODELS}
}

URLS = {
    "sqlite": "sqlite://",
    "postgres": "postgresql://",
    "mysql": "mysql://",
    "mariadb": "mariadb://",
}


def imported(module: str, database: str):
    """A module of MODELS. What fails inside of it keeps its traceback."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module and not module.startswith(f"{error.name}."):
            raise
        sys.exit(f"there is no module {module}: {database} names it in MODELS in {__file__}")


def metadata(database: str) -> MetaData:
    """The tables of a database, once all modules with models are imported."""
    if database not in MODELS:
        sys.exit(f"no models are named for {database}: add them to MODELS in {__file__}")
    base, *modules = MODELS[database]
    module, _, name = base.partition(":")
    found = getattr(imported(module, database), name, None)
    if found is None:
        sys.exit(f"{module} has no {name or 'name'}: {database} names {base} in MODELS in {__file__}")
    for module in modules:
        imported(module, database)
    return found if isinstance(found, MetaData) else found.metadata


def on_mariadb(tables: MetaData) -> MetaData:
    """MariaDB's dialect passes over `mysql_engine` and the like, which count where an
    application reaches the same server by mysql://."""
    for table in tables.tables.values():
        for item in (table, *table.indexes, *table.constraints):
            # A copy has only what was given; to be asked, the options name every default too.
            given = dict(item.dialect_kwargs)
            for name, value in given.items():
                server, _, option = name.partition("_")
                if server == "mysql" and f"mariadb_{option}" not in given:
                    item.dialect_kwargs[f"mariadb_{option}"] = value
    return tables


def main() -> None:
    def show(statement, *_, **__):
        print(str(statement.compile(dialect=engine.dialect)).strip() + ";")

    # With "named" parameters a % in a default or check stays one.
    server = os.environ["REV_SERVER"]
    engine = create_mock_engine(URLS[server], show, paramstyle="named")
    tables = metadata(os.environ["REV_DATABASE"])
    if server == "mariadb":
        # SQLAlchemy asks the server for its version before it believes this.
        engine.dialect.supports_sequences = True
        tables = on_mariadb(tables)
    tables.create_all(engine, checkfirst=False)


if __name__ == "__main__":
    main()
