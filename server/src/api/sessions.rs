//! Conversations that a client names, kept in memory: what was asked before, so that follow-ups can be understood.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use footnote_core::question::Turn;
use footnote_core::{Code, Error, Result};

use super::access::Caller;

/// Sessions that are kept; the one that was not used for longest goes first.
const MAX_SESSIONS: usize = 1_000;
/// Turns of a session that are kept.
const MAX_TURNS: usize = 10;
/// Characters of a question and of an answer that are kept: a follow-up leans on their beginnings.
const MAX_CHARS: usize = 1_000;
/// The longest id.
const MAX_ID: usize = 128;

/// The sessions. Lost at a restart.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<SessionKey, Session>,
    /// Counts uses: which session was used last.
    clock: u64,
}

#[derive(Debug, Default)]
struct Session {
    turns: VecDeque<Turn>,
    used: u64,
}

/// A session of one caller: the same id of another caller is another session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    caller: Option<Arc<str>>,
    id: String,
}

impl SessionKey {
    /// The session that `caller` calls `id`.
    ///
    /// # Errors
    /// [`Code::SessionId`] unless it is 1 to 128 printable ASCII characters.
    pub fn new(caller: &Caller, id: &str) -> Result<Self> {
        let printable = id.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
        if !printable || !(1..=MAX_ID).contains(&id.len()) {
            return Err(Error::new(Code::SessionId, "the session_id is not usable")
                .hint(format!("use 1 to {MAX_ID} printable ASCII characters: a fresh UUID per conversation, say")));
        }
        Ok(Self { caller: caller.name.clone(), id: id.to_owned() })
    }
}

impl Sessions {
    /// The turns of a session, oldest first; none of an unknown one.
    #[must_use]
    pub fn history(&self, key: &SessionKey) -> Vec<Turn> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        let Some(session) = inner.sessions.get_mut(key) else { return Vec::new() };
        session.used = now;
        session.turns.iter().cloned().collect()
    }

    /// Adds what was asked and answered.
    pub fn append(&self, key: &SessionKey, turn: Turn) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        if !inner.sessions.contains_key(key) && inner.sessions.len() >= MAX_SESSIONS {
            let oldest = inner.sessions.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                inner.sessions.remove(&oldest);
            }
        }
        let session = inner.sessions.entry(key.clone()).or_default();
        session.used = now;
        if session.turns.len() == MAX_TURNS {
            session.turns.pop_front();
        }
        session.turns.push_back(Turn { question: beginning(turn.question), answer: turn.answer.map(beginning) });
    }
}

fn beginning(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use footnote_core::Grants;

    use super::*;

    fn key(caller: Option<&str>, id: &str) -> SessionKey {
        SessionKey::new(&Caller { name: caller.map(Arc::from), grants: Grants::All }, id).unwrap()
    }

    fn turn(question: &str) -> Turn {
        Turn { question: question.into(), answer: None }
    }

    fn questions(sessions: &Sessions, key: &SessionKey) -> Vec<String> {
        sessions.history(key).into_iter().map(|turn| turn.question).collect()
    }

    #[test]
    fn nobody_reads_the_session_of_another() {
        let sessions = Sessions::default();
        sessions.append(&key(Some("hr"), "1"), turn("Who earns most?"));
        assert_eq!(questions(&sessions, &key(Some("hr"), "1")), ["Who earns most?"]);
        for other in [key(None, "1"), key(Some("sales"), "1"), key(Some("hr"), "2")] {
            assert!(sessions.history(&other).is_empty(), "{other:?}");
        }
    }

    #[test]
    fn the_last_turns_are_kept_and_long_ones_cut() {
        let sessions = Sessions::default();
        let key = key(None, "1");
        for at in 0..MAX_TURNS + 3 {
            sessions.append(&key, turn(&at.to_string()));
        }
        assert_eq!(questions(&sessions, &key).first().map(String::as_str), Some("3"));
        sessions.append(&key, Turn { question: "é".repeat(2_000), answer: Some("ü".repeat(2_000)) });
        let last = sessions.history(&key).pop().unwrap();
        assert_eq!((last.question.chars().count(), last.answer.unwrap().chars().count()), (MAX_CHARS, MAX_CHARS));
        assert_eq!(sessions.history(&key).len(), MAX_TURNS);
    }

    #[test]
    fn the_session_that_was_not_used_for_longest_goes_first() {
        let sessions = Sessions::default();
        for at in 0..MAX_SESSIONS {
            sessions.append(&key(None, &at.to_string()), turn("?"));
        }
        // Used again, by being read.
        assert_eq!(sessions.history(&key(None, "0")).len(), 1);
        sessions.append(&key(None, "new"), turn("?"));
        assert_eq!(sessions.history(&key(None, "0")).len(), 1);
        assert!(sessions.history(&key(None, "1")).is_empty());
        assert_eq!(sessions.inner.lock().unwrap().sessions.len(), MAX_SESSIONS);
    }

    #[test]
    fn an_id_is_short_and_printable() {
        let nobody = Caller { name: None, grants: Grants::All };
        for bad in ["", "a\n", "\0", "é", &"x".repeat(129)] {
            assert_eq!(SessionKey::new(&nobody, bad).unwrap_err().code(), Code::SessionId, "{bad:?}");
        }
        assert!(SessionKey::new(&nobody, &"x".repeat(128)).is_ok());
    }
}
