//! E-mail: who wrote what to whom, the text, and the names of what is attached.

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Metadata, Result};
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::canvas::Canvas;
use super::{html, plain, zip_guard};
use crate::metadata::Said;
use crate::normalize;

/// The most messages that may lie in each other. They are walked, and thrown away, by recursion.
const MAX_MESSAGES: usize = 500;

/// Reads one message; what was forwarded with it is read, too. Other attachments are named.
pub(crate) struct Email;

impl Extractor for Email {
    fn media_types(&self) -> &'static [&'static str] {
        &["message/rfc822"]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        if inner_messages(bytes) > MAX_MESSAGES {
            let why = format!("it holds more than {MAX_MESSAGES} messages in each other");
            return Err(zip_guard::limit(name, why));
        }
        let message = MessageParser::default().parse(bytes);
        let message = message.filter(|message| message.headers().iter().any(|header| !header.name.is_other()));
        let Some(message) = message else {
            return Err(Error::new(Code::FileDamaged, format!("{name}: no e-mail: it does not begin with a header"))
                .hint("if it is a text, give it the extension .txt"));
        };
        if is_encrypted(&message) {
            return Err(zip_guard::encrypted(name));
        }
        let mut canvas = Canvas::default();
        render(&message, &mut canvas);
        let (text, headings) = canvas.finish();
        done(1);
        let title = message.subject().map(str::to_owned);
        Ok(normalize::settle(Extracted { title, text, headings, metadata: said(&message), ..Extracted::default() }))
    }
}

/// Who wrote to whom and when: of each person the address and the name, so that both can be asked for.
fn said(message: &Message<'_>) -> Metadata {
    let mut said = Said::default();
    let people = |address: Option<&Address<'_>>| -> Vec<String> {
        let both =
            |person: &mail_parser::Addr<'_>| [person.address().map(str::to_owned), person.name().map(str::to_owned)];
        address.iter().flat_map(|address| address.iter()).flat_map(both).flatten().collect()
    };
    said.fields("from", people(message.from()));
    said.fields("to", people(message.to()).into_iter().chain(people(message.cc())));
    let date = message.date().filter(|date| date.is_valid()).map(|date| date.to_rfc3339());
    said.field("date", date.unwrap_or_default());
    said.field("subject", message.subject().unwrap_or_default());
    said.metadata()
}

/// How often a part says that it is a message.
fn inner_messages(bytes: &[u8]) -> usize {
    bytes.windows(14).filter(|window| window.eq_ignore_ascii_case(b"message/rfc822")).count()
        + bytes.windows(14).filter(|window| window.eq_ignore_ascii_case(b"message/global")).count()
        + bytes.windows(16).filter(|window| window.eq_ignore_ascii_case(b"multipart/digest")).count()
}

fn is_encrypted(message: &Message<'_>) -> bool {
    let enveloped = |part: &dyn Fn(&str) -> Option<String>| {
        part("smime-type").is_none_or(|kind| kind.eq_ignore_ascii_case("enveloped-data"))
    };
    let attribute = |name: &str| message.content_type()?.attribute(name).map(str::to_owned);
    let is_mime =
        message.is_content_type("application", "pkcs7-mime") || message.is_content_type("application", "x-pkcs7-mime");
    message.is_content_type("multipart", "encrypted") || (is_mime && enveloped(&attribute))
}

fn render(message: &Message<'_>, canvas: &mut Canvas) {
    let address = |address: Option<&Address<'_>>| address.map(addresses).unwrap_or_default();
    let date = message.date().filter(|date| date.is_valid()).map(|date| date.to_rfc3339().replacen('T', " ", 1));
    let lines = [
        ("From", address(message.from())),
        ("To", address(message.to())),
        ("Cc", address(message.cc())),
        ("Date", date.unwrap_or_default()),
        ("Subject", message.subject().unwrap_or_default().to_owned()),
    ];
    canvas.paragraph();
    for (name, value) in lines.iter().filter(|(_, value)| !value.trim().is_empty()) {
        canvas.line();
        canvas.words(&normalize::canonical(&format!("{name}: {value}")));
    }
    canvas.paragraph();
    body(message, canvas);
    for part in message.attachments() {
        match &part.body {
            PartType::Message(inner) => forwarded(inner, canvas),
            // The message breaks off in this part, so that its end was not found.
            PartType::Text(_) | PartType::Html(_) if part.is_encoding_problem => body_part(part, canvas),
            _ => {
                canvas.line();
                canvas.words(&normalize::canonical(&attachment(part)));
            }
        }
    }
}

/// The text as it was written to be read; where that part is empty, the HTML.
fn body(message: &Message<'_>, canvas: &mut Canvas) {
    let before = canvas.len();
    message.text_bodies().for_each(|part| body_part(part, canvas));
    if canvas.len() == before {
        message.html_bodies().for_each(|part| body_part(part, canvas));
    }
}

fn body_part(part: &MessagePart<'_>, canvas: &mut Canvas) {
    canvas.paragraph();
    match &part.body {
        PartType::Text(text) => canvas.verbatim(&unwrapped(&normalize::canonical(text))),
        PartType::Html(source) => html::render_document(&normalize::canonical(source), canvas),
        _ => {}
    }
    canvas.paragraph();
}

/// A message in a message: its subject is a heading.
fn forwarded(inner: &Message<'_>, canvas: &mut Canvas) {
    canvas.paragraph();
    canvas.words("Forwarded message:");
    canvas.open_heading(2);
    canvas.words(&normalize::canonical(inner.subject().unwrap_or_default()));
    canvas.close_heading();
    render(inner, canvas);
    canvas.paragraph();
}

/// Text with its wrapped lines joined; what is quoted stays quoted, level by level.
fn unwrapped(text: &str) -> String {
    let lines: Vec<(usize, &str)> = text.lines().map(unquoted).collect();
    let mut out = String::new();
    for run in lines.chunk_by(|a, b| a.0 == b.0) {
        let depth = run[0].0;
        let inside: Vec<&str> = run.iter().map(|(_, line)| *line).collect();
        let joined = plain::joined(&inside.join("\n"));
        if joined.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        let mark = ">".repeat(depth) + if depth > 0 { " " } else { "" };
        let marked: Vec<String> = joined.lines().map(|line| format!("{mark}{line}").trim_end().to_owned()).collect();
        out.push_str(&marked.join("\n"));
    }
    out
}

/// How deep a line is quoted, and the line without its marks.
fn unquoted(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while let Some(inside) = rest.strip_prefix('>') {
        depth += 1;
        rest = inside.strip_prefix(' ').filter(|inside| inside.starts_with('>')).unwrap_or(inside);
    }
    (depth, if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

fn addresses(address: &Address<'_>) -> String {
    let one = |entry: &mail_parser::Addr<'_>| match (entry.name(), entry.address()) {
        (Some(name), Some(address)) if name != address => format!("{name} <{address}>"),
        (name, address) => address.or(name).unwrap_or_default().to_owned(),
    };
    address.iter().map(one).filter(|entry| !entry.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `Attachment: plan.pdf (application/pdf, 1.2 MB)`
fn attachment(part: &MessagePart<'_>) -> String {
    let name = part.attachment_name().unwrap_or("without a name");
    let kind = part.content_type().map_or_else(
        || "unknown type".to_owned(),
        |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("unknown")).to_lowercase(),
    );
    format!("Attachment: {name} ({kind}, {})", size(part.len()))
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests;
