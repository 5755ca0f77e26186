//! `POST /documents`: files come in whole, under safe names, or not at all.

use serde_json::json;

use super::*;

/// A part of a form: name, file name, content.
type Part<'a> = (&'a str, Option<&'a str>, &'a str);

fn form(parts: &[Part<'_>]) -> Request<Body> {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body.push_str(&format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"));
    }
    body.push_str("--X--\r\n");
    let request = Request::post("/documents").header(header::CONTENT_TYPE, "multipart/form-data; boundary=X");
    request.body(body.into()).unwrap()
}

impl World {
    async fn upload(&self, parts: &[Part<'_>]) -> (u16, Value) {
        json_of(self.send(form(parts)).await).await
    }

    /// Every file below the folder of uploads.
    fn uploaded(&self) -> Vec<String> {
        let root = self.path("uploads");
        let files = walk(&root);
        files.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
    }
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files.sort();
    files
}

#[tokio::test]
async fn files_are_kept_and_queued_and_their_documents_named() {
    let world = World::new();
    let parts =
        [("file", Some("../../report.md"), "# One"), ("file", Some("b.txt"), "two"), ("collection", None, "reports")];
    let response = world.send(form(&parts)).await;
    assert!(response.headers().contains_key(header::LOCATION));
    let (status, answer) = json_of(response).await;
    assert_eq!(status, 202, "{answer:#}");
    assert_eq!(world.uploaded(), ["reports/b.txt", "reports/report.md"]);
    let path = world.path("uploads/reports/report.md");
    let uri = format!("file://{}", path.display());
    let document = json!({ "id": DocumentId::of("reports", &uri), "uri": uri, "name": "report.md" });
    assert_eq!(answer["documents"][0], document);
    assert_eq!(answer["job"]["origin"], "upload");
    assert_eq!(answer["job"]["kind"]["paths"], json!([world.path("uploads/reports/b.txt"), path]));

    // Longer than other requests may be, as long as each file is within its limit.
    let long = "x".repeat(MAX_UPLOAD as usize);
    let many: Vec<String> = (0..200).map(|n| format!("{n}.txt")).collect();
    let parts: Vec<_> = many.iter().map(|name| ("file", Some(name.as_str()), long.as_str())).collect();
    assert_eq!(world.upload(&parts).await.0, 202);
}

#[tokio::test]
async fn the_same_name_again_is_the_next_version_of_the_document() {
    let world = World::new();
    let first = world.upload(&[("file", Some("a.md"), "one")]).await.1;
    let second = world.upload(&[("file", Some("a.md"), "two")]).await.1;
    assert_eq!(first["documents"], second["documents"]);
    assert_eq!(fs_err::read_to_string(world.path("uploads/default/a.md")).unwrap(), "two");
}

#[tokio::test]
async fn what_is_said_of_a_file_is_kept_beside_it_until_it_is_taken_back() {
    let world = World::new();
    let note = || fs_err::read_to_string(world.path("uploads/.notes/default/a.md")).ok();
    let file = ("file", Some("a.md"), "one");
    assert_eq!(world.upload(&[("labels", None, "hr, board"), ("tags", None, "x"), file]).await.0, 202);
    assert_eq!(note().as_deref(), Some(r#"{"tags":["x"],"labels":["board","hr"]}"#));
    assert_eq!(world.upload(&[file]).await.0, 202);
    assert!(note().is_some(), "the next version is for the same readers");
    assert_eq!(world.upload(&[file, ("labels", None, ""), ("tags", None, "")]).await.0, 202);
    assert_eq!(note(), None);

    let long = "x".repeat(600);
    for labels in [long.as_str(), &"a,".repeat(70)] {
        let (status, problem) = world.upload(&[file, ("labels", None, labels)]).await;
        assert_eq!((status, told(&problem).0), (400, "bad_request"), "{problem:#}");
    }
}

#[tokio::test]
async fn what_is_no_upload_is_refused_and_leaves_nothing() {
    let world = World::new();
    let long = "x".repeat(MAX_UPLOAD as usize + 1);
    let cases: [(&[Part<'_>], u16, &str); 7] = [
        (&[("file", Some("ok.md"), "ok"), ("file", Some("a.md"), &long)], 413, "body_too_large"),
        (&[], 400, "bad_request"),
        (&[("file", None, "no name")], 400, "bad_request"),
        (&[("file", Some(".."), "x")], 400, "bad_request"),
        (&[("file", Some("a.md"), "x"), ("file", Some("b/a.md"), "y")], 400, "bad_request"),
        (&[("file", Some("a.md"), "x"), ("colection", None, "y")], 400, "bad_request"),
        (&[("file", Some("a.md"), "x"), ("collection", None, "../y")], 400, "collection_name"),
    ];
    for (parts, status, code) in cases {
        let (got, problem) = world.upload(parts).await;
        assert_eq!((got, told(&problem).0), (status, code), "{problem:#}");
    }
    let cut_short = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\nhalf";
    let request = Request::post("/documents").header(header::CONTENT_TYPE, "multipart/form-data; boundary=X");
    assert_eq!(json_of(world.send(request.body(cut_short.into()).unwrap()).await).await.0, 400);
    assert_eq!(world.post("/documents", json!({})).await.0, 400);

    let mut foreign = form(&[("file", Some("a.md"), "x")]);
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(json_of(world.send(foreign).await).await.0, 400);

    assert!(world.uploaded().is_empty(), "{:?}", world.uploaded());
    assert_eq!(world.call("GET", "/jobs").await.1, json!({ "jobs": [] }));
}
