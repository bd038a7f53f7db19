//! Tokens: as much of SQL's spelling as splitting needs.
//!
//! White space and comments are skipped; all else comes out in order, with its
//! place. Every byte is looked at a bounded number of times, so a walk over a
//! text is linear. All places are byte offsets on character boundaries, since a
//! token starts and ends at an ASCII byte or swallows all bytes from 0x80 on.

use rev_core::Quoting;

use super::Construct;

/// How a dialect spells what others spell otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexicon {
    /// `/* /* */ */` is one comment.
    pub(super) nested_comments: bool,
    /// `#` opens a comment, and `--` only before white space or a control
    /// character.
    pub(super) shell_comments: bool,
    /// `/*! … */` is code.
    pub(super) fences: bool,
    /// A backslash in `'…'` takes the next character along, and in `"…"` where that is a
    /// string.
    pub(super) backslash: bool,
    /// `"…"` is a string.
    pub(super) double_quoted_text: bool,
    /// `` `…` `` is a name.
    pub(super) backticks: bool,
    /// `[…]` is a name.
    pub(super) brackets: bool,
    /// `$tag$…$tag$` and `E'…\'…'` are strings.
    pub(super) postgres_text: bool,
}

impl Lexicon {
    /// The same where quoted text is read so.
    pub(super) fn reading(self, quoting: Quoting) -> Self {
        Self {
            backslash: quoting.backslash,
            // Only MySQL has executable comments, and strings between double quotes.
            double_quoted_text: self.fences && !quoting.ansi_quotes,
            ..self
        }
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword, a name without quotes or a number.
    Word,
    /// A name in quotes, or a user variable.
    Name,
    /// A string.
    Text,
    /// One character of punctuation.
    Symbol,
    /// `;`
    Semicolon,
    /// The word set by `DELIMITER`.
    Delimiter,
    /// The start or end of an executable comment.
    Fence,
}

/// A piece of the text that means something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

impl Token<'_> {
    /// The offset after its last byte.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any case.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is one of these keywords.
    pub(crate) fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// Whether it is this punctuation.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

/// Something that opens and does not close.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unclosed {
    pub(super) construct: Construct,
    pub(super) start: usize,
    pub(super) opening_length: usize,
}

