//! Server-sent events, as the HTML standard reads them
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>), from bytes in pieces of any
//! size.

/// An event: its name (empty for an unnamed one) and its data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// The `event:` field.
    pub(crate) name: String,
    /// The `data:` lines, joined by line breaks.
    pub(crate) data: String,
}

/// The bytes of one event beyond which a stream is no stream of events.
const MAX_EVENT: usize = 1 << 20;

/// More than an event can be was sent without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Collects bytes and gives out events.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_return: bool,
    begun: bool,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// Takes bytes and gives the events that are whole now.
    ///
    /// # Errors
    /// [`TooLong`], after which the parser is of no more use.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.event.data.len() > MAX_EVENT {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = if std::mem::replace(&mut self.begun, true) { &*line } else { line.trim_start_matches('\u{feff}') };
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            // Comments (an empty field), ids and waits are of no use here.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(bytes: &[u8]) -> Vec<(String, String)> {
        let events = Parser::default().push(bytes).unwrap();
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let text =
            "\u{feff}: hello\ndata: a\ndata:b\n\nevent: done\r\ndata\r\n\r\nid: 3\n\nretry: 9\rdata:  c\r\rdata: cut";
        let expected = [("", "a\nb"), ("done", ""), ("", " c")];
        assert_eq!(events(text.as_bytes()), expected.map(|(name, data)| (name.to_owned(), data.to_owned())));
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut parser = Parser::default();
        let endless = vec![b'x'; 600_000];
        assert!(parser.push(&endless).is_ok());
        assert_eq!(parser.push(&endless), Err(TooLong));
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_events(text in "(data: ?[a-zé€😀]{0,4}|event: [a-z]|:x|\r|\n|\r\n|\n\n){0,20}", cut in 1usize..7) {
            let whole = events(text.as_bytes());
            let mut parser = Parser::default();
            let pieces: Vec<Event> = text.as_bytes().chunks(cut).flat_map(|piece| parser.push(piece).unwrap()).collect();
            prop_assert_eq!(whole, pieces.into_iter().map(|event| (event.name, event.data)).collect::<Vec<_>>());
        }
    }
}
