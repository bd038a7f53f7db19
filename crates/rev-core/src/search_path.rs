//! PostgreSQL's search path, as settings say it.

/// Schemas in the order in which names are looked up; the first holds what is made. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    first: String,
    others: Vec<String>,
}

impl SearchPath {
    /// A path of these schemas, whole names each; `None`: there is none, or one without a name.
    #[must_use]
    pub fn of(schemas: Vec<String>) -> Option<Self> {
        if schemas.iter().any(String::is_empty) {
            return None;
        }
        let mut schemas = schemas.into_iter();
        Some(Self {
            first: schemas.next()?,
            others: schemas.collect(),
        })
    }

    /// Reads a path with commas, `tenant_a, public`. A name in double quotes may hold a comma;
    /// no name is changed to lower case.
    ///
    /// ```
    /// use rev_core::search_path::SearchPath;
    ///
    /// let path = SearchPath::parse("tenant_a, \"a, b\"").unwrap();
    /// assert_eq!(path.schemas().collect::<Vec<_>>(), ["tenant_a", "a, b"]);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut schemas = Vec::new();
        let mut rest = text.trim();
        loop {
            let (name, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted_name(quoted)?,
                None => {
                    let end = rest.find(',').unwrap_or(rest.len());
                    (rest[..end].trim().to_owned(), &rest[end..])
                }
            };
            schemas.push(name);
            match after.trim_start() {
                "" => return Self::of(schemas),
                more => rest = more.strip_prefix(',')?.trim_start(),
            }
        }
    }

    /// The schema that holds what is made.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// All schemas, in their order.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.first.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

/// The name before the closing quote, and what follows that; a doubled quote is one of the name.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SearchPath;

    #[test]
    fn a_path_is_read_as_postgresql_writes_it() {
        for (text, schemas) in [
            ("tenant_a", &["tenant_a"][..]),
            ("Tenant A", &["Tenant A"]),
            ("tenant_a, public", &["tenant_a", "public"]),
            ("a,b , c", &["a", "b", "c"]),
            ("\"a, b\" , \"c\"\"d\"", &["a, b", "c\"d"]),
            ("\"$user\", public", &["$user", "public"]),
        ] {
            let path = SearchPath::parse(text).expect(text);
            assert_eq!(path.schemas().collect::<Vec<_>>(), schemas, "{text}");
            assert_eq!(path.first(), schemas[0]);
        }
        for bad in ["", ",", "a,", ",a", "a,,b", "\"a", "\"a\" b", "\"\""] {
            assert_eq!(SearchPath::parse(bad), None, "{bad}");
        }
    }
}
