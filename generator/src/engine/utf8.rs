//! Joins the bytes of tokens into text: a token may end in the middle of a code point.

/// Collects bytes and gives out whole code points.
#[derive(Debug, Default)]
pub(crate) struct Utf8Joiner {
    pending: Vec<u8>,
}

impl Utf8Joiner {
    /// Takes the bytes of a token and gives the text that is whole now; it may be empty. Bytes that
    /// can never become a code point are given as U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.pending.len());
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(bad) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[bad..];
                }
            }
        }
        let done = self.pending.len() - rest.len();
        self.pending.drain(..done);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_cut_anywhere_comes_out_whole(text in "\\PC{0,30}", cuts in proptest::collection::vec(1usize..4, 0..60)) {
            let mut joiner = Utf8Joiner::default();
            let mut rest = text.as_bytes();
            let mut out = String::new();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                out.push_str(&joiner.push(head));
                rest = tail;
            }
            out.push_str(&joiner.push(rest));
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn bytes_of_no_code_point_do_not_stop_the_text() {
        let mut joiner = Utf8Joiner::default();
        assert_eq!(joiner.push(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(joiner.push(b"\xe2\x82"), "");
        assert_eq!(joiner.push(b"\xac"), "€");
    }
}
