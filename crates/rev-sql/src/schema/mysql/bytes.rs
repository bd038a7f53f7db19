//! Texts of the server that are no texts all through: it writes the default of a
//! binary column as its bytes.

/// What the server sent, with strings that are no UTF-8 spelt in hexadecimal digits.
#[must_use]
pub fn readable(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(start) = rest.iter().position(|byte| matches!(byte, b'\'' | b'`')) {
        let (before, literal) = rest.split_at(start);
        text.extend_from_slice(before);
        let length = literal_length(literal);
        let (literal, after) = literal.split_at(length);
        match std::str::from_utf8(literal) {
            Ok(_) => text.extend_from_slice(literal),
            Err(_) => text.extend(hexadecimal(literal).bytes()),
        }
        rest = after;
    }
    text.extend_from_slice(rest);
    String::from_utf8_lossy(&text).into_owned()
}

/// Up to the quote that closes it, which a doubled one does not.
fn literal_length(literal: &[u8]) -> usize {
    let quote = literal[0];
    let mut at = 1;
    while at < literal.len() {
        match literal[at] {
            b'\\' if quote == b'\'' => at += 1,
            byte if byte == quote && literal.get(at + 1) == Some(&quote) => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    literal.len()
}

fn hexadecimal(literal: &[u8]) -> String {
    let inner = literal
        .get(1..literal.len().saturating_sub(1))
        .unwrap_or_default();
    let mut digits = String::from("X'");
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        let meant = match byte {
            // Doubled.
            b'\'' => bytes.next().unwrap_or(byte),
            b'\\' => match bytes.next() {
                Some(b'0') => 0,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'Z') => 0x1a,
                Some(other) => other,
                None => byte,
            },
            byte => byte,
        };
        digits.push_str(&format!("{meant:02x}"));
    }
    digits.push('\'');
    digits
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_string_that_is_no_text_is_spelt_in_digits() {
        let sent = b"`a` binary(4) DEFAULT '\\0\xff''\\'', `b` text DEFAULT 'it''s \xc3\xa9'";
        assert_eq!(
            readable(sent),
            "`a` binary(4) DEFAULT X'00ff2727', `b` text DEFAULT 'it''s é'"
        );
        assert_eq!(readable("'é' \\0".as_bytes()), "'é' \\0");
    }
}
