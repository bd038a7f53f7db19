//! Characters that nobody sees, or that turn what stands around them.
//!
//! A reviewer decides by what is shown. So what is shown of a message or a script has such
//! characters written out, as `\u{202e}`. The list is Unicode's: control characters (`Cc`),
//! `Bidi_Control`, `Default_Ignorable_Code_Point`, line and paragraph separators (`Zl`,
//! `Zp`), and the marks of annotations.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

const BIDI: [RangeInclusive<char>; 4] = [
    '\u{61c}'..='\u{61c}',
    '\u{200e}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2066}'..='\u{2069}',
];

const IGNORABLE: [RangeInclusive<char>; 17] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

const OTHERS: [RangeInclusive<char>; 2] = ['\u{2028}'..='\u{2029}', '\u{fff9}'..='\u{fffb}'];

/// Whether a character turns the direction of what stands around it.
#[must_use]
pub fn turns(character: char) -> bool {
    BIDI.iter().any(|range| range.contains(&character))
}

/// Whether nobody sees a character; of control characters a tab and the end of a line
/// are seen.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        ' '..='~' => false,
        _ => {
            let mut ranges = IGNORABLE.iter().chain(&OTHERS);
            character.is_control() || ranges.any(|range| range.contains(&character))
        }
    }
}

/// A text with each character that nobody sees written out: `\u{202e}`.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    written(text, |out, character| {
        let _ = write!(out, "{}", character.escape_unicode());
    })
}

/// A text of JSON, with each such character of its strings as JSON writes it: `\u202e`.
#[must_use]
pub fn shown_in_json(text: &str) -> Cow<'_, str> {
    written(text, |out, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn written(text: &str, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_unseen(character) {
            true => write(&mut out, character),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    /// Whether a character has a property, in the words of another library.
    fn has(pattern: &str) -> impl Fn(char) -> bool {
        let hir = regex_syntax::parse(pattern).expect("a class");
        let HirKind::Class(Class::Unicode(class)) = hir.kind().clone() else {
            panic!("{pattern} is no class");
        };
        move |it| {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| (range.start()..=range.end()).contains(&it))
        }
    }

    #[test]
    fn what_unicode_calls_unseen_is_and_nothing_else() {
        let is_bidi = has(r"\p{Bidi_Control}");
        let is_listed =
            has(r"[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}]");
        let is_annotation = |it: char| ('\u{fff9}'..='\u{fffb}').contains(&it);
        for character in '\0'..=char::MAX {
            let expected = match character {
                '\n' | '\t' => false,
                it => is_listed(it) || is_annotation(it),
            };
            assert_eq!(is_unseen(character), expected, "{character:?}");
            assert_eq!(turns(character), is_bidi(character), "{character:?}");
        }
    }

    #[test]
    fn what_is_unseen_is_written_out() {
        let text = "a\u{202e}b\u{1b}\u{e0041}é\n\t";
        assert_eq!(shown(text), "a\\u{202e}b\\u{1b}\\u{e0041}é\n\t");
        assert_eq!(shown_in_json(text), "a\\u202eb\\u001b\\udb40\\udc41é\n\t");
        assert!(matches!(shown("plain é"), Cow::Borrowed(_)));
    }
}
