//! The placed reader: parser events into a tree that knows where it stands.

use serde_saphyr::granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, options,
};

use super::{BLOCK_DEPTH, Block, FLOW_DEPTH, Finding, Key, Node, Text, Value, repeated};
use crate::fault::{Place, Problem};

/// Reads one document, with the place of every node.
///
/// # Errors
///
/// Every anchor, alias, tag, odd or duplicate key and further document, and at
/// most one error of syntax (nothing can be known beyond it).
pub(crate) fn placed(text: &str) -> Result<Node, Vec<Finding>> {
    let parser = Parser::new_from_str_with_options(
        text,
        options! {
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            flow_nesting_limit: FLOW_DEPTH,
            block_nesting_limit: BLOCK_DEPTH,
        },
    );
    let mut builder = Builder {
        text,
        parser,
        findings: Vec::new(),
    };
    let node = builder.stream();
    if let Err(error) = &node {
        builder.findings.push(syntax(error));
    }
    if !builder.findings.is_empty()
        && let Some(conflict) = conflict(text)
    {
        // What the reader says of them is about no YAML that anybody wrote.
        return Err(vec![conflict]);
    }
    match (node, builder.findings) {
        (Ok(node), findings) if findings.is_empty() => Ok(node),
        (_, findings) => Err(findings),
    }
}

/// The first mark that a merge has left, where the text has one of each kind in git's order.
pub(crate) fn conflict(text: &str) -> Option<Finding> {
    let mut marks = ["<<<<<<< ", "=======", ">>>>>>> "].into_iter().peekable();
    let mut first = None;
    for (number, line) in (1..).zip(text.lines()) {
        if marks.peek().is_some_and(|mark| line.starts_with(mark)) {
            marks.next();
            first.get_or_insert((number, line.trim_end().chars().count()));
        }
    }
    let (line, length) = first.filter(|_| marks.peek().is_none())?;
    let place = Place {
        line,
        column: 1,
        length,
    };
    Some((Some(place), Problem::Conflict))
}

fn syntax(error: &ScanError) -> Finding {
    let marker = error.marker();
    let problem = match error.kind() {
        ErrorKind::RecursionLimitExceeded => Problem::TooDeep,
        _ => Problem::Syntax {
            detail: error.info(),
        },
    };
    (Some(Place::at(marker.line(), marker.col() + 1)), problem)
}

struct Builder<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    findings: Vec<Finding>,
}

impl<'t> Builder<'t> {
    /// The next event that stands for something; anchors are noted and passed.
    fn event(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        loop {
            let Some(next) = self.parser.next_event() else {
                let end = Marker::new(0, 1, 0);
                return Ok((Event::StreamEnd, Span::empty(end)));
            };
            let (event, span) = next?;
            match event {
                Event::Anchor(_, name) => {
                    let name = name.into_owned();
                    self.find(&span, Problem::Anchor { name });
                }
                event => return Ok((event, span)),
            }
        }
    }

    fn find(&mut self, span: &Span, problem: Problem) {
        self.findings.push((Some(self.place(span)), problem));
    }

    /// The span's start, and its length within its first line.
    fn place(&self, span: &Span) -> Place {
        let length = if span.end.line() == span.start.line() {
            span.end.col() - span.start.col()
        } else {
            let line = span.slice(self.text).and_then(|text| text.lines().next());
            line.map_or(0, |line| line.trim_end().chars().count())
        };
        Place {
            line: span.start.line(),
            column: span.start.col() + 1,
            length,
        }
    }

