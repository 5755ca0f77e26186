//! An archive to its documents: each file in it is one of its own.

use std::ops::ControlFlow;
use std::path::Path;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Code, Error, Result};

use super::clock::now_ms;
use super::outcome::as_it_was;
use super::plan::{Priors, member_uri, next_version};
use super::prepare::{Candidate, Prepared, Preparer, Sink, Stop};
use crate::archive::{self, Member};
use crate::hash::sha256_hex;
use crate::media_type::{HEAD_BYTES, MediaType, sniff};

impl Preparer {
    /// Prepares every file in an archive, and the row of the archive itself. Members that were in it before and are
    /// not now are gone.
    pub(super) fn unpack(
        &self,
        media_type: MediaType,
        bytes: Vec<u8>,
        mut candidate: Candidate,
        mut members: Priors,
        sink: Sink<'_>,
    ) -> Result<()> {
        let hash = sha256_hex(&bytes);
        let archive = candidate.record.clone();
        let (mut met, mut failure) = (0usize, None);
        let walked = archive::walk(&candidate.name, media_type, bytes, &self.archive, &mut |member| {
            met += 1;
            let uri = member_uri(&archive.uri, &member.path);
            let prior = members.remove(&uri);
            let name = format!("{}!/{}", candidate.name, member.path);
            match self.prepare_member(&archive, uri, name, member, prior, &candidate) {
                Ok(prepared) => {
                    if sink(prepared) {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        for member in members.into_values().filter(|member| member.status != DocumentStatus::Deleted) {
            if !sink(Prepared::Gone { record: Box::new(member) }) {
                return Ok(());
            }
        }
        media_type.as_str().clone_into(&mut candidate.record.media_type);
        match walked {
            Ok(()) => {
                sink(self.archive_row(candidate, hash, met)?);
            }
            Err(error) => {
                sink(self.outcome(candidate, Err(Stop::Error(error)))?);
            }
        }
        Ok(())
    }

    /// The row of the archive itself: a document without text of its own.
    fn archive_row(&self, candidate: Candidate, hash: String, members: usize) -> Result<Prepared> {
        let Candidate { mut record, prior, .. } = candidate;
        let prior = match prior {
            Some(prior) if prior.content_hash == hash && prior.status.is_indexed() => {
                return Ok(as_it_was(record, prior));
            }
            prior => prior,
        };
        record.version = next_version(prior.as_ref(), &hash);
        record.content_hash = hash;
        record.status = DocumentStatus::Indexed;
        let files = if members == 1 { "1 file".to_owned() } else { format!("{members} files") };
        record.reason = Some(format!("an archive of {files}, each a document of its own"));
        let was_indexed = prior.is_some_and(|prior| prior.status.is_indexed());
        let ingested = super::batch::without_text(&record, DocumentStatus::Indexed);
        Ok(Prepared::Document { ingested: Box::new(ingested), was_indexed })
    }

    fn prepare_member(
        &self,
        archive: &DocumentRecord,
        uri: String,
        name: String,
        member: Member,
        prior: Option<DocumentRecord>,
        outer: &Candidate,
    ) -> Result<Prepared> {
        let mut record = self.blank(&uri, prior.as_ref());
        record.modified_ms = member.modified_ms.or(archive.modified_ms);
        record.updated_ms = now_ms();
        let mut candidate = Candidate { record, prior, name, anew: outer.anew, cancel: outer.cancel.clone() };
        let made = match member.content {
            Err(error) => Err(Stop::Error(error)),
            Ok(bytes) => self.read_member(&mut candidate, Path::new(&member.path), bytes),
        };
        self.outcome(candidate, made)
    }

    fn read_member(
        &self,
        candidate: &mut Candidate,
        path: &Path,
        bytes: Vec<u8>,
    ) -> Result<footnote_core::catalog::IngestedDocument, Stop> {
        candidate.record.bytes = bytes.len() as u64;
        if bytes.is_empty() {
            return Err(Stop::Nothing("the file is empty".to_owned()));
        }
        let media_type = sniff(path, &bytes[..bytes.len().min(HEAD_BYTES)])?;
        if media_type.is_container() {
            let message = format!("{}: an archive inside an archive is not opened", candidate.name);
            return Err(Error::new(Code::UnsupportedType, message).hint("unpack the outer one beside it").into());
        }
        self.read(candidate, media_type, bytes)
    }
}
