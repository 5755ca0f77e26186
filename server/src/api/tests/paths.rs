//! `POST /ingest`: only what the settings allow.

use serde_json::json;

use super::*;

#[tokio::test]
async fn paths_below_a_root_become_a_job() {
    let world = World::new();
    let file = world.write("docs/sub/a.md");
    let body = json!({ "paths": [file, world.path("docs/sub/../sub")], "collection": "new-one" });
    let request = Request::post("/ingest").header(header::CONTENT_TYPE, "application/json");
    let response = world.send(request.body(body.to_string().into()).unwrap()).await;
    let place = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let (status, answer) = json_of(response).await;
    let job = &answer["job"];
    assert_eq!(status, 202, "{answer:#}");
    assert_eq!(place, format!("/jobs/{}", job["id"].as_str().unwrap()));
    assert_eq!(
        (&job["state"], &job["origin"], &job["collection"]),
        (&json!("queued"), &json!("api"), &json!("new-one"))
    );
    assert_eq!(job["kind"]["paths"], json!([world.path("docs/sub"), file]));
    assert_eq!(world.call("GET", &place).await, (200, job.clone()));
}

#[tokio::test]
async fn paths_elsewhere_are_refused_whether_they_are_there_or_not() {
    let world = World::new();
    let outside = world.write("secret/a.md");
    fs_err::os::unix::fs::symlink(world.path("secret"), world.path("docs/link")).unwrap();
    let elsewhere = [
        outside,
        world.path("secret/none"),
        world.path("docs/link/a.md"),
        world.path("docs/../secret/a.md"),
        world.path("docs-of-others"),
        world.path(""),
        "/etc/passwd".into(),
        "/no/such".into(),
    ];
    for path in elsewhere {
        let (status, problem) = world.post("/ingest", json!({ "paths": [path] })).await;
        assert_eq!((status, told(&problem).0), (403, "path_not_allowed"), "{}", path.display());
        assert!(told(&problem).1.contains("ingest.roots"), "{problem:#}");
    }
    for (body, code) in [
        (json!({ "paths": ["docs/a.md"] }), "bad_request"),
        (json!({ "paths": [] }), "nothing_to_ingest"),
        (json!({ "paths": [world.path("docs/none.md")] }), "path_missing"),
        (json!({ "paths": [world.path("docs")], "collection": "../x" }), "collection_name"),
        (json!({ "paths": [world.path("docs")], "colection": "x" }), "bad_request"),
    ] {
        let (status, problem) = world.post("/ingest", body).await;
        assert_eq!((status, told(&problem).0), (400, code), "{problem:#}");
    }
    assert_eq!(world.call("GET", "/jobs").await.1, json!({ "jobs": [] }), "a refused path left a job");
}
