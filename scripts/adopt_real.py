"""Schemas of real programs, made by themselves and adopted by Revgraph. See adopt-real."""

import json, os, pathlib, re, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

LITE, PG, MARIA, MYSQL = "SQLite", "PostgreSQL", "MariaDB", "MySQL"
VARIABLES = {PG: "REV_TEST_POSTGRES_URL", MARIA: "REV_TEST_MARIADB_URL", MYSQL: "REV_TEST_MYSQL_URL"}
REV = os.environ.get("REV_ADOPTING", "rev")
# Seconds for one command; the slowest, Wagtail's two hundred migrations on MySQL, takes about a minute.
PATIENCE = 900

CONTRIB = [f"django.contrib.{it}" for it in (
    "admin", "auth", "contenttypes", "sessions", "messages", "sites", "flatpages", "redirects", "staticfiles")]
APPS = {
    "Django": CONTRIB,
    "Wagtail": CONTRIB + [f"wagtail.{it}" for it in (
        "contrib.forms", "contrib.redirects", "contrib.settings", "contrib.simple_translation",
        "contrib.search_promotions", "embeds", "sites", "users", "snippets", "documents", "images",
        "search", "locales", "admin")] + ["wagtail", "modelcluster", "taggit"],
    "django-oscar": CONTRIB + ["oscar.config.Shop"] + [f"oscar.apps.{it}" for it in (
        "analytics.apps.AnalyticsConfig", "checkout.apps.CheckoutConfig", "address.apps.AddressConfig",
        "shipping.apps.ShippingConfig", "catalogue.apps.CatalogueConfig",
        "catalogue.reviews.apps.CatalogueReviewsConfig", "communication.apps.CommunicationConfig",
        "partner.apps.PartnerConfig", "basket.apps.BasketConfig", "payment.apps.PaymentConfig",
        "offer.apps.OfferConfig", "order.apps.OrderConfig", "customer.apps.CustomerConfig",
        "search.apps.SearchConfig", "voucher.apps.VoucherConfig", "wishlists.apps.WishlistsConfig",
        "dashboard.apps.DashboardConfig")] + [f"oscar.apps.dashboard.{it}DashboardConfig" for it in (
        "reports.apps.Reports", "users.apps.Users", "orders.apps.Orders", "catalogue.apps.Catalogue",
        "offers.apps.Offers", "partners.apps.Partners", "pages.apps.Pages", "ranges.apps.Ranges",
        "reviews.apps.Reviews", "vouchers.apps.Vouchers", "communications.apps.Communications",
        "shipping.apps.Shipping")] + [
        "widget_tweaks", "haystack", "treebeard", "sorl.thumbnail", "django_tables2"],
}
PROGRAMS = [*APPS, "Optuna", "Buildbot"]

# ------------------------------------------------------------------ the programs' side

def as_mysqldb():
    """Lets PyMySQL stand in for mysqlclient, which would have to be compiled."""
    import pymysql
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()

def django(program, url):
    from django.conf import settings
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite://")}
    else:
        engine = {"postgres": "postgresql", "mysql": "mysql"}[parts.scheme]
        database = {"ENGINE": f"django.db.backends.{engine}", "NAME": parts.path[1:], "HOST": parts.hostname,
                    "PORT": parts.port, "USER": parts.username, "PASSWORD": unquote(parts.password)}
    more = {}
    if program == "django-oscar":
        from oscar import defaults
        more = {name: getattr(defaults, name) for name in dir(defaults) if name.startswith("OSCAR")}
        more["HAYSTACK_CONNECTIONS"] = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
    settings.configure(
        SECRET_KEY="none", SITE_ID=1, USE_TZ=True, DATABASES={"default": database}, STATIC_URL="/static/",
        INSTALLED_APPS=APPS[program], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        WAGTAIL_SITE_NAME="none", WAGTAILADMIN_BASE_URL="http://localhost", **more)
    import django
    from django.core.management import call_command
    django.setup()
    call_command("migrate", verbosity=0)

