//! Server-sent events of a model server: any bytes, cut anywhere, give the same events as in one piece.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The file itself: it needs the standard library only, and the crate around it would build the engines.
#[path = "../../generator/src/engine/remote/sse.rs"]
mod sse;

fn events(pieces: &[&[u8]]) -> Option<Vec<sse::Event>> {
    let mut parser = sse::Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(parser.push(piece).ok()?);
    }
    Some(events)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(cut).max(1)).collect();
    assert_eq!(events(&pieces), events(&[bytes]));
});
