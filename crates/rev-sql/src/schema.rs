//! Schemas: what a database holds, as values that can be compared.
//!
//! Each engine's introspection gives a [`Schema`] whose texts are the engine's own,
//! so whatever the engine takes for the same is spelt the same, or has the same
//! key: see [`Text`]. Two of them give a [`Diff`], and [`ddl`] words it in SQL. The
//! way back is the diff the other way round. Nothing here touches a database.
//!
//! [`select`] asks for something else: sentences about all that a catalogue holds,
//! also what cannot be written back, such as grants. Proofs compare these: a reader
//! that shares its mistakes with the writer would prove nothing.

mod catalogue;
mod change;
mod cursor;
pub mod ddl;
mod declares;
mod diff;
mod filter;
mod model;
pub mod mysql;
mod others;
pub mod postgres;
mod rename;
mod rights;
pub mod sqlite;
#[cfg(test)]
mod testing;
mod text;

pub(crate) use catalogue::columns_of;
pub use catalogue::{
    ColumnOrder, Difference, Stored, difference, select, select_sqlite_dump, sentences,
    without_extensions_left,
};
pub use change::{Alteration, Change, TableChange};
pub use declares::{Treatment, Undeclared, declares, strays, treatment};
pub use diff::Diff;
pub use filter::{BadPattern, Filter};
pub use model::{
    Column, Constraint, Deferral, Enumeration, Generated, Handle, Index, Kind, Name, Object,
    Options, Part, PartOf, Reference, Rule, Schema, Sequence, Table,
};
pub use rename::{BadRename, Rename, resolve, resolve_all};
pub use rights::{Privileges, Rights};
pub use text::Text;
