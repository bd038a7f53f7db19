//! Passwords in texts that may hold a URL anywhere: what was typed, what a server says.

/// What stands in place of a password.
pub(super) const HIDDEN: &str = "***";

/// `text` with the password of every URL and every `password=` hidden.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut done = 0;
    while let Some(range) = password(text, done) {
        redacted.push_str(&text[done..range.start]);
        redacted.push_str(HIDDEN);
        done = range.end;
    }
    redacted.push_str(&text[done..]);
    redacted
}

/// The first password at or after `from`, in a URL or after `password=`.
fn password(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let in_url = of_authority(text, from);
    let in_query = ["password=", "passwd=", "pwd="]
        .iter()
        .filter_map(|key| of_key(text, from, key))
        .min_by_key(|range| range.start);
    match (in_url, in_query) {
        (Some(a), Some(b)) => Some(if a.start <= b.start { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// A text that is one URL, without its password, whatever characters that has.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let Some(start) = url.find("://").map(|found| found + 3) else {
        return redact(url);
    };
    match userinfo_password(&url[start..]) {
        Some(range) => {
            let (head, tail) = (&url[..start + range.start], &url[start + range.end..]);
            format!("{head}{HIDDEN}{}", redact(tail))
        }
        None => redact(url),
    }
}

/// The password in `user:password@host/…`. Where it holds an unescaped `@`, `/`
/// or `?`, rather too much is hidden than too little.
fn userinfo_password(token: &str) -> Option<std::ops::Range<usize>> {
    let at = token.rfind('@')?;
    let colon = token[..at].find(':')?;
    (colon + 1 < at).then_some(colon + 1..at)
}

/// A password between `://user:` and `@host`, in a URL that ends with white
/// space or a quote.
fn of_authority(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let mut search = from;
    while let Some(found) = text[search..].find("://") {
        let start = search + found + 3;
        let token_end = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'))
            .map_or(text.len(), |length| start + length);
        let token = &text[start..token_end];
        if let Some(range) = userinfo_password(token) {
            return Some(start + range.start..start + range.end);
        }
        search = start;
    }
    None
}

fn of_key(text: &str, from: usize, key: &str) -> Option<std::ops::Range<usize>> {
    let lower = text[from..].to_ascii_lowercase();
    let mut search = 0;
    while let Some(found) = lower[search..].find(key) {
        let start = from + search + found + key.len();
        let length = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '&' | ';' | '"' | '\'' | '`'))
            .unwrap_or(text.len() - start);
        if length > 0 {
            return Some(start..start + length);
        }
        search += found + key.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            ("postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u@h:5432/d", "postgres://u@h:5432/d"),
            ("mysql://u:p@ss/w?rd@h/d", "mysql://u:***@h/d"),
            (
                "postgres://h:5432/d?user=u&password=secret&x=1",
                "postgres://h:5432/d?user=u&password=***&x=1",
            ),
            (
                "cannot reach `postgres://u:s@h/d`: PASSWORD=x",
                "cannot reach `postgres://u:***@h/d`: PASSWORD=***",
            ),
            ("two a://u:s@h b://u:t@h", "two a://u:***@h b://u:***@h"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redact(text), shown);
        }
    }
}
