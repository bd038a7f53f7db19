//! Names and expressions as a person would write them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rev_core::Dialect;

use crate::ledger;
use crate::schema::{Generated, Name, Reference, Text, mysql, postgres, sqlite};

/// Words that SQLite, MySQL or MariaDB do not take for a name as they stand.
const RESERVED: &str = "\
abort accessible action add after all alter always analyse analyze and any array as asc asensitive \
asymmetric attach authorization autoincrement before begin between bigint binary blob both by call \
cascade case cast change char character check collate collation column commit concurrently condition \
conflict constraint continue convert create cross cube cume_dist current current_catalog \
current_date current_role current_schema current_time current_timestamp current_user cursor database \
databases day_hour day_microsecond day_minute day_second dec decimal declare default deferrable \
deferred delayed delete delete_domain_id dense_rank desc describe detach deterministic distinct \
distinctrow div do do_domain_ids double drop dual each else elseif empty enclosed end escape escaped \
except exclude exclusive exists exit explain fail false fetch filter first first_value float float4 \
float8 following for force foreign freeze from full fulltext function generated get glob grant group \
grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore \
ignore_domain_ids ilike immediate in index indexed infile initially inner inout insensitive insert \
instead int int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids \
is isnull iterate join json_table keys kill lag last last_value lateral lead leading leave left like \
limit linear lines load localtime localtimestamp lock long longblob longtext loop low_priority \
manual master_bind master_heartbeat_period master_ssl_verify_server_cert match materialized maxvalue \
mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural no \
no_write_to_binlog not nothing notnull nth_value ntile null nulls numeric of offset on only optimize \
optimizer_costs option optionally or order others out outer outfile over overlaps page_checksum \
parallel parse_vcol_expr partition percent_rank placing plan pragma preceding precision primary \
procedure purge qualify query raise range rank read reads real recursive ref_system_id references \
regexp reindex release rename repeat replace require resignal restrict return returning revoke right \
rlike rollback row row_number rows savepoint schema schemas second_microsecond select sensitive \
separator session_user set show signal similar slow smallint some spatial specific sql \
sql_big_result sql_calc_found_rows sql_small_result sqlexception sqlstate sqlwarning ssl starting \
stats_auto_recalc stats_persistent stats_sample_pages stored straight_join symmetric system table \
tablesample temp temporary terminated then ties tinyblob tinyint tinytext to trailing transaction \
trigger true unbounded undo union unique unlock unsigned update usage use user using utc_date \
utc_time utc_timestamp vacuum values varbinary varchar varcharacter variadic varying verbose view \
virtual when where while window with without write xor year_month zerofill";

/// Further words that MySQL 9.7 or MariaDB 10.11 to 11.8 do not take for a name everywhere:
/// SQLite does.
const RESERVED_BY_MYSQL: &str = "\
external key library master_demote_to_replica master_demote_to_slave portion read_write \
rollup sql_after_gtids sql_before_gtids sql_buffer_result sql_cache sql_no_cache vector";

/// The character sets of MySQL and MariaDB: `_latin1` is no name, but says of which a text is.
const CHARACTER_SETS: &str = "\
armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr \
gb18030 gb2312 gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce \
macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8 utf8mb3 utf8mb4";

/// The words that PostgreSQL quotes itself: those that `pg_get_keywords()` gives with a
/// `catcode` other than `U`, in releases 12 to 18. Names of types are found in the server's
/// own texts, so they must be spelt as it spells them.
const RESERVED_BY_POSTGRES: &str = "\
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit \
boolean both case cast char character check coalesce collate collation column concurrently \
constraint create cross current_catalog current_date current_role current_schema current_time \
current_timestamp current_user dec decimal default deferrable desc distinct do else end except \
exists extract false fetch float for foreign freeze from full grant greatest group grouping \
having ilike in initially inner inout int integer intersect interval into is isnull join \
json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar \
json_serialize json_table json_value lateral leading least left like limit localtime \
localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric \
offset on only or order out outer overlaps overlay placing position precision primary real \
references returning right row select session_user setof similar smallint some substring \
symmetric system_user table tablesample then time timestamp to trailing treat trim true union \
unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat \
xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

static WORDS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| RESERVED.split_ascii_whitespace().collect());

static WORDS_OF_MYSQL: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let words = RESERVED_BY_MYSQL.split_ascii_whitespace();
    words.chain(RESERVED.split_ascii_whitespace()).collect()
});

static WORDS_OF_POSTGRES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| RESERVED_BY_POSTGRES.split_ascii_whitespace().collect());

pub(in crate::schema) fn is_reserved(word: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => WORDS_OF_POSTGRES.contains(word),
        Dialect::Sqlite => WORDS.contains(word),
        Dialect::Mysql => WORDS_OF_MYSQL.contains(word) || is_introducer(word),
    }
}

/// Whether MySQL takes a word for the character set of the text that follows.
fn is_introducer(word: &str) -> bool {
    let set = word.strip_prefix('_');
    set.is_some_and(|set| CHARACTER_SETS.split_ascii_whitespace().any(|it| it == set))
}

/// A name, quoted only where the dialect would take it for something else.
pub(in crate::schema) fn spell(name: &Text, dialect: Dialect) -> String {
    let text = name.as_str();
    let small = dialect == Dialect::Postgres;
    let mut characters = text.chars();
    let begins = characters
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c == '_' || (c.is_ascii_uppercase() && !small));
    let goes_on = characters.all(|c| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || c == '_'
            || (c.is_ascii_uppercase() && !small)
    });
    let word = text.to_ascii_lowercase();
    let is_plain = begins && goes_on && !is_reserved(&word, dialect);
    match is_plain {
        true => text.to_owned(),
        false => ledger::name(text, dialect),
    }
}

/// A name with its schema, where it has one.
pub(in crate::schema) fn spell_name(name: &Name, dialect: Dialect) -> String {
    let own = spell(&name.name, dialect);
    match &name.schema {
        Some(schema) => format!("{}.{own}", spell(schema, dialect)),
        None => own,
    }
}

/// What becomes of rows when the row that they refer to changes or goes.
pub(super) fn actions(reference: &Reference) -> String {
    let events = [
        ("UPDATE", &reference.on_update),
        ("DELETE", &reference.on_delete),
    ];
    let stated = events.into_iter().filter_map(|(event, action)| {
        let action = action.as_ref()?;
        Some(format!(" ON {event} {action}"))
    });
    stated.collect()
}

/// What a column is computed from.
pub(super) fn computed(generated: &Generated) -> String {
    let kept = match generated.stored {
        true => "STORED",
        false => "VIRTUAL",
    };
    format!(" GENERATED ALWAYS AS ({}) {kept}", generated.expression)
}

/// An expression with the key that its dialect compares by.
pub(in crate::schema) fn expression(text: &str, dialect: Dialect) -> Text {
    match dialect {
        Dialect::Sqlite => sqlite::expression(text),
        Dialect::Postgres => postgres::expression(text),
        Dialect::Mysql => mysql::expression(text),
    }
}
