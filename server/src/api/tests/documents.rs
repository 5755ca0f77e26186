//! Listing by status, and deleting.

use serde_json::json;

use super::*;

#[tokio::test]
async fn documents_are_listed_by_every_status() {
    let world = World::new();
    world.record("/docs/a.md".into()).await;
    for status in DocumentStatus::ALL {
        let (code, listed) = world.call("GET", &format!("/documents?status={}", status.as_str())).await;
        let wanted = usize::from(status == DocumentStatus::Skipped);
        assert_eq!((code, listed["documents"].as_array().unwrap().len()), (200, wanted), "{status:?}");
    }
    let (code, problem) = world.call("GET", "/documents?status=lost").await;
    assert_eq!(code, 400);
    assert!(told(&problem).1.contains("quarantined"), "{problem:#}");
}

#[tokio::test]
async fn an_upload_is_deleted_with_its_file() {
    let world = World::new();
    let file = world.write("uploads/default/a.md");
    let id = world.record(file.clone()).await;
    let (status, deleted) = world.call("DELETE", &format!("/documents/{id}")).await;
    assert_eq!((status, &deleted["status"], &deleted["hint"]), (200, &json!("deleted"), &json!(null)), "{deleted:#}");
    assert_eq!(deleted["id"], json!(id));
    assert!(!file.exists());
    let (status, problem) = world.call("DELETE", &format!("/documents/{id}")).await;
    assert_eq!((status, told(&problem).0), (404, "document_unknown"));
}

#[tokio::test]
async fn the_file_of_a_folder_stays_and_it_is_said_what_brings_it_back() {
    let world = World::new();
    let file = world.write("docs/a.md");
    let id = world.record(file.clone()).await;
    let (status, deleted) = world.call("DELETE", &format!("/documents/{id}")).await;
    assert_eq!(status, 200);
    assert!(deleted["hint"].as_str().unwrap().contains("next ingestion"), "{deleted:#}");
    assert!(file.exists());
}

#[tokio::test]
async fn while_somebody_else_writes_a_deletion_is_queued() {
    let world = World::new();
    world.busy.store(true, Ordering::SeqCst);
    let file = world.write("uploads/default/a.md");
    let id = world.record(file.clone()).await;
    let (status, answer) = world.call("DELETE", &format!("/documents/{id}")).await;
    assert_eq!((status, &answer["job"]["kind"]["delete"]), (202, &json!(id)), "{answer:#}");
    assert!(!file.exists());
}