/// A walk over a text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    lexicon: Lexicon,
    delimiter: Option<&'a str>,
    /// Where the executable comments open that we are in.
    fences: Vec<usize>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, lexicon: Lexicon) -> Self {
        let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            text,
            position: byte_order_mark,
            lexicon,
            delimiter: None,
            fences: Vec::new(),
        }
    }

    /// Reads quoted text so from here on.
    pub(super) fn read_as(&mut self, quoting: Quoting) {
        self.lexicon = self.lexicon.reading(quoting);
    }

    /// The word that ends statements instead of `;`, if one is set.
    pub(super) fn delimiter(&self) -> Option<&'a str> {
        self.delimiter
    }

    /// Where the innermost executable comment opens, if we are in one.
    pub(super) fn fence(&self) -> Option<usize> {
        self.fences.last().copied()
    }

    /// Reads the rest of a `DELIMITER` line; `None` if it names no delimiter.
    pub(super) fn read_delimiter(&mut self) -> Option<&'a str> {
        let line = self.rest().split(['\n', '\r']).next().unwrap_or_default();
        self.position += line.len();
        let word = line.split_ascii_whitespace().next()?;
        self.delimiter = (word != ";").then_some(word);
        Some(word)
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Unclosed> {
        loop {
            let start = self.position;
            let Some(byte) = self.peek(0) else {
                return self.end_of_text();
            };
            if self.at_delimiter(start) {
                self.position += self.delimiter.map_or(0, str::len);
                return Ok(Some(self.token(TokenKind::Delimiter, start)));
            }
            if byte.is_ascii_whitespace() || byte == 0x0b {
                self.position += 1;
            } else if self.opens_line_comment(byte) {
                self.skip_line();
            } else if byte == b'/' && self.peek(1) == Some(b'*') {
                if self.opens_fence() {
                    return Ok(Some(self.token(TokenKind::Fence, start)));
                }
                self.skip_comment()?;
            } else {
                return self.significant(byte).map(Some);
            }
        }
    }

    fn end_of_text(&self) -> Result<Option<Token<'a>>, Unclosed> {
        match self.fence() {
            Some(start) => Err(self.unclosed(Construct::Comment, start, 2)),
            None => Ok(None),
        }
    }

    fn significant(&mut self, byte: u8) -> Result<Token<'a>, Unclosed> {
        let start = self.position;
        let kind = match byte {
            b'\'' => self.quoted(Construct::Text, self.lexicon.backslash)?,
            b'"' if self.lexicon.double_quoted_text => {
                self.quoted(Construct::Text, self.lexicon.backslash)?
            }
            b'"' => self.quoted(Construct::Name, false)?,
            b'`' if self.lexicon.backticks => self.quoted(Construct::Name, false)?,
            b'[' if self.lexicon.brackets => self.bracketed()?,
            b'$' if self.lexicon.postgres_text => self.dollar()?,
            b'@' if self.peek(1).is_some_and(is_word_byte) => {
                self.position += 1;
                self.skip_word();
                TokenKind::Name
            }
            b'*' if self.closes_fence() => TokenKind::Fence,
            b';' => self.single(TokenKind::Semicolon),
            _ if is_word_byte(byte) => self.word()?,
            _ => self.single(TokenKind::Symbol),
        };
        Ok(self.token(kind, start))
    }

    fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.position += 1;
        kind
    }

    fn word(&mut self) -> Result<TokenKind, Unclosed> {
        let start = self.position;
        self.skip_word();
        let word = &self.text[start..self.position];
        if self.lexicon.postgres_text
            && word.eq_ignore_ascii_case("e")
            && self.peek(0) == Some(b'\'')
        {
            self.quoted(Construct::Text, true)?;
            while self.continues_string() {
                self.quoted(Construct::Text, true)?;
            }
            return Ok(TokenKind::Text);
        }
        Ok(TokenKind::Word)
    }

    /// Takes a word's bytes, but never those of a delimiter: in `END$$` both
    /// dollars could belong to the name. In PostgreSQL a number holds no dollar.
    fn skip_word(&mut self) {
        let digits = self.peek(0).is_some_and(|byte| byte.is_ascii_digit());
        let dollars = !(digits && self.lexicon.postgres_text);
        while let Some(byte) = self.peek(0) {
            let belongs = is_word_byte(byte) && (dollars || byte != b'$');
            if !belongs || self.at_delimiter(self.position) {
                break;
            }
            self.position += 1;
        }
    }

    /// Whether another `'…'` goes on with the escapes of the one just read: the
    /// standard joins strings that only white space with a line end divides.
    fn continues_string(&mut self) -> bool {
        let mut ahead = self.position;
        let bytes = self.text.as_bytes();
        let mut line_end = false;
        loop {
            match bytes.get(ahead) {
                Some(b'\n' | b'\r') => line_end = true,
                Some(b' ' | b'\t' | 0x0b | 0x0c) => {}
                Some(b'-') if bytes.get(ahead + 1) == Some(&b'-') => {
                    ahead = self.line_end(ahead);
                    continue;
                }
                Some(b'\'') if line_end => {
                    self.position = ahead;
                    return true;
                }
                _ => return false,
            }
            ahead += 1;
        }
    }

    /// Takes `'…'`, `"…"` or `` `…` ``; a doubled quote stands for itself.
    fn quoted(&mut self, construct: Construct, backslash: bool) -> Result<TokenKind, Unclosed> {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        let mut ahead = start + 1;
        loop {
            match bytes.get(ahead) {
                None => return Err(self.unclosed(construct, start, 1)),
                Some(b'\\') if backslash => ahead += 2,
                Some(&byte) if byte == quote => {
                    if bytes.get(ahead + 1) != Some(&quote) {
                        break;
                    }
                    ahead += 2;
                }
                Some(_) => ahead += 1,
            }
        }
        self.position = ahead + 1;
        Ok(match construct {
            Construct::Name => TokenKind::Name,
            _ => TokenKind::Text,
        })
    }

    fn bracketed(&mut self) -> Result<TokenKind, Unclosed> {
        let length = self
            .rest()
            .find(']')
            .ok_or_else(|| self.unclosed(Construct::Name, self.position, 1))?;
        self.position += length + 1;
        Ok(TokenKind::Name)
    }

    /// Takes `$tag$…$tag$`, or the dollar alone where no such string opens.
    fn dollar(&mut self) -> Result<TokenKind, Unclosed> {
        let start = self.position;
        let rest = self.rest();
        let tag = rest[1..]
            .bytes()
            .take_while(|&byte| is_word_byte(byte) && byte != b'$')
            .count();
        let parameter = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if parameter || rest.as_bytes().get(tag + 1) != Some(&b'$') {
            return Ok(self.single(TokenKind::Symbol));
        }
        let (fence, body) = rest.split_at(tag + 2);
        let length = body
            .find(fence)
            .ok_or_else(|| self.unclosed(Construct::DollarQuote, start, fence.len()))?;
        self.position = start + fence.len() + length + fence.len();
        Ok(TokenKind::Text)
    }

    fn opens_line_comment(&self, byte: u8) -> bool {
        match byte {
            b'#' => self.lexicon.shell_comments,
            b'-' if self.peek(1) == Some(b'-') => {
                !self.lexicon.shell_comments
                    || self
                        .peek(2)
                        .is_none_or(|next| next == b' ' || next.is_ascii_control())
            }
            _ => false,
        }
    }

    pub(super) fn skip_line(&mut self) {
        self.position = self.line_end(self.position);
    }

    /// The offset of the line end at or after an offset, or of the text's end.
    /// A lone carriage return counts in PostgreSQL only.
    fn line_end(&self, from: usize) -> usize {
        let ends = |byte: &u8| *byte == b'\n' || (*byte == b'\r' && self.lexicon.postgres_text);
        let rest = &self.text.as_bytes()[from..];
        from + rest.iter().position(ends).unwrap_or(rest.len())
    }

    fn skip_comment(&mut self) -> Result<(), Unclosed> {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let mut ahead = start + 2;
        let mut depth = 1;
        while depth > 0 {
            match (bytes.get(ahead), bytes.get(ahead + 1)) {
                (None, _) => return Err(self.unclosed(Construct::Comment, start, 2)),
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    ahead += 2;
                }
                (Some(b'/'), Some(b'*')) if self.lexicon.nested_comments => {
                    depth += 1;
                    ahead += 2;
                }
                _ => ahead += 1,
            }
        }
        self.position = ahead;
        Ok(())
    }

    /// Takes `/*!50001` or `/*M!100100`, whose comment is code. `/*!999999` is
    /// how MariaDB's dump spells a comment that no server is to read.
    fn opens_fence(&mut self) -> bool {
        let rest = &self.rest()[2..];
        let Some(body) = rest.strip_prefix('!').or_else(|| rest.strip_prefix("M!")) else {
            return false;
        };
        if !self.lexicon.fences || body.starts_with("999999") {
            return false;
        }
        let digits = body.bytes().take(6).take_while(u8::is_ascii_digit).count();
        self.fences.push(self.position);
        self.position = self.text.len() - body.len() + digits;
        true
    }

    fn closes_fence(&mut self) -> bool {
        let closes = !self.fences.is_empty() && self.peek(1) == Some(b'/');
        if closes {
            self.fences.pop();
            self.position += 2;
        }
        closes
    }

    fn at_delimiter(&self, position: usize) -> bool {
        self.delimiter.is_some_and(|delimiter| {
            self.text.as_bytes()[position..].starts_with(delimiter.as_bytes())
        })
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token<'a> {
        Token {
            kind,
            start,
            text: &self.text[start..self.position],
        }
    }

    fn unclosed(&self, construct: Construct, start: usize, opening_length: usize) -> Unclosed {
        Unclosed {
            construct,
            start,
            opening_length,
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
