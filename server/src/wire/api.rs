//! What the HTTP API needs of a running footnote.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use footnote_core::Result;
use footnote_core::answer::{FollowUp, How};
use footnote_core::question::Turn;
use footnote_core::seam::Generator;
use footnote_generator::condense::{self, ModelOptions, condense, condense_with};

use super::Footnote;
use super::options::archive_limits;
use crate::api::{Access, ApiState, Collections, Condenser, Ingestion};
use crate::sessions::{SessionLimits, Sessions};

impl Footnote {
    /// What the HTTP API needs.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`](footnote_core::Code::SettingsInvalid) where an access key is not in the environment.
    pub async fn api_state(self: &Arc<Self>, ingestion: Option<Ingestion>) -> Result<ApiState> {
        let settings = self.settings();
        Ok(ApiState {
            collections: Arc::clone(self) as Arc<dyn Collections>,
            catalog: self.catalog(),
            default_collection: settings.server.collection.as_str().into(),
            generator: self.generator.as_ref().map(|generator| generator.info().clone()),
            archive: archive_limits(settings),
            max_body_bytes: settings.server.max_body_bytes,
            ingestion,
            access: Arc::new(Access::of(&settings.access, |name| std::env::var(name).ok())?),
            sessions: self.sessions().await?,
            condenser: self.condenser(),
        })
    }

    async fn sessions(&self) -> Result<Sessions> {
        let settings = &self.settings().sessions;
        let limits = SessionLimits {
            tokens: settings.max_tokens,
            sessions: settings.max_sessions,
            keep: Duration::from_secs(settings.keep_days.saturating_mul(86_400)),
        };
        match &self.shelf.postgres {
            Some(postgres) => Sessions::shared(postgres.clone(), limits).await,
            None => Sessions::open(&self.data()?.sessions(), limits),
        }
    }

    /// Makes follow-up questions stand alone.
    #[must_use]
    pub fn condenser(&self) -> Arc<dyn Condenser> {
        Arc::new(FollowUps { generator: self.generator.clone() })
    }
}

/// By the model that answers, where it is good enough; by rules otherwise.
struct FollowUps {
    generator: Option<Arc<dyn Generator>>,
}

#[async_trait]
impl Condenser for FollowUps {
    async fn condense(&self, history: &[Turn], question: &str) -> FollowUp {
        let condensed = match &self.generator {
            Some(generator) => condense_with(&**generator, ModelOptions::default(), history, question).await,
            None => condense(history, question),
        };
        let how = match condensed.how {
            condense::How::Unchanged => How::Unchanged,
            condense::How::Rules => How::Rules,
            condense::How::Model => How::Model,
        };
        FollowUp { asked: question.to_owned(), standalone: condensed.question, how }
    }
}
