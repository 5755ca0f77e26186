//! When a file that could not be read is tried again.

use std::time::Duration;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};

/// Which of the files that failed before a run reads again, though they did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RetryWhich {
    /// Those whose time has come: for runs that nobody asked for.
    Due,
    /// All but the quarantined ones: somebody asked.
    #[default]
    Failed,
    /// All of them.
    All,
}

/// How failures are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all; after the last the file is quarantined until it changes or is asked for.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles each time.
    pub wait: Duration,
    /// What is read again in this run.
    pub which: RetryWhich,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, wait: Duration::from_secs(30), which: RetryWhich::Failed }
    }
}

impl Retry {
    /// Whether a document that failed is read again at `now_ms`.
    pub(super) fn is_due(&self, record: &DocumentRecord, now_ms: i64) -> bool {
        match (record.status, self.which) {
            (DocumentStatus::Failed | DocumentStatus::Quarantined, RetryWhich::All)
            | (DocumentStatus::Failed, RetryWhich::Failed) => true,
            (DocumentStatus::Failed, RetryWhich::Due) => record.retry_at_ms.is_none_or(|at| at <= now_ms),
            _ => false,
        }
    }

    /// Notes one more failure of `record`, whose last row was `prior`. The count begins anew with a new content.
    pub(super) fn failed(&self, record: &mut DocumentRecord, prior: Option<&DocumentRecord>, now_ms: i64) {
        let before = prior.filter(|prior| {
            matches!(prior.status, DocumentStatus::Failed | DocumentStatus::Quarantined)
                && (prior.bytes, prior.modified_ms) == (record.bytes, record.modified_ms)
        });
        record.attempts = before.map_or(0, |prior| prior.attempts).saturating_add(1);
        if record.attempts >= self.attempts {
            record.status = DocumentStatus::Quarantined;
            record.retry_at_ms = None;
            let reason = record.reason.take().unwrap_or_default();
            record.reason = Some(format!("{reason} (quarantined after {} attempts)", record.attempts));
        } else {
            let wait = self.wait.saturating_mul(2u32.saturating_pow(record.attempts - 1));
            record.status = DocumentStatus::Failed;
            record.retry_at_ms = Some(now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::blank_record;
    use super::*;

    #[test]
    fn waits_double_and_end_in_quarantine() {
        let retry = Retry { which: RetryWhich::Due, ..Retry::default() };
        let mut prior: Option<DocumentRecord> = None;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut record = DocumentRecord { reason: Some("broken".into()), ..blank_record("c", "u", prior.as_ref()) };
            retry.failed(&mut record, prior.as_ref(), 0);
            seen.push((record.status, record.retry_at_ms));
            prior = Some(record);
        }
        use DocumentStatus::{Failed, Quarantined};
        assert_eq!(seen, [(Failed, Some(30_000)), (Failed, Some(60_000)), (Quarantined, None)]);
        let quarantined = prior.unwrap();
        assert_eq!(quarantined.reason.as_deref(), Some("broken (quarantined after 3 attempts)"));
        assert!(!retry.is_due(&quarantined, i64::MAX));
        assert!(Retry { which: RetryWhich::All, ..retry }.is_due(&quarantined, 0));
        // Another content is another matter.
        let mut changed = DocumentRecord { bytes: 9, ..blank_record("c", "u", None) };
        retry.failed(&mut changed, Some(&quarantined), 0);
        assert_eq!((changed.status, changed.attempts), (Failed, 1));
        assert!(!retry.is_due(&changed, 29_999) && retry.is_due(&changed, 30_000));
    }
}
