use footnote_core::Grants;

use super::*;

const LIMITS: SessionLimits = SessionLimits { tokens: 1_000, sessions: 3, keep: Duration::from_secs(86_400) };

fn open(folder: &tempfile::TempDir) -> Sessions {
    Sessions::open(&folder.path().join("sessions.sqlite"), LIMITS).unwrap()
}

fn key(caller: Option<&str>, id: &str) -> SessionKey {
    SessionKey::new(&Caller { name: caller.map(Arc::from), grants: Grants::All }, id).unwrap()
}

fn turn(question: &str) -> Turn {
    Turn { question: question.into(), answer: None }
}

async fn questions(sessions: &Sessions, key: &SessionKey) -> Vec<String> {
    sessions.history(key).await.into_iter().map(|turn| turn.question).collect()
}

#[tokio::test]
async fn a_session_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let session = key(None, "1");
    open(&folder).append(&session, Turn { question: "Who?".into(), answer: Some("Ada [1].".into()) }).await;
    let shown = open(&folder).show(&session).await.unwrap();
    assert_eq!(shown.turns, [Turn { question: "Who?".into(), answer: Some("Ada [1].".into()) }]);
}

#[tokio::test]
async fn nobody_reads_or_deletes_the_session_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(&folder);
    let own = key(Some("hr"), "1");
    sessions.append(&own, turn("Who earns most?")).await;
    for other in [key(None, "1"), key(Some("sales"), "1"), key(Some("hr"), "2")] {
        assert!(sessions.history(&other).await.is_empty(), "{other:?}");
        assert_eq!(sessions.show(&other).await.unwrap_err().code(), Code::SessionUnknown);
        assert_eq!(sessions.delete(&other).await.unwrap_err().code(), Code::SessionUnknown);
    }
    assert_eq!(questions(&sessions, &own).await, ["Who earns most?"]);
    sessions.delete(&own).await.unwrap();
    assert!(sessions.history(&own).await.is_empty());
    assert!(sessions.show(&own).await.is_err());
}

#[tokio::test]
async fn the_newest_turns_that_fit_the_budget_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Sessions::open(&folder.path().join("s"), SessionLimits { tokens: 3, ..LIMITS }).unwrap();
    let session = key(None, "1");
    for question in ["aaaa", "bbbb", "cccc", "dddd"] {
        sessions.append(&session, turn(question)).await;
    }
    assert_eq!(questions(&sessions, &session).await, ["bbbb", "cccc", "dddd"]);
    sessions.append(&session, Turn { question: "é".repeat(2_000), answer: None }).await;
    let kept = sessions.history(&session).await;
    assert_eq!((kept.len(), kept[0].question.chars().count()), (1, MAX_CHARS));
}

#[tokio::test]
async fn the_session_that_was_not_used_for_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(&folder);
    let pause = || tokio::time::sleep(Duration::from_millis(3));
    for id in ["0", "1", "2"] {
        sessions.append(&key(None, id), turn("?")).await;
        pause().await;
    }
    // Used again, by being read.
    assert_eq!(sessions.history(&key(None, "0")).await.len(), 1);
    pause().await;
    sessions.append(&key(None, "new"), turn("?")).await;
    assert!(sessions.show(&key(None, "1")).await.is_err());
    assert!(sessions.show(&key(None, "0")).await.is_ok());
}

#[tokio::test]
async fn a_damaged_file_is_put_aside_and_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("sessions.sqlite"), "this is no database, and was one once".repeat(40)).unwrap();
    let sessions = open(&folder);
    sessions.append(&key(None, "1"), turn("?")).await;
    assert_eq!(sessions.history(&key(None, "1")).await.len(), 1);
    let names = fs_err::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().contains("damaged")).count(), 1);
}

#[test]
fn an_id_is_short_and_printable() {
    let nobody = Caller { name: None, grants: Grants::All };
    for bad in ["", "a\n", "\0", "é", &"x".repeat(129)] {
        assert_eq!(SessionKey::new(&nobody, bad).unwrap_err().code(), Code::SessionId, "{bad:?}");
    }
    assert!(SessionKey::new(&nobody, &"x".repeat(128)).is_ok());
}

#[tokio::test]
async fn sessions_in_a_database_are_the_same_for_every_server() {
    let Ok(url) = std::env::var("FOOTNOTE_POSTGRES_URL") else {
        let said = b"SKIPPED: sessions in a database: FOOTNOTE_POSTGRES_URL is not set\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        return;
    };
    let schema = format!("test_{}_{}", std::process::id(), now_ms());
    let options = footnote_ingest::PostgresOptions { url, schema, timeout: Duration::from_secs(20), connections: 2 };
    let postgres = Postgres::new(options).unwrap();
    postgres.batch(&format!("CREATE SCHEMA {}", postgres.schema())).await.unwrap();
    let limits = SessionLimits { tokens: 10, ..LIMITS };
    let open = || Sessions::shared(postgres.clone(), limits);
    // Several that start at once make the tables once.
    let (one, two) = tokio::join!(open(), open());
    let (one, two) = (one.unwrap(), two.unwrap());
    let own = key(Some("hr"), "1");
    one.append(&own, Turn { question: "Who?\0".into(), answer: Some("Ada [1].".into()) }).await;
    let shown = two.show(&own).await.unwrap();
    assert_eq!(shown.turns, [Turn { question: "Who?\u{fffd}".into(), answer: Some("Ada [1].".into()) }]);
    for other in [key(None, "1"), key(Some("sales"), "1"), key(Some("hr"), "2")] {
        assert!(two.history(&other).await.is_empty(), "{other:?}");
        assert_eq!(two.delete(&other).await.unwrap_err().code(), Code::SessionUnknown);
    }
    // Ten tokens are forty characters: the oldest turns go.
    for question in ["0123456789012345678901234567890", "And then?", "Why?"] {
        two.append(&own, turn(question)).await;
    }
    assert_eq!(questions(&one, &own).await, ["And then?", "Why?"]);
    for id in ["2", "3", "4"] {
        tokio::time::sleep(Duration::from_millis(2)).await;
        one.append(&key(None, id), turn("?")).await;
    }
    assert!(questions(&two, &own).await.is_empty(), "three sessions are kept, the last used");
    two.delete(&key(None, "4")).await.unwrap();
    assert_eq!(one.show(&key(None, "4")).await.unwrap_err().code(), Code::SessionUnknown);
    postgres.batch(&format!("DROP SCHEMA {} CASCADE", postgres.schema())).await.unwrap();
}