def by_sqlalchemy(url):
    return re.sub("^mysql://", "mysql+pymysql://", re.sub("^postgres://", "postgresql://", url)).replace(
        "sqlite://", "sqlite:///")

def optuna(url):
    import optuna.storages
    optuna.storages.RDBStorage(by_sqlalchemy(url))

def buildbot(url, folder):
    from buildbot.scripts import runner
    sys.argv = ["buildbot", "create-master", "--quiet", f"--db={by_sqlalchemy(url)}", folder]
    runner.run()

def make(program, url, folder):
    as_mysqldb()
    if program in APPS:
        django(program, url)
    elif program == "Optuna":
        optuna(url)
    else:
        buildbot(url, folder)

# ------------------------------------------------------------------ our side

class Failed(Exception):
    pass

def run(*command, where=None):
    """What a command says, where it succeeds."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise Failed("\n".join([f"{' '.join(command)}: exit {done.returncode}", *said[-60:]]))
    return done.stdout

def adopt(program, engine):
    """A row of the table."""
    with tempfile.TemporaryDirectory(prefix="rev-adopt-") as folder:
        folder = pathlib.Path(folder)
        name = f"adopt_{re.sub('[^a-z]', '_', program.lower())}"
        if engine == LITE:
            url = f"sqlite://{folder}/{name}.sqlite"
        else:
            url = f"{os.environ[VARIABLES[engine]].rsplit('/', 1)[0]}/{name}"
        (folder / "rev.yaml").write_text(f"databases:\n  db1: {json.dumps(url)}\n")
        (folder / "revisions").mkdir()
        rev = lambda *words: run(REV, *words, where=folder)
        rev("create", "db1")
        try:
            run(sys.executable, __file__, "make", program, url, str(folder / "made"))
            begun = time.monotonic()
            rev("adopt", "--id", "aaaa")
            took = time.monotonic() - begun
            left = rev("--format", "sql", "diff")
            if left.strip():
                raise Failed(f"rev diff is not empty:\n{left}")
            rev("check", "--models", "--live")
            rev("test", *([] if engine == LITE else ["--scratch", os.environ[VARIABLES[engine]]]))
            models = (folder / "schema" / "db1.sql").read_text()
        finally:
            rev("drop", "--yes", "db1")
    count = lambda pattern: len(re.findall(pattern, models, re.M))
    return [program, engine, count("^CREATE TABLE"), count(r"^CREATE VIRTUAL TABLE"),
            count(r"^CREATE (UNIQUE )?INDEX|^ +(UNIQUE )?(KEY|INDEX) "), count(r"\bREFERENCES\b"),
            count("$"), f"{took:.1f}"]

def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    engines = [LITE, *(it for it, one in VARIABLES.items() if os.environ.get(one, "unavailable") != "unavailable")]
    pairs = [(program, engine) for engine in engines for program in PROGRAMS if word.lower() in f"{program} {engine}".lower()]
    wrong = 0
    print("| program | engine | tables | virtual tables | indexes | foreign keys | lines | seconds of `rev adopt` |")
    print("|---|---|---|---|---|---|---|---|")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for pair, row in [(pair, pool.submit(adopt, *pair)) for pair in pairs]:
            try:
                print("|", " | ".join(map(str, row.result())), "|", flush=True)
            except (Failed, subprocess.TimeoutExpired) as fault:
                wrong += 1
                print(f"| {pair[0]} | {pair[1]} | FAILED |", flush=True)
                print(f"{pair[0]} on {pair[1]}: {fault}", file=sys.stderr)
    print(f"\nadopted: {len(pairs) - wrong} of {len(pairs)}")
    sys.exit(1 if wrong or not pairs else 0)

if __name__ == "__main__":
    make(*sys.argv[2:]) if sys.argv[1:2] == ["make"] else main()
