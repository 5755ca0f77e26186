use super::*;

fn extract(source: &str) -> Result<Extracted> {
    Email.extract("a.eml", source.replace('\n', "\r\n").as_bytes(), &|_| {})
}

const HEAD: &str = "From: =?utf-8?q?J=C3=B6ren?= <joren@example.org>\nTo: Ada <ada@example.org>, bert@example.org\n\
                    Cc: Cleo <c@example.org>\nDate: Thu, 2 May 2024 14:30:00 +0200\nSubject: The =?utf-8?q?caf=C3=A9?= plan\n\
                    Received: from nowhere\nMIME-Version: 1.0\n";

#[test]
fn head_text_quotes_and_attachments_are_read() {
    let source = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\
         The lamp was moved to the attic because it\nwas too bright for the hall.\n\n\
         > Where is the lamp now, and\n> who moved it?\n>> It was here.\n\n- one\n- two\n\n--b\n\
         Content-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment; filename=\"plan.pdf\"\n\
         Content-Transfer-Encoding: base64\n\nQUJDRA==\n--b--\n"
    );
    let found = extract(&source).unwrap();
    insta::assert_snapshot!(found.text, @r"
    From: Jören <joren@example.org>
    To: Ada <ada@example.org>, bert@example.org
    Cc: Cleo <c@example.org>
    Date: 2024-05-02 14:30:00+02:00
    Subject: The café plan

    The lamp was moved to the attic because it was too bright for the hall.

    > Where is the lamp now, and who moved it?

    >> It was here.

    - one
    - two

    Attachment: plan.pdf (application/pdf, 4 bytes)
    ");
    assert_eq!(found.title.as_deref(), Some("The café plan"));
    let fields = serde_json::json!({
        "date": "2024-05-02T14:30:00+02:00", "from": ["joren@example.org", "Jören"], "subject": "The café plan",
        "to": ["ada@example.org", "Ada", "bert@example.org", "c@example.org", "Cleo"]
    });
    assert_eq!(serde_json::to_value(&found.metadata.fields).unwrap(), fields);
}

#[test]
fn html_is_read_where_there_is_no_text() {
    let html = "<html><body><p>Hello <b>Ada</b>,</p><ul><li>one</li></ul></body></html>";
    let alone = extract(&format!("{HEAD}Content-Type: text/html\n\n{html}\n")).unwrap();
    assert!(alone.text.ends_with("Hello Ada,\n\n- one"), "{}", alone.text);
    let both = |text: &str| {
        let source = format!(
            "{HEAD}Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n--b\n\
             Content-Type: text/html\n\n{html}\n--b--\n"
        );
        extract(&source).unwrap().text
    };
    assert!(both("Plain words.").ends_with("Plain words."), "{}", both("Plain words."));
    assert!(both(" ").ends_with("Hello Ada,\n\n- one"), "{}", both(" "));
}

#[test]
fn a_forwarded_message_is_read_with_its_head() {
    let source = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee below.\n--b\n\
         Content-Type: message/rfc822\n\nFrom: Dora <d@example.org>\nSubject: Old news\n\nThe lamp is old.\n--b--\n"
    );
    let found = extract(&source).unwrap();
    insta::assert_snapshot!(found.text.split_once("\n\n").unwrap().1, @r"
    See below.

    Forwarded message:

    Old news

    From: Dora <d@example.org>
    Subject: Old news

    The lamp is old.
    ");
    let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
    assert_eq!(headings, [(2, "Old news")]);
}

#[test]
fn what_is_no_message_or_is_encrypted_says_so() {
    let code = |source: &str| extract(source).unwrap_err().code();
    assert_eq!(code("Dear reader,\n\nthis is a letter.\n"), Code::FileDamaged);
    assert_eq!(code(""), Code::FileDamaged);
    let locked = format!("{HEAD}Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n");
    assert_eq!(code(&locked), Code::FileEncrypted);
    let locked =
        format!("{HEAD}Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx\n");
    assert_eq!(code(&locked), Code::FileEncrypted);
    let nested = "Content-Type: message/rfc822\n\n".repeat(MAX_MESSAGES + 1);
    assert_eq!(code(&format!("{HEAD}{nested}x")), Code::ArchiveLimit);
}

#[test]
fn a_message_that_breaks_off_keeps_what_came() {
    let source = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHalf a");
    assert!(extract(&source).unwrap().text.ends_with("Half a"));
}

proptest::proptest! {
    #[test]
    fn any_message_is_read_or_refused(body in "[-a-z:;=<>/\"\n ]{0,200}") {
        if let Ok(found) = extract(&format!("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{body}")) {
            proptest::prop_assert!(found.text.starts_with("Subject: x"));
        }
    }
}
