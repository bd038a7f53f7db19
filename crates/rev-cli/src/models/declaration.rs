//! What declares the schema of a database, and whether two databases have the same.

use rev_core::Binding;
use rev_store::config::{ModelCommand, ModelFile};

use super::printer::Printer;
use crate::session::Session;

/// What declares the schema of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declaration {
    /// SQL files, by their paths in their order.
    Files(Vec<String>),
    /// A program, and what it has printed for a server.
    Printed {
        /// The program.
        command: ModelCommand,
        /// The server, as the program was told of it.
        server: String,
        /// What it has printed.
        text: String,
    },
}

impl Declaration {
    pub(super) fn of_files(files: &[ModelFile]) -> Self {
        Self::Files(files.iter().map(|file| file.path.clone()).collect())
    }

    /// Whether the database with this declaration and another one are declared alike: by
    /// the same files, or by a program that prints the same for both.
    ///
    /// One program may print other things for another name, and prints another dialect for
    /// another engine: so it is run once more, with the other's name as if that one
    /// lived on this one's server. Where it fails then, they are not alike.
    pub(crate) fn is_alike(
        &self,
        of: &Binding,
        other: &Self,
        other_of: &Binding,
        session: &Session,
    ) -> bool {
        match (self, other) {
            (Self::Files(files), Self::Files(others)) => files == others,
            (
                Self::Printed {
                    command,
                    server,
                    text,
                },
                Self::Printed {
                    command: other_command,
                    server: other_server,
                    text: other_text,
                },
            ) => {
                if command.words != other_command.words {
                    return false;
                }
                if server == other_server {
                    return text == other_text;
                }
                let other_here = Binding {
                    dialect: of.dialect,
                    ..other_of.clone()
                };
                let printer = Printer {
                    session,
                    binding: &other_here,
                    command,
                };
                printer.printed(server).is_ok_and(|it| it.text == *text)
            }
            _ => false,
        }
    }
}