    fn stream(&mut self) -> Result<Node, ScanError> {
        let mut root = None;
        loop {
            let (event, span) = self.event()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    self.find(&span, Problem::SeveralDocuments);
                    break;
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, &span)?),
            }
        }
        Ok(root.unwrap_or(Node {
            value: Value::Null,
            place: Some(Place::at(1, 1)),
        }))
    }

    /// The node that `event` begins. Its depth is bounded by the parser.
    fn node(&mut self, event: Event<'t>, span: &Span) -> Result<Node, ScanError> {
        if let Some(tag) = event.tag() {
            let tag = tag.original();
            let span = span.tag_span().unwrap_or(*span);
            self.find(&span, Problem::Tag { tag });
        }
        let mut place = self.place(span);
        let value = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style, span),
            Event::SequenceStart(..) => Value::List(self.list()?),
            Event::MappingStart(..) => {
                let entries = self.map()?;
                // An indented map begins at its first key.
                place = entries
                    .first()
                    .and_then(|(key, _)| key.place)
                    .filter(|_| place.length == 0)
                    .unwrap_or(place);
                Value::Map(entries)
            }
            _ => {
                let text = span.slice(self.text).unwrap_or_default().to_owned();
                self.find(span, Problem::Alias { text });
                Value::Null
            }
        };
        Ok(Node {
            value,
            place: Some(place),
        })
    }

    fn list(&mut self) -> Result<Vec<Node>, ScanError> {
        let mut nodes = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(nodes),
                (event, span) => nodes.push(self.node(event, &span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<(Key, Node)>, ScanError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                return Ok(self.unrepeated(entries));
            }
            let key = self.node(event, &span)?;
            let (event, value_span) = self.event()?;
            let value = self.node(event, &value_span)?;
            if let Some(key) = self.key(key, &span) {
                entries.push((key, value));
            }
        }
    }

    /// A key; `None`, and a finding, where it is none.
    fn key(&mut self, node: Node, span: &Span) -> Option<Key> {
        let Value::Text(Text { text, .. }) = node.value else {
            self.find(span, Problem::OddKey);
            return None;
        };
        let place = node.place;
        Some(Key { text, place })
    }

    fn unrepeated(&mut self, entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
        for (second, first) in repeated(&entries) {
            let key = entries[second].0.text.clone();
            let first_line = entries[first].0.place.map_or(0, |place| place.line);
            let problem = Problem::DuplicateKey { key, first_line };
            self.findings.push((entries[second].0.place, problem));
        }
        entries
    }
}

fn scalar(text: String, style: ScalarStyle, span: &Span) -> Value {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    let block = (style == ScalarStyle::Literal).then(|| {
        // The span begins at the first line that is not empty.
        let empty = text.bytes().take_while(|&byte| byte == b'\n').count();
        Block {
            line: span.start.line() - empty.min(span.start.line() - 1),
            column: span.start.col() + 1,
        }
    });
    Value::Text(Text { text, plain, block })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> String {
        let mut lines = Vec::new();
        show(&placed(text).expect(text), "", &mut lines);
        lines.join("\n")
    }

    fn show(node: &Node, name: &str, lines: &mut Vec<String>) {
        let place = node.place.expect("a place");
        match &node.value {
            Value::List(nodes) => nodes.iter().for_each(|node| show(node, "-", lines)),
            Value::Map(entries) => entries
                .iter()
                .for_each(|(key, node)| show(node, &key.text, lines)),
            Value::Text(text) => {
                let block = text
                    .block
                    .map(|b| format!(" block {}:{}", b.line, b.column));
                lines.push(format!(
                    "{place}+{} {name}={:?}{}",
                    place.length,
                    text.text,
                    block.unwrap_or_default()
                ));
            }
            other => lines.push(format!("{place} {name}={other:?}")),
        }
    }

    #[test]
    fn scalars_keep_their_spelling_and_know_their_place() {
        insta::assert_snapshot!(
            places("a: 0012\nb: [1e10, no, 'x y']\nc:\nd: ~\né: 'ü'\ne: |\n\n  x\n   y\nf:\n  - |2\n      s\n"),
            @r#"
            1:4+4 a="0012"
            2:5+4 -="1e10"
            2:11+2 -="no"
            2:15+5 -="x y"
            3:2 c=Null
            4:4 d=Null
            5:4+3 é="ü"
            8:3+1 e="\nx\n y\n" block 7:3
            12:5+3 -="  s\n" block 12:5
            "#
        );
    }
}
