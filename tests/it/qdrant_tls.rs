//! A Qdrant server that speaks TLS: the one that `FOOTNOTE_QDRANT_BINARY` names.

use std::process::Output;

use footnote_tests::{Nodes, Scenario, given};

#[test]
fn model_a_server_with_tls_is_used_where_its_certificate_is_trusted_and_refused_elsewhere() {
    let Some(binary) = given("FOOTNOTE_QDRANT_BINARY", "TLS") else { return };
    let scenario = Scenario::new();
    let certificates = scenario.path("certificates");
    let node = Nodes::start_with_tls(binary.as_ref(), &scenario.path("node"), &certificates);
    let settings = |url: &str| {
        let stores = "[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"qdrant\"\n";
        scenario.write("footnote.toml", format!("{stores}[qdrant]\nurl = \"{url}\"\nretries = 0\n"));
    };
    settings(&node.urls);
    scenario.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let documents = scenario.path("documents");
    let run = |trusted: Option<&str>, args: &[&str]| -> Output {
        let mut command = scenario.command();
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        if let Some(file) = trusted {
            command.env("SSL_CERT_FILE", certificates.join(file));
        }
        command.args(args).output().unwrap()
    };
    let text = |output: &Output| format!("{}{}", said(&output.stdout), said(&output.stderr));
    let ingest = ["ingest", documents.to_str().unwrap()];

    let refused = run(None, &ingest);
    assert!(
        !refused.status.success() && text(&refused).contains("nobody that this machine trusts"),
        "{}",
        text(&refused)
    );
    let ingested = run(Some("ca.pem"), &ingest);
    assert!(ingested.status.success(), "{}", text(&ingested));
    let found = run(Some("ca.pem"), &["search", "red kettle"]);
    assert!(found.status.success() && text(&found).contains("four minutes"), "{}", text(&found));

    // Without TLS a server that speaks it does not answer; the address is named.
    let plain = node.urls.replace("https://", "http://");
    settings(&plain);
    let refused = run(Some("ca.pem"), &["search", "red kettle"]);
    assert!(!refused.status.success() && text(&refused).contains(&plain), "{}", text(&refused));
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
