//! Places: byte offsets as people count.

/// The line, and the column in characters, of a byte offset in a text; both
/// count from 1. An offset past the end means the end; one inside a character
/// means that character.
#[must_use]
pub fn line_and_column(text: &str, byte_offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte_offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.bytes().filter(|&byte| byte == b'\n').count();
    (line, 1 + before[line_start..].chars().count())
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn columns_count_characters_and_lines_end_at_newlines() {
        let text = "é\r\n-- ünï\nSELECT";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 1), (1, 1));
        assert_eq!(line_and_column(text, 2), (1, 2));
        assert_eq!(line_and_column(text, 9), (2, 5));
        assert_eq!(line_and_column(text, text.len() - 6), (3, 1));
        assert_eq!(line_and_column(text, 1000), (3, 7));
    }
}
