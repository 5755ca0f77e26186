//! `/jobs`: listed, shown, followed, cancelled.

use serde_json::json;

use super::*;

impl World {
    /// Queues the ingestion of the documents' folder, under a name of its own, and gives the job's id.
    async fn queued(&self, name: &str) -> String {
        let path = self.write(&format!("docs/{name}"));
        let answer = self.post("/ingest", json!({ "paths": [path] })).await.1;
        answer["job"]["id"].as_str().unwrap().to_owned()
    }

    /// The events of a job to its end: names and data.
    async fn events(&self, id: &str) -> Vec<(String, Value)> {
        let request = Request::get(format!("/jobs/{id}/events")).body(Body::empty()).unwrap();
        events_of(self.send(request).await).await
    }
}

#[tokio::test]
async fn jobs_are_listed_newest_first_and_by_state() {
    let world = World::new();
    let (first, second) = (world.queued("a.md").await, world.queued("b.md").await);
    let ids = |listed: Value| -> Vec<String> {
        listed["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(world.call("GET", "/jobs").await.1), [second.clone(), first.clone()]);
    assert_eq!(ids(world.call("GET", "/jobs?limit=1").await.1), std::slice::from_ref(&second));
    assert!(ids(world.call("GET", "/jobs?state=done").await.1).is_empty());
    let (status, cancelled) = world.call("DELETE", &format!("/jobs/{first}")).await;
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")));
    assert_eq!(ids(world.call("GET", "/jobs?state=cancelled").await.1), [first]);
    assert_eq!(ids(world.call("GET", "/jobs?state=queued").await.1), [second]);
    for wrong in ["/jobs?state=lost", "/jobs?limit=-1", "/jobs?stat=done"] {
        let (status, problem) = world.call("GET", wrong).await;
        assert_eq!((status, told(&problem).0), (400, "bad_request"), "{wrong}");
    }
}

#[tokio::test]
async fn a_job_that_is_not_there_is_not_found_in_any_way() {
    let world = World::new();
    for id in ["not-an-id", "00000000-0000-0000-0000-000000000000"] {
        for (method, path) in
            [("GET", format!("/jobs/{id}")), ("DELETE", format!("/jobs/{id}")), ("GET", format!("/jobs/{id}/events"))]
        {
            let (status, problem) = world.call(method, &path).await;
            assert_eq!((status, told(&problem).0), (404, "job_unknown"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_jobs_events_begin_with_how_it_stands_and_end_with_its_end() {
    let world = World::new();
    let id = world.queued("a.md").await;
    world.work();
    let events = world.events(&id).await;
    let (name, last) = events.last().unwrap();
    assert_eq!((name.as_str(), &last["state"], &last["report"]["added"]), ("state", &json!("done"), &json!(1)));
    assert_eq!(events[0].0, "state");
    assert_eq!(events[0].1["id"], json!(id));
    let after = world.events(&id).await;
    assert_eq!(after.len(), 1, "of a job that has ended, its end: {after:?}");
    assert_eq!(after[0].1["progress"]["documents_done"], 1);
}

#[tokio::test]
async fn a_query_server_takes_nothing_in_and_says_who_does() {
    let mut world = World::new();
    let id = world.record(world.write("docs/a.md")).await;
    world.state.ingestion = None;
    world.app = app(world.state.clone());
    for (method, path) in [
        ("DELETE", format!("/documents/{id}")),
        ("GET", "/jobs".to_owned()),
        ("DELETE", format!("/jobs/{id}")),
        ("GET", format!("/jobs/{id}/events")),
    ] {
        let (status, problem) = world.call(method, &path).await;
        assert_eq!((status, &problem["code"]), (403, &json!("query_only")), "{method} {path}: {problem:#}");
        assert!(problem["hint"].as_str().unwrap().contains("--query-only"), "{problem:#}");
    }
    let (status, problem) = world.post("/ingest", json!({ "paths": ["/docs"] })).await;
    assert_eq!((status, &problem["code"]), (403, &json!("query_only")), "{problem:#}");
    assert_eq!(world.call("GET", &format!("/documents/{id}")).await.0, 200);
}
